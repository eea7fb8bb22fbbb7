import { inParallel } from '../parallel.js'
import { admittedAt, senderKey } from '../redis/keys.js'
import { groupBySender, mergeSets, type SetEntry } from '../redis/merge-sets.js'
import type { Store } from '../redis/store.js'
import { matches, type Criteria } from '../settlement/criteria.js'
import { inspectMessage, type MessageView } from '../settlement/inspect.js'
import { createMatcher } from './match.js'

/** Where a list of older failures goes on: behind this one, which need not exist any more. */
export interface OlderPosition { score: number, id: string }

export interface OlderPage {
  messages: Array<{ sender: string, view: MessageView }>
  /** Null at the end. A page may have fewer messages than the limit before. */
  next: OlderPosition | null
}

/** Entries that one call scans at most. */
const SCAN = 2000
const CHUNK = 200
const CONCURRENCY = 20

/** FAILED messages that were accepted before `untilMs`, and so are no longer in the look-up index: those that failed last come first. */
export async function findOlderFailures (
  store: Store,
  senders: readonly string[],
  criteria: Criteria,
  { untilMs, after, limit }: { untilMs: number, after: OlderPosition | null, limit: number }
): Promise<OlderPage> {
  const { recipient, campaign, caller, template, errorCode, acceptedFrom } = criteria
  const acceptedUntil = Math.min(untilMs, criteria.acceptedUntil ?? untilMs)
  const mayMatch = createMatcher({ recipient, campaign, caller, template, errorCode, acceptedFrom, acceptedUntil })
  const readNext = mergeSets(store, senders, 'failed', { newestFirst: true, after })
  const messages: OlderPage['messages'] = []
  for (let scanned = 0; ;) {
    const entries = await readNext(CHUNK)
    const candidates = await readMatching(store, entries.filter(({ id }) => admittedAt(id) < untilMs), mayMatch)
    const views = await inParallel(candidates, CONCURRENCY, async ({ sender, id }) => await inspectMessage(store, sender, { id }))
    for (const [i, candidate] of candidates.entries()) {
      const view = views[i] ?? null
      if (view === null || !matches(view, criteria)) continue
      messages.push({ sender: candidate.sender, view })
      if (messages.length >= limit) return { messages, next: { score: candidate.score, id: candidate.id } }
    }
    scanned += entries.length
    const last = entries.at(-1)
    if (last === undefined || entries.length < CHUNK) return { messages, next: null }
    if (scanned >= SCAN) return { messages, next: { score: last.score, id: last.id } }
  }
}

async function readMatching (store: Store, entries: readonly SetEntry[], mayMatch: (id: string, record: string) => boolean): Promise<SetEntry[]> {
  const records = new Map<string, string>()
  await inParallel([...groupBySender(entries)], CONCURRENCY, async ([sender, own]) => {
    const texts = await store.redis.hmget(senderKey(store.prefix, sender, 'failure-records'), ...own.map(({ id }) => id))
    own.forEach(({ id }, i) => { records.set(id, texts[i] ?? '') })
  })
  return entries.filter(({ id }) => {
    const record = records.get(id) ?? ''
    return record !== '' && mayMatch(id, record)
  })
}
