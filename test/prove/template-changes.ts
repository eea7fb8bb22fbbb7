/** WhatsApp pauses, disables and approves templates; webhooks report some of that, and no webhook decides. */
import { createHmac } from 'node:crypto'
import { statusUpdate } from '../../src/sandbox/templates.js'
import type { Random } from '../property/random.js'
import { request } from '../support/request.js'
import { pass } from '../support/until.js'
import { monotonicNow, type Fact, type TemplateSet } from './history.js'
import { APP_SECRET } from './whatsapp.js'

export const ACCOUNT = '102290129340398'
export const templates = ['order_ready', 'order_late', 'order_back'] as const

/** Mean time from one change to the next. */
const EVERY_MS = 10_000

export interface TemplateChangeOptions {
  control: string
  origins: () => string[]
  record: (fact: Fact) => void
  random: Random
  /** Makes a read of the statuses due, as if the last one were long ago. */
  readSoon: () => Promise<void>
  isOver: () => boolean
}

/** Resolves when all templates are approved again. */
export async function changeTemplates ({ control, origins, record, random, readSoon, isOver }: TemplateChangeOptions): Promise<void> {
  const statuses = new Map<string, TemplateSet['status']>()

  async function set (template: string, status: TemplateSet['status']): Promise<void> {
    statuses.set(template, status)
    const askedAt = monotonicNow()
    await request(`${control}/templates`, { method: 'PUT', body: JSON.stringify({ name: template, language: 'en_US', status }) })
    record({ fact: 'template-set', askedAt, at: monotonicNow(), template, status })
  }

  async function report (template: string, status: TemplateSet['status']): Promise<void> {
    const nodes = origins()
    if (nodes.length === 0) return
    const body = JSON.stringify(statusUpdate(ACCOUNT, { name: template, language: 'en_US', status, missing: false, held: false }))
    const headers = {
      'content-type': 'application/json', 'x-hub-signature-256': `sha256=${createHmac('sha256', APP_SECRET).update(body).digest('hex')}`
    }
    const url = `${random.pick(nodes)}/webhooks/whatsapp`
    const http = await fetch(url, { method: 'POST', body, headers, signal: AbortSignal.timeout(4000) }).then(({ status }) => status, () => 0)
    const isRefused = http >= 400 && http < 500 && http !== 408 && http !== 429
    if (isRefused) record({ fact: 'node-failed', node: 'all', text: `a status of a template got ${http}` })
  }

  for (const template of templates) await set(template, 'APPROVED')
  while (!isOver()) {
    await pass(random.gap(EVERY_MS))
    const template = random.pick([...templates])
    const status = statuses.get(template) === 'APPROVED' ? random.chance(0.75) ? 'PAUSED' : 'DISABLED' : 'APPROVED'
    await set(template, status)
    if (random.chance(0.5)) await report(template, status)
    if (random.chance(0.5)) await readSoon()
  }
  for (const template of templates) await set(template, 'APPROVED')
}
