import { hash } from 'node:crypto'
import { senderKey } from './keys.js'
import type { Store } from './store.js'

type Kind = 'recipient' | 'provider' | 'tag' | 'campaign'

/** An index term of a message. Only a hash is stored: 10 hexadecimal digits, 40 bits, so a search also tests the message that it finds. */
export function findTerm (kind: Kind, value: string): string {
  return hash('sha256', `${kind} ${value}`, 'hex').slice(0, 10)
}

/** Tags indexed per message. */
const MAX_TAGS = 8

/** The terms of a new message: its recipient, each plain value of its metadata, and its campaign, which many messages have. */
export function findTerms (recipient: string, metadata: Record<string, unknown> | undefined, campaign?: string): string {
  const terms = [findTerm('recipient', recipient), ...tagsOf(metadata).slice(0, MAX_TAGS).map(tag => findTerm('tag', tag))]
  // `+`: a chain of its own, lua/include/lookup_index.lua.
  if (campaign !== undefined) terms.push(`+${findTerm('campaign', campaign)}`)
  return terms.join(' ')
}

/** Each plain value of a message's metadata, as `key:value`. */
export function tagsOf (metadata: Record<string, unknown> | null | undefined): string[] {
  return Object.entries(metadata ?? {})
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .map(([key, value]) => `${key}:${String(value)}`)
}

/** The entry that finds a sent message by the provider's id: `<term>:<digest><7 digits of the generation>`. */
export function providerEntry (providerMessageId: string, id: string): string {
  return `${findTerm('provider', providerMessageId)}:${referenceOf(id)}`
}

/** A message as the index names it: its digest, and the end of its generation. */
export function referenceOf (id: string): string {
  const dot = id.lastIndexOf('.')
  return id.slice(0, dot) + id.slice(dot + 1).slice(-GENERATION_DIGITS)
}

/** Life of the index of one hour, seconds: its last entry can be looked up for `findMs`. */
export function indexLifeS (findMs: number): number {
  return Math.ceil(findMs / 1000) + 3600
}

const HOUR_MS = 3_600_000
const DIGEST_LENGTH = 22
const GENERATION_DIGITS = 7
const GENERATION_SPAN = 16 ** GENERATION_DIGITS
const NUMBER_DIGITS = 6
/** Longest prefix of a term that has a list: lua/include/lookup_index.lua uses a longer one above 10^8 entries in an hour. */
const LONGEST_PREFIX = 7

/** A message of the index: in which hour, the how-manieth there, and when it was accepted. */
export interface IndexEntry { hour: number, number: number, id: string, atMs: number }

/** The message of a reference in the index of an hour. Its generation is the one next to that hour: they are some 37 hours apart at most. */
export function readReference (reference: string, hour: number): { id: string, atMs: number } | null {
  if (reference.length !== DIGEST_LENGTH + GENERATION_DIGITS) return null
  const middle = (hour + 0.5) * HOUR_MS
  const ahead = (parseInt(reference.slice(DIGEST_LENGTH), 16) - middle) % GENERATION_SPAN
  const nearest = ahead > GENERATION_SPAN / 2 ? ahead - GENERATION_SPAN : ahead < -GENERATION_SPAN / 2 ? ahead + GENERATION_SPAN : ahead
  const atMs = middle + nearest
  return { id: `${reference.slice(0, DIGEST_LENGTH)}.${atMs.toString(16)}`, atMs }
}

/** The references of a term in the lists of one hour. Lists are short, so one command reads all that may have the term. */
async function readLists (
  store: Store, key: string, term: string, more: readonly string[] = []
): Promise<[references: string[], ...Array<string | null>]> {
  const prefixes = Array.from({ length: LONGEST_PREFIX }, (_, i) => term.slice(0, i + 1))
  const lists = await store.redis.hmget(key, ...prefixes, ...more)
  const entries = lists.slice(0, LONGEST_PREFIX).flatMap(list => list?.split(' ') ?? [])
  return [entries.filter(entry => entry.startsWith(`${term}:`)).map(entry => entry.slice(term.length + 1)), ...lists.slice(LONGEST_PREFIX)]
}

/** Messages whose provider's id has this term, of the hour in which they were sent, unordered. */
export async function readProviderTerm (store: Store, sender: string, hour: number, term: string): Promise<string[]> {
  const [references] = await readLists(store, senderKey(store.prefix, sender, 'index', { hour }), term)
  return references.flatMap(reference => readReference(reference, hour)?.id ?? [])
}

/** The number of a message in its hour, as entries have it. */
export const numberText = (number: number): string => number.toString(16).padStart(NUMBER_DIGITS, '0')

const newestFirst = (one: number, other: number): number => other - one
const parseNumbers = (chunk: string): number[] =>
  Array.from({ length: Math.floor(chunk.length / NUMBER_DIGITS) }, (_, i) => parseInt(chunk.slice(i * NUMBER_DIGITS, (i + 1) * NUMBER_DIGITS), 16))

/** The numbers that a term has in one hour, the newest first, as far as they are read. */
interface Numbers { size: number, next: (count: number) => Promise<number[]> }

/** Chunks of a chain that are read at once: a few KiB. */
const CHUNKS = 8
/** Numbers of a full chunk, about. */
const CHUNK_SIZE = 168

