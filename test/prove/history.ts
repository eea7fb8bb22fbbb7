/** The facts of a run, sorted: by message, by kind, by name. */
import type { Ended, Arrived, Fact, JobFilter, LostWrites, Operated, Posted, Responded, StatusPosted } from './facts.js'
import { moment } from './moment.mjs'

export type * from './facts.js'

/** All that concerns one message. */
export interface Message {
  posted: Posted
  /** Position in the order of posting. */
  number: number
  responses: Responded[]
  arrivals: Arrived[]
  statuses: StatusPosted[]
  operations: Operated[]
  /** Names of attempts that were accepted and later reported as failed. */
  bounced: Set<string>
  /** When the erasure of its recipient was first requested: of what came later nothing has to be known. Infinity for none. */
  erasedFrom: number
  ended: Ended | null
}

/** The current time on the clock of all facts. */
export function monotonicNow (): number {
  return moment()
}

export function messagesOf (facts: Fact[]): Map<string, Message> {
  const messages = new Map<string, Message>()
  const erasures = erasuresOf(facts)
  for (const fact of facts) {
    if (fact.fact === 'posted' && !messages.has(fact.key)) {
      messages.set(fact.key, {
        posted: fact,
        number: messages.size,
        responses: [],
        arrivals: [],
        statuses: [],
        operations: [],
        bounced: new Set(),
        erasedFrom: erasures.get(fact.pair) ?? Infinity,
        ended: null
      })
    }
  }
  for (const fact of facts) {
    const message = 'key' in fact && fact.fact !== 'key-left' ? messages.get(fact.key ?? '') : undefined
    if (message === undefined) continue
    if (fact.fact === 'responded') message.responses.push(fact)
    if (fact.fact === 'arrived') message.arrivals.push(fact)
    if (fact.fact === 'operated') message.operations.push(fact)
    if (fact.fact === 'ended') message.ended = fact
    if (fact.fact === 'bounced') message.bounced.add(fact.opaque)
    if (fact.fact === 'status-posted') {
      message.statuses.push(fact)
      if (fact.kind === 'failed' && fact.http === 200) message.bounced.add(fact.opaque)
    }
  }
  for (const message of messages.values()) message.arrivals.sort((a, b) => a.at - b.at)
  for (const job of factsOf(facts, 'operated')) if (job.filter !== undefined) noteJob(job, job.filter, messages.values())
  return messages
}

/** What a bulk job may have done to each message, at any time since it was asked for. */
function noteJob (job: Operated, filter: JobFilter, messages: Iterable<Message>): void {
  const action = job.action.replace(/^bulk-/, '')
  if (action !== 'cancel' && action !== 'retry' && action !== 'move') return
  const isPossible = job.http < 300 || job.http >= 500
  for (const message of messages) {
    if (!isOfJob(job.sender, filter, message)) continue
    message.operations.push({ ...job, action, key: message.posted.key, http: isPossible ? 0 : job.http, at: Infinity, isByJob: true })
  }
}

/** Whether a job with this filter is about the message. */
export function isOfJob (sender: string, { campaign, tag, code }: JobFilter, { posted, arrivals }: Message): boolean {
  return senderOf(posted.pair) === sender && (campaign === undefined || posted.campaign === campaign) && (tag === undefined || posted.tag === tag) &&
    (code === undefined || arrivals.some(one => one.code === code))
}

/** When the erasure of each pair was first requested. */
function erasuresOf (facts: Fact[]): Map<string, number> {
  const first = new Map<string, number>()
  for (const { action, pair = '', askedAt } of factsOf(facts, 'operated')) {
    if (action === 'erase') first.set(pair, Math.min(askedAt, first.get(pair) ?? Infinity))
  }
  return first
}

/** Whether what an operator asked for may still take effect after the response. */
export function isInconclusive ({ http }: Operated): boolean {
  return http === 0 || http >= 500
}

/** Whether Redis may have lost what an operator did. */
export function isLost ({ askedAt, at, sender, pair = '', campaign }: Operated, losses: LostWrites[]): boolean {
  return losses.some(one => one.from <= at && askedAt <= one.at && (campaign === undefined
    ? one.senders.includes(sender) || one.pairs.includes(pair)
    : one.campaigns?.includes(campaign) === true))
}

const grouped = new WeakMap<Fact[], { count: number, byKind: Map<string, Fact[]> }>()

/** The facts of one kind, oldest first. */
export function factsOf<Kind extends Fact['fact']> (facts: Fact[], kind: Kind): Array<Extract<Fact, { fact: Kind }>> {
  // Facts are added while a soak runs.
  if (grouped.get(facts)?.count !== facts.length) grouped.set(facts, { count: facts.length, byKind: groupBy(facts, ({ fact }) => fact) })
  return [...grouped.get(facts)?.byKind.get(kind) ?? []] as Array<Extract<Fact, { fact: Kind }>>
}

/** The attempt number: the last part of the opaque name. */
export function attemptOf (opaque: string): number {
  return Number(opaque.slice(opaque.lastIndexOf('.') + 1))
}

/** The message that an opaque name belongs to: all but the attempt. */
export function nameOf (opaque: string): string {
  return opaque.slice(0, opaque.lastIndexOf('.'))
}

export function senderOf (pair: string): string {
  return pair.slice(0, pair.indexOf('/'))
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
