/** What went wrong and what to do: `[what, advice]`. Without the page, so that tests can import it. */
import { has, t } from './i18n.js'

export function explainError (error) {
  const name = error.code || String(error.status)
  const isNumber = name === 'INVALID_RECIPIENT' || name === 'RECIPIENT_IS_USER_ID'
  const key = isNumber ? 'error.number' : `error.${name}`
  if (!has(key)) return [error.title ? `${error.title}.` : t('error.other'), [ownText(error), ...fieldsOf(error)].filter(Boolean).join(' ')]
  return [t(key), [has(`${key}.do`) ? t(`${key}.do`) : error.message, ...fieldsOf(error)].filter(Boolean).join(' ')]
}

function ownText ({ title, message, errors = [] }) {
  return message === title || errors.length > 0 ? '' : message
}

/** Each problem of a request: the field, what is wrong, what was sent, what is allowed, and what to do. */
function fieldsOf ({ errors = [] }) {
  return errors.map(({ field, detail, value, allowed, hint }) => [
    field === '' ? `${detail}.` : `${field}: ${detail}.`,
    value === undefined ? '' : t('error.sent', { value: String(value) }),
    allowed === undefined ? '' : t('error.allowed', { values: allowed.map(String).join(', ') }),
    hint === undefined ? '' : `${hint}.`
  ].filter(Boolean).join(' '))
}
