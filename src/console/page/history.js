import { span } from './time.js'
import { outcomes } from './words.js'

const settled = {
  sent: ['good', 'accepted by WhatsApp'],
  delivered: ['good', 'accepted by WhatsApp'],
  read: ['good', 'accepted by WhatsApp'],
  failed: ['bad', 'Failed: no retry left'],
  cancelled: ['bad', 'Cancelled'],
  expired: ['bad', 'Expired before it could be sent']
}

/**
 * What happened to a message, oldest first, and what comes next: `{at, tone, title, detail, code, original}` each. `at` is null where the time
 * is unknown; `code` is explained by the caller, `original` is WhatsApp's text.
 */
export function historyOf (message) {
  const events = [{ at: message.createdAt, tone: 'plain', title: 'Accepted by the gateway' }]
  for (const { attempt, at, durationMs, outcome, code, error } of message.attempts) {
    events.push({
      at,
      tone: outcome === 'sent' ? 'good' : outcome === 'rejected' ? 'bad' : 'wait',
      title: `Attempt ${attempt}: ${outcomes[outcome] ?? outcome}`,
      detail: durationMs === null ? undefined : `took ${span(durationMs)}`,
      code: code ?? undefined,
      original: error ?? undefined
    })
  }
  const end = settled[message.status]
  if (end !== undefined && message.settledAt !== null) {
    const isSent = end[0] === 'good'
    events.push({ at: message.settledAt, tone: end[0], title: isSent ? `Attempt ${message.attemptCount}: ${end[1]}` : end[1] })
  }
  if (message.acknowledgedAt !== undefined) {
    events.push({ at: message.acknowledgedAt, tone: 'plain', title: `Acknowledged by ${message.acknowledgedBy}`, original: message.note })
  }
  return [...events.sort(byMoment), ...statusesOf(message), ...nextOf(message)]
}

/** Statuses from webhooks. WhatsApp's clock has whole seconds, so these are not sorted among our own times. */
function statusesOf ({ deliveredAt, readAt, deliveryError }) {
  return [
    ...(deliveredAt === null ? [] : [{ at: deliveredAt, tone: 'good', title: 'Delivered to the phone' }]),
    ...(readAt === null ? [] : [{ at: readAt, tone: 'good', title: 'Read' }]),
    ...(deliveryError === undefined ? [] : [{ at: null, tone: 'bad', title: 'WhatsApp reported a failure afterwards', code: deliveryError.code }])
  ]
}

/** What has not happened yet. */
function nextOf ({ status, nextRetryAt, expectedAt, expiresAt, attemptCount }) {
  const next = []
  if (status === 'retrying') next.push({ at: nextRetryAt, tone: 'next', title: `Attempt ${attemptCount + 1} starts` })
  if (status === 'unknown') next.push({ at: nextRetryAt, tone: 'next', title: 'The unknown outcome is decided: retry or fail' })
  if ((status === 'queued' || status === 'scheduled') && expectedAt) next.push({ at: expectedAt, tone: 'next', title: 'Earliest send time' })
  if (status === 'queued' && expectedAt === null) next.push({ at: null, tone: 'next', title: 'Waits until its sender is active' })
  if (next.length > 0 && expiresAt !== null) next.push({ at: expiresAt, tone: 'next', title: 'Expires if still waiting' })
  return next
}

/** Keeps the order of entries within one millisecond: the end follows its cause. */
function byMoment (one, other) {
  return one.at < other.at ? -1 : one.at > other.at ? 1 : 0
}
