/**
 * What happened, as the judge knows it: from callers, operators, the provider's records, webhooks, callbacks, an observer in each node
 * that is not part of the product, the append-only file, and the fault injection. Times are ms since the epoch by the monotonic clock.
 */
/** A caller posted this message. `pair` is sender and recipient. Messages of a pair and lane are posted one after the other. */
export interface Posted {
  fact: 'posted'
  at: number
  key: string
  pair: string
  lane: 1 | 2 | 3
  policy: 'retry' | 'fail'
  expiresInMs?: number
  scheduledFor?: number
  isMarketing?: boolean
  /** Posted to the drop-in surface. */
  isGraph?: boolean
  /** Rows of one batch have the same number. */
  batch?: number
  /** The key of the message that it refers to. */
  quotes?: string
  /** The template that it is sent with. */
  template?: string
  campaign?: string
  /** An entry of its metadata, as `key:value`. */
  tag?: string
  /** Whose key it is posted with; absent for the operator. */
  caller?: string
}
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
  /** Of a 429: when to repeat it. */
  retryAfterMs?: number
}
/**
 * A node checked the clock for the last time before a request (`checked`), not before `from` and not after `at`; then its last byte was
 * written; then the complete response was read, with its HTTP status. `opaque` names the attempt.
 */
export interface ObservedSend { fact: 'checked' | 'written' | 'answered', from?: number, at: number, node: string, opaque: string, status?: number }
/** Redis granted an attempt, by the append-only file and Redis's clock. */
export interface Granted { fact: 'granted', at: number, opaque: string, pair: string }
/** The provider received an attempt. `reset` and `hung` are not accepted; for `rejected` the sender got an error response. */
export interface Arrived {
  fact: 'arrived'
  at: number
  key: string
  pair: string
  opaque: string
  outcome: string
  code: number | null
  httpStatus?: number | null
  wamid?: string | null
  /** The message that it refers to, by the provider's id. */
  quotes?: string
}
/** The provider reported an accepted attempt as failed. */
export interface Bounced { fact: 'bounced', at: number, key: string, opaque: string }
/** One post of a webhook status, and the HTTP status of the response; 0 if there was none. */
export interface StatusPosted {
  fact: 'status-posted'
  askedAt: number
  at: number
  http: number
  key: string
  opaque: string
  wamid: string
  kind: 'sent' | 'delivered' | 'read' | 'failed'
  code: number | null
}
/** One callback at the receiver, and its HTTP status; 0 if the receiver did not respond. */
export interface CalledBack {
  fact: 'called-back'
  at: number
  /** `webhook-id` */
  id: string
  /** The message, by the gateway's id. */
  message: string
  state: string
  /** The provider's id of the attempt that counts. */
  wamid?: string | null
  /** When the state changed, by the callback itself. */
  changedAt: number
  status: number
  body: string
}
export type CampaignAction = 'pause-campaign' | 'resume-campaign' | 'cancel-campaign' | 'plan-campaign'
/** What a request changes of a campaign's plan: starts a second, and times in ms since the epoch. Null removes a part; an absent one stays. */
export interface Plan { perSecond?: number | null, startAt?: number | null, endAt?: number | null }
/** An operator's action: `http` is 0 without a response. */
export interface Operated {
  fact: 'operated'
  askedAt: number
  at: number
  http: number
  action:
    | 'pause' | 'resume' | 'rules' | 'cancel' | 'retry' | 'erase' | 'opt-out' | 'opt-in' | 'clear' | 'move' | 'rate' | CampaignAction
    | `bulk-${JobAction}`
  sender: string
  key?: string
  campaign?: string
  pair?: string
  rules?: Partial<SenderRules>
  plan?: Plan
  /** The template or category that gets a rate, and the rate; null removes it. */
  rated?: string
  perSecond?: number | null
  /** When a moved message is to start at the earliest, ms since the epoch; null for now, and absent where only its lane changes. */
  movedTo?: number | null
  /** Of a bulk job: the messages of `sender` that it is about. */
  filter?: JobFilter
  /** A bulk job did it to this message, if it did: at some time after it was asked for. */
  isByJob?: true
}
export type JobAction = 'cancel' | 'retry' | 'move' | 'acknowledge'
/** All that is given has to match. `code`: of an attempt that failed. */
export interface JobFilter { campaign?: string, tag?: string, code?: number }
/** A bulk job has ended, and was seen to have. `askedAt`: by the response, not after what it is about. */
export interface JobEnded {
  fact: 'job-ended'
  askedAt: number
  at: number
  action: JobAction
  sender: string
  filter: JobFilter
  state: string
  movedTo?: number | null
}
/** A search while the run was under way: ids of its first page, and whether there were no more. */
export interface Found {
  fact: 'found'
  askedAt: number
  at: number
  sender: string
  by: { to?: string, campaign?: string, tag?: string }
  ids: string[]
  isAll: boolean
}
/** A request with a key that had left the file before, which each node had read by then. */
export interface KeyTried { fact: 'key-tried', at: number, caller: string, status: number }
/** The counts of a caller at the end. */
export interface CallerCounted { fact: 'caller-counted', caller: string, counts: Record<string, number> }
/**
 * WhatsApp reported no statuses of what it accepted from a sender: its lane `bulk` may be on hold from `from` to `to`, and is from `at` until
 * `until`.
 */
