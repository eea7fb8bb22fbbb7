import type { Logger } from 'pino'
import type { Bus, Events } from '../events.js'
import { maskRecipient } from '../recipient.js'
import type { Outcome } from '../message.js'
import type { LogLine } from './log-lines.js'
import type { Tell } from './log.js'
import { createTell, toldOf } from './log.js'

/** Routes of probes and scrapers, which repeat every few seconds. */
const PROBED = /^\/(health\/|metrics$)/

const recoveries: Record<Events['recovery.found'][0]['what'], LogLine> = {
  lease: 'recovery: grant of a dead node',
  'lost-grant': 'recovery: grant whose reply was lost',
  unknown: 'recovery: unknown outcome decided',
  unattended: 'recovery: sender without worker'
}

/** Logs one wide line per event. Recipients show their last two digits; texts and secrets are never logged. */
export function logEvents (events: Bus, log: Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>): void {
  const tell = createTell(log)
  events.on('request.completed', facts => tell(requestLine(facts), facts))
  logMessages(events, tell)
  logSenders(events, tell)
  logWebhooks(events, tell)
  logCallbacks(events, tell)
  events.on('drain.started', facts => tell('drain run started', facts))
  events.on('drain.ended', facts => tell('drain run ended', facts))
  events.on('retry.ran', facts => tell('retry run', facts))
  events.on('recovery.found', ({ what, ...facts }) => tell(recoveries[what], facts))
  events.on('operator.action', facts => tell('operator action', { ...facts }))
  events.on('redis.connected', facts => tell('Redis connected', facts))
  events.on('redis.lost', facts => tell('Redis connection error', facts))
  events.on('fault', ({ where, error }) => tell('unexpected error', { location: where, error: toldOf(error) }))
}

function logMessages (events: Bus, tell: Tell): void {
  events.on('message.admitted', facts => tell(admissionLine(facts), facts))
  events.on('attempt.settled', ({ verdict, ...facts }) =>
    tell(attemptLine(verdict, facts.outcome), { ...facts, settlement: verdict, recipient: maskRecipient(facts.recipient) }))
  events.on('attempt.stale', facts => tell(facts.result === 'double' ? 'duplicate delivery' : 'stale settlement ignored', facts))
  events.on('pair.violated', facts => tell('spacing violated', facts))
  events.on('message.closed', ({ state, ...facts }) => {
    if (state === 'cancelled') tell('message cancelled', facts)
    else if (state === 'expired') tell('message expired', facts)
    else if (state === 'failed') tell('message failed: no retry left', facts)
  })
}

function logWebhooks (events: Bus, tell: Tell): void {
  events.on('receipt.taken', facts =>
    tell(facts.result === 'double' ? 'duplicate delivery reported by webhook' : 'status received by webhook', facts))
  events.on('webhook.status', ({ sender, kind, became }) => {
    if (became === 'unmatched') tell('status of unknown message', { sender, status: kind })
  })
  events.on('preference.received', ({ sender, wish }) => tell('marketing preference received by webhook', { sender, preference: wish }))
  events.on('webhook.rejected', ({ why }) => tell('webhook rejected', { reason: why }))
}

function logCallbacks (events: Bus, tell: Tell): void {
  const lines = { told: 'callback delivered', later: 'callback failed: retry scheduled', dropped: 'callback dead-lettered' } as const
  events.on('webhook.relayed', facts => tell('webhook queued for relay', facts))
  events.on('callback.attempted', ({ result, ...facts }) => tell(lines[result], facts))
  events.on('callbacks.dropped', facts => tell('callbacks dropped: outbox full', facts))
}

function logSenders (events: Bus, tell: Tell): void {
  events.on('sender.stopped', facts => tell('sender stopped', facts))
  events.on('sender.resumed', facts => tell('sender active again', facts))
  events.on('sender.no-rules', facts => tell('sender rules missing in Redis: rewritten', facts))
  events.on('senders.reloaded', facts => tell('senders reloaded', facts))
  events.on('senders.rejected', facts => tell('senders reload failed: previous list kept', facts))
  events.on('policy.reloaded', facts => tell('policy reloaded', facts))
  events.on('policy.rejected', facts => tell('policy reload failed: previous policy kept', facts))
  events.on('sender.removed', facts => tell('removed sender drained', facts))
  events.on('senders.unserved', facts => tell('senders with messages not configured on this node', facts))
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
  if (outcome === 'limited') return 'attempt rate limited: requeued'
  return outcome === 'sender-stopped' ? 'attempt rejected, sender stopped: requeued' : 'attempt not started: requeued'
}
