/** The lane `bulk` of a sender, which waits while WhatsApp reports no status of what it accepts. Without the page, so that tests can import it. */
import { clock } from './format.js'
import { t } from './i18n.js'

export const isBulkHeld = sender => sender?.bulk?.state === 'held'

/** What is wrong, what waits, and what to do. */
export function bulkText ({ bulk: { missingPercent, since, until } }) {
  return {
    what: t('bulk.held', { percent: missingPercent }),
    waits: t('bulk.waits', { time: clock(since), end: clock(until) }),
    advice: t('do.bulk')
  }
}
