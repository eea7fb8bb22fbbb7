import { readLatest } from '../activity/read.js'
import { digest } from '../admission/key.js'
import type { Caller, CallerRegistry } from '../callers.js'
import { invalidField, SluiceError } from '../errors.js'
import { findOlderFailures, type OlderPosition } from '../failure/older.js'
import type { State } from '../message.js'
import { canonicalName } from '../recipient.js'
import { parseId } from '../redis/keys.js'
import { findReachable } from '../redis/known-senders.js'
import type { Store } from '../redis/store.js'
import { findInSenders, findMessages, findNamed, namesByProviderId, type Criteria, type Position } from '../settlement/find.js'
import type { MessageView } from '../settlement/inspect.js'
import { parseTime } from '../values/time.js'

/** Searching for messages. */
export interface FindDeps {
  store: Store
  /** Idempotency keys belong to a caller, so a search by key asks for each. */
  callers: CallerRegistry
  /** How long a message can be found, ms; 0 keeps no index. */
  findMs: number
}

export interface FindQuery {
  id?: string
  recipient?: string
  idempotencyKey?: string
  providerMessageId?: string
  tag?: string
  campaign?: string
  caller?: string
  template?: string
  state?: string
  errorCode?: string
  acceptedFrom?: string
  acceptedUntil?: string
  cursor?: string
  limit: number
}

export interface FoundPage { messages: Array<{ sender: string, view: MessageView }>, nextCursor: string | null, unavailable: string[] }

/** Where the next page begins: in the index, or behind it among the failures that are older than `untilMs`. */
type Cursor = { after: Position } | { untilMs: number, older: OlderPosition | null }

/**
 * A page of the matching messages of several senders, newest first. A `send` key finds its own only. Behind what the index has come messages that
 * FAILED, for as long as failures are kept.
 */
export async function findPage (deps: FindDeps, all: readonly string[], query: FindQuery, caller: Caller): Promise<FoundPage> {
  const { limit } = query
  const own = caller.role === 'send' ? caller.name : undefined
  // Another API key's messages are none for a `send` key.
  if (own !== undefined && query.caller !== undefined && query.caller !== own) return { messages: [], nextCursor: null, unavailable: [] }
  const criteria = readCriteria(query, own)
  const named = query.id ?? query.idempotencyKey ?? query.providerMessageId
  if (deps.findMs === 0 && query.id === undefined && query.idempotencyKey === undefined) return await findWithoutIndex(deps, all, query, own)
  const cursor = query.cursor === undefined ? null : readCursor(query.cursor)
  const { senders, unavailable, nowMs } = await findReachable(deps.store, all)
  const sinceMs = nowMs - deps.findMs
  const messages: FoundPage['messages'] = []
  if (cursor === null || 'after' in cursor) {
    const options = { sinceMs, after: cursor?.after ?? null, limit }
    const page = await findInSenders(senders, limit, async (sender, budget) => named === undefined
      ? await findMessages(deps.store, sender, criteria, { ...options, budget })
      : await findNamed(deps.store, sender, await namesOf(deps, sender, query, own), criteria, options))
    messages.push(...page.messages)
    if (page.next !== null) return { messages, nextCursor: formatCursor({ after: page.next }), unavailable }
  }
  if (named !== undefined || !mayHaveFailed(criteria.states)) return { messages, nextCursor: null, unavailable }
  const from = cursor === null || 'after' in cursor ? { untilMs: sinceMs, older: null } : cursor
  if (messages.length >= limit) return { messages, nextCursor: formatCursor(from), unavailable }
  const page = await findOlderFailures(deps.store, senders, criteria, { untilMs: from.untilMs, after: from.older, limit: limit - messages.length })
  messages.push(...page.messages)
  return { messages, nextCursor: page.next === null ? null : formatCursor({ untilMs: from.untilMs, older: page.next }), unavailable }
}

function mayHaveFailed (states: readonly State[] | undefined): boolean {
  return states === undefined || states.includes('failed') || states.includes('expired')
}

