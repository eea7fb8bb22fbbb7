/** Sentences 49 to 51, and 44 of callers: their keys, rates, backlogs and counts. */
import { factsOf, groupBy, senderOf, type Fact, type LostWrites, type Message, type Responded, type Rules } from './history.js'
import { judgeCounts } from './judge-campaigns.js'
import type { Report } from './model.js'
import type { Sends } from './sends.js'

/** Spans in which acceptances are counted, and how far one begins after the other. */
const SPAN_MS = 10_000
const STEP_MS = 1000

type Limits = NonNullable<Rules['callers']>[string]

/** `uncertain`: messages of which Redis lost writes. */
export function judgeCallers (
  rules: Rules, messages: Map<string, Message>, sends: Sends, uncertain: number, facts: Fact[], report: Report
): void {
  const byCaller = groupBy([...messages.values()].filter(({ posted }) => posted.caller !== undefined), ({ posted }) => posted.caller ?? '')
  // A caller uses a key from when on every node has it until before it leaves the file.
  for (const { posted: { key, caller }, responses } of messages.values()) {
    if (responses.some(({ status }) => status === 401)) report(49, `${key}: a valid key of ${caller ?? 'the operator'} was refused`)
  }
  for (const { caller, status } of factsOf(facts, 'key-tried')) {
    if (status !== 401) report(49, `${caller}: a key that has left the file got ${status}`)
  }
  for (const { caller, counts } of factsOf(facts, 'caller-counted')) {
    judgeCounts(`caller ${caller}`, counts, byCaller.get(caller) ?? [], uncertain, report)
  }
  const losses = factsOf(facts, 'lost-writes')
  for (const [caller, limits] of Object.entries(rules.callers ?? {})) {
    const all = byCaller.get(caller) ?? []
    judgeRate(caller, limits, all, losses, report)
    for (const [sender, own] of groupBy(all, ({ posted }) => senderOf(posted.pair))) {
      const most = mostWaiting(own, sends)
      if (most > limits.backlog + uncertain) report(51, `${caller}: ${most} messages waited at ${sender}, ${limits.backlog} may`)
    }
  }
}

const acceptedBy = ({ responses }: Message): Responded | undefined => responses.find(({ status }) => status >= 200 && status < 300)

/** Sentence 50. A message was accepted between its post and the first response that says so. What Redis lost were slots, too. */
function judgeRate (caller: string, { perSecond, burst }: Limits, all: Message[], losses: LostWrites[], report: Report): void {
  for (const { posted: { key }, responses } of all) {
    const silent = responses.find(({ status, retryAfterMs = 0 }) => status === 429 && retryAfterMs <= 0)
    if (silent !== undefined) report(50, `${key}: 429 without the time to repeat it`)
  }
  const counts = new Map<number, number>()
  for (const message of all) {
    const [from, to] = [message.posted.at, acceptedBy(message)?.at ?? Infinity]
    // The spans that it is in as a whole.
    for (let begin = Math.ceil((to - SPAN_MS) / STEP_MS) * STEP_MS; begin <= from; begin += STEP_MS) counts.set(begin, (counts.get(begin) ?? 0) + 1)
  }
  const most = burst + perSecond * SPAN_MS / 1000 + 1
  for (const [begin, count] of counts) {
    const isForgotten = losses.some(({ from, at }) => from < begin + SPAN_MS && at > begin - SPAN_MS)
    if (count > most && !isForgotten) report(50, `${caller}: ${count} messages accepted in 10 s, ${most - 1} may be`)
  }
}

/** How many surely waited at a time: from the response that says so until the first grant. */
function mostWaiting (all: Message[], sends: Sends): number {
  const changes = all.flatMap((message): Array<{ at: number, by: 1 | -1 }> => {
    const response = acceptedBy(message)
    const [first] = sends.of(message.posted.key)
    const leftAt = first?.granted?.at ?? -Infinity
    if (response?.state !== 'queued' || leftAt <= response.at) return []
    return [{ at: response.at, by: 1 }, { at: leftAt, by: -1 }]
  }).sort((a, b) => a.at - b.at || a.by - b.by)
  let [waiting, most] = [0, 0]
  for (const { by } of changes) most = Math.max(most, waiting += by)
  return most
}