/** The numbers of a term below `end`. */
async function openTerm (store: Store, key: string, term: string, end: number): Promise<Numbers> {
  const chain = `+${term}`
  const [references, newest, full] = await readLists(store, key, term, [chain, `${chain}.`])
  let chunks = await chunksBelow(store, key, chain, Number(full ?? 0), end)
  const size = references.length + chunks * CHUNK_SIZE + (newest?.length ?? 0) / NUMBER_DIGITS
  const listed = references.map(reference => parseInt(reference, 16)).filter(number => number < end).sort(newestFirst)
  const numbersOf = (texts: ReadonlyArray<string | null>): number[] =>
    texts.flatMap(chunk => parseNumbers(chunk ?? '')).filter(number => number < end).sort(newestFirst)
  let chained = numbersOf([newest ?? ''])

  return {
    size,
    async next (count) {
      const taken: number[] = []
      while (taken.length < count) {
        while (chained.length === 0 && chunks > 0) {
          const read = Array.from({ length: Math.min(CHUNKS, chunks) }, (_, i) => `${chain}.${chunks - i}`)
          chunks -= read.length
          chained = numbersOf(await store.redis.hmget(key, ...read))
        }
        const isListed = (listed[0] ?? -1) >= (chained[0] ?? -1)
        const number = isListed ? listed.shift() : chained.shift()
        if (number === undefined) break
        taken.push(number)
      }
      return taken
    }
  }
}

/** How many of the full chunks of a chain, which has the order of the messages, begin below `end`. */
async function chunksBelow (store: Store, key: string, chain: string, full: number, end: number): Promise<number> {
  let [low, high] = [0, full]
  if (end === Infinity) return full
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    const first = parseNumbers(await store.redis.hget(key, `${chain}.${middle}`) ?? '')[0] ?? 0
    if (first < end) low = middle
    else high = middle - 1
  }
  return low
}

/** Everything of one hour, by its place. */
function openAll (length: number): Numbers {
  let left = length
  return {
    size: length,
    async next (count) {
      const taken = Array.from({ length: Math.min(count, left) }, (_, i) => left - 1 - i)
      left -= taken.length
      return taken
    }
  }
}

/** The index of one hour, read from the newest message on. */
export interface Hour {
  hour: number
  /** Messages of which it is known that they may match. */
  size: number
  /** The next messages, at most `count`, and how many places were read. Fewer places than `count` only at the end. */
  next: (count: number) => Promise<{ entries: IndexEntry[], read: number }>
}

/**
 * Opens an hour: of several terms the one that the fewest messages have is read. Without a term all messages are. `below`: only messages before this
 * place; `untilMs`: only those that were accepted before, of an hour that has later ones. Messages of an hour are in the order of acceptance, unless
 * Redis's clock was set back.
 */
export async function openHour (
  store: Store,
  sender: string,
  hour: number,
  terms: readonly string[],
  { below, untilMs }: { below?: number | undefined, untilMs?: number | undefined }
): Promise<Hour> {
  const key = senderKey(store.prefix, sender, 'index', { hour })
  const accepted = senderKey(store.prefix, sender, 'accepted', { hour })
  let end = below ?? Infinity
  if (untilMs !== undefined || terms.length === 0) {
    const length = await store.redis.llen(accepted)
    end = Math.min(end, length === 0 || untilMs === undefined ? length : await placeOf(store, accepted, hour, length, untilMs))
  }
  const opened = terms.length === 0 || end === 0
    ? [openAll(end)]
    : await Promise.all(terms.map(async term => await openTerm(store, key, term, end)))
  const rarest = opened.reduce((best, one) => one.size < best.size ? one : best)

  async function readPlaces (numbers: number[]): Promise<Array<string | null>> {
    const [newest = 0, oldest = 0] = [numbers[0], numbers.at(-1)]
    if (numbers.length > 0 && newest - oldest === numbers.length - 1) return (await store.redis.lrange(accepted, oldest, newest)).reverse()
    return await Promise.all(numbers.map(async number => await store.redis.lindex(accepted, number)))
  }

  return {
    hour,
    size: rarest.size,
    async next (count) {
      const numbers = await rarest.next(count)
      const references = await readPlaces(numbers)
      const entries = numbers.flatMap((number, i) => {
        const message = readReference(references[i] ?? '', hour)
        return message === null ? [] : [{ hour, number, ...message }]
      })
      return { entries, read: numbers.length }
    }
  }
}

/** How many messages of an hour were accepted before `untilMs`; rather more where many were erased. */
async function placeOf (store: Store, accepted: string, hour: number, length: number, untilMs: number): Promise<number> {
  let [low, high] = [0, length]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    // What was erased has no time, but the next one has.
    const found = (await store.redis.lrange(accepted, middle, Math.min(high - 1, middle + ERASED_AT_ONCE)))
      .map(reference => readReference(reference, hour)).find(message => message !== null)
    if (found !== undefined && found.atMs >= untilMs) high = middle
    else low = middle + 1
  }
  return low
}

const ERASED_AT_ONCE = 20

/** All messages of one hour that a term has, for an erasure. */
export async function readTerm (store: Store, sender: string, hour: number, term: string): Promise<IndexEntry[]> {
  const opened = await openHour(store, sender, hour, [term], {})
  return (await opened.next(Infinity)).entries
}
