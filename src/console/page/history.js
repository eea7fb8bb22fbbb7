import { exact, span } from './format.js'
import { has, t } from './i18n.js'

/** A wait of more than a minute stands out. */
const LONG_MS = 60_000
/** WhatsApp's clock has whole seconds. */
const WHOLE_SECOND_MS = 999

const tones = { sent: 'plain', rejected: 'bad', retryable: 'warn', unknown: 'warn', 'sender-stopped': 'bad' }
const icons = { sent: 'check', rejected: 'failed', unknown: 'unknown' }
const outcomeText = outcome => has(`outcome.${outcome}`) ? t(`outcome.${outcome}`) : String(outcome)
const ms = iso => new Date(iso).getTime()

/**
 * What happened to a message, oldest first, with the time that passed between, and what comes next. An event is `{kind: 'event', at, tone, icon,
 * title, sub, code, original}`, at the start of what it names; a wait is `{kind: 'wait', title, isLong}`; what comes next is `{kind: 'next', …}`
 * with `at` null where the time is not known. Each fact stands there once.
 */
export function historyOf (message) {
  const events = [acceptedOf(message), ...message.attempts.map(attemptOf), ...endOf(message), ...statusesOf(message), ...acknowledgedOf(message),
    ...(message.moves ?? []).map(movedOf)]
  events.sort((one, other) => one.sort - other.sort)
  const rows = []
  let before = null
  for (const event of events) {
    const gap = before === null || event.at === null ? 0 : ms(event.at) - before.until
    if (before !== null && event.start === true && gap >= 1000) rows.push(waitOf(gap, event.waitFor))
    rows.push({ kind: 'event', ...event })
    if (event.at !== null) before = { until: event.until ?? ms(event.at) }
  }
  return [...rows, ...nextOf(message).map(next => ({ kind: 'next', tone: 'quiet', icon: 'clock', ...next }))]
}

function waitOf (gap, why) {
  const values = { span: span(gap), why: why === undefined ? '' : t(`event.${why}`) }
  return { kind: 'wait', title: t(why === undefined ? 'event.waited' : 'event.waitedFor', values), isLong: gap > LONG_MS }
}

function acceptedOf ({ createdAt, caller }) {
  return {
    at: createdAt,
    sort: ms(createdAt),
    tone: 'quiet',
    icon: 'inbox',
    title: caller ? t('event.accepted', { caller }) : t('event.acceptedPlain')
  }
}

/** An attempt is shown at its start, which is what the customer's phone may have seen. */
function attemptOf ({ attempt, at, durationMs, outcome, code, error }) {
  const start = ms(at) - (durationMs ?? 0)
  return {
    at: new Date(start).toISOString(),
    sort: start,
    until: ms(at),
    start: true,
    waitFor: attempt > 1 ? 'forRetry' : 'forQueue',
    tone: tones[outcome] ?? 'quiet',
    icon: icons[outcome] ?? 'plane',
    title: t('event.attempt', { n: attempt, outcome: outcomeText(outcome) }),
    sub: durationMs === null ? undefined : t('event.took', { span: span(durationMs) }),
    code: code ?? undefined,
    original: error ?? undefined
  }
}

/** The end, unless it is the outcome of the last attempt, which stands there already. */
function endOf ({ status, settledAt, attempts, attemptCount, deliveredAt, readAt }) {
  if (settledAt === null) return []
  const event = (tone, icon, title, more) => [{ at: settledAt, sort: ms(settledAt) + 0.5, tone, icon, title, ...more }]
  const last = attempts.at(-1)?.outcome
  switch (status) {
    case 'sent':
    case 'delivered':
    case 'read': {
      if (last === 'sent') return []
      const earliest = Math.min(...[settledAt, deliveredAt, readAt].filter(Boolean).map(ms))
      return event('plain', 'check', t('event.attempt', { n: Math.max(1, attemptCount), outcome: outcomeText('sent') }),
        { start: true, waitFor: attempts.length > 0 ? 'forRetry' : 'forQueue', sort: earliest })
    }
    case 'failed': return last === 'rejected' ? [] : event('bad', 'failed', t('event.failed'))
    case 'cancelled': return event('quiet', 'cancelled', t('event.cancelled'))
    case 'expired': return event('quiet', 'expired', t('event.expired'))
    default: return []
  }
}

function statusesOf ({ deliveredAt, readAt, deliveryError }) {
  const status = (at, tone, icon, title) => ({ at, sort: ms(at) + WHOLE_SECOND_MS, tone, icon, title })
  return [
    ...(deliveredAt === null ? [] : [status(deliveredAt, 'good', 'checks', t('event.delivered'))]),
    ...(readAt === null ? [] : [{ ...status(readAt, 'read', 'checks', t('event.read')), sort: ms(readAt) + WHOLE_SECOND_MS + 1 }]),
    ...(deliveryError === undefined
      ? []
      : [{ at: null, sort: Infinity, tone: 'bad', icon: 'failed', title: t('event.bounced'), code: deliveryError.code }])
  ]
}

function movedOf ({ at, by, priority, scheduledFor, expiresAt }) {
  const to = [
    priority && t('event.movedLane', { lane: t(`lane.${priority}`) }),
    scheduledFor && (scheduledFor === at ? t('event.movedNow') : t('event.movedTime', { time: exact(scheduledFor) })),
    expiresAt && t('event.movedEnd', { time: exact(expiresAt) })
  ].filter(Boolean).join(', ')
  return { at, sort: ms(at), tone: 'quiet', icon: 'right', title: t('event.moved', { by, to }) }
}

function acknowledgedOf ({ acknowledgedAt, acknowledgedBy, note }) {
  if (acknowledgedAt === undefined) return []
  const title = t('event.acknowledged', { by: acknowledgedBy })
  return [{ at: acknowledgedAt, sort: ms(acknowledgedAt), tone: 'quiet', icon: 'done', title, original: note }]
}

/** What has not happened yet. */
function nextOf ({ status, nextRetryAt, expectedAt, expiresAt, attemptCount, waitingFor }) {
  const next = []
  if (status === 'retrying') next.push({ at: nextRetryAt ?? null, title: t('next.attempt', { n: attemptCount + 1 }) })
  if (status === 'unknown') next.push({ at: nextRetryAt ?? null, title: t('next.decided') })
  if ((status === 'queued' || status === 'scheduled') && expectedAt) next.push({ at: expectedAt, title: t('next.earliest') })
  const isForSender = ['pause', 'sender-stopped', 'outage'].includes(waitingFor)
  if (status === 'queued' && expectedAt === null) next.push({ at: null, title: t(isForSender ? 'next.sender' : 'next.open') })
  if (next.length > 0 && expiresAt !== null) next.push({ at: expiresAt, title: t('next.expires') })
  return next
}
