import { admittedAt, digestOf, hourNow, senderKey } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import type { MessageView } from './inspect.js'
import { inspectMessage } from './inspect.js'

export interface Wanted {
  /** All of these terms; see redis/find-terms.ts. */
  terms: string[]
  /** Where the idempotency key is known: its digest for each possible caller. */
  digests: string[]
  /** Only messages of this API key. */
  caller?: string
  limit: number
}

/** Entries of one term and hour looked at, at most. */
const PER_HOUR = 1000

/** Messages of a sender that fit, newest first. Looks at one sorted set an hour, back to `findMs` ago. */
export async function findMessages (store: Store, sender: string, findMs: number, wanted: Wanted): Promise<MessageView[]> {
  const byDigest = await Promise.all(wanted.digests.map(async digest => await inspectMessage(store, sender, { digest })))
  const found: MessageView[] = byDigest.filter(view => view !== null)
  let ids: string[] = []
  if (wanted.terms.length > 0) {
    const sets = await Promise.all(wanted.terms.map(async term => await look(store, sender, term, findMs)))
    const [first = new Set<string>(), ...others] = sets
    ids = [...first].filter(id => others.every(other => other.has(id)))
  }
  const views: MessageView[] = wanted.digests.length > 0
    ? found.filter(view => wanted.terms.length === 0 || ids.includes(view.id))
    : await open(store, sender, ids, wanted)
  return views.filter(view => wanted.caller === undefined || view.caller === wanted.caller)
    .sort((a, b) => b.admittedAt - a.admittedAt).slice(0, wanted.limit)
}

/** Opens ids newest first until enough of them fit. */
async function open (store: Store, sender: string, ids: string[], wanted: Wanted): Promise<MessageView[]> {
  const newest = [...ids].sort((a, b) => admittedAt(b) - admittedAt(a))
  const views: MessageView[] = []
  for (let from = 0; from < newest.length && views.length < wanted.limit; from += wanted.limit) {
    const page = await Promise.all(newest.slice(from, from + wanted.limit).map(async id => await inspectMessage(store, sender, { id })))
    views.push(...page.filter(view => view !== null).filter(view => wanted.caller === undefined || view.caller === wanted.caller))
  }
  return views
}

async function look (store: Store, sender: string, term: string, findMs: number): Promise<Set<string>> {
  const now = hourNow()
  // One hour more on either side: nodes' clocks differ.
  const hours = Array.from({ length: Math.ceil(findMs / 3_600_000) + 3 }, (_, i) => now + 1 - i)
  const found = await Promise.all(hours.map(async hour =>
    await store.redis.zrangebylex(senderKey(store.prefix, sender, 'recent', { hour }), `[${term}:`, `(${term};`, 'LIMIT', 0, PER_HOUR)))
  return new Set(found.flat().map(member => member.slice(term.length + 1)).filter(id => digestOf(id) !== ''))
}
