import { inParallel } from '../parallel.js'
import { positionOf, hasTerms, readIndex, readRareTerm, type Position } from '../redis/lookup-index.js'
import { admittedAt } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import type { MessageView } from './inspect.js'
import { inspectMessage } from './inspect.js'

export interface MessageFilter {
  /** Of its admission: a message has to have all of these terms; see redis/lookup-index.ts. */
  terms: string[]
  /** The term of the provider's id, if that is known. */
  sentAs?: string
  /** If the idempotency key is known: its digest for each possible caller. */
  digests: string[]
  /** Only messages of this API key. */
  caller?: string
  /** Only messages after this one, which need not exist any more. */
  after?: Position | null
  limit: number
}

export interface Page<View = MessageView> {
  /** Newest first. */
  messages: View[]
  /** Where to go on; null at the end. A page may have fewer messages than the limit, and even none, before the end. */
  next: Position | null
}

/** Index entries that one search may read, and what a message that is read costs in these. A tenth of a second of Redis at most. */
const BUDGET = 20_000
const LEAST_BUDGET = 400
const COST_OF_MESSAGE = 10
/** Messages with one provider's id in one hour: one, unless ids collide. */
const MOST_OF_PROVIDER_ID = 100
/** Senders searched at once. */
const SENDERS_AT_ONCE = 10

/**
 * The messages of a sender that match, newest first: all of them, page by page. The look-up index goes back to `findMs` ago. The work of one
 * call is bounded by `budget`.
 */
export async function findMessages (store: Store, sender: string, findMs: number, filter: MessageFilter, budget = BUDGET): Promise<Page> {
  const isOwn = (view: MessageView | null): view is MessageView => view !== null && (filter.caller === undefined || view.caller === filter.caller)
  if (filter.digests.length > 0 || filter.sentAs !== undefined) return pageOf((await findFew(store, sender, findMs, filter)).filter(isOwn), filter)
  let left = budget
  const index = readIndex(store, sender, filter.terms, { findMs, after: filter.after ?? null, mayRead: () => (left -= index.cost()) > 0 })
  const messages: MessageView[] = []
  let next: Position | null = null
  while (messages.length < filter.limit) {
    const wanted = Math.min(filter.limit - messages.length, Math.max(1, Math.ceil(left / COST_OF_MESSAGE)))
    const positions = await index.next(wanted)
    const views = await Promise.all(positions.map(async position => await inspectMessage(store, sender, { id: idAt(position) })))
    messages.push(...views.filter(isOwn))
    left -= positions.length * COST_OF_MESSAGE
    next = positions.length < wanted ? index.readUntil() : positions.at(-1) ?? null
    if (positions.length < wanted || left <= 0) break
  }
  return { messages, next }
}

/** The messages of several senders that match, newest first. The senders share the budget of a call. */
export async function findInSenders (
  senders: readonly string[], limit: number, find: (sender: string, budget: number) => Promise<Page>
): Promise<Page<[sender: string, view: MessageView]>> {
  const budget = Math.max(LEAST_BUDGET, Math.floor(BUDGET / Math.max(1, senders.length)))
  const pages = await inParallel(senders, SENDERS_AT_ONCE, async sender => ({ sender, ...await find(sender, budget) }))
  // Nothing older than this is known to be complete.
  const until = pages.reduce<Position | null>((newest, { next }) => next !== null && (newest === null || next > newest) ? next : newest, null)
  const found = pages.flatMap(({ sender, messages }) => messages.map(view => ({ sender, view, position: positionOf(view.id) })))
    .filter(({ position }) => until === null || position >= until)
    .sort((one, other) => one.position < other.position ? 1 : -1)
  const shown = found.slice(0, limit)
  return { messages: shown.map(({ sender, view }) => [sender, view]), next: found.length > limit ? shown.at(-1)?.position ?? null : until }
}

/** Messages by what only few can have: an idempotency key, or the provider's id. Those of the provider's id may be unordered. */
async function findFew (store: Store, sender: string, findMs: number, { digests, sentAs, terms }: MessageFilter): Promise<Array<MessageView | null>> {
  const sent = sentAs === undefined ? null : await readRareTerm(store, sender, sentAs, findMs, MOST_OF_PROVIDER_ID)
  const names = digests.length > 0 ? digests.map(digest => ({ digest })) : (sent ?? []).map(position => ({ id: idAt(position) }))
  return await Promise.all(names.map(async name => {
    const view = await inspectMessage(store, sender, name)
    if (view === null || sent?.includes(positionOf(view.id)) === false) return null
    return await hasTerms(store, sender, terms, positionOf(view.id), admittedAt(view.id)) ? view : null
  }))
}

function pageOf (all: MessageView[], { after = null, limit }: MessageFilter): Page {
  const sorted = all.map(view => ({ view, position: positionOf(view.id) })).filter(({ position }) => after === null || position < after)
    .sort((one, other) => one.position < other.position ? 1 : -1)
  const shown = sorted.slice(0, limit)
  return { messages: shown.map(({ view }) => view), next: sorted.length > limit ? shown.at(-1)?.position ?? null : null }
}

/** The id of the message at a position. */
function idAt (position: Position): string {
  const [generation = '', digest = ''] = position.split('.')
  return `${digest}.${generation}`
}
