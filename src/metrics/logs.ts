import type { Bus, Events } from '../events.js'
import { maskRecipient } from '../recipient.js'
import type { Outcome } from '../message.js'
import type { LogLine } from './log-lines.js'
import type { Log, WriteLine } from './log.js'
import { describeError } from './log.js'

/** Routes of probes and scrapers, which repeat every few seconds. */
const PROBED = /^\/(health\/|metrics$)/

const recoveries: Record<Events['recovery.found'][0]['kind'], LogLine> = {
  lease: 'recovery: grant of a dead node',
  'lost-grant': 'recovery: grant whose reply was lost',
  unknown: 'recovery: unknown outcome decided',
  unattended: 'recovery: sender without worker'
}

/** Of messages that failed without an attempt, by reason. */
const endings: Record<string, LogLine> = {
  'template-rejected': 'message failed: template rejected', 'window-closed': 'message failed: window closed'
}
const templateLines: Record<Events['template.changed'][0]['state'], LogLine> = {
  paused: 'template paused', checking: 'template not found: checked', rejected: 'template rejected', approved: 'template approved again'
}

/** Logs one wide line per event. Recipients show their last two digits; texts and secrets are never logged. */
export function logEvents (events: Bus, log: Log): void {
  const write = log.writeLine
  events.on('request.completed', fields => write(requestLine(fields), fields))
  logMessages(events, write)
  logSenders(events, write)
  logWebhooks(events, write)
  logCallbacks(events, write)
  events.on('drain.started', fields => write('drain run started', fields))
  events.on('drain.ended', fields => write('drain run ended', fields))
  events.on('retry.ran', fields => write('retry run', fields))
  events.on('failures.cut', fields => write('failures removed early: too many', fields))
  events.on('recovery.found', ({ kind, ...fields }) => write(recoveries[kind], fields))
  events.on('operator.action', fields => write('operator action', { ...fields }))
  const connectionErrors = createRepeats()
  events.on('redis.connected', fields => {
    connectionErrors.clear()
    write('Redis connected', fields)
  })
  events.on('clock.stepped', fields => write('Redis clock stepped', fields))
  events.on('redis.lost', ({ error }) => {
    const repeats = connectionErrors.count(error)
    if (repeats !== null) write('Redis connection error', { error, ...(repeats === 0 ? {} : { repeats }) })
  })
  events.on('unexpected-error', ({ location, error }) => write('unexpected error', { location, error: describeError(error) }))
}

/** When an error that repeats is logged again, ms: after ten seconds, then after twice as long each time, up to ten minutes. */
const AGAIN = { first: 10_000, most: 600_000 }
/** Different errors at a time; their texts may contain a number of a port or a connection. */
const KINDS = 50

/**
 * Decides which repeats of an error are logged. While Redis is down, each connection fails several times a second. `count` returns how many equal
 * errors were not logged since the last line, or null for one that is not logged. `clear`: the state has changed.
 */
export function createRepeats (now = () => performance.now()): { count: (error: string) => number | null, clear: () => void } {
  const kinds = new Map<string, { repeats: number, pauseMs: number, nextAt: number }>()
  return {
    clear: () => kinds.clear(),
    count (error) {
      const kind = kinds.get(error)
      if (kind === undefined) {
        if (kinds.size >= KINDS) kinds.clear()
        kinds.set(error, { repeats: 0, pauseMs: AGAIN.first, nextAt: now() + AGAIN.first })
        return 0
      }
      kind.repeats++
      if (now() < kind.nextAt) return null
      const { repeats } = kind
      const pauseMs = Math.min(kind.pauseMs * 2, AGAIN.most)
      kinds.set(error, { repeats: 0, pauseMs, nextAt: now() + pauseMs })
      return repeats
    }
  }
}

function logMessages (events: Bus, write: WriteLine): void {
  events.on('message.admitted', fields => write(admissionLine(fields), fields))
  events.on('attempt.settled', fields =>
    write(attemptLine(fields.settlement, fields.outcome), { ...fields, recipient: maskRecipient(fields.recipient) }))
  events.on('attempt.stale', fields => write(fields.result === 'double' ? 'duplicate delivery' : 'stale settlement ignored', fields))
  events.on('pair.violated', fields => write('spacing violated', fields))
  events.on('message.closed', ({ state, ...fields }) => {
    if (state === 'cancelled') write('message cancelled', fields)
    else if (state === 'expired') write('message expired', fields)
    else if (state === 'failed') write(endings[fields.reason ?? ''] ?? 'message failed: no retry left', fields)
  })
}

