/** Failures by cause: their title, address, and the filter that lists them. */
import { t } from './i18n.js'
import { href } from './router.js'

export const lists = {
  failed: group => group.status === 'FAILED' && !group.acknowledged,
  retrying: group => group.status === 'PENDING',
  acknowledged: group => group.status === 'FAILED' && group.acknowledged
}

const NO_CODE = 'none'
export const titleOf = group => group.title === null ? t('cause.noCode') : `${group.title.replace(/\.$/, '')} (${group.errorCode})`

/** One word in the address for one cause. */
export const nameOfCause = ({ status, errorCode, reason, acknowledged }) =>
  [status === 'PENDING' ? acknowledged ? 'q' : 'p' : acknowledged ? 'a' : 'f', errorCode ?? NO_CODE, reason ?? ''].join('.')
export const causeHref = group => href('failures', { cause: nameOfCause(group) })

/** The parameters of `GET /failures` that list exactly this cause. */
export function filterOf ({ status, errorCode, reason, acknowledged }, sender) {
  return {
    status,
    errorCode: errorCode ?? NO_CODE,
    ...(reason === null ? {} : { reason }),
    acknowledged,
    ...(sender === '' ? {} : { sender })
  }
}
