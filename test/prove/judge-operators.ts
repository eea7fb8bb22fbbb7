/** Sentences 29 to 32: what operators, recipients and WhatsApp's webhooks ask for is done. */
import {
  factsOf, groupBy, isInconclusive, isLost, senderOf, type Fact, type Message, type Operated, type Rules
} from './history.js'
import { effectiveBy } from './late-requests.js'
import { CLOCKS_MS, type Report } from './model.js'
import type { Send, Sends } from './sends.js'

export interface Pause { sender: string, from: number, to: number }

/**
 * From the response to a pause until the request to resume. With `possible` also what may have been a pause: from the request on, if it got no
 * response or an error of the server, to the response to a resume; then it may have taken effect late, and be ended by a later resume.
 */
export function pausesOf (facts: Fact[], possible = false): Pause[] {
  const pauses: Pause[] = []
  const lost = factsOf(facts, 'lost-writes')
  const byWhen = effectiveBy(facts)
  const operations = factsOf(facts, 'operated').filter(({ action }) => action === 'pause' || action === 'resume')
  for (const [sender, list] of groupBy(operations, ({ sender }) => sender)) {
    list.sort((a, b) => a.askedAt - b.askedAt).forEach((one, i) => {
      if (one.action !== 'pause' || (possible ? one.http >= 400 && one.http < 500 : one.http !== 200)) return
      const resumes = list.slice(i + 1).filter(({ action }) => action === 'resume')
      if (possible) {
        const ends = resumes.filter(resume => resume.http === 200 && !isLost(resume, lost))
        const late = isInconclusive(one) ? ends.find(({ askedAt }) => askedAt >= byWhen(one.at)) ?? ends.at(-1) : undefined
        pauses.push({ sender, from: one.askedAt, to: (late ?? ends[0])?.at ?? Infinity })
        return
      }
      const to = isEndedLate(one, list.slice(0, i), 'resume', byWhen) ? one.at : resumes[0]?.askedAt ?? Infinity
      if (!isLost(one, lost)) pauses.push({ sender, from: one.at, to })
    })
  }
  return pauses
}

/** From the request to clear a pair to the moment when it has taken effect at the latest. */
export function clearsOf (facts: Fact[]): (pair: string) => Array<{ from: number, to: number }> {
  const byWhen = effectiveBy(facts)
  const byPair = groupBy(factsOf(facts, 'operated').filter(({ action }) => action === 'clear'), ({ pair = '' }) => pair)
  return pair => (byPair.get(pair) ?? []).map(one => ({ from: one.askedAt, to: isInconclusive(one) ? byWhen(one.at) : one.at }))
}

/** Whether a request of before, such as to resume, may take effect only after this one, and end it. */
export function isEndedLate (one: Operated, before: Operated[], ending: Operated['action'], byWhen: (at: number) => number): boolean {
  return before.some(other => other.action === ending && isInconclusive(other) && one.askedAt < byWhen(other.at))
}

export function judgeOperators (rules: Rules, messages: Map<string, Message>, sends: Sends, facts: Fact[], report: Report): void {
  const bySender = groupBy(sends.all, ({ pair }) => senderOf(pair))
  for (const { sender, from, to } of pausesOf(facts)) {
    const during = bySender.get(sender)?.find(send => isGrantedIn(send, from, to, rules))
    if (during !== undefined) report(29, `${during.opaque} was granted while ${sender} was paused`)
  }
  const losses = factsOf(facts, 'lost-writes')
  const preferences = factsOf(facts, 'operated').filter(({ action }) => action === 'opt-out' || action === 'opt-in')
  for (const [pair, list] of groupBy(preferences, ({ pair = '' }) => pair)) judgeOptOuts(rules, messages, sends, pair, list, facts, report)
  const erasures = factsOf(facts, 'operated').filter(one => one.action === 'erase' && one.http === 200 && !isLost(one, losses))
  const erased = new Set(erasures.map(({ pair = '' }) => pair.split('/').at(-1)))
  for (const { key, names } of factsOf(facts, 'key-left')) {
    const kept = names.filter(name => erased.has(name))
    // Without its number an opt-out could not be honoured.
    if (kept.length > 0 && !key.endsWith(':opt-outs')) report(31, `${key} names ${kept.slice(0, 3).join(', ')} after the erasure`)
  }
  for (const [name, posts] of groupBy(factsOf(facts, 'status-posted'), ({ wamid, kind }) => `${kind} ${wamid}`)) {
    const refused = posts.find(({ http }) => http >= 400 && http < 500 && http !== 408 && http !== 429)
    if (refused !== undefined) report(32, `${refused.key}: ${name.slice(0, 30)} got ${refused.http}`)
    else if (!posts.some(({ http }) => http === 200)) report(32, `${posts[0]?.key}: ${name.slice(0, 30)} was never taken`)
  }
}

/** Without a recorded grant, it was at some time in the START_WITHIN_MS before the start. */
export function isGrantedIn ({ granted, checked }: Send, from: number, to: number, { startWithinMs }: Rules): boolean {
  const earliest = granted?.at ?? checked.at - startWithinMs
  return earliest > from + CLOCKS_MS && (granted?.at ?? checked.at) < to
}

function judgeOptOuts (
  rules: Rules, messages: Map<string, Message>, sends: Sends, pair: string, list: Operated[], facts: Fact[], report: Report
): void {
  const [losses, byWhen] = [factsOf(facts, 'lost-writes'), effectiveBy(facts)]
  list.sort((a, b) => a.askedAt - b.askedAt).forEach((one, i) => {
    if (one.action !== 'opt-out' || one.http !== 200 || isLost(one, losses) || isEndedLate(one, list.slice(0, i), 'opt-in', byWhen)) return
    const to = list.slice(i + 1).find(({ action }) => action === 'opt-in')?.askedAt ?? Infinity
    for (const { posted } of messages.values()) {
      if (posted.pair !== pair || posted.isMarketing !== true) continue
      const send = sends.of(posted.key).find(send => isGrantedIn(send, one.at, to, rules))
      if (send !== undefined) report(30, `${send.opaque} was granted after its recipient had opted out`)
    }
  })
}
