import type { Logger } from 'pino'
import type { Bus, Events } from '../events.js'
import { maskRecipient } from '../recipient.js'
import type { LogLine } from './log-lines.js'
import type { Tell } from './log.js'
import { createTell, toldOf } from './log.js'

/** What probes and scrapers ask for, again and again. */
const PROBED = /^\/(health\/|metrics$)/

const recoveries: Record<Events['recovery.found'][0]['what'], LogLine> = {
  lease: 'recovery: grant of a dead node',
  'lost-grant': 'recovery: grant whose reply was lost',
  unknown: 'recovery: unknown outcome decided',
  unattended: 'recovery: sender that nobody attended'
}

/** All log text of the gateway: one wide line per fact. Recipients show their last digits only, texts and secrets never. */
export function logEvents (events: Bus, log: Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>): void {
  const tell = createTell(log)
  events.on('request.completed', facts => tell(requestLine(facts), facts))
  logMessages(events, tell)
  logSenders(events, tell)
  logWebhooks(events, tell)
  logCallbacks(events, tell)
  events.on('drain.started', facts => tell('shift started', facts))
  events.on('drain.ended', facts => tell('shift ended', facts))
  events.on('retry.ran', facts => tell('retry run', facts))
  events.on('recovery.found', ({ what, ...facts }) => tell(recoveries[what], facts))
  events.on('operator.action', facts => tell('operator acted', { ...facts }))
  events.on('redis.connected', facts => tell('Redis connected', facts))
  events.on('redis.lost', facts => tell('Redis trouble', facts))
  events.on('fault', ({ where, error }) => tell('fault', { where, error: toldOf(error) }))
}

function logMessages (events: Bus, tell: Tell): void {
  events.on('message.admitted', facts => tell(admissionLine(facts), facts))
  events.on('attempt.settled', facts => tell(attemptLine(facts), { ...facts, recipient: maskRecipient(facts.recipient) }))
  events.on('attempt.stale', facts => tell(facts.result === 'double' ? 'message went out twice' : 'attempt settled by somebody else', facts))
  events.on('pair.violated', facts => tell('spacing violated', facts))
  events.on('message.closed', ({ state, ...facts }) => {
    if (state === 'cancelled') tell('message cancelled', facts)
    else if (state === 'expired') tell('message expired', facts)
    else if (state === 'failed') tell('message failed: no retry left', facts)
  })
}

function logWebhooks (events: Bus, tell: Tell): void {
  events.on('receipt.taken', facts => tell(facts.result === 'double' ? 'message went out twice, says a webhook' : 'status told by webhook', facts))
  events.on('webhook.status', ({ sender, kind, became }) => { if (became === 'unmatched') tell('status of no known message', { sender, status: kind }) })
  events.on('preference.received', facts => tell('marketing preference told by webhook', facts))
  events.on('webhook.rejected', facts => tell('webhook refused', facts))
}

function logCallbacks (events: Bus, tell: Tell): void {
  const lines = { told: 'callback told', later: 'callback not taken: told again later', dropped: 'callback given up' } as const
  events.on('webhook.relayed', facts => tell('webhook to be relayed', facts))
  events.on('callback.attempted', ({ result, ...facts }) => tell(lines[result], facts))
  events.on('callbacks.dropped', facts => tell('callbacks dropped: too many wait', facts))
}

function logSenders (events: Bus, tell: Tell): void {
  events.on('sender.stopped', facts => tell('sender stopped', facts))
  events.on('sender.resumed', facts => tell('sender open again', facts))
  events.on('sender.no-rules', facts => tell('Redis was emptied: writing the rules of the sender again', facts))
  events.on('senders.reloaded', facts => tell('senders reloaded', facts))
  events.on('senders.rejected', facts => tell('senders not reloaded: all stays as it was', facts))
  events.on('policy.reloaded', facts => tell('policy reloaded', facts))
  events.on('policy.rejected', facts => tell('policy not reloaded: all stays as it was', facts))
  events.on('sender.removed', facts => tell('removed sender has nothing left', facts))
  events.on('senders.unserved', facts => tell('senders hold messages and are not served by this node', facts))
}

function requestLine ({ route, status }: Events['request.completed'][0]): LogLine {
  if (PROBED.test(route)) return 'request of a probe'
  return status >= 500 ? 'request failed' : 'request'
}

function admissionLine ({ outcome, waitingFor }: Events['message.admitted'][0]): LogLine {
  switch (outcome) {
    case 'granted': return 'message granted'
    case 'queued': return waitingFor === 'schedule' ? 'message scheduled' : 'message throttled: queued'
    case 'duplicate': return 'message duplicate'
    case 'reused': return 'message refused: its key is another\'s'
    case 'refused': return 'message throttled: refused'
  }
}

function attemptLine ({ verdict, outcome }: Events['attempt.settled'][0]): LogLine {
  if (verdict === 'sent') return 'attempt sent'
  if (verdict === 'retry') return 'attempt failed: retry scheduled'
  if (verdict === 'unknown') return 'attempt unknown: held until its retry or end'
  if (verdict === 'failed') return 'attempt failed: no retry left'
  if (outcome === 'limited') return 'attempt throttled: back in line'
  return outcome === 'sender-stopped' ? 'attempt refused, sender stopped: back in line' : 'attempt not started: back in line'
}
