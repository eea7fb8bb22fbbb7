/** Checks a history against the sentences of docs/model.md. Shares no code with the gateway. */
import { judgeBooks } from './judge-books.js'
import { campaignsOf, judgeCampaigns, suspendedOf } from './judge-campaigns.js'
import { judgeCallbacks } from './judge-callbacks.js'
import { judgeCallers } from './judge-callers.js'
import { judgeFound } from './judge-found.js'
import { judgeJobs } from './judge-jobs.js'
import { holdsOf, judgeHolds } from './judge-holds.js'
import { judgeLateness } from './judge-late.js'
import { judgeOperators } from './judge-operators.js'
import { judgeOrder } from './judge-order.js'
import { judgeMoves, judgePlans } from './judge-plans.js'
import { judgeOutcomes } from './judge-outcomes.js'
import { judgeSends } from './judge-sends.js'
import { judgeSpacing } from './judge-spacing.js'
import { judgeTemplates, templatesOf } from './judge-templates.js'
import { factsOf, messagesOf, nameOf, type Fact, type History, type Message } from './history.js'
import { breaches, byRedisClock, excusable, sentences, type Breach, type Report, type Sentence } from './model.js'
import { outagesOf } from './outages.js'
import { sendsOf } from './sends.js'

export { breaches, type Breach } from './model.js'

/** Events that are counted and break no promise. */
export interface Figures {
  messages: number
  arrivals: number
  sent: number
  failed: number
  cancelled: number
  expired: number
  /** Posts without a 2xx or 4xx response until the end of the run: the gateway promised nothing for them. */
  unpromised: number
  unknownAttempts: number
  /** Accepted twice: an outcome was unknown when the resend started, and the policy was to retry. */
  doubledAsAllowed: number
  /** Written closer than the rule: the process was frozen between its last clock check and its write. */
  closerByFreeze: number
  /** The same without a freeze: a busy machine delayed the process there. */
  closerByStall: number
  /** Closer at the provider, by more than the network's 50 ms, while the writes kept the interval. */
  arrivedCloser: number
  leastSpacingMs: number
  mostInSecond: number
  /** Most starts of one sender in a second. */
  mostStartedInSecond: number
  /** Webhook statuses that the gateway acknowledged, and callbacks that the receiver accepted. */
  statuses: number
  callbacks: number
  operations: number
  /** Messages about which Redis lost writes that it had acknowledged. */
  lostByRedis: number
  /** Violations that these losses explain. */
  excusedByRedis: number
  /** Posts that got no response or 503, and were repeated. */
  repeats: number
  longestSilenceMs: number
}

export interface Judgement {
  figures: Figures
  found: Map<Breach, string[]>
  /** The same by sentence. */
  bySentence: Map<Sentence, string[]>
}

export function judge ({ rules, facts }: History): Judgement {
  const found = new Map<Breach, string[]>(breaches.map(breach => [breach, []]))
  const bySentence = new Map<Sentence, string[]>()
  const messages = messagesOf(facts)
  const { names: lost, count: lostByRedis } = lostOf(facts, messages)
  const isStepped = factsOf(facts, 'clock-stepped').length > 0
  let excused = 0
  const report: Report = (sentence, what) => {
    if (isStepped && byRedisClock.has(sentence)) return
    if (excusable.has(sentence) && lost.has(/^[^: ]+/.exec(what)?.[0] ?? '')) {
      excused++
      return
    }
    found.get(sentences[sentence])?.push(what)
    bySentence.set(sentence, [...bySentence.get(sentence) ?? [], what])
  }
  const sends = sendsOf(messages, facts)
  const templates = templatesOf(rules, messages, sends, facts)
  const campaigns = campaignsOf(facts)
  const holds = holdsOf(rules, facts)
  const suspended = suspendedOf(templates, campaigns, holds)
  const outcomes = judgeOutcomes(rules, messages, sends, templates, campaigns, facts, report)
  const outages = outagesOf(rules, sends, facts)
  const doubled = judgeSends(rules, messages, sends, outages, report)
  const spacing = judgeSpacing(rules, sends, facts, report)
  judgeOrder(rules, messages, sends, outages, suspended, facts, report)
  judgeLateness(rules, messages, sends, outages, suspended, facts, report)
  judgeTemplates(rules, messages, sends, templates, facts, report)
  judgeCampaigns(rules, messages, sends, campaigns, lostByRedis, facts, report)
  judgePlans(rules, messages, sends, facts, report)
  judgeHolds(rules, messages, sends, holds, facts, report)
  judgeMoves(rules, messages, sends, facts, report)
  judgeOperators(rules, messages, sends, facts, report)
  judgeJobs(rules, messages, sends, facts, report)
  judgeCallers(rules, messages, sends, lostByRedis, facts, report)
  judgeFound(messages, facts, report)
  judgeCallbacks(rules, messages, facts, report)
  judgeBooks(messages, lost, lostByRedis, facts, report)
  const figures = {
    ...outcomes,
    ...doubled,
    ...spacing,
    statuses: factsOf(facts, 'status-posted').filter(({ http }) => http === 200).length,
    callbacks: factsOf(facts, 'called-back').filter(({ status }) => status >= 200 && status < 300).length,
    operations: factsOf(facts, 'operated').filter(({ http }) => http >= 200 && http < 300).length,
    lostByRedis,
    excusedByRedis: excused
  }
  return { figures, found, bySentence }
}

/** Keys, attempt names and pairs about which Redis lost writes: only what is said of these is excused. `count`: of messages. */
function lostOf (facts: Fact[], messages: Map<string, Message>): { names: Set<string>, count: number } {
  const lost = new Set<string>()
  const losses = factsOf(facts, 'lost-writes')
  if (losses.length === 0) return { names: lost, count: 0 }
  const digests = new Set(losses.flatMap(({ ids }) => ids))
  for (const pair of losses.flatMap(({ pairs }) => pairs)) lost.add(pair)
  let count = 0
  for (const { posted, responses, arrivals } of messages.values()) {
    const names = [...responses.flatMap(({ id }) => id?.slice(id.indexOf('.') + 1) ?? []), ...arrivals.map(({ opaque }) => nameOf(opaque))]
    if (!names.some(name => digests.has(name.slice(0, name.indexOf('.'))))) continue
    count++
    lost.add(posted.key)
    for (const { opaque } of arrivals) lost.add(opaque)
  }
  return { names: lost, count }
}

export function isSpotless ({ found }: Judgement): boolean {
  return [...found.values()].every(list => list.length === 0)
}
