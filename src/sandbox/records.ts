/** Everything that arrived, as an observer outside the gateway saw it. */

import { parseJson } from './body.js'
import type { FaultKind } from './faults.js'
import { nameOf } from './person.js'

/**
 * `dropped`: answered with 200, never delivered. `acknowledged`: read or typing, not a message. `reset` and `hung`: not
 * accepted, and no answer. An accepted message whose answer got lost is `accepted`; its `fault` tells.
 */
export type RecordedOutcome = 'accepted' | 'refused' | 'dropped' | 'acknowledged' | 'reset' | 'hung'

export interface Arrival {
  sender: string
  /** As the caller wrote it; null if it isn't known. */
  recipient: string | null
  /** The request's body as it came; null if it wasn't read. */
  text: string | null
  /** When the head of the request arrived, Unix ms with a fraction. The limits go by this. */
  headersAt: number
  /** When the body was complete, likewise. */
  receivedAt: number
  outcome: RecordedOutcome
  /** Meta's error code, if one was answered. */
  code: number | null
  httpStatus: number | null
  wamid: string | null
  /** `biz_opaque_callback_data` */
  opaque: string | null
  fault: FaultKind | null
}

export interface RecordQuery {
  recipient?: string | undefined
  sender?: string | undefined
  /** Only records with a greater `seq`. */
  since?: number | undefined
  /** The newest so many. */
  limit?: number | undefined
}

export interface Records {
  add: (arrival: Arrival) => void
  /** Oldest first. The body is parsed where it is JSON. */
  find: (query: RecordQuery) => Array<Omit<Arrival, 'text'> & { seq: number, body: unknown }>
  /** By outcome, of everything since the start or the last clear, whether its record is still kept or not. */
  counts: () => Readonly<Record<RecordedOutcome, number>>
  /** `seq` of the newest; 0 if nothing has arrived. */
  lastSeq: () => number
  clear: () => void
}

const zero: Readonly<Record<RecordedOutcome, number>> =
  { accepted: 0, refused: 0, dropped: 0, acknowledged: 0, reset: 0, hung: 0 }

/** Keeps the newest `maxRecords`. A clear doesn't restart `seq`, so a reader's `since` stays good. */
export function createRecords (maxRecords: number): Records {
  let set: Arrival[] = []
  let counts = { ...zero }
  let lastSeq = 0
  let clearedAt = 0

  return {
    add (arrival) {
      set[lastSeq % maxRecords] = arrival
      lastSeq++
      counts[arrival.outcome]++
    },
    find ({ recipient, sender, since = 0, limit = maxRecords }) {
      const name = recipient === undefined ? null : nameOf(recipient)
      const found: Array<Omit<Arrival, 'text'> & { seq: number, body: unknown }> = []
      const oldest = Math.max(since, clearedAt, lastSeq - maxRecords)
      for (let seq = lastSeq; seq > oldest && found.length < limit; seq--) {
        const arrival = set[(seq - 1) % maxRecords]
        if (arrival === undefined || (sender !== undefined && arrival.sender !== sender)) continue
        if (name !== null && (arrival.recipient === null || nameOf(arrival.recipient) !== name)) continue
        const { text, ...rest } = arrival
        found.push({ seq, ...rest, body: text === null ? null : parseJson(text) ?? text })
      }
      return found.reverse()
    },
    counts: () => counts,
    lastSeq: () => lastSeq,
    clear () {
      set = []
      counts = { ...zero }
      clearedAt = lastSeq
    },
  }
}
