/** How each state of a message looks: an icon, and a tone where it needs work. Without the page, so that tests can import it. */
import { has, t } from './i18n.js'
import { span } from './format.js'
import { rateText } from './rates.js'

export const states = {
  scheduled: 'calendar',
  queued: 'clock',
  sending: 'plane',
  sent: 'check',
  delivered: 'checks',
  read: 'checks',
  retrying: 'retry',
  unknown: 'unknown',
  failed: 'failed',
  cancelled: 'cancelled',
  expired: 'expired'
}

export const tones = { failed: 'bad', retrying: 'warn', unknown: 'warn', delivered: 'good', read: 'good', sent: 'plain', sending: 'busy' }

/** The states that one chip of the list stands for. */
export const groups = {
  waiting: ['scheduled', 'queued'],
  sending: ['sending'],
  sent: ['sent'],
  delivered: ['delivered'],
  read: ['read'],
  retrying: ['retrying'],
  unknown: ['unknown'],
  failed: ['failed'],
  ended: ['cancelled', 'expired']
}
export const groupLabel = name => has(`group.${name}`) ? t(`group.${name}`) : t(`state.${name}`)

/** Why a message waits. A reason that this page does not know yet is shown by its name. */
export function waitReason (waitingFor, sender) {
  const key = `wait.${waitingFor}`
  if (!has(key)) return String(waitingFor).replaceAll('-', ' ')
  return t(key, { interval: span(sender?.rules.pairIntervalMs ?? 0), rate: sender?.rate === undefined ? '?' : rateText(sender.rate.perSecond) })
}

const settledStates = ['delivered', 'read', 'cancelled', 'expired', 'failed']
/** Whether the state cannot change by itself any more. */
export const isOver = ({ status }) => settledStates.includes(status) && status !== 'delivered'

/** A code is final where WhatsApp will reject the same content again. */
export const isFinal = message => message.status === 'failed' && (message.attempts.at(-1)?.outcome ?? 'rejected') === 'rejected'
