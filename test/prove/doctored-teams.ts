/** Histories with callers, bulk jobs and searches: those that violate sentences 44 and 48 to 52, and those that the judge allows. */
import type { Allowed } from './allowed.js'
import {
  ended, granted, insteadOfB, operated, PAIR, posted, postedWith, refused, responded, rules, sent, sound, strict, type Doctored
} from './doctored.js'
import type { Fact, Found, JobAction, JobEnded, Operated, Rules } from './history.js'

const TAG = 'wave:8-1'
/** `b` has a tag. */
const tagged = (facts: Fact[] = sound): Fact[] => postedWith({ tag: TAG }, facts)
/** A bulk job from its request to its end. */
const job = (action: JobAction, askedAt: number, at: number, more: Partial<JobEnded> = {}): Fact[] => {
  const what: Pick<Operated, 'filter' | 'movedTo'> = { filter: { tag: TAG }, ...(more.movedTo === undefined ? {} : { movedTo: more.movedTo }) }
  return [
    operated(`bulk-${action}`, askedAt + 5, { http: 202, ...what, ...(more.filter === undefined ? {} : { filter: more.filter }) }),
    { fact: 'job-ended', askedAt, at, action, sender: '8', filter: { tag: TAG }, state: 'completed', ...more }
  ]
}
const failed: Fact[] = insteadOfB(...refused('b', 1010, 1, 131026), { ...ended('b', 'failed', 'rejected'), settledAt: 1100 })
const unacknowledged = (...ids: string[]): Fact => ({ fact: 'listed', list: 'unacknowledged', sender: '8', ids })
const cancelled: Fact[] = tagged(insteadOfB(ended('b', 'cancelled')))

const limited = (limits: { perSecond: number, burst: number, backlog: number }): Rules => ({ ...rules, callers: { crm: limits } })
/** So many messages of the caller `crm`, each accepted after 10 ms and granted after a second. */
const ofCaller = (count: number, everyMs: number): Fact[] => Array.from({ length: count }, (_, i): Fact[] => {
  const [key, at, pair] = [`c${i}`, 2000 + i * everyMs, `8/155520${String(i).padStart(2, '0')}`]
  return [
    posted(key, at, { pair, caller: 'crm' }), responded(key, at + 10), { ...granted(key, at + 1000), pair },
    ...sent(key, at + 1001, 1, { pair }), { ...ended(key, 'sent'), to: pair.slice(2) }
  ]
}).flat()
const counted = (counts: Record<string, number>): Fact => ({ fact: 'caller-counted', caller: 'crm', counts })
const tried = (status: number): Fact => ({ fact: 'key-tried', at: 5000, caller: 'crm', status })
const found = (by: Found['by'], ids: string[], more: Partial<Found> = {}): Fact => ({
  fact: 'found', askedAt: 500, at: 510, sender: '8', by, ids, isAll: true, ...more
})
const TO = PAIR.slice(2)

export const aboutTeams: Doctored[] = [
  { what: 'a start after a bulk job that cancels it', sentence: 48, facts: [...tagged(), ...job('cancel', 300, 600)] },
  { what: 'a start before the time to which a bulk job moves it', sentence: 48, facts: [...tagged(), ...job('move', 300, 600, { movedTo: 5000 })] },
  {
    what: 'a failure that a bulk job to retry it leaves',
    sentence: 48,
    facts: [...failed, ...job('retry', 2000, 3000, { filter: { code: 131026 } })]
  },
  {
    what: 'a failure that a bulk job to acknowledge it leaves',
    sentence: 48,
    facts: [...failed, ...job('acknowledge', 2000, 3000, { filter: {} }), unacknowledged('8.b')]
  },
  {
    what: 'a message that is cancelled, though the bulk job is about another tag',
    sentence: 7,
    facts: [...insteadOfB(ended('b', 'cancelled')), ...job('cancel', 300, 600)]
  },
  { what: 'a valid key that is refused', sentence: 49, facts: [...sound, responded('b', 45, { status: 401, state: 'x' })] },
  { what: 'a key that left the file and is accepted', sentence: 49, facts: [...sound, tried(404)] },
  {
    what: 'a caller that posts faster than it may',
    sentence: 50,
    rules: limited({ perSecond: 1, burst: 2, backlog: 100 }),
    facts: [...sound, ...ofCaller(20, 100)]
  },
  {
    what: 'a rejection for the rate without the time to repeat it',
    sentence: 50,
    rules: limited({ perSecond: 1, burst: 2, backlog: 100 }),
    facts: [...sound, ...ofCaller(1, 100), responded('c0', 2005, { status: 429, retryAfterMs: 0 })]
  },
  {
    what: 'a caller of which more wait than may',
    sentence: 51,
    rules: limited({ perSecond: 100, burst: 100, backlog: 4 }),
    facts: [...sound, ...ofCaller(20, 100)]
  },
  { what: 'a caller that counts a message too few', sentence: 44, facts: [...sound, ...ofCaller(2, 5000), counted({ accepted: 1, sent: 1 })] },
  { what: 'a search by recipient that leaves a message out', sentence: 52, facts: [...sound, found({ to: TO }, ['8.a'])] },
  { what: 'a search by tag that finds a message without it', sentence: 52, facts: [...tagged(), found({ tag: TAG }, ['8.b', '8.a'])] }
]

export const allowedOfTeams: Allowed[] = [
  { what: 'a message that a bulk job cancelled', facts: [...cancelled, ...job('cancel', 300, 600)] },
  {
    what: 'a message that a bulk job cancelled whose request got no response',
    facts: [...cancelled, operated('bulk-cancel', 305, { http: 0, filter: { tag: TAG } })]
  },
  {
    what: 'a start of what was accepted after the request for a bulk job that cancels',
    facts: [...tagged(), ...job('cancel', 45, 600)]
  },
  { what: 'a start after a bulk job that an operator stopped', facts: [...tagged(), ...job('cancel', 300, 600, { state: 'stopped' })] },
  { what: 'a start while a bulk job to cancel it is under way', facts: [...tagged(), ...job('cancel', 300, 2000)] },
  {
    what: 'a start at the time to which a bulk job moved it',
    facts: [...tagged(insteadOfB(granted('b', 5050), ...sent('b', 5100), ended('b', 'sent'))), ...job('move', 300, 600, { movedTo: 5000 })]
  },
  {
    what: 'a message that a bulk job retried long after it had failed',
    rules: strict,
    facts: [
      ...insteadOfB(...refused('b', 1010, 1, 131026), ...sent('b', 300_000, 2), ended('b', 'sent', 'rejected', 'sent')),
      ...job('retry', 200_000, 301_000, { filter: { code: 131026 } })
    ]
  },
  {
    what: 'a failure that came after the request to acknowledge the others',
    facts: [...failed, ...job('acknowledge', 900, 3000, { filter: {} }), unacknowledged('8.b')]
  },
  {
    what: 'a caller within its limits, and its counts',
    rules: limited({ perSecond: 1, burst: 2, backlog: 4 }),
    facts: [...sound, ...ofCaller(12, 1000), counted({ accepted: 12, sent: 12 }), responded('c0', 2005, { status: 429, retryAfterMs: 1000 })]
  },
  { what: 'a key that left the file and is refused', facts: [...sound, tried(401)] },
  {
    what: 'searches that find what was accepted before them',
    facts: [
      ...tagged(), found({ to: TO }, ['8.b', '8.a']), found({ tag: TAG }, ['8.b']), found({ tag: TAG }, [], { askedAt: 45 }),
      found({ to: TO }, ['8.b'], { isAll: false })
    ]
  }
]
