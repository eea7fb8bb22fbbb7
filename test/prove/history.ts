/**
 * What happened, as the judge knows it: from callers, from the provider's own records, from a watch in each node that is
 * no part of the product, and from whoever caused the faults. Moments are ms since the epoch by the monotonic clock.
 */

/** A caller wants this message out. `pair` is sender and recipient. Posts of a pair and lane are in order, one after the other. */
export interface Posted { fact: 'posted', at: number, key: string, pair: string, lane: 1 | 2 | 3, policy: 'retry' | 'fail' }
/** One answer to one request for a key; status 0 where none came. */
export interface Answered {
  fact: 'answered'
  at: number
  key: string
  status: number
  id?: string
  /** What the answer says of the message: sent, queued, failed, … */
  state?: string
  immediate?: boolean
  delayMs?: number | null
  waitingFor?: string
  /** When the request was made. */
  askedAt: number
}
/**
 * A node passed its last look at the clock before a request, not before `from` and not after `at`; then its last byte was
 * written. `opaque` names the attempt.
 */
export interface Watched { fact: 'checked' | 'written', from?: number, at: number, node: string, opaque: string }
/** The provider has it. `resets` and `hung` are not accepted; what is `refused` the sender was told. */
export interface Arrived { fact: 'arrived', at: number, key: string, pair: string, opaque: string, outcome: string, code: number | null }
/** The provider tells of an attempt that it accepted that it was not delivered after all. */
export interface Bounced { fact: 'bounced', at: number, key: string, opaque: string }
/** A process stood still. */
export interface Frozen { fact: 'frozen', node: string, from: number, to: number }
/** Something was done to somebody. */
export interface Harmed { fact: 'harmed', at: number, kind: string }
/** What the gateway tells of a message in the end. */
export interface Ended { fact: 'ended', key: string, state: string, attempts: Attempt[] }
export interface Attempt { attempt: number, outcome: string, code: string | null }
/** Nothing is awaited any more; so many messages are unsettled by the gateway's own count. */
export interface Over { fact: 'over', at: number, unsettled: number }

export type Fact = Posted | Answered | Watched | Arrived | Bounced | Frozen | Harmed | Ended | Over

export interface Rules { intervalMs: number, startWithinMs: number, perSecond: number }

export interface History { rules: Rules, facts: Fact[] }

/** All that concerns one message. */
export interface Message {
  posted: Posted
  answers: Answered[]
  arrivals: Arrived[]
  /** Names of attempts that were accepted and not delivered. */
  bounced: Set<string>
  ended: Ended | null
}

/** Now, on the clock that all facts are told by. */
export function moment (): number {
  return performance.timeOrigin + performance.now()
}

export function messagesOf (facts: Fact[]): Map<string, Message> {
  const messages = new Map<string, Message>()
  for (const fact of facts) {
    if (fact.fact === 'posted' && !messages.has(fact.key)) messages.set(fact.key, { posted: fact, answers: [], arrivals: [], bounced: new Set(), ended: null })
  }
  for (const fact of facts) {
    if (fact.fact === 'answered') messages.get(fact.key)?.answers.push(fact)
    if (fact.fact === 'arrived') messages.get(fact.key)?.arrivals.push(fact)
    if (fact.fact === 'bounced') messages.get(fact.key)?.bounced.add(fact.opaque)
    if (fact.fact === 'ended') {
      const message = messages.get(fact.key)
      if (message !== undefined) message.ended = fact
    }
  }
  for (const message of messages.values()) message.arrivals.sort((a, b) => a.at - b.at)
  return messages
}

/** What the watches saw, oldest first. */
export function watchedOf (facts: Fact[], kind: Watched['fact']): Watched[] {
  return facts.filter((fact): fact is Watched => fact.fact === kind).sort((a, b) => a.at - b.at)
}

/** The attempt that an opaque names: its last part. */
export function attemptOf (opaque: string): number {
  return Number(opaque.slice(opaque.lastIndexOf('.') + 1))
}

/** Values grouped by a name, in their order. */
export function groupBy<Value> (values: Iterable<Value>, nameOf: (value: Value) => string): Map<string, Value[]> {
  const groups = new Map<string, Value[]>()
  for (const value of values) {
    const group = groups.get(nameOf(value))
    if (group === undefined) groups.set(nameOf(value), [value])
    else group.push(value)
  }
  return groups
}
