import { EventEmitter } from 'node:events'
import type { KeySource, Lane, Outcome, State, TemplateProblem, WaitingFor } from './message.js'

type ReceiptStatus = 'sent' | 'delivered' | 'read' | 'failed'

export type OperatorAction =
  | 'cancel' | 'move' | 'retry' | 'acknowledge' | 'clear' | 'erase' | 'pause' | 'resume' | 'quota' | 'set-rate' | 'resume-template' | 'opt-out' |
  'opt-in' | 'stop-retries' | 'start-retries' | 'create-campaign' | 'plan-campaign' | 'pause-campaign' | 'resume-campaign' | 'cancel-campaign' |
  'retry-campaign' | 'bulk-cancel' | 'bulk-move' | 'bulk-retry' | 'bulk-acknowledge' | 'stop-job'

/** One event per fact. Modules emit; metrics, logs and callbacks listen. No module waits for a listener. */
export interface Events {
  'message.admitted': [{
    sender: string,
    id: string,
    lane: Lane,
    outcome: 'granted' | 'queued' | 'duplicate' | 'reused' | 'rejected',
    waitingFor?: WaitingFor,
    delayMs?: number | null,
    code?: string,
    caller: string,
    keySource: KeySource,
    requestId?: string,
    durationMs: number
  }]
  /** `settlement`: `superseded` if an earlier attempt turned out to be accepted while this one was in flight. */
  'attempt.settled': [{
    sender: string,
    id: string,
    recipient: string,
    caller: string,
    attempt: number,
    lane: Lane,
    outcome: Outcome['status'],
    code?: string,
    startedAfterMs: number | null,
    durationMs: number,
    lateMs: number,
    settlement: string,
    nextRetryAt?: number
  }]
  /** An attempt whose grant was no longer current, or that was accepted after its message had been settled as sent (`double`). */
  'attempt.stale': [{ sender: string, id: string, attempt: number, outcome: Outcome['status'], code?: string, result: string }]
  /** The spacing check, which is independent of the limiter, saw two sends to one pair too close together. Both values in ms. */
  'pair.violated': [{ sender: string, id: string, gapMs: number, intervalMs: number }]
  /** A webhook status was applied to an attempt. */
  'receipt.applied': [{ sender: string, id: string, attempt: number, status: ReceiptStatus, result: string, code?: string, nextRetryAt?: number }]
  /**
   * A webhook status arrived and was applied or parked, or a parked one was dropped or is about an unknown message. `lagMs`: from the
   * provider's timestamp to its arrival.
   */
  'webhook.status': [{ sender: string, kind: ReceiptStatus, result: string, lagMs: number | null }]
  /** A whole notification was rejected. */
  'webhook.rejected': [{ reason: 'signature' | 'content' }]
  /** A webhook reported whether a person accepts the sender's marketing. */
  'preference.received': [{ sender: string, preference: 'stop' | 'resume' }]
  /** A webhook change that is not a status of our messages was written to the outbox. */
  'webhook.relayed': [{ sender: string, type: string }]
  /** A callback was posted once. `code`: why it was not delivered. */
  'callback.attempted': [{
    sender: string,
    callback: string,
    type: string,
    result: 'delivered' | 'retry-scheduled' | 'dead-lettered',
    tries: number,
    code?: string,
    durationMs: number
  }]
  /** Too many changes waited, so the oldest are never reported. */
  'callbacks.dropped': [{ sender: string, count: number }]
  /** `reason`: `opted-out` for marketing that its recipient has stopped. */
  'message.closed': [{ sender: string, id: string, state: State, reason?: string }]
  /** WhatsApp's code says that a template cannot be sent. `template`: name and language. */
  'template.failed': [{ sender: string, account: string, code: string, problem: TemplateProblem, template: string }]
  /** What is now written of a template that a sender uses. `code`: WhatsApp's code or status, or `operator`. */
  'template.changed': [{ sender: string, template: string, state: 'paused' | 'checking' | 'rejected' | 'approved', code: string }]
  /** WhatsApp sends no template of the sender, or of the whole account. `code`: its code, or its name of a restriction. */
  'templates.stopped': [{ sender: string, account: string, code: string, isOfAccount: boolean }]
  /** Messages that waited for their template are in their queues again, or failed with it. */
  'templates.released': [{ sender: string, released: number, rejected: number }]
  /** A bulk job has ended: see BulkProgress. */
  'bulk-job.ended': [{
    job: string,
    action: 'cancel' | 'retry' | 'move' | 'acknowledge',
    filter: string,
    by: string,
    dryRun: boolean,
    scanned: number,
    total: number,
    matched: number,
    done: number,
    left: number
  }]
  /** The statuses of an account's templates were read, or could not be. */
  'templates.read': [{ account: string, result: 'read', templates: number } | { account: string, result: 'failed', code: string }]
  /** People wrote or called. `released`: messages that waited for it. */
  'windows.recorded': [{ sender: string, acts: number, released: number }]
  /** Webhooks may have been lost: no window is surely closed for a day. */
  'windows.lost': [{ sender: string }]
  /** The caller's other template was sent, since the window of the recipient is closed. */
  'message.replaced': [{ sender: string, id: string }]
  /** The known limit of a number is lower than its sender's rule, or no longer is. `perSecond`: the limit; null where none is known. */
  /** WhatsApp says another daily limit than before; null for none. */
  'sender.daily-limit': [{ sender: string, limit: number | null }]
  'sender.ceiling': [{ sender: string, limit: string, perSecond: number | null }]
  /** The limit of a number could not be read. */
  'ceiling.unread': [{ sender: string, code: string }]
  /** The limit of a number was read, and its health was not. */
  'health.unread': [{ sender: string, code: string }]
  'sender.stopped': [{ sender: string, code: string, error: string }]
  'sender.resumed': [{ sender: string }]
  /** `code`: of the attempt that opened the circuit. */
  'circuit.changed': [{ sender: string, state: 'opened' | 'half-open' | 'closed', code?: string }]
  /** The lane `bulk` is held since most of the `accepted` messages have no status, or no longer is. */
  'bulk-hold.changed': [{ sender: string, state: 'begun' | 'ended', percent?: number, accepted?: number }]
  /** The list of senders was reloaded; `renewed` have a new token. */
  'senders.reloaded': [{ total: number, added: string[], removed: string[], renewed: string[] }]
  /** The new list of senders is not valid; the previous one stays. */
  'senders.rejected': [{ error: string }]
  /** The file of API keys was reloaded: how many entries it has, and the names of callers that are new or gone. */
  'callers.reloaded': [{ total: number, added: string[], removed: string[] }]
  /** The new file of API keys is not valid; the previous keys stay in force. */
  'callers.rejected': [{ error: string }]
  /** Messages were rejected, since their caller posts faster than its rate. */
  'caller.limited': [{ caller: string, count: number }]
  /** POLICY_FILE was reloaded: the codes that it covers. */
  'policy.reloaded': [{ codes: string[] }]
  /** The new policy is not valid; the previous one stays. */
  'policy.rejected': [{ error: string }]
  /** A removed sender is drained. */
  'sender.removed': [{ sender: string }]
  /** The last data of a removed sender was removed from Redis. */
  'sender.forgotten': [{ sender: string }]
  /** Failures that housekeeping removed before the end of their retention, since the sender had more than are kept. */
  'failures.cut': [{ sender: string, failed: number, resolved: number }]
  /** Redis holds no rules for this sender: it was emptied. */
  'sender.no-rules': [{ sender: string }]
  /** Senders with messages are not configured on this node. */
  'senders.unserved': [{ senders: string[] }]
  'drain.started': [{ sender: string }]
  'drain.ended': [{ sender: string, sends: number, durationMs: number }]
  /** A run of the retry worker over all senders has ended. */
  'retry-worker.ran': [{ total: number, durationMs: number }]
  'retry.ran': [{ total: number, succeeded: number, failed: number, permanentlyFailed: number, deferred: number, by: string }]
  'recovery.found': [{ sender: string, kind: 'lease' | 'lost-grant' | 'unknown' | 'unattended', id?: string }]
  /** An operator's entry for the audit trail. `subject` never holds a whole recipient. */
  'operator.action': [{ by: string, action: OperatorAction, sender: string, subject: string, detail?: string }]
  /**
   * `route`: the matched pattern, never the requested path. `status` 499: the caller closed the connection first. `code`: of an error
   * response. `caller`: name of the API key. `id`: the one message that the request is about. Bytes are those of the bodies, where known.
   */
  'request.completed': [{
    requestId: string,
    method: string,
    route: string,
    status: number,
    code?: string,
    caller?: string,
    id?: string,
    durationMs: number,
    requestBytes?: number,
    bytes?: number
  }]
  /** `servers`: those that take writes; more than one in a cluster. */
  'redis.connected': [{ servers: number }]
  'redis.lost': [{ error: string }]
  /** The clock of a Redis server was set; `stepMs` is negative for a step back. */
  'clock.stepped': [{ server: string, stepMs: number }]
  /** An error that no code expects; the operation it ended is over, the node goes on. */
  'unexpected-error': [{ location: string, error: unknown }]
}

type Listener<Name extends keyof Events> = (fact: Events[Name][0]) => void

export interface Bus {
  on: <Name extends keyof Events>(name: Name, listener: Listener<Name>) => void
  emit: <Name extends keyof Events>(name: Name, fact: Events[Name][0]) => void
}

/**
 * Listeners run inside the emitter's call. One that throws must neither break the emitter, which may have a message to settle, nor
 * later listeners: its error becomes an `unexpected-error` event. If a listener of that event throws, no listener is left to report to,
 * so its error becomes a warning of the process.
 */
export function createBus (): Bus {
  const emitter = new EventEmitter()
  const bus: Bus = {
    on (name, listener) {
      emitter.on(name, fact => {
        try {
          listener(fact)
        } catch (error) {
          if (name === 'unexpected-error') process.emitWarning(error instanceof Error ? error : String(error))
          else bus.emit('unexpected-error', { location: `listener of ${name}`, error })
        }
      })
    },
    emit (name, fact) { emitter.emit(name, fact) }
  }
  return bus
}
