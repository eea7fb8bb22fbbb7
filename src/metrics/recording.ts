import type { Bus } from '../events.js'
import type { ScriptObserver } from '../redis/commands.js'
import type { Instruments } from './instruments.js'

/** Label values known at start: series begin at 0, so that the first increase is visible. */
export interface Known {
  senders: string[]
  /** The label value of an error code: a row of the code tables or `other`, so that WhatsApp cannot create new series. */
  codeName: (code: string) => string
}

const endings = ['sent', 'failed', 'cancelled', 'expired'] as const
const recoveryKinds = ['lease', 'lost-grant', 'unknown', 'unattended'] as const
/** `dropped`: the outbox was full. */
const callbackResults = ['delivered', 'retry-scheduled', 'dead-lettered', 'dropped'] as const
const actions = [
  'cancel', 'move', 'retry', 'acknowledge', 'clear', 'erase', 'pause', 'resume', 'quota', 'resume-template', 'opt-out', 'opt-in',
  'stop-retries', 'start-retries'
] as const
/** The most common code that stops a sender. The other codes have no series before they occur. */
const EXPIRED_TOKEN = '190'

/** Updates the metrics from events. Recipients, ids and texts never become labels. */
export function record (events: Bus, to: Instruments, { senders, codeName }: Known): void {
  recordMessages(events, to)
  recordAttempts(events, to, codeName)
  events.on('pair.violated', ({ sender }) => to.violations.inc({ sender }))
  events.on('sender.stopped', ({ sender, code }) => to.senderStops.inc({ sender, code: codeName(code) }))
  events.on('templates.stopped', ({ sender, code }) => to.senderStops.inc({ sender, code: codeName(code) }))
  events.on('retry-worker.ran', () => to.retryRuns.inc())
  events.on('retry.ran', ({ succeeded, failed, permanentlyFailed, deferred }) =>
    addResults(to, { succeeded, failed, permanently_failed: permanentlyFailed, deferred }))
  events.on('recovery.found', ({ sender, kind }) => to.recoveries.inc({ sender, kind }))
  events.on('operator.action', ({ action }) => to.operatorActions.inc({ action }))
  events.on('unexpected-error', ({ location }) =>
    to.unexpectedErrors.inc({ location: location.replace(/^(recovery|retry run|housekeeping) of .*/, '$1') }))
  events.on('clock.stepped', ({ stepMs }) => to.clockSteps.inc({ direction: stepMs > 0 ? 'forward' : 'back' }))
  for (const direction of ['forward', 'back']) to.clockSteps.inc({ direction }, 0)
  events.on('drain.started', () => to.drainRuns.inc())
  events.on('drain.ended', () => to.drainRuns.dec())
  recordWebhooks(events, to)
  recordCallbacks(events, to)
  events.on('request.completed', ({ method, route, status, durationMs }) => {
    to.requests.inc({ method, route, status })
    to.requestDuration.observe({ route }, durationMs / 1000)
  })
  addResults(to, { succeeded: 0, failed: 0, permanently_failed: 0, deferred: 0 })
  for (const action of actions) to.operatorActions.inc({ action }, 0)
  startAtZero(to, senders)
  events.on('senders.reloaded', ({ added }) => startAtZero(to, added))
}

function recordWebhooks (events: Bus, to: Instruments): void {
  events.on('webhook.status', ({ sender, kind, result, lagMs }) => {
    to.webhookStatuses.inc({ sender, status: kind, result })
    if (lagMs !== null) to.webhookLag.observe(lagMs / 1000)
  })
  events.on('webhook.rejected', ({ reason }) => to.webhooksRejected.inc({ reason }))
  events.on('windows.recorded', ({ sender, acts, released }) => {
    to.windowActs.inc({ sender }, acts)
    to.windowReleases.inc({ sender }, released)
  })
  events.on('windows.lost', ({ sender }) => to.windowGaps.inc({ sender }))
  events.on('message.replaced', ({ sender }) => to.replaced.inc({ sender }))
  // Only a change of the final outcome counts, for example `failed` after a counted `sent`.
  events.on('receipt.applied', ({ sender, result }) => {
    if (result === 'sent' || result === 'failed') to.settled.inc({ sender, outcome: result })
    if (result === 'double') to.doubleSends.inc({ sender })
  })
}

