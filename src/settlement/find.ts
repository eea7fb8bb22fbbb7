import { inParallel } from '../parallel.js'
import { digestOf, hourOf } from '../redis/keys.js'
import { findTerm, readProviderTerm } from '../redis/lookup-index.js'
import type { Store } from '../redis/store.js'
import { matches, type Criteria } from './criteria.js'
import type { MessageView } from './inspect.js'
import { inspectMessage } from './inspect.js'
import { before, comparePositions, readIndex, sieve, termsOf, type Position } from './search.js'

export type { Criteria, Position }
export interface Found extends Position { view: MessageView }

export interface Page {
  /** Newest first. */
  messages: Found[]
  /** Where to go on; null at the end. A page may have fewer messages than the limit, and even none, before the end. */
  next: Position | null
}

export interface SearchOptions {
  /** The index goes back to then, ms. */
  sinceMs: number
  /** Only messages after this one, which need not exist any more. */
  after?: Position | null
  limit: number
  budget?: number
}

/** Places of the index that one search may read, and what a message that is inspected costs in these. A tenth of a second of Redis at most. */
const BUDGET = 20_000
const LEAST_BUDGET = 400
const COST_OF_MESSAGE = 10
/** Messages that are tested at once. */
const CHUNK = 200
/** Senders searched at once. */
const SENDERS_AT_ONCE = 10

/** The messages of a sender that match, newest first: all of them, page by page. The work of one call is bounded by `budget`. */
export async function findMessages (
  store: Store, sender: string, criteria: Criteria, { sinceMs, after = null, limit, budget = BUDGET }: SearchOptions
): Promise<Page> {
  const { acceptedFrom = 0, acceptedUntil } = criteria
  const end = acceptedUntil === undefined ? null : before(acceptedUntil)
  const until = after === null || (end !== null && comparePositions(end, after) < 0) ? end : after
  const terms = termsOf(criteria)
  const isTested = terms.length > 1 || [criteria.states, criteria.caller, criteria.template, criteria.errorCode].some(value => value !== undefined)
  let left = budget
  const index = readIndex(store, sender, terms, { fromMs: Math.max(sinceMs, acceptedFrom), until, mayRead: () => (left -= index.cost()) > 0 })
  const messages: Found[] = []
  for (;;) {
    const wanted = isTested ? CHUNK : Math.min(limit - messages.length, Math.max(1, Math.ceil(left / COST_OF_MESSAGE)))
    const entries = await index.next(wanted)
    const last = entries.at(-1)
    left -= entries.length
    let candidates = isTested ? await sieve(store, sender, entries, criteria) : entries
    while (candidates.length > 0 && messages.length < limit) {
      const tested = candidates.slice(0, limit - messages.length)
      candidates = candidates.slice(tested.length)
      left -= tested.length * COST_OF_MESSAGE
      const views = await Promise.all(tested.map(async ({ id }) => await inspectMessage(store, sender, { id })))
      messages.push(...views.flatMap((view, i) => {
        const entry = tested[i]
        return view === null || entry === undefined || !matches(view, criteria) ? [] : [{ ...entry, sender, view }]
      }))
    }
    if (messages.length >= limit) return { messages, next: messages.at(-1) ?? null }
    if (entries.length < wanted) return { messages, next: index.readUntil() }
    if (left <= 0) return { messages, next: last === undefined ? null : { ...last, sender } }
  }
}

/** The messages of several senders that `find` finds, newest first. The senders share the budget of a call. */
export async function findInSenders (
  senders: readonly string[], limit: number, find: (sender: string, budget: number) => Promise<Page>
): Promise<Page> {
  const budget = Math.max(LEAST_BUDGET, Math.floor(BUDGET / Math.max(1, senders.length)))
  const pages = await inParallel(senders, SENDERS_AT_ONCE, async sender => await find(sender, budget))
  // Nothing older than this is known to be complete.
  const until = pages.reduce<Position | null>(
    (newest, { next }) => next !== null && (newest === null || comparePositions(next, newest) > 0) ? next : newest, null
  )
  const found = pages.flatMap(({ messages }) => messages).filter(one => until === null || comparePositions(one, until) >= 0)
    .sort((one, other) => comparePositions(other, one))
  const shown = found.slice(0, limit)
  return { messages: shown, next: found.length > limit ? shown.at(-1) ?? null : until }
}

/** Messages that have names of their own, newest first: all at once, since they are few. */
export async function findNamed (
  store: Store, sender: string, names: ReadonlyArray<{ id: string } | { digest: string }>, criteria: Criteria, { after = null, limit }: SearchOptions
): Promise<Page> {
  const views = await Promise.all(names.map(async name => await inspectMessage(store, sender, name)))
  const found = [...new Map(views.flatMap(view => view !== null && matches(view, criteria) ? [[view.id, view] as const] : [])).values()]
    .map(view => ({ view, sender, atMs: view.admittedAt, hour: 0, number: 0 }))
    .filter(one => after === null || comparePositions(one, after) < 0)
    .sort((one, other) => comparePositions(other, one))
  return { messages: found.slice(0, limit), next: found.length > limit ? found[limit - 1] ?? null : null }
}

/** Names of the messages with the provider's id that were sent in the last `findMs`. */
export async function namesByProviderId (store: Store, sender: string, providerMessageId: string, findMs: number): Promise<Array<{ id: string }>> {
  const now = hourOf(store.nowMs(sender))
  const hours = Array.from({ length: Math.ceil(findMs / 3_600_000) + 3 }, (_, i) => now + 1 - i)
  const term = findTerm('provider', providerMessageId)
  const ids = await Promise.all(hours.map(async hour => await readProviderTerm(store, sender, hour, term)))
  // The time of a message that waited for long before it was sent is not known; then it still owns its key.
  return (await Promise.all([...new Set(ids.flat())].map(async id =>
    (await inspectMessage(store, sender, { id }) ?? await inspectMessage(store, sender, { digest: digestOf(id) }))?.id ?? [])))
    .flat().map(id => ({ id }))
}
