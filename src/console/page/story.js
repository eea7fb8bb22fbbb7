import { span } from './time.js'
import { outcomes } from './words.js'

const settled = {
  sent: ['good', 'WhatsApp took it'], delivered: ['good', 'WhatsApp took it'], read: ['good', 'WhatsApp took it'], failed: ['bad', 'Given up'], cancelled: ['bad', 'Cancelled'], expired: ['bad', 'Dropped: it had waited for as long as it may']
}

/**
 * What happened to a message, oldest first, and what comes next: `{at, tone, title, detail, code, said}` each. `at` is null where no moment
 * is known; `code` is to be explained, `said` are WhatsApp's own words.
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
      said: error ?? undefined
    })
  }
  const end = settled[message.status]
  if (end !== undefined && message.settledAt !== null) {
    const took = end[1] === 'WhatsApp took it'
    events.push({ at: message.settledAt, tone: end[0], title: took ? `Attempt ${message.attemptCount}: ${end[1]}` : end[1] })
  }
  if (message.acknowledgedAt !== undefined) {
    events.push({ at: message.acknowledgedAt, tone: 'plain', title: `Seen by ${message.acknowledgedBy}`, said: message.note })
  }
  return [...events.sort(byMoment), ...toldOf(message), ...nextOf(message)]
}

/** What webhooks told, by WhatsApp's clock of whole seconds: not to be sorted among moments of ours. */
function toldOf ({ deliveredAt, readAt, deliveryError }) {
  return [
    ...(deliveredAt === null ? [] : [{ at: deliveredAt, tone: 'good', title: 'On the phone' }]),
    ...(readAt === null ? [] : [{ at: readAt, tone: 'good', title: 'Read' }]),
    ...(deliveryError === undefined ? [] : [{ at: null, tone: 'bad', title: 'WhatsApp told of a failure afterwards', code: deliveryError.code }])
  ]
}

/** What has not happened yet. */
function nextOf ({ status, nextRetryAt, expectedAt, expiresAt, attemptCount }) {
  const next = []
  if (status === 'retrying') next.push({ at: nextRetryAt, tone: 'next', title: `Attempt ${attemptCount + 1} follows` })
  if (status === 'unknown') next.push({ at: nextRetryAt, tone: 'next', title: 'It is decided whether it is sent again' })
  if ((status === 'queued' || status === 'scheduled') && expectedAt) next.push({ at: expectedAt, tone: 'next', title: 'It goes, at the earliest' })
  if (status === 'queued' && expectedAt === null) next.push({ at: null, tone: 'next', title: 'It waits until its sender is open' })
  if (next.length > 0 && expiresAt !== null) next.push({ at: expiresAt, tone: 'next', title: 'If it still waits then, it is dropped' })
  return next
}

/** Keeps the order of what happened within one millisecond: an end follows what led to it. */
function byMoment (one, other) {
  return one.at < other.at ? -1 : one.at > other.at ? 1 : 0
}
