/**
 * What a round came to, in the order in which it happened: what its callers were told, what the provider saw, what was
 * granted and settled, and what operators did. Moments are µs of the virtual clock, unless a name ends in Ms.
 */
export type Verdict = 'sent' | 'failed' | 'retry' | 'unknown' | 'wait'
export type Refusal = 'BACKLOG_FULL' | 'RECIPIENT_QUEUE_FULL' | 'LIMITED' | 'WOULD_EXPIRE' | 'RECIPIENT_OPTED_OUT'

/** The rules of a round as people say them. */
export interface Rules {
  pairIntervalMs: number
  pairBurst: number
  perSecond: number
  maxInFlight: number
  queueCap: number
  backlogCap: number
}

export interface Admitted {
  fact: 'admitted'
  at: number
  id: string
  recipient: string
  /** 1 urgent, 2 normal, 3 bulk. */
  lane: number
  inline: boolean
  expiresMs: number
  /** null: it joins its line at once. */
  scheduledMs: number | null
  as: 'granted' | 'queued' | 'scheduled'
  /** What the caller was promised; null where nothing was, or the reply was lost. */
  wait: { us: number, waitingFor: string } | null
}

export type Fact =
  | Admitted
  | { fact: 'refused', at: number, recipient: string, lane: number, code: Refusal, inline: boolean, waitUs: number, lifeMs: number }
  | { fact: 'repeated', at: number, expected: 'duplicate' | 'reused', told: string }
  /** A look of the drain: first this, then its grants, then `looked` with the next moment that it named (-1: none). */
  | { fact: 'look', at: number }
  | { fact: 'looked', at: number, want: number, grants: number, nextUs: number, dropped: number }
  | { fact: 'granted', at: number, id: string, attempt: number, by: 'admit' | 'claim' | 'retake' }
  | { fact: 'started', at: number, id: string }
  /** `startedUs`: from the asking for the grant to the start, as the node tells it; null: it never started. */
  | {
    fact: 'settled'
    at: number
    id: string
    verdict: Verdict
    startedUs: number | null
    bucket: '' | 'pair' | 'sender-rate' | 'sender'
    coolMs: number
  }
  /** The gateway's own watch on the spacing says that this settlement's start came too early. */
  | { fact: 'alarm', at: number, id: string, gapUs: number, leastUs: number }
  /** The same settlement written a second time. */
  | { fact: 'settled again', at: number, told: string }
  /** An unknown outcome whose hold was over. */
  | { fact: 'decided', at: number, id: string, verdict: Verdict }
  /** A failure was taken back; a grant follows, or it joined its line. */
  | { fact: 'retaken', at: number, id: string, queued: boolean, expiresMs: number }
  | { fact: 'closed', at: number, id: string, reason: 'cancelled' | 'expired' }
  | { fact: 'spared', at: number, id: string, told: string }
  /** Housekeeping forgot the buckets that have nothing more to say. */
  | { fact: 'tidied', at: number }
  | { fact: 'cleared', at: number, recipient: string }
  | { fact: 'paused', at: number, until: number | null }
  | { fact: 'resumed', at: number }
  /** Another Redis answered; `emptied`: with the pace of pairs and sender forgotten. */
  | { fact: 'restarted', at: number, emptied: boolean }
  | { fact: 'lost', at: number, what: 'reply' | 'lease' }
  | { fact: 'over', at: number, unsettled: number, keys: string[] }

export interface History {
  rules: Rules
  /** Every look happened at the moment named by the one before, or when a script asked for it: a late grant is a fault. */
  attentive: boolean
  facts: Fact[]
}