export interface BulkHeld { fact: 'bulk-held', sender: string, from: number, at: number, until: number, to: number }
/** A day passed between `from` and `at` for the count of people to whom this sender has written; nothing was in flight. */
export interface DayPassed { fact: 'day-passed', from: number, at: number, sender: string }
/** A template got another status at WhatsApp, at some time between these. At first a template is approved. */
export interface TemplateSet { fact: 'template-set', askedAt: number, at: number, template: string, status: 'APPROVED' | 'PAUSED' | 'DISABLED' }
/** A node read the statuses of all templates: it asked, and then had the complete response. */
export interface TemplatesRead { fact: 'templates-read', askedAt: number, at: number, node: string, status: number }
/** A node made a connection to the provider, or could not make one. */
export interface Connection { fact: 'connection', at: number, node: string, isMade: boolean }
/** The clock of Redis was set: forward, or back if `stepMs` is negative. All facts have moments of the other clock. */
export interface ClockStepped { fact: 'clock-stepped', at: number, stepMs: number }
/** A process was frozen. */
export interface Frozen { fact: 'frozen', node: string, from: number, to: number }
/**
 * Something was not as usual. `node`: only for this node; null for all. `machine`: no process got enough of the processors;
 * `workers`: no node that sends was running. */
export interface Trouble {
  fact: 'trouble'
  of: 'redis' | 'provider' | 'process' | 'receiver' | 'machine' | 'workers'
  node: string | null
  from: number
  to: number
}
/** A fault was injected. */
export interface FaultInjected { fact: 'fault-injected', at: number, kind: string }
/** What lost writes were about: messages (`<digest>` of their ids), pairs, the rules or the state of senders, and the state of campaigns. */
export interface Lost { ids: string[], pairs: string[], senders: string[], campaigns?: string[] }
/** Redis acknowledged these writes between `from` and `at`, and lost them. */
export interface LostWrites extends Lost { fact: 'lost-writes', from: number, at: number }
/** The final state of a message as the gateway reports it. */
export interface Ended {
  fact: 'ended'
  key: string
  state: string
  attempts: Attempt[]
  id?: string
  to?: string | null
  settledAt?: number
  createdAt?: number
  attemptCount?: number
}
export interface Attempt { attempt: number, outcome: string, code: string | null }
/** A number that the gateway reports at the end. */
export interface Counted { fact: 'counted', source: string, name: string, sender: string, value: number }
/** The counts of a campaign at the end. */
export interface CampaignCounted { fact: 'campaign-counted', campaign: string, counts: Record<string, number> }
/** What a list of the gateway shows at the end: ids. */
export interface Listed {
  fact: 'listed'
  list: 'failed' | 'resolved' | 'pending' | 'unacknowledged' | 'recipient'
  sender: string
  pair?: string
  ids: string[]
}
/** A key that Redis holds at the end; `row`: its row in lua/README.md, null for none. `names`: pairs that were erased and are named in it. */
export interface KeyLeft { fact: 'key-left', key: string, row: string | null, size: number, ttlMs: number, names: string[] }
/** An error that no code of the node expects. */
export interface NodeFailed { fact: 'node-failed', node: string, text: string }
/** The end of the run; `unsettled` is the gateway's own count. */
export interface Over { fact: 'over', at: number, unsettled: number }

export type Fact =
  | Posted | Responded | ObservedSend | Granted | Arrived | Bounced | StatusPosted | CalledBack | Operated | TemplateSet | TemplatesRead
  | BulkHeld | DayPassed | Connection | ClockStepped | Frozen | Trouble
  | FaultInjected | LostWrites | Ended | Counted | CampaignCounted | CallerCounted | Listed | KeyLeft | NodeFailed | Over
  | JobEnded | Found | KeyTried

export interface SenderRules { intervalMs: number, burst: number, perSecond: number }

/** The settings of the run. */
export interface Rules {
  intervalMs: number
  startWithinMs: number
  perSecond: number
  /** Rules of single senders. */
  senders?: Record<string, Partial<SenderRules>>
  /** Delays before the retries; by default none is judged. */
  retriesMs?: number[]
  /** Default life of a message. */
  lifeMs?: number
  leaseMs?: number
  /** False where processes are started and stopped all the time. */
  isLatenessJudged?: boolean
  /** The circuit breaker: `tailMs` is how long it may still hold messages up after a success. By default there is none. */
  circuit?: { recipients: number, tailMs: number }
  /** Senders that are removed at times, and added again. */
  changing?: string[]
  /** Limits of callers: messages a second and at once, and how many may wait at a sender. */
  callers?: Record<string, { perSecond: number, burst: number, backlog: number }>
  /** A sender with a daily limit. */
  daily?: { sender: string, people: number }
  /** Whether a receiver recorded callbacks. */
  callbacks?: boolean
}

export interface History { rules: Rules, facts: Fact[] }
