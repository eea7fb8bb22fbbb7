/** WhatsApp as the sandbox does not play it: signed statuses of each accepted message: early, late, repeated, out of order, for earlier attempts. */
import { createHmac } from 'node:crypto'
import type { Random } from '../property/random.js'
import { pass } from '../support/until.js'
import { monotonicNow, senderOf, type Arrived, type Fact, type StatusPosted } from './history.js'

export const APP_SECRET = 'app-secret-of-the-soak'

export interface WhatsAppOptions {
  origins: () => string[]
  record: (fact: Fact) => void
  random: Random
  /** How late the latest statuses come. */
  lateMs: number
}

export interface WhatsApp {
  /** Plans the statuses of an accepted message. */
  follow: (arrival: Arrived) => void
  /** Statuses that no node has taken yet. */
  left: () => number
  close: () => void
}

type Status = Pick<StatusPosted, 'key' | 'opaque' | 'wamid' | 'kind' | 'code'> & { sender: string, tries: number }

/** Statuses of one sender that are due within this time go out in one post. */
const EVERY_MS = 100
const TIMEOUT_MS = 4000
/** Meta reports no two failures of a message; this share of messages fails after it was accepted. */
const FAILING = 0.03
/** This share of the attempts without a response is reported on late. */
const HELD = 0.5
const codes = [131000, 131000, 131026]

export function startWhatsApp ({ origins, record, random, lateMs }: WhatsAppOptions): WhatsApp {
  const planned: Array<{ at: number, status: Status }> = []
  let open = 0
  let isClosed = false

  function plan (arrival: Arrived, kind: Status['kind'], delayMs: number, code: number | null = null): void {
    const { key, opaque, pair, wamid } = arrival
    if (wamid === null || wamid === undefined) return
    const status: Status = { key, opaque, wamid, kind, code, sender: senderOf(pair), tries: 0 }
    open++
    planned.push({ at: performance.now() + delayMs, status })
    // Meta repeats what it is not sure of.
    if (random.chance(0.1)) {
      open++
      planned.push({ at: performance.now() + delayMs + random.int(0, Math.ceil(lateMs / 3)), status: { ...status } })
    }
  }

  /** Most statuses come soon, some before the response of the send, some long after. */
  function delay (soonMs: number): number {
    return random.chance(0.15) ? 0 : random.chance(0.1) ? random.int(Math.ceil(lateMs / 5), lateMs) : random.gap(soonMs)
  }

  /** Accepted attempts without a response, by their key: WhatsApp says how they ended when the next attempt is under way. */
  const held = new Map<string, Arrived>()

  function follow (arrival: Arrived): void {
    const before = held.get(arrival.key)
    if (before !== undefined) {
      held.delete(arrival.key)
      plan(before, random.pick(['sent', 'delivered', 'read'] as const), 0)
    }
    if (arrival.outcome !== 'accepted') return
    if (arrival.httpStatus === null && random.chance(HELD)) {
      held.set(arrival.key, arrival)
      return
    }
    if (random.chance(FAILING)) return plan(arrival, 'failed', delay(1500), random.pick(codes))
    if (random.chance(0.9)) plan(arrival, 'sent', delay(300))
    if (random.chance(0.75)) plan(arrival, 'delivered', delay(1500))
    if (random.chance(0.4)) plan(arrival, 'read', delay(4000))
  }

  async function post (sender: string, statuses: Status[]): Promise<void> {
    const nodes = origins()
    const askedAt = monotonicNow()
    const http = nodes.length === 0 ? 0 : await postOnce(random.pick(nodes), sender, statuses)
    for (const { key, opaque, wamid, kind, code } of statuses) {
      record({ fact: 'status-posted', askedAt, at: monotonicNow(), http, key, opaque, wamid, kind, code })
    }
    if (http === 200 || (http >= 400 && http < 500 && http !== 408 && http !== 429)) {
      open -= statuses.length
      return
    }
    for (const status of statuses) {
      planned.push({ at: performance.now() + Math.min(4000, 250 * 2 ** status.tries), status: { ...status, tries: status.tries + 1 } })
    }
  }

  async function run (): Promise<void> {
    for (;;) {
      await pass(EVERY_MS)
      if (isClosed) return
      const due = new Map<string, Status[]>()
      for (let i = planned.length - 1; i >= 0; i--) {
        const one = planned[i]
        if (one === undefined || one.at > performance.now()) continue
        planned.splice(i, 1)
        due.set(one.status.sender, [...due.get(one.status.sender) ?? [], one.status])
      }
      for (const [sender, statuses] of due) post(sender, statuses).catch(() => undefined)
    }
  }

  run().catch(() => undefined)
  return { follow, left: () => open, close: () => { isClosed = true } }
}

async function postOnce (origin: string, sender: string, statuses: Status[]): Promise<number> {
  const value = {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: '15550783881', phone_number_id: sender },
    statuses: statuses.map(({ wamid, kind, opaque, code }) => ({
      id: wamid,
      status: kind,
      timestamp: String(Math.floor(Date.now() / 1000)),
      recipient_id: '15550000000',
      biz_opaque_callback_data: opaque,
      ...(code === null ? {} : { errors: [{ code, title: 'Not delivered' }] })
    }))
  }
  const body = JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: '1', changes: [{ field: 'messages', value }] }] })
  const signature = `sha256=${createHmac('sha256', APP_SECRET).update(body).digest('hex')}`
  try {
    const response = await fetch(`${origin}/webhooks/whatsapp`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', 'x-hub-signature-256': signature },
      signal: AbortSignal.timeout(TIMEOUT_MS)
    })
    await response.arrayBuffer()
    return response.status
  } catch {
    return 0
  }
}
