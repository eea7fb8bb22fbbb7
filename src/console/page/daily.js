/** The daily limit of a sender: how many people it may write to outside of their windows. Without the page, so that tests can import it. */
import { clock, number } from './format.js'
import { t, tn } from './i18n.js'

export const hasLimit = ({ daily }) => daily !== null && daily !== undefined && daily.limit !== null

/** No further person gets a message. A new sender of a portfolio may have no share yet: that is no alarm. */
export const isDailyReached = sender => hasLimit(sender) && sender.daily.free === 0 && sender.daily.used + sender.daily.waiting > 0

/** `250 of 250 people, until 12:10` */
export function dailyNote ({ daily: { limit, freeAt, free } }) {
  const until = free === 0 && freeAt !== null
  return t(until ? 'daily.until' : 'daily.of', { limit: number(limit), ...(until ? { time: clock(freeAt) } : {}) })
}

/** The limit, and what sets it. */
export const dailyRule = ({ daily: { limit, reason, portfolio } }) =>
  t(`daily.${reason}`, limit === null ? {} : { limit: number(limit), portfolio: portfolio ?? '–' })

/** What is wrong, what waits, and what to do. */
export function dailyText ({ daily: { limit, reason, waiting, freeAt } }) {
  return {
    what: t('daily.reached', { limit: number(limit) }),
    waits: `${tn('count.waits', waiting)}. ${freeAt === null ? '' : `${t('daily.next', { time: clock(freeAt) })} `}${t('daily.replies')}`,
    advice: t(`daily.do.${reason}`)
  }
}
