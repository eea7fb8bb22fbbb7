/** Sentences 37 to 40: what the gateway counts, lists and keeps at the end matches the history, and no node failed. */
import { factsOf, groupBy, senderOf, type Fact, type Message } from './history.js'
import { idOf } from './judge-callbacks.js'
import type { Report } from './model.js'

const GOOD = new Set(['sent', 'delivered', 'read'])

/** What the history says of one sender at the end. */
interface Books { failed: string[], resolved: string[], sent: number, messages: number, pairs: Set<string> }

/** `lost`: names of `count` messages of which Redis lost writes, so each may be missing from a list, or counted once more or less. */
export function judgeBooks (messages: Map<string, Message>, lost: Set<string>, count: number, facts: Fact[], report: Report): void {
  const erased = new Set([...messages.values()].flatMap(({ posted, erasedFrom }) => erasedFrom < Infinity ? [posted.pair] : []))
  const books = booksOf(messages, erased)
  judgeCounts(books, count, facts, report)
  judgeLists(messages, books, erased, lost, facts, report)
  judgeKeys(books, facts, report)
  for (const { node, text } of factsOf(facts, 'node-failed')) report(40, `${node}: ${text}`)
}

function booksOf (messages: Map<string, Message>, erased: Set<string>): Map<string, Books> {
  const books = new Map<string, Books>()
  for (const message of messages.values()) {
    const { posted: { pair }, ended } = message
    const id = idOf(message)
    const sender = senderOf(pair)
    const book = books.get(sender) ?? { failed: [], resolved: [], sent: 0, messages: 0, pairs: new Set<string>() }
    books.set(sender, book)
    book.messages++
    book.pairs.add(pair)
    if (ended === null || id === undefined) continue
    if (GOOD.has(ended.state)) book.sent++
    if (erased.has(pair)) continue
    const hasFailed = ended.attempts.length > 0
    if (ended.state === 'failed' || (ended.state === 'expired' && hasFailed)) book.failed.push(id)
    if ((GOOD.has(ended.state) || ended.state === 'cancelled') && hasFailed) book.resolved.push(id)
  }
  return books
}

/** Sentence 37. */
function judgeCounts (books: Map<string, Books>, uncertain: number, facts: Fact[], report: Report): void {
  for (const { source, name, sender, value } of factsOf(facts, 'counted')) {
    const of = books.get(sender)
    const expected: Record<string, number | undefined> = {
      failed: of?.failed.length ?? 0,
      resolved: of?.resolved.length ?? 0,
      // One that a webhook failed is counted again only when it is sent again.
      sent: of?.sent ?? 0,
      waiting: 0
    }
    const target = expected[name]
    if (target === undefined || Math.abs(value - target) <= (name === 'waiting' ? 0 : uncertain)) continue
    report(37, `${sender}: ${value} ${name} in ${source}, ${target} by the history`)
  }
}

/** Sentence 38. */
function judgeLists (
  messages: Map<string, Message>, books: Map<string, Books>, erased: Set<string>, lost: Set<string>, facts: Fact[], report: Report
): void {
  const uncertain = new Set([...messages.values()].flatMap(message => lost.has(message.posted.key) ? idOf(message) ?? [] : []))
  const byPair = groupBy([...messages.values()].filter(({ ended }) => ended !== null), ({ posted }) => posted.pair)
  for (const { list, sender, pair, ids } of factsOf(facts, 'listed')) {
    // It says of bulk jobs whether they acknowledged.
    if (list === 'unacknowledged') continue
    const ofPair = pair === undefined || erased.has(pair) ? [] : (byPair.get(pair) ?? []).flatMap(message => idOf(message) ?? [])
    const expected = list === 'recipient' ? ofPair : list === 'pending' ? [] : books.get(sender)?.[list] ?? []
    const missing = expected.filter(id => !ids.includes(id) && !uncertain.has(id))
    const extra = ids.filter(id => !expected.includes(id) && !uncertain.has(id))
    const name = pair ?? sender
    if (missing.length > 0) report(38, `${name}: ${list} lacks ${missing.length}: ${missing.slice(0, 2).join(', ')}`)
    if (extra.length > 0) report(38, `${name}: ${list} has ${extra.length} too many: ${extra.slice(0, 2).join(', ')}`)
  }
}

/** A sender has one open campaign at a time, and operators cancel one in minutes. */
const MOST_CAMPAIGNS = 200

/** Keys of which there is one, or one for each sender, and that do not grow with the messages. */
const fixed: Record<string, number> = {
  latest: 200,
  'sender-tat': 1,
  seq: 1,
  sender: 30,
  completed: 150,
  layout: 1,
  senders: 20,
  'recovery-schedule': 20,
  'account-reads': 1,
  accounts: 1,
  // With a mark for each campaign that was stopped or has a plan.
  templates: 3 + MOST_CAMPAIGNS,
  campaigns: MOST_CAMPAIGNS,
  // Of callers with a rate.
  'caller-tat': 5,
  // The times of three lanes, when fair shares began, a weight; a campaign whose last message left unsent has one until the next claim.
  shares: 5 + MOST_CAMPAIGNS,
  'retry-worker': 8,
  audit: 11_000,
  runs: 8
}

/** The most entries that a key may have at rest, by its row in lua/README.md; `TTL` if it has to end by itself. */
function boundOf (row: string, of: Books | undefined): number | 'TTL' {
  const name = row.replace(/^\{[^}]+\}:/, '')
  if (/^(?:msg:|index:|accepted:|starts:|activity:)|^(?:drain-lease|replica-mark|recovery-lease|probe)$/.test(name)) return 'TTL'
  if (/^(?:resolved|failed|unacknowledged|failure-records|unconfirmed)$/.test(name)) return of?.messages ?? 0
  if (/^(?:pair-tat|opt-outs|daily)$/.test(name)) return of?.pairs.size ?? 0
  if (name.startsWith('WHATSAPP-')) return 11_000
  return fixed[name] ?? 0
}

/** Sentence 39. A key of a row without a bound has to be empty. */
function judgeKeys (books: Map<string, Books>, facts: Fact[], report: Report): void {
  for (const { key, row, size, ttlMs } of factsOf(facts, 'key-left')) {
    if (row === null) {
      report(39, `${key} is in no row`)
      continue
    }
    const sender = /^\{[^:}]+:([^}]+)\}/.exec(key)?.[1] ?? ''
    const bound = /:(?:wait|active|paused|delayed|prioritized|waiting-children)$/.test(key) ? 20 : boundOf(row, books.get(sender))
    if (bound === 'TTL' ? ttlMs < 0 : size > bound) report(39, bound === 'TTL' ? `${key} has no TTL` : `${key} has ${size} entries, ${bound} at most`)
  }
}
