/** Figures of a sender, from its counts by minute and its state. Without the page, so that tests can import it. */
import { clock, number } from './format.js'
import { t } from './i18n.js'

const WINDOW = 10
const sum = values => values.reduce((total, value) => total + value, 0)

/**
 * `perSecond`: sent in the last whole minute and the current one, or of the current one alone where it is busier; `failing`: share of the attempts
 * of the last ten minutes, null without attempts; `emptyInMs`: how long the queue needs at this rate, null where no end is known.
 */
export function figuresOf (sender, activity, now = Date.now()) {
  const minutes = activity?.minutes
  if (minutes === undefined) return { perSecond: null, perMinute: null, failing: null, attempts: 0, emptyInMs: null }
  const second = Math.max(5, now / 1000 % 60)
  const perSecond = Math.max((minutes.sent.at(-2) + minutes.sent.at(-1)) / (60 + second), second >= 20 ? minutes.sent.at(-1) / second : 0)
  const attempts = sum(minutes.attempts.slice(-WINDOW))
  const sends = sender.state === 'active' && sender.circuit.state === 'closed'
  const rate = Math.min(sender.rate.perSecond, Math.max(perSecond, 0))
  return {
    perSecond,
    perMinute: minutes.sent.at(-2),
    attempts,
    failing: attempts === 0 ? null : sum(minutes.failing.slice(-WINDOW)) / attempts,
    emptyInMs: sender.queued === 0 ? 0 : sends && rate > 0 ? sender.queued / rate * 1000 : null
  }
}

/** Whether WhatsApp allows the sender less than its rule. */
export const isSlower = ({ rate }) => rate.reason !== 'rule'

export const rateText = value => number(value >= 10 ? Math.round(value) : Math.round(value * 10) / 10)

/** The rate in force, the rule, and why they differ. */
export const slowerText = ({ rate, rules }) =>
  t(rate.reason === 'ceiling' && rate.ceiling.level === 'COEXISTENCE' ? 'rate.coexistence' : `rate.${rate.reason}`,
    { now: rateText(rate.perSecond), rule: number(rules.perSecond), time: clock(rate.rejectedAt ?? rate.ceiling?.since) })

/** Of a few attempts a share says nothing. */
export const isFailing = ({ failing, attempts }) => attempts >= 10 && failing > 0.2

export const lastHour = activity => ({ total: sum(activity.minutes.sent), most: Math.max(...activity.minutes.sent) })

/** The end of a scale from 0: 1, 2 or 5 and zeros. The rule is in sight, unless it is so far above that it would press the line flat. */
export function axisTop (most, allowed) {
  const value = Math.max(10, allowed <= most * 4 ? Math.max(allowed, most) : most)
  const size = 10 ** Math.floor(Math.log10(value))
  return [1, 2, 5, 10].map(step => step * size).find(top => top >= value)
}

/** The counts of all senders together. */
export function totalsOf (activity) {
  const total = (name, span) => sum((activity?.senders ?? []).map(sender => sender[span][name]))
  return name => ({ today: total(name, 'since'), before: total(name, 'dayBefore') })
}
