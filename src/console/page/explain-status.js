import { isBulkHeld } from './bulk-hold.js'
import { clock, pausedBy } from './format.js'
import { t } from './i18n.js'
import { isSlower, slowerText } from './rates.js'
import { isFinal, tones, waitReason } from './states.js'

/**
 * Whether the customer has the message, why, and what to do: `{tone, say, lines, reply}`. `say` is what happened, `lines` why and what to do, each
 * a sentence or two; `reply` names what to write to a customer. `sender` is a row of `GET /senders`; `stop` explains the code that stopped
 * it, and `code` the message's own.
 */
export function explainStatus (message, sender, { stop, code } = {}) {
  const { status, error, deliveryError, expectedAt, nextRetryAt } = message
  const tone = deliveryError === undefined ? tones[status] ?? 'plain' : 'bad'
  const text = (say, lines, reply) => ({ tone, say, lines: lines.filter(Boolean), reply })
  if (deliveryError !== undefined) return text(t('say.bounced'), [deliveryError.explanation, deliveryError.remedy], 'failed')
  switch (status) {
    case 'scheduled': return text(t('say.scheduled'), [t('why.scheduled', { time: clock(expectedAt) }), t('do.wait')], 'waiting')
    case 'queued': return explainWait(message, sender, stop, text)
    case 'sending': return text(t('say.sending'), [t('why.sending')], 'waiting')
    case 'sent': return text(t('say.sent'), [t('why.sent', { time: clock(message.settledAt) }), t('do.sent')], 'sent')
    case 'delivered': return text(t('say.delivered'), [t('why.delivered', { time: clock(message.deliveredAt) }), t('do.delivered')], 'delivered')
    case 'read': return text(t('say.read'), [message.readAt === null ? '' : t('why.read', { time: clock(message.readAt) })], 'delivered')
    case 'retrying': return text(t('say.retrying'),
      [error?.explanation, nextRetryAt ? t('why.retrying', { time: clock(nextRetryAt) }) : '', error?.remedy ?? t('do.wait')], 'waiting')
    case 'unknown': return text(t('say.unknown'), [nextRetryAt ? t('why.unknown', { time: clock(nextRetryAt) }) : '', error?.remedy])
    case 'failed': return text(code?.title === undefined ? t('say.failedPlain') : t('say.failed', { title: code.title.replace(/\.$/, '') }),
      [error?.explanation, error?.remedy, isFinal(message) ? t('do.finalRetry') : t('do.failedRetry')], 'failed')
    case 'cancelled': return explainCancelled(message, text)
    case 'expired': return text(t('say.expired'), [t('why.expired'), error?.explanation, t('do.again')], 'failed')
    default: return text(String(status), [])
  }
}

function explainCancelled ({ cancelledFor, campaign }, text) {
  if (cancelledFor === 'opted-out') return text(t('say.optedOut'), [t('why.optedOut'), t('do.optedOut')])
  if (cancelledFor === 'campaign') return text(t('say.campaignCancelled'), [t('why.campaignCancelled', { name: campaign ?? '–' })], 'cancelled')
  return text(t('say.cancelled'), [t('why.cancelled'), t('do.again')], 'cancelled')
}

function explainWait ({ waitingFor, expectedAt, position }, sender, stop, text) {
  const place = position > 1 ? t('why.place', { n: position }) : ''
  if (waitingFor === 'pause') {
    const why = sender?.reason ? t('why.paused', { by: pausedBy(sender.reason) }) : t('why.pausedPlain')
    return text(t('say.paused'), [why, place, sender?.resumesAt ? t('do.pausedEnd', { time: clock(sender.resumesAt) }) : t('do.paused')], 'waiting')
  }
  if (waitingFor === 'sender-stopped') return text(t('say.stopped'), [stop?.explanation, place, stop?.remedy ?? t('do.stopped')], 'waiting')
  if (waitingFor === 'window') return text(t('say.window'), [t('why.window'), t('do.window')], 'waiting')
  if (waitingFor === 'daily-limit') {
    return text(t('say.daily'), [t('why.daily'), expectedAt ? t('why.earliest', { time: clock(expectedAt) }) : '', t('do.daily')], 'waiting')
  }
  if (waitingFor === 'campaign-paused') return text(t('say.campaign'), [t('why.campaign'), t('do.campaign')], 'waiting')
  if (waitingFor === 'campaign-start' || waitingFor === 'campaign-rate') {
    const earliest = expectedAt ? t('why.earliest', { time: clock(expectedAt) }) : ''
    return text(t(`say.${waitingFor}`), [t(`why.${waitingFor}`), earliest, t('do.campaignPlan')], 'waiting')
  }
  if (waitingFor === 'template-rate' || waitingFor === 'category-rate') {
    const earliest = expectedAt ? t('why.earliest', { time: clock(expectedAt) }) : ''
    return text(t(`say.${waitingFor}`), [t(`why.${waitingFor}`), earliest, t('do.contentRate')], 'waiting')
  }
  if (waitingFor === 'templates-stopped') {
    const until = sender?.templates?.until
    return text(t('say.templatesStopped'), [t('why.templatesStopped', { code: sender?.templates?.reason ?? '–' }),
      until ? t('do.stopEnd', { time: clock(until) }) : '', t('do.templatesStopped')], 'waiting')
  }
  if (waitingFor === 'template-paused') return text(t('say.template'), [t('why.template'), t('do.template')], 'waiting')
  if (waitingFor === 'outage' && isBulkHeld(sender) && sender.circuit.state === 'closed') {
    return text(t('say.bulk'), [t('why.bulk'), place, t('do.bulk')], 'waiting')
  }
  if (waitingFor === 'outage' && sender?.circuit?.state !== 'half-open') {
    const probe = sender?.circuit?.nextProbeAt ? t('do.probe', { time: clock(sender.circuit.nextProbeAt) }) : ''
    return text(t('say.outage'), [t('why.outage'), place, probe, t('do.outage')], 'waiting')
  }
  const earliest = expectedAt ? t('why.earliest', { time: clock(expectedAt) }) : ''
  const slower = waitingFor === 'sender-rate' && sender !== undefined && isSlower(sender) ? `${slowerText(sender)}.` : ''
  return text(t('say.queued', { reason: waitReason(waitingFor, sender) }), [slower, place, earliest, t('do.wait')], 'waiting')
}

const languages = [[/^(55|351|258|244)/, 'pt'], [/^(34|5[0-9]|50[2-9]|59[1358])/, 'es']]

/** A sentence for the customer, in the language of the number's country, that names no code. */
export function replyFor (reply, recipient) {
  const found = languages.find(([pattern]) => pattern.test(String(recipient ?? '')))
  return t(`reply.${reply}`, {}, found?.[1] ?? 'en')
}
