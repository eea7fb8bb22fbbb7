import { EventEmitter } from 'node:events'
import type { KeySource, Lane, Outcome, State, WaitingFor } from './message.js'

/** One event per fact. Rooms emit; metrics, logs and callbacks listen. No room waits for a listener. */
export interface Events {
  'message.admitted': [{ sender: string, id: string, lane: Lane, outcome: 'granted' | 'queued' | 'duplicate' | 'reused' | 'refused', waitingFor?: WaitingFor, delayMs?: number | null, code?: string, caller: string, keySource: KeySource, requestId?: string, durationMs: number }]
  'attempt.settled': [{ sender: string, id: string, recipient: string, caller: string, attempt: number, lane: Lane, outcome: Outcome['status'], code?: string, startedAfterMs: number | null, durationMs: number, lateMs: number, verdict: string, nextRetryAt?: number }]
  'attempt.stale': [{ sender: string, id: string, attempt: number, outcome: Outcome['status'], code?: string, result: string }]
  /** Two sends to one pair started closer together than the rule allows, as somebody apart from the limiter saw; both in ms. */
  'pair.violated': [{ sender: string, id: string, gapMs: number, intervalMs: number }]
  /** A webhook told what became of an attempt; `lagMs` is from the provider's moment to ours. */
  'receipt.taken': [{ sender: string, id: string, attempt: number, status: 'sent' | 'delivered' | 'read' | 'failed', result: string, code?: string, nextRetryAt?: number }]
  /** One status of a webhook came in: it was taken at once, kept for later, or is about nothing we know. */
  'webhook.status': [{ sender: string, kind: 'sent' | 'delivered' | 'read' | 'failed', became: string, lagMs: number | null }]
  /** A whole notification was turned away. */
  'webhook.rejected': [{ why: 'signature' | 'content' }]
  /** WhatsApp told by webhook what a person wants of a sender's marketing. */
  'preference.received': [{ sender: string, wish: 'stop' | 'resume' }]
  /** Something that a webhook brought, and that is none of our statuses, stands in the outbox. */
  'webhook.relayed': [{ sender: string, type: string }]
  /** A callback was posted once: it was taken (`told`), will be tried again (`later`), or was too old for that (`dropped`). `code` where it was not taken. */
  'callback.attempted': [{ sender: string, callback: string, type: string, result: 'told' | 'later' | 'dropped', tries: number, code?: string, durationMs: number }]
  /** So many changes found no place among those that wait to be told. */
  'callbacks.dropped': [{ sender: string, count: number }]
  /** `reason`: `opted-out` where it was marketing that its recipient does not want. */
  'message.closed': [{ sender: string, id: string, state: State, reason?: string }]
  'sender.stopped': [{ sender: string, code: string, error: string }]
  'sender.resumed': [{ sender: string }]
  /** The list of senders was read anew; `renewed` have another token. */
  'senders.reloaded': [{ total: number, added: string[], removed: string[], renewed: string[] }]
  /** What was read is wrong, so everything stays as it was. */
  'senders.rejected': [{ error: string }]
  /** POLICY_FILE was read anew: the codes that it says something of. */
  'policy.reloaded': [{ codes: string[] }]
  /** What was read is wrong, so everything stays as it was. */
  'policy.rejected': [{ error: string }]
  /** A removed sender has nothing left. */
  'sender.removed': [{ sender: string }]
  /** Redis holds no rules for it: it was emptied. */
  'sender.no-rules': [{ sender: string }]
  /** They hold messages, and this node has no token for them. */
  'senders.unserved': [{ senders: string[] }]
  'drain.started': [{ sender: string }]
  'drain.ended': [{ sender: string, sends: number, durationMs: number }]
  /** A run of the retry worker over all senders has ended. */
  'retry-worker.ran': [{ total: number, durationMs: number }]
  'retry.ran': [{ total: number, succeeded: number, failed: number, permanentlyFailed: number, deferred: number, by: string }]
  'recovery.found': [{ sender: string, what: 'lease' | 'lost-grant' | 'unknown' | 'unattended', id?: string }]
  /** Somebody did by hand what the gateway would not have done by itself. `subject` never names a recipient in full. */
  'operator.action': [{ by: string, action: 'cancel' | 'retry' | 'acknowledge' | 'clear' | 'erase' | 'pause' | 'resume' | 'quota' | 'opt-out' | 'opt-in' | 'stop-retries' | 'start-retries', sender: string, subject: string, detail?: string }]
  /**
   * `route` is the pattern that the request fits, never what was asked for. `status` 499: the caller hung up first. `code` is that of
   * an error, `caller` who is known by a key, `id` the one message that it is about; bytes are those of the bodies, as far as they were told.
   */
  'request.completed': [{ requestId: string, method: string, route: string, status: number, code?: string, caller?: string, id?: string, durationMs: number, requestBytes?: number, bytes?: number }]
  /** `servers`: those that take writes; more than one in a cluster. */
  'redis.connected': [{ servers: number }]
  'redis.lost': [{ error: string }]
  fault: [{ where: string, error: unknown }]
}

export type Bus = EventEmitter<Events>

export function createBus (): Bus {
  return new EventEmitter<Events>()
}
