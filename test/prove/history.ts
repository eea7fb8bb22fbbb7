/**
 * What happened, as the judge knows it: from callers, from the provider's own records, from an observer in each node that is
 * not part of the product, and from the fault injection. Times are ms since the epoch by the monotonic clock.
 */

/** A caller posted this message. `pair` is sender and recipient. Messages of a pair and lane are posted one after the other. */
export interface Posted { fact: 'posted', at: number, key: string, pair: string, lane: 1 | 2 | 3, policy: 'retry' | 'fail' }
/** One response to one request for a key; status 0 if there was none. */
export interface Responded {
  fact: 'responded'
  at: number
  key: string
  status: number
  id?: string
  /** The message's state in the response: sent, queued, failed, … */
  state?: string
  immediate?: boolean
  delayMs?: number | null
  waitingFor?: string
  /** When the request was made. */
  askedAt: number
}
/**
 * A node checked the clock for the last time before a request (`checked`), not before `from` and not after `at`; then its last byte was
 * written. `opaque` names the attempt.
 */
export interface ObservedSend { fact: 'checked' | 'written', from?: number, at: number, node: string, opaque: string }
/** The provider received an attempt. `reset` and `hung` are not accepted; for `rejected` the sender got an error response. */
export interface Arrived { fact: 'arrived', at: number, key: string, pair: string, opaque: string, outcome: string, code: number | null }
/** The provider reported an accepted attempt as failed. */
export interface Bounced { fact: 'bounced', at: number, key: string, opaque: string }
/** A process was frozen. */
export interface Frozen { fact: 'frozen', node: string, from: number, to: number }
/** A fault was injected. */
export interface FaultInjected { fact: 'fault-injected', at: number, kind: string }
/** The final state of a message as the gateway reports it. */
export interface Ended { fact: 'ended', key: string, state: string, attempts: Attempt[] }
export interface Attempt { attempt: number, outcome: string, code: string | null }
/** The end of the run; `unsettled` is the gateway's own count. */
export interface Over { fact: 'over', at: number, unsettled: number }

export type Fact = Posted | Responded | ObservedSend | Arrived | Bounced | Frozen | FaultInjected | Ended | Over

export interface Rules { intervalMs: number, startWithinMs: number, perSecond: number }

export interface History { rules: Rules, facts: Fact[] }

/** All that concerns one message. */
export interface Message {
  posted: Posted
  responses: Responded[]
  arrivals: Arrived[]
  /** Names of attempts that were accepted and later reported as failed. */
  bounced: Set<string>
  ended: Ended | null
}

/** The current time on the clock of all facts. */
export function monotonicNow (): number {
  return performance.timeOrigin + performance.now()
}

export function messagesOf (facts: Fact[]): Map<string, Message> {
  const messages = new Map<string, Message>()
  for (const fact of facts) {
    if (fact.fact === 'posted' && !messages.has(fact.key)) {
      messages.set(fact.key, { posted: fact, responses: [], arrivals: [], bounced: new Set(), ended: null })
    }
  }
  for (const fact of facts) {
    if (fact.fact === 'responded') messages.get(fact.key)?.responses.push(fact)
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

/** What the observers in the nodes recorded, oldest first. */
export function observedSends (facts: Fact[], kind: ObservedSend['fact']): ObservedSend[] {
  return facts.filter((fact): fact is ObservedSend => fact.fact === kind).sort((a, b) => a.at - b.at)
}

/** The attempt number: the last part of the opaque name. */
export function attemptOf (opaque: string): number {
  return Number(opaque.slice(opaque.lastIndexOf('.') + 1))
}

/** Values grouped by name, in their order. */
export function groupBy<Value> (values: Iterable<Value>, nameOf: (value: Value) => string): Map<string, Value[]> {
  const groups = new Map<string, Value[]>()
  for (const value of values) {
    const group = groups.get(nameOf(value))
    if (group === undefined) groups.set(nameOf(value), [value])
    else group.push(value)
  }
  return groups
}
