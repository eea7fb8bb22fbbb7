/** Realistic load: conversations of one to six messages over many recipients, so that order and spacing of a pair are exercised. */
import { createZipf, type Random } from '../property/random.js'
import { pass } from '../support/until.js'
import type { ProvingCaller, MessageRequest } from './caller.js'

export interface LoadOptions { senders: string[], people: number, perSecond: number, seconds: number, caller: ProvingCaller, random: Random }

export interface Load {
  /** Every message that was posted. */
  wishes: Map<string, MessageRequest>
  /** The number of posts with a conclusive response. */
  responded: () => number
  /** Messages that a caller cancelled in time. */
  cancelled: Set<string>
  /** Whether the time is over and every caller has a response. */
  isDone: () => boolean
}

/** Maximum number of conversations, repeats and cancellations at a time. */
const MAX_CONCURRENT = 400

/** Conversations start at random times, at a rate that posts `perSecond` messages a second in total. */
export function startLoad (options: LoadOptions): Load {
  const { senders, people, perSecond, seconds, caller, random } = options
  const zipf = createZipf(people, 0.5)
  const wishes = new Map<string, MessageRequest>()
  const cancelled = new Set<string>()
  const underway = new Set<Promise<void>>()
  const talking = new Set<string>()
  const MEAN_LENGTH = 3.5
  let count = 0
  let responded = 0

  /** A recipient without an open conversation in this lane; some numbers make the sandbox fail or refuse. */
  function choose (random: Random): Pick<MessageRequest, 'sender' | 'to' | 'lane'> {
    for (;;) {
      const sender = random.pick(senders)
      const person = String(zipf.draw(random)).padStart(4, '0')
      const special = random.chance(0.01) ? '15561131000' : random.chance(0.01) ? '15560131026' : '1555000'
      const lane = random.chance(0.7) ? 2 : random.chance(0.5) ? 1 : 3
      if (!talking.has(`${sender}/${special}${person}/${lane}`)) return { sender, to: `${special}${person}`, lane }
    }
  }

  async function post (wish: MessageRequest, random: Random): Promise<void> {
    wishes.set(wish.key, wish)
    const body = await caller.post(wish)
    responded++
    if (body?.['status'] === 'queued' && random.chance(0.01)) await cancel(wish)
    // Some callers repeat an accepted request later.
    if (random.chance(0.05)) later(random.int(100, 20_000), async () => { await caller.repeat(wish) })
  }

  async function cancel (wish: MessageRequest): Promise<void> {
    await caller.persist('DELETE', `/messages/${encodeURIComponent(wish.key)}?sender=${wish.sender}`, undefined, status => {
      if (status === 200) cancelled.add(wish.key)
      return status !== 0 && status < 500
    })
  }

  function later (ms: number, work: () => Promise<void>): void {
    const task = pass(ms).then(work).finally(() => underway.delete(task))
    underway.add(task)
  }

  async function talk (random: Random): Promise<void> {
    const who = choose(random)
    const place = `${who.sender}/${who.to}/${who.lane ?? 2}`
    talking.add(place)
    for (let left = random.int(1, 6); left > 0; left--) {
      const life = random.chance(0.03) ? { expiresInMs: random.int(5000, 40_000) } : {}
      await post({ ...who, key: `m${++count}`, policy: random.chance(0.3) ? 'fail' : 'retry', ...life }, random)
    }
    talking.delete(place)
  }

  /** One scheduled message to a recipient without other messages. */
  async function schedule (random: Random): Promise<void> {
    const number = ++count
    await post(
      {
        key: `m${number}`,
        sender: random.pick(senders),
        to: `1555001${String(number).padStart(6, '0').slice(-4)}${number}`.slice(0, 15),
        policy: 'retry',
        scheduledFor: Date.now() + random.int(1000, 8000)
      },
      random
    )
  }

  async function run (): Promise<void> {
    const until = performance.now() + seconds * 1000
    let next = performance.now()
    while (performance.now() < until) {
      next += random.gap(1000 * MEAN_LENGTH / perSecond)
      const wait = next - performance.now()
      if (wait > 0) await pass(wait)
      // A service has a limited number of workers; what they cannot post now they post later.
      while (underway.size >= MAX_CONCURRENT) await Promise.race(underway)
      // A generator of its own, so that its content does not depend on which request gets its response first.
      const own = random.fork()
      const task = (own.chance(0.02) ? schedule(own) : talk(own)).finally(() => underway.delete(task))
      underway.add(task)
    }
    while (underway.size > 0) await Promise.all(underway)
  }

  let isDone = false
  run().then(() => { isDone = true }, () => undefined)
  return { wishes, responded: () => responded, cancelled, isDone: () => isDone }
}
