/** When the circuit of a sender was open, from the sends and their outcomes alone. */
import { factsOf, groupBy, senderOf, type Fact, type Granted, type Rules } from './history.js'
import { effectiveBy } from './late-requests.js'
import { outcomeOf, type Send, type Sends } from './sends.js'

interface Interval { from: number, to: number }

export interface Outages {
  /** Times in which the circuit may have been open or half-open. */
  possible: (sender: string) => Interval[]
  /** Times in which no attempt of the sender succeeded, and attempts for two recipients failed: a message may then exceed its schedule. */
  suspected: (sender: string) => Interval[]
  /** Times in which it was certainly open. */
  certain: (sender: string) => Interval[]
}

/** Failures within this time open a circuit by their share, whatever succeeds in between. */
const WINDOW_MS = 60_000
/** Each stage ends with a success: the first message of the three comes an eighth, a quarter and half as fast as usual. */
const STAGES_IN_SLOTS = 8 + 4 + 2
/** Recipients in a row that open a half-open circuit. */
const AGAIN = 2

interface Failing { at: number, send: Pick<Send, 'pair'> & { checked: { at: number } }, isAccepted: boolean }
interface End extends Failing { send: Send }

export function outagesOf (rules: Rules, sends: Sends, facts: Fact[]): Outages {
  const { circuit } = rules
  if (circuit === undefined) return { possible: () => [], suspected: () => [], certain: () => [] }
  const troubles = factsOf(facts, 'trouble').filter(({ of }) => of === 'provider')
  const resumed = groupBy(factsOf(facts, 'operated').filter(({ action }) => action === 'resume' || action === 'pause'), ({ sender }) => sender)
  const losses = factsOf(facts, 'lost-writes').map(({ from }) => ({ askedAt: from }))
  const bySender = new Map([...groupBy(sends.all, ({ pair }) => senderOf(pair))].map(([sender, list]) => [sender, endsOf(list, rules)]))
  const started = new Set(sends.all.map(({ granted }) => granted))
  const unconnected = unconnectedOf(facts)
  const byWhen = effectiveBy(facts)
  const isUnconnected = ({ at }: Granted): boolean => unconnected.some(({ from, to }) => from <= byWhen(at + rules.startWithinMs) && to >= at)
  const unsent = groupBy(
    factsOf(facts, 'granted').filter(one => !started.has(one) && isUnconnected(one))
      .map(({ at, pair }) => ({ at, send: { pair, checked: { at } }, isAccepted: false })),
    ({ send }) => senderOf(send.pair))
  const tailOf = (sender: string): number =>
    circuit.tailMs + STAGES_IN_SLOTS * 1000 / (rules.senders?.[sender]?.perSecond ?? rules.perSecond)
  // A connection that cannot be made is no send, and counts. A grant that a node with connections did not start says nothing of WhatsApp.
  const tried = (sender: string, ends: End[]): Failing[] => [...ends, ...unsent.get(sender) ?? []].sort((a, b) => a.at - b.at)
  const possible = new Map([...bySender].map(([sender, ends]) => [sender, [
    ...intervals(tried(sender, ends), circuit.recipients, tailOf(sender), WINDOW_MS),
    ...troubles.map(({ from, to }) => ({ from, to: nextAccepted(ends, to) + tailOf(sender) }))
  ]]))
  const suspected = new Map([...bySender].map(([sender, ends]) => [sender, intervals(tried(sender, ends), AGAIN, circuit.tailMs, WINDOW_MS)]))
  const certain = new Map([...bySender].map(([sender, ends]) => {
    return [sender, certainly(ends, sends, circuit.recipients, [...losses, ...resumed.get(sender) ?? []])]
  }))
  return {
    possible: sender => possible.get(sender) ?? [],
    suspected: sender => suspected.get(sender) ?? [],
    certain: sender => certain.get(sender) ?? []
  }
}

/** Times in which the last connection that a node tried to make was not made. */
function unconnectedOf (facts: Fact[]): Interval[] {
  const found: Interval[] = []
  for (const list of groupBy(factsOf(facts, 'connection'), ({ node }) => node).values()) {
    list.sort((a, b) => a.at - b.at)
    list.forEach(({ at, isMade }, i) => { if (!isMade) found.push({ from: at, to: list[i + 1]?.at ?? Infinity }) })
  }
  return found
}

/** Sends by their ends. A node that gets no response knows that at its time-out, or at the end of the lease at the latest. */
function endsOf (list: Send[], { leaseMs = 0 }: Rules): End[] {
  return list.filter(send => !['limited', 'rejected'].includes(outcomeOf(send)))
    .map(send => ({ send, isAccepted: outcomeOf(send) === 'accepted', at: send.answered?.at ?? send.checked.at + leaseMs }))
    .sort((a, b) => a.at - b.at)
}

function nextAccepted (ends: Failing[], from: number): number {
  return ends.find(({ at, isAccepted }) => isAccepted && at >= from)?.at ?? Infinity
}

/** From the first of so many failing recipients until a success, and its stages. An unknown outcome may have counted since its start. */
function intervals (ends: Failing[], recipients: number, tailMs: number, windowMs: number): Interval[] {
  const found: Interval[] = []
  let failed: Array<{ at: number, pair: string }> = []
  let lastAcceptedAt = -Infinity
  for (const { send, at, isAccepted } of ends) {
    if (isAccepted) {
      lastAcceptedAt = at
      continue
    }
    failed.push({ at: send.checked.at, pair: send.pair })
    failed = failed.filter(one => one.at > at - windowMs - 2 * tailMs || lastAcceptedAt < one.at)
    if (new Set(failed.map(({ pair }) => pair)).size < recipients) continue
    found.push({ from: Math.min(...failed.map(one => one.at)), to: nextAccepted(ends, at) + tailMs })
  }
  return found
}

/** From when the gateway knows so many refusals in a row until an attempt that succeeds begins, or an operator acts. */
function certainly (ends: End[], sends: Sends, recipients: number, actions: Array<{ askedAt: number }>): Interval[] {
  const found: Interval[] = []
  let run: End[] = []
  for (const [index, end] of ends.entries()) {
    if (end.isAccepted) run = []
    else if (outcomeOf(end.send) === 'retryable') run.push(end)
    if (new Set(run.map(({ send }) => send.pair)).size < recipients) continue
    const began = Math.min(...run.map(({ send }) => send.checked.at))
    const from = Math.max(...run.map(({ send }) => sends.knownFrom(send)))
    const next = ends.slice(index).filter(({ isAccepted }) => isAccepted).map(({ send }) => send.checked.at)
    const acted = actions.filter(({ askedAt }) => askedAt >= began).map(({ askedAt }) => askedAt)
    const overlapping = ends.some(one => one.isAccepted && sends.knownFrom(one.send) >= began && one.send.checked.at <= from)
    const to = Math.min(...next, ...acted)
    if (!overlapping && to > from) found.push({ from, to })
    run = []
  }
  return found
}

export function isWithin (at: number, list: Interval[]): boolean {
  return list.some(({ from, to }) => at >= from && at <= to)
}
