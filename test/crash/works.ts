/** What callers, operators and WhatsApp do to a node so that it gets to a step. Each is one round; rounds go on until it is there. */
import { createHmac } from 'node:crypto'
import { Queue } from 'bullmq'
import type { ProvingCaller, MessageRequest } from '../prove/caller.js'
import { groupBy, monotonicNow, type Fact } from '../prove/history.js'
import { request } from '../support/request.js'
import { pass, until } from '../support/until.js'
import type { Child } from './child.js'

export interface Stage {
  caller: ProvingCaller
  /** The node that is to meet the step. */
  victim: Child
  /** Its origin. */
  origin: () => string
  /** Whoever can be asked now. */
  origins: () => string[]
  note: (fact: Fact) => void
  sender: string
  policy: 'retry' | 'fail'
  /** A number for each round, so that its messages and recipients are new. */
  round: number
  prefix: string
  redisPort: number
}

export type WorkName = keyof typeof works

/** Of the app whose webhooks are taken. */
export const HOOKS = { WHATSAPP_APP_SECRET: 'app-secret-of-the-matrix', WHATSAPP_VERIFY_TOKEN: 'verify-me' }

export const works = {
  async nothing () {
    await pass(50)
  },
  /** Four people, three messages each: the first at once, the others in line. */
  async burst (stage: Stage) {
    await posts(stage, '1555000', 4, 3)
  },
  async batch (stage: Stage) {
    await stage.caller.postBatch(wishes(stage, '1555000', 4, 3))
  },
  /** More than travels in one call, and more than is asked at once. */
  async campaign (stage: Stage) {
    await stage.caller.postBatch(wishes(stage, '1555000', 120, 1))
  },
  async scheduled (stage: Stage) {
    await posts(stage, '1555000', 2, 1, { scheduledFor: Date.now() + 1000 })
  },
  async refused (stage: Stage) {
    await posts(stage, '15561131000', 3, 2)
  },
  async limited (stage: Stage) {
    await posts(stage, '15561131056', 2, 2)
  },
  async rejected (stage: Stage) {
    await posts(stage, '15560131026', 2, 1)
  },
  /** Accepted, and then WhatsApp says that it could not deliver. */
  async bounced (stage: Stage) {
    const all = wishes(stage, '1555000', 3, 1)
    await inTurn(stage, all)
    await Promise.all(all.map(async wish => await bounce(stage, wish)))
  },
  /** Accepted and not answered, once. */
  async silent (stage: Stage) {
    const to = (at: number): string => `1555840${String((stage.round * 2 + at % 2) % 1000).padStart(3, '0')}1`
    await inTurn(stage, wishes(stage, '', 2, 2).map((wish, at) => ({ ...wish, to: to(at) })))
  },
  /** The token is refused once; somebody opens the sender again. */
  async stopped (stage: Stage) {
    await posts(stage, '15561000190', 1, 1)
    await posts(stage, '1555000', 2, 2)
    await operate(stage, 'POST', '/resume', {})
  },
  /** SIGTERM while a line waits, and the node itself is at it: only who holds the shift has sent a second one. */
  async closing (stage: Stage) {
    const all = wishes(stage, '1555000', 2, 12)
    const second = all[2] as MessageRequest
    await stage.caller.postBatch(all)
    await until('its shift sends', async () => (await stage.caller.look(second))?.state === 'sent', 20_000)
    stage.victim.signal('SIGTERM')
    await pass(500)
  },
  /** Messages whose life ends behind a pause, and somebody who looks for them. */
  async expiring (stage: Stage) {
    await operate(stage, 'POST', '/pause', {})
    await posts(stage, '1555000', 2, 2, { expiresInMs: 1000 })
    await pass(1100)
    await keepHouse(stage)
    await pass(300)
    await operate(stage, 'POST', '/resume', {})
  },
  async cancelled (stage: Stage) {
    await operate(stage, 'POST', '/pause', {})
    await posts(stage, '1555000', 2, 2)
    for (const { key } of wishes(stage, '1555000', 2, 1)) await stage.caller.ask(stage.origin(), 'DELETE', `/messages/${key}?sender=${stage.sender}`)
    await operate(stage, 'POST', '/resume', {})
  },
  async paused (stage: Stage) {
    await operate(stage, 'POST', '/pause', {})
    await posts(stage, '1555000', 2, 2)
    await operate(stage, 'POST', '/resume', {})
  },
  async ruled (stage: Stage) {
    await posts(stage, '1555000', 2, 2)
    await operate(stage, 'PUT', '/quota', { perSecond: 200 })
  },
  /** Somebody who has not been written to: an exemption would break the spacing, as it should. */
  async cleared (stage: Stage) {
    await posts(stage, '1555000', 2, 2)
    await stage.caller.ask(stage.origin(), 'DELETE', `/rate-limits/15559990000?sender=${stage.sender}`)
  },
  async acknowledged (stage: Stage) {
    await posts(stage, '15560131026', 1, 1)
    await stage.caller.ask(stage.origin(), 'POST', '/failures/acknowledge', { sender: stage.sender })
  },
  /** Somebody whose messages wait, and who is to be forgotten. */
  async erased (stage: Stage) {
    await operate(stage, 'POST', '/pause', {})
    await posts(stage, '1555000', 2, 2)
    for (const { to } of wishes(stage, '1555000', 1, 1)) await stage.caller.ask(stage.origin(), 'DELETE', `/recipients/${to}?sender=${stage.sender}`)
    await operate(stage, 'POST', '/resume', {})
  }
}

