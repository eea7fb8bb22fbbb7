import type { Logger } from 'pino'
import type { Bus, Events } from '../events.js'
import { maskRecipient } from '../recipient.js'
import type { Outcome } from '../message.js'
import type { LogLine } from './log-lines.js'
import type { WriteLine } from './log.js'
import { createLineWriter, describeError } from './log.js'

/** Routes of probes and scrapers, which repeat every few seconds. */
const PROBED = /^\/(health\/|metrics$)/

const recoveries: Record<Events['recovery.found'][0]['kind'], LogLine> = {
  lease: 'recovery: grant of a dead node',
  'lost-grant': 'recovery: grant whose reply was lost',
  unknown: 'recovery: unknown outcome decided',
  unattended: 'recovery: sender without worker'
}

/** Logs one wide line per event. Recipients show their last two digits; texts and secrets are never logged. */
export function logEvents (events: Bus, log: Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>): void {
  const write = createLineWriter(log)
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
  events.on('redis.connected', fields => write('Redis connected', fields))
  events.on('clock.stepped', fields => write('Redis clock stepped', fields))
  events.on('redis.lost', fields => write('Redis connection error', fields))
  events.on('unexpected-error', ({ location, error }) => write('unexpected error', { location, error: describeError(error) }))
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
    else if (state === 'failed') write('message failed: no retry left', fields)
  })
}

function logWebhooks (events: Bus, write: WriteLine): void {
  events.on('receipt.taken', fields =>
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
  events.on('sender.no-rules', fields => write('sender rules missing in Redis: rewritten', fields))
  events.on('senders.reloaded', fields => write('senders reloaded', fields))
  events.on('senders.rejected', fields => write('senders reload failed: previous list kept', fields))
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
    case 'refused': return 'message throttled: refused'
  }
}

function attemptLine (settlement: string, outcome: Outcome['status']): LogLine {
  if (settlement === 'sent') return 'attempt sent'
  if (settlement === 'retry') return 'attempt failed: retry scheduled'
  if (settlement === 'unknown') return 'attempt unknown: held until its retry or end'
  if (settlement === 'failed') return 'attempt failed: no retry left'
  if (settlement === 'superseded') return 'attempt superseded: message already sent'
  if (outcome === 'limited') return 'attempt rate limited: requeued'
  return outcome === 'sender-stopped' ? 'attempt rejected, sender stopped: requeued' : 'attempt not started: requeued'
}