function logWebhooks (events: Bus, write: WriteLine): void {
  events.on('receipt.applied', fields =>
    write(fields.result === 'double' ? 'duplicate delivery reported by webhook' : 'status received by webhook', fields))
  events.on('webhook.status', ({ sender, kind, result }) => {
    if (result === 'unmatched') write('status of unknown message', { sender, status: kind })
    if (result === 'dropped') write('parked status dropped: too many', { sender, status: kind })
  })
  events.on('preference.received', fields => write('marketing preference received by webhook', fields))
  events.on('webhook.rejected', ({ reason }) => write('webhook rejected', { reason }))
}

function logCallbacks (events: Bus, write: WriteLine): void {
  const lines = {
    delivered: 'callback delivered', 'retry-scheduled': 'callback failed: retry scheduled', 'dead-lettered': 'callback dead-lettered'
  } as const
  events.on('webhook.relayed', fields => write('webhook queued for relay', fields))
  events.on('callback.attempted', ({ result, ...fields }) => write(lines[result], fields))
  events.on('callbacks.dropped', fields => write('callbacks dropped: outbox full', fields))
}

function logSenders (events: Bus, write: WriteLine): void {
  events.on('sender.stopped', fields => write('sender stopped', fields))
  events.on('sender.resumed', fields => write('sender active again', fields))
  events.on('circuit.changed', ({ sender, state, code }) => {
    if (state === 'opened') write('circuit opened', { sender, code })
    else write(state === 'closed' ? 'circuit closed' : 'circuit half-open', { sender })
  })
  events.on('bulk-hold.changed', ({ state, ...fields }) => write(state === 'begun' ? 'bulk held: no statuses' : 'bulk sent again', fields))
  events.on('sender.daily-limit', fields => write('daily limit changed', fields))
  events.on('sender.ceiling', fields => write('limit of number changed', fields))
  events.on('ceiling.unread', fields => write('limit of number not read', fields))
  events.on('health.unread', fields => write('health of number not read', fields))
  events.on('windows.recorded', fields => { if (fields.released > 0) write('messages released: recipient wrote', fields) })
  events.on('windows.lost', fields => write('webhooks may be missing: windows unknown', fields))
  events.on('message.replaced', fields => write('message replaced by its template: window closed', fields))
  events.on('template.changed', ({ state, ...fields }) => write(templateLines[state], fields))
  events.on('bulk-job.ended', fields => write('bulk job ended', fields))
  events.on('templates.stopped', ({ sender, account, code }) => write('templates stopped', { sender, account, code }))
  events.on('templates.released', fields => write('messages released: template decided', fields))
  events.on('templates.read', fields => {
    if (fields.result === 'failed') write('templates not read', { account: fields.account, code: fields.code })
    else write('templates read', { account: fields.account, templates: fields.templates })
  })
  events.on('sender.no-rules', fields => write('sender rules missing in Redis: rewritten', fields))
  events.on('senders.reloaded', fields => write('senders reloaded', fields))
  events.on('senders.rejected', fields => write('senders reload failed: previous list kept', fields))
  events.on('callers.reloaded', fields => write('API keys reloaded', fields))
  events.on('callers.rejected', fields => write('API keys reload failed: previous keys kept', fields))
  events.on('caller.limited', fields => write('caller limited', fields))
  events.on('policy.reloaded', fields => write('policy reloaded', fields))
  events.on('policy.rejected', fields => write('policy reload failed: previous policy kept', fields))
  events.on('sender.removed', fields => write('removed sender drained', fields))
  events.on('sender.forgotten', fields => write('removed sender forgotten', fields))
  events.on('senders.unserved', fields => write('senders with messages not configured on this node', fields))
}

function requestLine ({ route, status }: Events['request.completed'][0]): LogLine {
  if (PROBED.test(route)) return 'probe request'
  return status >= 500 ? 'request failed' : 'request'
}

function admissionLine ({ outcome, waitingFor }: Events['message.admitted'][0]): LogLine {
  switch (outcome) {
    case 'granted': return 'message granted'
    case 'queued': return waitingFor === 'schedule' ? 'message scheduled' : 'message throttled: queued'
    case 'duplicate': return 'message duplicate'
    case 'reused': return 'message rejected: idempotency key reused'
    case 'rejected': return 'message throttled: rejected'
  }
}

function attemptLine (settlement: string, outcome: Outcome['status']): LogLine {
  if (settlement === 'sent') return 'attempt sent'
  if (settlement === 'retry') return 'attempt failed: retry scheduled'
  if (settlement === 'unknown') return 'attempt unknown: held until its retry or end'
  if (settlement === 'failed') return 'attempt failed: no retry left'
  if (settlement === 'superseded') return 'attempt superseded: message already sent'
  if (outcome === 'rejected') return 'attempt rejected, template not approved: suspended'
  if (outcome === 'limited') return 'attempt rate limited: requeued'
  return outcome === 'sender-stopped' ? 'attempt rejected, sender stopped: requeued' : 'attempt not started: requeued'
}
