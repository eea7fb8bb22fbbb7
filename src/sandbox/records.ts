import type { FaultKind } from './faults.js'
import { parseJson } from './json.js'
import { recipientId } from './recipient.js'

/**
 * `dropped`: 200, never delivered. `acknowledged`: read or typing, not a message. `reset` and `hung`: not accepted, no response. An
 * accepted message whose response was lost is `accepted`, with a `fault`.
 */
export type RecordedOutcome = 'accepted' | 'rejected' | 'dropped' | 'acknowledged' | 'reset' | 'hung'

/** A request that arrived, as an observer outside of the gateway sees it. */
export interface Arrival {
  sender: string
  /** In the caller's spelling; null if unknown. */
  recipient: string | null
  /** The raw body; null if it was not read. */
  text: string | null
  /** When the request headers arrived, Unix ms with a fraction. The limits use this time. */
  headersAt: number
  /** When the body was complete, likewise. */
  receivedAt: number
  outcome: RecordedOutcome
  /** Meta's error code in the response, if there is one. */
  code: number | null
  httpStatus: number | null
  wamid: string | null
  /** `biz_opaque_callback_data` */
  opaque: string | null
  fault: FaultKind | null
}

export type ArrivalRecord = Omit<Arrival, 'text'> & { seq: number, body: unknown }

export interface RecordQuery {
  recipient?: string | undefined
  sender?: string | undefined
  /** Only records with a greater `seq`. */
  since?: number | undefined
  /** Only the newest records, at most this number. */
  limit?: number | undefined
}

export interface Records {
  add: (arrival: Arrival) => void
  /** Oldest first. The body is parsed if it is JSON. */
  find: (query: RecordQuery) => ArrivalRecord[]
  /** Counts by outcome since the start or the last clear, including records that are no longer kept. */
  counts: () => Readonly<Record<RecordedOutcome, number>>
  /** `seq` of the newest record; 0 without records. */
  lastSeq: () => number
  clear: () => void
}

const zero: Readonly<Record<RecordedOutcome, number>> = { accepted: 0, rejected: 0, dropped: 0, acknowledged: 0, reset: 0, hung: 0 }

/** Keeps the newest `maxRecords`. A clear does not restart `seq`, so that a reader's `since` stays valid. */
export function createRecords (maxRecords: number): Records {
  let ring: Arrival[] = []
  let counts = { ...zero }
  let lastSeq = 0
  let clearedAt = 0

  return {
    add (arrival) {
      ring[lastSeq % maxRecords] = arrival
      lastSeq++
      counts[arrival.outcome]++
    },
    find ({ recipient, sender, since = 0, limit = maxRecords }) {
      const id = recipient === undefined ? null : recipientId(recipient)
      const found: ArrivalRecord[] = []
      const oldest = Math.max(since, clearedAt, lastSeq - maxRecords)
      for (let seq = lastSeq; seq > oldest && found.length < limit; seq--) {
        const arrival = ring[(seq - 1) % maxRecords]
        if (arrival === undefined || (sender !== undefined && arrival.sender !== sender)) continue
        if (id !== null && (arrival.recipient === null || recipientId(arrival.recipient) !== id)) continue
        const { text, ...rest } = arrival
        found.push({ seq, ...rest, body: text === null ? null : parseJson(text) ?? text })
      }
      return found.reverse()
    },
    counts: () => counts,
    lastSeq: () => lastSeq,
    clear () {
      ring = []
      counts = { ...zero }
      clearedAt = lastSeq
    }
  }
}
