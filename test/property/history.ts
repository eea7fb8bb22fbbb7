/**
 * The facts of a round, in the order in which they happened: the replies to its callers, what the provider saw, what was
 * granted and settled, and what operators did. Moments are µs of the virtual clock, unless a name ends in Ms.
 */
export type Decision = 'sent' | 'failed' | 'retry' | 'unknown' | 'wait'
export type Refusal =
  'BACKLOG_FULL' | 'RECIPIENT_QUEUE_FULL' | 'LIMITED' | 'WOULD_EXPIRE' | 'RECIPIENT_OPTED_OUT' | 'TEMPLATE_REJECTED' | 'WINDOW_CLOSED' |
  'CAMPAIGN_CANCELLED' | 'CALLER_BACKLOG_FULL'

/** The rules of a round in the units of the settings. */
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
  /** Its caller, and `#` and its campaign, if it has one. */
  share: string
  inline: boolean
  expiresMs: number
  /** null: it joins its queue at once. */
  scheduledMs: number | null
  as: 'granted' | 'queued' | 'scheduled'
  /** What the caller was promised; null where nothing was, or the reply was lost. */
  wait: { us: number, waitingFor: string } | null
}

export type Fact =
  | Admitted
  | { fact: 'refused', at: number, recipient: string, lane: number, code: Refusal, inline: boolean, waitUs: number, lifeMs: number }
  | { fact: 'repeated', at: number, expected: 'duplicate' | 'reused', status: string }
  /** A claim: first this, then its grants, then `claimed` with the time of the next claim that it returned (-1: none). */
  | { fact: 'claim', at: number }
  | { fact: 'claimed', at: number, want: number, grants: number, nextUs: number, dropped: number }
  | { fact: 'granted', at: number, id: string, attempt: number, by: 'admit' | 'claim' | 'retry' }
  | { fact: 'started', at: number, id: string }
  /** `startedUs`: from the claim of the grant to the start, as the node reports it; null: it never started. */
  | {
    fact: 'settled'
    at: number
    id: string
    decision: Decision
    startedUs: number | null
    bucket: '' | 'pair' | 'sender-rate' | 'throughput' | 'sender' | 'outage'
    coolMs: number
    /** The change of the circuit, if any. */
    circuit: '' | 'opened' | 'half-open' | 'closed'
  }
  /** The gateway's own spacing check reports that this settlement's start came too early. */
  | { fact: 'alarm', at: number, id: string, gapUs: number, leastUs: number }
  /** The same settlement written a second time. */
  | { fact: 'settled again', at: number, status: string }
  /** An unknown outcome whose hold was over. */
  | { fact: 'decided', at: number, id: string, decision: Decision }
  /** A failure was retried; a grant follows, or it joined its queue. */
  | { fact: 'retried', at: number, id: string, queued: boolean, expiresMs: number }
  | { fact: 'closed', at: number, id: string, reason: 'cancelled' | 'expired' }
  | { fact: 'spared', at: number, id: string, status: string }
  /** An operator moved it, or tried to; null: not this. `scheduledMs` of the past: now. */
  | {
    fact: 'moved', at: number, id: string, status: string, lane: number | null, scheduledMs: number | null, expiresMs: number | null
  }
  /** Fair shares have begun, or ended. */
  | { fact: 'shares', at: number, are: boolean }
  /** Housekeeping removed the idle buckets. */
  | { fact: 'pruned', at: number }
  | { fact: 'cleared', at: number, recipient: string }
  /** An operator changed rules. */
  /** What WhatsApp's limit of the number is now; null if it is not known. */
  | { fact: 'ceiling', at: number, perSecond: number | null }
  | { fact: 'rules', at: number, rules: Pick<Rules, 'pairIntervalMs' | 'pairBurst' | 'perSecond'> }
  | { fact: 'paused', at: number, until: number | null }
  | { fact: 'resumed', at: number }
  /** Another Redis replied; `emptied`: it lost the buckets of pairs and sender. */
  | { fact: 'restarted', at: number, emptied: boolean }
  | { fact: 'lost', at: number, what: 'reply' | 'lease' }
  | { fact: 'over', at: number, unsettled: number, keys: string[] }

/**
 * Callers of a round, with their weights, and how many campaigns each has, besides messages without one. `mixed`: several write to one recipient, so
 * that no pair belongs to one of them.
 */
export interface Callers { weights: Record<string, number>, campaigns: number, mixed: boolean }

export interface History {
  rules: Rules
  callers: Callers
  /** Every claim ran at the time returned by the one before, or when a script asked for it: a late grant is a fault. */
  punctual: boolean
  facts: Fact[]
}
