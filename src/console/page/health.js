/** What WhatsApp says of a sender's number, account and business. Without the page, so that tests can import it. */
import { t } from './i18n.js'

/** Parts that are limited or blocked. */
export const problemsOf = sender => sender.health?.problems ?? []

/** `WhatsApp blocks the account (141006).` */
export function healthText ({ entity, state, errors }) {
  const codes = errors.map(({ code }) => code).filter(code => code !== null).join(', ')
  return t(state === 'blocked' ? 'health.blocked' : 'health.limited', { part: t(`health.${entity}`), code: codes === '' ? '–' : codes })
}
