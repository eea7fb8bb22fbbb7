/** Sentences 29 to 32: what operators, recipients and WhatsApp's webhooks ask for is done. */
import { factsOf, groupBy, senderOf, type Fact, type Message, type Operated, type Rules } from './history.js'
import { CLOCKS_MS, type Note } from './model.js'
import type { Send, Sends } from './sends.js'

/** A request without a response may be executed this much later, by a node that was frozen. */
const LATE_REQUEST_MS = 20_000

export interface Pause { sender: string, from: number, to: number }

/**
 * From the response to a pause until the request to resume. With `possible` also what may have been a pause: from the request on, if it got no
 * response or an error of the server, to the response to a resume.
 */
export function pausesOf (facts: Fact[], possible = false): Pause[] {
  const pauses: Pause[] = []
  const lost = factsOf(facts, 'lost-writes')
  const operations = factsOf(facts, 'operated').filter(({ action }) => action === 'pause' || action === 'resume')
  for (const [sender, list] of groupBy(operations, ({ sender }) => sender)) {
    list.sort((a, b) => a.askedAt - b.askedAt).forEach((one, at) => {
      if (one.action !== 'pause' || (possible ? one.http >= 400 && one.http < 500 : one.http !== 200)) return
      const resumes = list.slice(at + 1).filter(({ action }) => action === 'resume')
      if (possible) {
        pauses.push({ sender, from: one.askedAt, to: resumes.find(({ http }) => http === 200)?.at ?? Infinity })
        return
      }
      // A request to resume that a node took up late may end a later pause.
      const isAmbiguous = list.slice(0, at).some(({ action, http, at }) => action === 'resume' && http === 0 && one.askedAt - at < LATE_REQUEST_MS)
      const to = isAmbiguous ? one.at : resumes[0]?.askedAt ?? Infinity
      if (!lost.some(({ from, at }) => from <= one.at && one.askedAt <= at)) pauses.push({ sender, from: one.at, to })
    })
  }
  return pauses
}

export function judgeOperators (rules: Rules, messages: Map<string, Message>, sends: Sends, facts: Fact[], note: Note): void {
  const bySender = groupBy(sends.all, ({ pair }) => senderOf(pair))
  for (const { sender, from, to } of pausesOf(facts)) {
    const during = bySender.get(sender)?.find(send => isGrantedIn(send, from, to, rules))
    if (during !== undefined) note(29, `${during.opaque} was granted while ${sender} was paused`)
  }
  const preferences = factsOf(facts, 'operated').filter(({ action }) => action === 'opt-out' || action === 'opt-in')
  for (const [pair, list] of groupBy(preferences, ({ pair = '' }) => pair)) judgeOptOuts(rules, messages, sends, pair, list, note)
  for (const { key, names } of factsOf(facts, 'key-left')) {
    if (names.length > 0) note(31, `${key} names ${names.slice(0, 3).join(', ')} after the erasure`)
  }
  for (const [name, posts] of groupBy(factsOf(facts, 'status-posted'), ({ wamid, kind }) => `${kind} ${wamid}`)) {
    const refused = posts.find(({ http }) => http >= 400 && http < 500 && http !== 408 && http !== 429)
    if (refused !== undefined) note(32, `${refused.key}: ${name.slice(0, 30)} got ${refused.http}`)
    else if (!posts.some(({ http }) => http === 200)) note(32, `${posts[0]?.key}: ${name.slice(0, 30)} was never taken`)
  }
}

/** Without a recorded grant, START_WITHIN_MS before the start is the earliest that the grant can have been. */
function isGrantedIn ({ granted, checked }: Send, from: number, to: number, { startWithinMs }: Rules): boolean {
  const at = granted?.at ?? checked.at - startWithinMs
  return at > from + CLOCKS_MS && at < to
}

function judgeOptOuts (rules: Rules, messages: Map<string, Message>, sends: Sends, pair: string, list: Operated[], note: Note): void {
  list.sort((a, b) => a.askedAt - b.askedAt).forEach((one, at) => {
    if (one.action !== 'opt-out' || one.http !== 200) return
    const to = list.slice(at + 1).find(({ action }) => action === 'opt-in')?.askedAt ?? Infinity
    for (const { posted } of messages.values()) {
      if (posted.pair !== pair || posted.isMarketing !== true) continue
      const send = sends.of(posted.key).find(send => isGrantedIn(send, one.at, to, rules))
      if (send !== undefined) note(30, `${send.opaque} was granted after its recipient had opted out`)
    }
  })
}
