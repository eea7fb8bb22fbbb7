/** Messages that a test accepts at times of its own, and all pages of a search for them. */
import { digest } from '../../src/admission/key.js'
import type { Client } from '../../src/redis/client.js'
import { createRun } from '../../src/redis/commands.js'
import { hourOf } from '../../src/redis/keys.js'
import { findTerms } from '../../src/redis/lookup-index.js'
import type { Store } from '../../src/redis/store.js'
import type { Page } from '../../src/settlement/find.js'
import { comparePositions, type Position } from '../../src/settlement/search.js'

export const DAY = 86_400_000
export const HOUR = 3_600_000
export const recipients = Array.from({ length: 25 }, (_, i) => `p1415555${String(i).padStart(4, '0')}`)

/** What a test knows of a message: it is never read from Redis. */
export interface Stored {
  id: string
  sender: string
  hour: number
  atMs: number
  recipient: string
  metadata: Record<string, string>
  campaign?: string
  template?: string
  caller: string
  state: string
}
export interface Draft { recipient?: string, metadata?: Record<string, string>, campaign?: string, template?: string, caller?: string }

/** A store whose last reading of Redis's clock the test sets. */
export function storeAt (redis: Client, prefix: string, nowMs: () => number): Store {
  return { redis, prefix, run: createRun(redis, prefix, { nowMs }), nowMs } as unknown as Store
}

export const RULES = { pairIntervalUs: 1, pairBurst: 1, senderIntervalUs: 1, senderBurst: 1000, maxInFlight: 100_000, perSecond: 1000 }

let count = 0
/** Accepts messages at `ms`, in one script call if several are given. The hour of the index is that of the store's clock. */
export async function accept (store: Store, sender: string, ms: number, drafts: readonly Draft[], inline = false): Promise<Stored[]> {
  const hour = hourOf(store.nowMs(sender))
  return await Promise.all(drafts.map(async draft => {
    const { recipient = recipients[0] ?? '', metadata = {}, campaign, template, caller = 'web' } = draft
    const name = digest(sender, 'web', `${count++}`)
    const type = template === undefined ? {} : { type: 'template' }
    const body = { to: '+1 415', metadata, ...type, ...(campaign === undefined ? {} : { campaign }) }
    const content = template === undefined ? 'Hello' : { name: template, language: { code: 'en' } }
    const reply = await store.run('admit', { sender, digest: name, hour }, {
      now: ms * 1000,
      digest: name,
      fingerprint: '000000000000ff',
      recipient,
      lane: 2,
      payload: JSON.stringify([caller, content, 'n', body]),
      inline,
      whenLimited: 'wait',
      lifeMs: DAY,
      scheduledFor: '',
      windowMs: DAY,
      holder: 'a1:1',
      runId: 'run1',
      leaseMs: 60_000,
      queueCap: 100_000,
      backlogCap: 100_000,
      terms: findTerms(recipient, metadata, campaign),
      findS: (7 * DAY + HOUR) / 1000,
      ...(campaign === undefined ? {} : { template: `#${campaign}` })
    })
    if (reply.status !== 'queued' && reply.status !== 'granted') throw new TypeError(JSON.stringify(reply))
    const id = `${name}.${reply.generation}`
    const state = reply.status === 'queued' ? 'queued' : 'sending'
    const about = { ...(campaign === undefined ? {} : { campaign }), ...(template === undefined ? {} : { template }) }
    return { id, sender, hour, atMs: ms, recipient, metadata, caller, state, ...about }
  }))
}

/** A sender with `total` messages, one a ms, of which the last one is now. */
export async function fill (redis: Client, prefix: string, sender: string, total: number, draftOf: (i: number) => Draft): Promise<[Store, Stored[]]> {
  const now = Date.now()
  const store = storeAt(redis, prefix, () => now)
  await store.run('quota', { sender }, { operator: true, settings: '', ...RULES })
  const stored = await Promise.all(Array.from({ length: total }, async (_, i) => await accept(store, sender, now - total + i, [draftOf(i)])))
  return [store, stored.flat().toReversed()]
}

/** All pages; every page within its limit, and each further on than the last. */
export async function all (limit: number, find: (after: Position | null) => Promise<Page>): Promise<{ ids: string[], pages: number }> {
  const ids: string[] = []
  let pages = 0
  for (let after: Position | null = null; ; pages++) {
    const { messages, next } = await find(after)
    if (messages.length > limit) throw new RangeError('a page is longer than its limit')
    ids.push(...messages.map(({ view }) => view.id))
    if (next === null) return { ids, pages: pages + 1 }
    if (after !== null && comparePositions(next, after) >= 0) throw new RangeError(`no progress from ${after.atMs} to ${next.atMs}`)
    after = next
  }
}
