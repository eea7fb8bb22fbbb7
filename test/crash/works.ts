/** What callers and operators do to a node so that it gets to a step. Each is one round; rounds go on until it is there. */
import { Queue } from 'bullmq'
import type { ProvingCaller, Wish } from '../prove/caller.js'
import { groupBy } from '../prove/history.js'
import { pass, until } from '../support/until.js'
import type { Child } from './child.js'

export interface Stage {
  caller: ProvingCaller
  /** The node that is to meet the step. */
  victim: Child
  /** Its origin. */
  origin: () => string
  sender: string
  policy: 'retry' | 'fail'
  /** A number for each round, so that its messages and recipients are new. */
  round: number
  prefix: string
  redisPort: number
}

export type WorkName = keyof typeof works

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
    const second = all[2] as Wish
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
  }
}

/** So many messages for so many people of this kind, first ones first; new ones in each round. */
function wishes ({ sender, policy, round }: Stage, start: string, people: number, each: number): Wish[] {
  return Array.from({ length: people * each }, (_, at) => {
    const person = round * 10 + at % people
    return { key: `${sender}-${round}-${person}-${Math.floor(at / people)}`, to: `${start}${String(person).padStart(4, '0')}`, sender, policy }
  })
}

async function posts (stage: Stage, start: string, people: number, each: number, more: Partial<Wish> = {}): Promise<void> {
  await inTurn(stage, wishes(stage, start, people, each).map(wish => ({ ...wish, ...more })))
}

/** To everybody at once, and to each of them one after the other. */
async function inTurn ({ caller }: Stage, all: Wish[]): Promise<void> {
  const lines = groupBy(all, ({ to }) => to)
  await Promise.all([...lines.values()].map(async line => {
    for (const wish of line) await caller.post(wish)
  }))
}

async function operate ({ caller, origin, sender }: Stage, method: string, path: string, body?: unknown): Promise<void> {
  await caller.ask(origin(), method, `/senders/${sender}${path}`, body)
}

/** A run of housekeeping now, rather than with the next minute. */
async function keepHouse ({ prefix, redisPort }: Stage): Promise<void> {
  const queue = new Queue('WHATSAPP-housekeeping', { connection: { host: '127.0.0.1', port: redisPort }, prefix: `{${prefix}}` })
  await queue.add('housekeeping', {}, { removeOnComplete: true })
  await queue.close()
}