function recordCallbacks (events: Bus, to: Instruments): void {
  events.on('callback.attempted', ({ result, durationMs }) => {
    to.callbacks.inc({ result })
    to.callbackDuration.observe(durationMs / 1000)
  })
  events.on('callbacks.dropped', ({ count }) => to.callbacks.inc({ result: 'dropped' }, count))
  events.on('webhook.relayed', ({ sender, type }) => to.relayed.inc({ sender, type }))
  for (const result of callbackResults) to.callbacks.inc({ result }, 0)
}

function recordMessages (events: Bus, to: Instruments): void {
  events.on('caller.limited', ({ caller, count }) => to.callerLimited.inc({ caller }, count))
  events.on('message.admitted', ({ sender, outcome, lane, code, caller, keySource, durationMs }) => {
    to.admitted.inc({ sender, outcome, lane })
    to.callerRequests.inc({ caller, outcome })
    to.admissionDuration.observe(durationMs / 1000)
    if (outcome === 'duplicate') to.duplicates.inc({ sender, source: keySource })
    if (outcome === 'reused') to.rejections.inc({ sender, code: 'IDEMPOTENCY_KEY_REUSED' })
    if (outcome === 'rejected') to.rejections.inc({ sender, code: code ?? 'other' })
  })
  events.on('message.closed', ({ sender, state }) => to.settled.inc({ sender, outcome: state }))
  events.on('failures.cut', ({ sender, failed, resolved }) => {
    to.failuresCut.inc({ sender, status: 'failed' }, failed)
    to.failuresCut.inc({ sender, status: 'resolved' }, resolved)
  })
}

function recordAttempts (events: Bus, to: Instruments, codeName: Known['codeName']): void {
  events.on('attempt.settled', ({ sender, lane, outcome, code, settlement, startedAfterMs, durationMs, lateMs }) => {
    to.providerRequests.inc({ sender, outcome, code: code === undefined ? '' : codeName(code) })
    if (settlement === 'sent' || settlement === 'failed') to.settled.inc({ sender, outcome: settlement })
    if (outcome === 'unknown') to.unknownOutcomes.inc({ sender })
    // An attempt that did not start here (grant returned, or a dead node's) has no duration.
    if (startedAfterMs === null || durationMs === 0) return
    to.providerDuration.observe({ outcome }, durationMs / 1000)
    to.lateness.observe({ lane }, lateMs / 1000)
  })
  events.on('attempt.stale', ({ sender, outcome, code, result }) => {
    to.providerRequests.inc({ sender, outcome, code: code === undefined ? '' : codeName(code) })
    if (result === 'sent') to.settled.inc({ sender, outcome: 'sent' })
    if (result === 'double') to.doubleSends.inc({ sender })
  })
}

function addResults (to: Instruments, results: Record<string, number>): void {
  for (const [result, count] of Object.entries(results)) to.retryResults.inc({ result }, count)
}

/** rate() and increase() miss the first event of a series that does not start at 0. */
function startAtZero (to: Instruments, senders: string[]): void {
  for (const sender of senders) {
    for (const alone of [to.violations, to.unknownOutcomes, to.doubleSends]) alone.inc({ sender }, 0)
    for (const outcome of endings) to.settled.inc({ sender, outcome }, 0)
    for (const status of ['failed', 'resolved']) to.failuresCut.inc({ sender, status }, 0)
    for (const kind of recoveryKinds) to.recoveries.inc({ sender, kind }, 0)
    to.senderStops.inc({ sender, code: EXPIRED_TOKEN }, 0)
  }
}

/** Counts and times every Lua script. It runs for each call, so it looks its series up once. */
export function observeScripts ({ scriptDuration, scriptErrors }: Instruments): ScriptObserver {
  const series = new Map<string, { observe: (seconds: number) => void }>()
  return (script, durationMs, isFailed) => {
    let timer = series.get(script)
    if (timer === undefined) {
      timer = scriptDuration.labels(script)
      series.set(script, timer)
    }
    timer.observe(durationMs / 1000)
    if (isFailed) scriptErrors.inc({ script })
  }
}
