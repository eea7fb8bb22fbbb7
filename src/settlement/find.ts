import { admittedAt, digestOf, hourNow, senderKey } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import type { MessageView } from './inspect.js'
import { inspectMessage } from './inspect.js'

export interface MessageFilter {
  /** A message has to have all of these terms; see redis/find-terms.ts. */
  terms: string[]
  /** If the idempotency key is known: its digest for each possible caller. */
  digests: string[]
  /** Only messages of this API key. */
  caller?: string
  limit: number
}

/** Entries that are read of one term and hour at most. */
const PER_HOUR = 1000

/** Messages of a sender that match, newest first. Reads one sorted set per term and hour, back to `findMs` ago. */
export async function findMessages (store: Store, sender: string, findMs: number, filter: MessageFilter): Promise<MessageView[]> {
  const byDigest = await Promise.all(filter.digests.map(async digest => await inspectMessage(store, sender, { digest })))
  const found: MessageView[] = byDigest.filter(view => view !== null)
  let ids: string[] = []
  if (filter.terms.length > 0) {
    const sets = await Promise.all(filter.terms.map(async term => await idsOf(store, sender, term, findMs)))
    const [first = new Set<string>(), ...others] = sets
    ids = [...first].filter(id => others.every(other => other.has(id)))
  }
  const views: MessageView[] = filter.digests.length > 0
    ? found.filter(view => filter.terms.length === 0 || ids.includes(view.id))
    : await inspectNewest(store, sender, ids, filter)
  return views.filter(view => filter.caller === undefined || view.caller === filter.caller)
    .sort((a, b) => b.admittedAt - a.admittedAt).slice(0, filter.limit)
}

/** Inspects messages newest first, until enough of them match. */
async function inspectNewest (store: Store, sender: string, ids: string[], filter: MessageFilter): Promise<MessageView[]> {
  const newest = [...ids].sort((a, b) => admittedAt(b) - admittedAt(a))
  const views: MessageView[] = []
  for (let from = 0; from < newest.length && views.length < filter.limit; from += filter.limit) {
    const page = await Promise.all(newest.slice(from, from + filter.limit).map(async id => await inspectMessage(store, sender, { id })))
    views.push(...page.filter(view => view !== null).filter(view => filter.caller === undefined || view.caller === filter.caller))
  }
  return views
}

/** Ids of the messages in the look-up index of one term. */
async function idsOf (store: Store, sender: string, term: string, findMs: number): Promise<Set<string>> {
  const now = hourNow()
  // One hour more on either side, since the clocks of nodes differ.
  const hours = Array.from({ length: Math.ceil(findMs / 3_600_000) + 3 }, (_, i) => now + 1 - i)
  const found = await Promise.all(hours.map(async hour =>
    await store.redis.zrangebylex(senderKey(store.prefix, sender, 'recent', { hour }), `[${term}:`, `(${term};`, 'LIMIT', 0, PER_HOUR)))
  return new Set(found.flat().map(member => member.slice(term.length + 1)).filter(id => digestOf(id) !== ''))
}
