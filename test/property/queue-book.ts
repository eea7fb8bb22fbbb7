import { Bucket } from './bucket.js'
import type { Admitted, Rules } from './history.js'

/** A message as the observer follows it. */
export interface Followed {
  admitted: Admitted
  /** Its number in the order of joining; of a scheduled one, in the order of acceptance until it joins. */
  join: number
  place: 'scheduled' | 'queued' | 'flight' | 'failures' | 'unknown' | 'sent' | 'failed' | 'closed'
  /** The numbers of the facts by which it was admitted and by which it last joined its queue. */
  admittedAtFact: number
  queuedSinceFact: number
  attempts: number
  granted: boolean
  /** To a lane in which a younger one may have started. */
  hasMoved?: true
  expiresMs: number
  /** How many ahead of it in its pair left unsent. */
  leftAhead: number
  /** The ready times that its promise counts on, where the sender rate decides it. */
  ahead: ReadyTime[]
  limitedBySender: boolean
}

/** A new message, by the fact of this number. */
export function followed (admitted: Admitted, admittedAtFact: number): Followed {
  return {
    admitted,
    join: 0,
    place: 'scheduled',
    admittedAtFact,
    queuedSinceFact: 0,
    attempts: 0,
    granted: false,
    expiresMs: admitted.expiresMs,
    leftAhead: 0,
    ahead: [],
    limitedBySender: false
  }
}

/** `at` ranks it; a returned message keeps an earlier one than `since`, the time from which it could be granted. */
export interface ReadyTime { pair: Pair, lane: number, at: number, since: number, ended: 'granted' | 'unsent' | 'moved up' | null }

export interface Pair {
  recipient: string
  bucket: Bucket
  /** By lane 1 to 3, in the order of joining. */
  queues: Followed[][]
  readyTime: ReadyTime | null
  clearedAt: number
  flight: { message: Followed, readyAt: number, grantedAt: number } | null
}

/** Which message waits where, and when its pair is ready: by the definitions alone. */
export class QueueBook {
  readonly pairs = new Map<string, Pair>()
  /** The ready times of free pairs, by lane. */
  readonly readyTimes = [new Set<ReadyTime>(), new Set<ReadyTime>(), new Set<ReadyTime>(), new Set<ReadyTime>()]
  /** Facts seen so far. */
  facts = 0
  readonly #rules: Rules
  #joins = 0

  constructor (rules: Rules) {
    this.#rules = rules
  }

  pair (recipient: string): Pair {
    let pair = this.pairs.get(recipient)
    if (pair === undefined) {
      pair = {
        recipient,
        bucket: new Bucket(this.#rules.pairIntervalMs * 1000, this.#rules.pairBurst),
        queues: [[], [], [], []],
        readyTime: null,
        clearedAt: 0,
        flight: null
      }
      this.pairs.set(recipient, pair)
    }
    return pair
  }

  number (): number {
    return ++this.#joins
  }

  head (pair: Pair): Followed | undefined {
    return pair.queues[1]?.[0] ?? pair.queues[2]?.[0] ?? pair.queues[3]?.[0]
  }

  waiting (pair: Pair, lane = 3): number {
    let count = 0
    for (let l = 1; l <= lane; l++) count += pair.queues[l]?.length ?? 0
    return count
  }

  /** Joins its queue behind all messages with a lower number. */
  join (message: Followed, now: number): void {
    const pair = this.pair(message.admitted.recipient)
    this.#insert(pair, message)
    if (pair.flight !== null) return
    if (pair.readyTime === null || pair.readyTime.lane > message.admitted.lane) this.#give(pair, now, now, 'moved up')
  }

  /** Leaves its queue for good without a grant. */
  leave (message: Followed, now: number): void {
    const pair = this.pair(message.admitted.recipient)
    const wasHead = this.head(pair) === message
    this.#remove(pair, message)
    if (wasHead && pair.flight === null) this.#give(pair, now, now, 'unsent')
  }

  grant (message: Followed, now: number): void {
    const pair = this.pair(message.admitted.recipient)
    const readyAt = pair.readyTime?.at ?? now
    if (message.place === 'queued') this.#remove(pair, message)
    this.#end(pair, 'granted')
    pair.flight = { message, readyAt, grantedAt: now }
    pair.bucket.send(now)
  }

  /**
   * Ends a flight; a returned message keeps its ready time if that is later than what its bucket allows, unless it was
   * a failed probe of a stopped sender.
   */
  land (pair: Pair, isRequeued: boolean, isFailedProbe: boolean, now: number): void {
    const flight = pair.flight
    if (flight === null) return
    pair.flight = null
    if (isRequeued) this.#insert(pair, flight.message)
    const kept = isRequeued && !isFailedProbe && this.head(pair) === flight.message
    this.#give(pair, kept ? flight.readyAt : now, now, 'granted')
  }

  /** The rules have changed: a longer wait is a later ready time. */
  change (now: number): void {
    for (const { bucket, readyTime } of this.pairs.values()) {
      bucket.change(this.#rules.pairIntervalMs * 1000, this.#rules.pairBurst, now)
      if (readyTime !== null && bucket.earliest() > now) readyTime.at = Math.max(readyTime.at, bucket.earliest())
    }
  }

  /** An operator's exemption: the pair may go now. */
  clear (pair: Pair, now: number): void {
    pair.bucket.forget()
    pair.clearedAt = now
    if (pair.readyTime !== null) pair.readyTime.at = Math.min(pair.readyTime.at, now)
  }

  #give (pair: Pair, headSince: number, now: number, why: ReadyTime['ended']): void {
    this.#end(pair, why)
    const head = this.head(pair)
    if (head === undefined) return
    pair.readyTime = { pair, lane: head.admitted.lane, at: Math.max(headSince, pair.bucket.earliest()), since: now, ended: null }
    this.readyTimes[pair.readyTime.lane]?.add(pair.readyTime)
  }

  #end (pair: Pair, why: ReadyTime['ended']): void {
    if (pair.readyTime === null) return
    pair.readyTime.ended = why
    this.readyTimes[pair.readyTime.lane]?.delete(pair.readyTime)
    pair.readyTime = null
  }

  #insert (pair: Pair, message: Followed): void {
    const queue = pair.queues[message.admitted.lane]
    let index = queue?.length ?? 0
    while (index > 0 && (queue?.[index - 1]?.join ?? 0) > message.join) index--
    queue?.splice(index, 0, message)
    message.place = 'queued'
    message.queuedSinceFact = this.facts
  }

  #remove (pair: Pair, message: Followed): void {
    const queue = pair.queues[message.admitted.lane]
    const index = queue?.indexOf(message) ?? -1
    if (index >= 0) queue?.splice(index, 1)
  }
}