/** The newest messages of each sender, as far as they are counted: there is no index to search. */
async function findWithoutIndex ({ store }: FindDeps, senders: readonly string[], query: FindQuery, own: string | undefined): Promise<FoundPage> {
  const { limit, cursor: _, ...criteria } = query
  if (Object.keys(criteria).some(name => name !== 'sender')) {
    throw new SluiceError('INVALID_REQUEST', { detail: 'the search index is disabled (FIND_WITHIN_MS is 0): search by id or idempotencyKey' })
  }
  const latest = await readLatest(store, senders, { limit, ...(own === undefined ? {} : { caller: own }) })
  return { messages: latest.map(([sender, view]) => ({ sender, view })), nextCursor: null, unavailable: [] }
}

function readCriteria (query: FindQuery, own: string | undefined): Criteria {
  const { recipient, tag, campaign, caller, template, state, errorCode, acceptedFrom, acceptedUntil } = query
  const states = state?.split(',') as State[] | undefined
  const givenCaller = own ?? caller
  return {
    ...(recipient === undefined ? {} : { recipient: canonicalName(recipient) }),
    ...(tag === undefined ? {} : { tag }),
    ...(campaign === undefined ? {} : { campaign }),
    ...(givenCaller === undefined ? {} : { caller: givenCaller }),
    ...(template === undefined ? {} : { template }),
    ...(states === undefined ? {} : { states }),
    ...(errorCode === undefined ? {} : { errorCode }),
    ...(acceptedFrom === undefined ? {} : { acceptedFrom: readMoment(acceptedFrom, 'acceptedFrom') }),
    ...(acceptedUntil === undefined ? {} : { acceptedUntil: readMoment(acceptedUntil, 'acceptedUntil') })
  }
}

/** What only few messages can have: their names within the sender. All that are given have to name a message. */
async function namesOf (
  { store, callers, findMs }: FindDeps, sender: string, { id, idempotencyKey, providerMessageId }: FindQuery, own: string | undefined
): Promise<Array<{ id: string } | { digest: string }>> {
  const lists: Array<Array<{ id: string } | { digest: string }>> = []
  const parts = id === undefined ? null : parseId(id)
  if (id !== undefined) lists.push(parts?.sender === sender ? [{ id: parts.id }] : [])
  if (idempotencyKey !== undefined) {
    lists.push((own === undefined ? callers.names() : [own]).map(name => ({ digest: digest(sender, name, idempotencyKey) })))
  }
  if (providerMessageId !== undefined) lists.push(await namesByProviderId(store, sender, providerMessageId, findMs))
  const digestOfName = (name: { id: string } | { digest: string }): string => 'id' in name ? name.id.slice(0, 22) : name.digest
  return (lists[0] ?? []).filter(name => lists.every(list => list.some(other => digestOfName(other) === digestOfName(name))))
}

function readMoment (text: string, field: string): number {
  const parsed = parseTime(text, field)
  // The schema has read it before.
  return 'value' in parsed ? parsed.value : NaN
}

function formatCursor (cursor: Cursor): string {
  const { after, untilMs, older } = { after: undefined, untilMs: 0, older: null, ...cursor }
  const parts = after === undefined ? [untilMs, older?.score ?? null, older?.id ?? null] : [after.atMs, after.sender, after.hour, after.number]
  return Buffer.from(JSON.stringify(parts)).toString('base64url')
}

/** Throws INVALID_REQUEST for an invalid cursor. Starting again from the first page would make a client loop for ever. */
export function readCursor (text: string): Cursor {
  try {
    const parts = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown[]
    const [first, second, third, fourth] = parts
    if (parts.length === 4 && isMoment(first) && typeof second === 'string' && isCount(third) && isCount(fourth)) {
      return { after: { atMs: first, sender: second, hour: third, number: fourth } }
    }
    if (parts.length === 3 && isMoment(first)) {
      if (second === null && third === null) return { untilMs: first, older: null }
      if (isMoment(second) && typeof third === 'string') return { untilMs: first, older: { score: second, id: third } }
    }
  } catch {
    // not Base64 of JSON: rejected below
  }
  throw invalidField('INVALID_REQUEST', { field: 'cursor', detail: 'must be the nextCursor of a previous page of this list' })
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0
const isMoment = (value: unknown): value is number => isCount(value) && value < 8.64e15
