import { Bucket } from './bucket.js'
import type { Admitted, Rules } from './history.js'

/** A message as the observer follows it. */
export interface Followed {
  admitted: Admitted
  /** Its number in the order of joining; 0 until a scheduled one joins. */
  join: number
  place: 'scheduled' | 'line' | 'flight' | 'failures' | 'unknown' | 'sent' | 'failed' | 'closed'
  /** The facts, counted, at which it was admitted and at which it last joined its line. */
  admittedAtFact: number
  queuedSinceFact: number
  attempts: number
  granted: boolean
  expiresMs: number
  /** How many ahead of it in its pair left unsent. */
  leftAhead: number
  /** The turns that its promise counts on, where the flow binds it. */
  ahead: Turn[]
  limitedBySender: boolean
}

/** `at` ranks it; a message that was given back keeps an earlier one than `since`, the moment from which it was there to be granted. */
export interface Turn { pair: Pair, lane: number, at: number, since: number, ended: 'granted' | 'unsent' | 'moved up' | null }

export interface Pair {
  recipient: string
  bucket: Bucket
  /** By lane 1 to 3, in the order of joining. */
  lines: Followed[][]
  turn: Turn | null
  clearedAt: number
  flight: { message: Followed, turnAt: number, grantedAt: number } | null
}

/** Who waits where, and whose turn is when: by the definitions alone. */
export class LineBook {
  readonly pairs = new Map<string, Pair>()
  /** The turns of free pairs, by lane. */
  readonly turns = [new Set<Turn>(), new Set<Turn>(), new Set<Turn>(), new Set<Turn>()]
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
        lines: [[], [], [], []],
        turn: null,
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
    return pair.lines[1]?.[0] ?? pair.lines[2]?.[0] ?? pair.lines[3]?.[0]
  }

  waiting (pair: Pair, lane = 3): number {
    let count = 0
    for (let l = 1; l <= lane; l++) count += pair.lines[l]?.length ?? 0
    return count
  }

  /** Joins its line at its own place, behind all that joined before it ever did. */
  join (message: Followed, now: number): void {
    const pair = this.pair(message.admitted.recipient)
    this.#insert(pair, message)
    if (pair.flight !== null) return
    if (pair.turn === null || pair.turn.lane > message.admitted.lane) this.#give(pair, now, now, 'moved up')
  }

  /** Leaves its line for good without a grant. */
  leave (message: Followed, now: number): void {
    const pair = this.pair(message.admitted.recipient)
    const wasHead = this.head(pair) === message
    this.#remove(pair, message)
    if (wasHead && pair.flight === null) this.#give(pair, now, now, 'unsent')
  }

  grant (message: Followed, now: number): void {
    const pair = this.pair(message.admitted.recipient)
    const turnAt = pair.turn?.at ?? now
    if (message.place === 'line') this.#remove(pair, message)
    this.#end(pair, 'granted')
    pair.flight = { message, turnAt, grantedAt: now }
    pair.bucket.send(now)
  }

  /**
   * Ends a flight; a message that was given back keeps its turn if that is later than what its bucket allows, unless it was
   * tried in vain on a stopped sender.
   */
  land (pair: Pair, backInLine: boolean, inVain: boolean, now: number): void {
    const flight = pair.flight
    if (flight === null) return
    pair.flight = null
    if (backInLine) this.#insert(pair, flight.message)
    const kept = backInLine && !inVain && this.head(pair) === flight.message
    this.#give(pair, kept ? flight.turnAt : now, now, 'granted')
  }

  /** An operator's exemption: what waits may go now. */
  clear (pair: Pair, now: number): void {
    pair.bucket.forget()
    pair.clearedAt = now
    if (pair.turn !== null) pair.turn.at = Math.min(pair.turn.at, now)
  }

  #give (pair: Pair, headSince: number, now: number, why: Turn['ended']): void {
    this.#end(pair, why)
    const head = this.head(pair)
    if (head === undefined) return
    pair.turn = { pair, lane: head.admitted.lane, at: Math.max(headSince, pair.bucket.earliest()), since: now, ended: null }
    this.turns[pair.turn.lane]?.add(pair.turn)
  }

  #end (pair: Pair, why: Turn['ended']): void {
    if (pair.turn === null) return
    pair.turn.ended = why
    this.turns[pair.turn.lane]?.delete(pair.turn)
    pair.turn = null
  }

  #insert (pair: Pair, message: Followed): void {
    const line = pair.lines[message.admitted.lane]
    let at = line?.length ?? 0
    while (at > 0 && (line?.[at - 1]?.join ?? 0) > message.join) at--
    line?.splice(at, 0, message)
    message.place = 'line'
    message.queuedSinceFact = this.facts
  }

  #remove (pair: Pair, message: Followed): void {
    const line = pair.lines[message.admitted.lane]
    const at = line?.indexOf(message) ?? -1
    if (at >= 0) line?.splice(at, 1)
  }
}