/** So many messages for so many people of this kind, first ones first; new ones in each round. */
function wishes ({ sender, policy, round }: Stage, start: string, people: number, each: number): MessageRequest[] {
  return Array.from({ length: people * each }, (_, at) => {
    const person = round * 10 + at % people
    return { key: `${sender}-${round}-${person}-${Math.floor(at / people)}`, to: `${start}${String(person).padStart(4, '0')}`, sender, policy }
  })
}

async function posts (stage: Stage, start: string, people: number, each: number, more: Partial<MessageRequest> = {}): Promise<void> {
  await inTurn(stage, wishes(stage, start, people, each).map(wish => ({ ...wish, ...more })))
}

/** To everybody at once, and to each of them one after the other. */
async function inTurn ({ caller }: Stage, all: MessageRequest[]): Promise<void> {
  const lines = groupBy(all, ({ to }) => to)
  await Promise.all([...lines.values()].map(async line => {
    for (const wish of line) await caller.post(wish)
  }))
}

async function operate ({ caller, origin, sender }: Stage, method: string, path: string, body?: unknown): Promise<void> {
  await caller.ask(origin(), method, `/senders/${sender}${path}`, body)
}

/** As WhatsApp does: again and again until somebody takes it. */
async function bounce ({ caller, origin, origins, note, sender }: Stage, { key }: MessageRequest): Promise<void> {
  const { body } = await caller.ask(origin(), 'GET', `/messages/${key}?sender=${sender}`)
  if (body['status'] !== 'sent') return
  const opaque = `${String(body['id']).slice(sender.length + 1)}.${body['attemptCount']}`
  const status = {
    id: body['providerMessageId'],
    status: 'failed',
    timestamp: String(Math.floor(Date.now() / 1000)),
    biz_opaque_callback_data: opaque,
    errors: [{ code: 131000, title: 'Something went wrong' }]
  }
  const text = JSON.stringify({
    entry: [{ id: '1', changes: [{ field: 'messages', value: { metadata: { phone_number_id: sender }, statuses: [status] } }] }]
  })
  const headers = {
    'content-type': 'application/json',
    'x-hub-signature-256': `sha256=${createHmac('sha256', HOOKS.WHATSAPP_APP_SECRET).update(text).digest('hex')}`
  }
  note({ fact: 'bounced', at: monotonicNow(), key, opaque })
  await until(
    'the webhook is taken',
    async () => {
      const [at = origin()] = origins()
      const reply = await request(`${at}/webhooks/whatsapp`, { method: 'POST', body: text, headers, signal: AbortSignal.timeout(1500) }).catch(
        () => null
      )
      if (reply?.status !== 200) await pass(200)
      return reply?.status === 200
    },
    60_000
  )
}

/** A run of housekeeping now, rather than with the next minute. */
async function keepHouse ({ prefix, redisPort }: Stage): Promise<void> {
  const queue = new Queue('WHATSAPP-housekeeping', { connection: { host: '127.0.0.1', port: redisPort }, prefix: `{${prefix}}` })
  await queue.add('housekeeping', {}, { removeOnComplete: true })
  await queue.close()
}
