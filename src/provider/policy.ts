import type { CodeRow } from './code-row.js'
import * as local from './local-codes.js'
import * as message from './message-codes.js'
import * as sender from './sender-codes.js'

/** Meta's codes. */
export const metaCodes: readonly CodeRow[] = [
  sender.ambiguousCodes, sender.outageCodes, sender.transientCodes, sender.pairCodes, sender.throughputCodes, sender.quotaCodes,
  sender.accessCodes, sender.accountCodes, sender.paymentCodes, sender.spamCodes, sender.categoryCodes, sender.restrictionCodes,
  message.requestCodes, message.pacingCodes, message.windowCodes, message.recipientCodes, message.optOutCodes, message.templateCodes,
  message.missingCodes, message.doubtfulCodes, message.disabledCodes, message.groupCodes, message.perUserCodes, message.pausedCodes
].flat()

/** Codes of Sluice, for errors between the gateway and Meta. */
export const localCodes: readonly CodeRow[] = [
  local.unsentCodes, local.unreachableCodes, local.lostCodes, local.unknownCodes, local.httpStopCodes, local.httpRejectedCodes,
  local.httpRetryCodes, local.httpOutageCodes, local.httpLimitCodes, local.accountUpdateCodes, local.healthCodes
].flat()

/** How each code is handled, and what it means: the code table with the operator's overrides. */
export interface Policy {
  /**
   * The row of a code: its own row, else that of its range or class. `HTTP_502` is found as `HTTP_5XX`, `131205` as
   * `131201-131215`.
   */
  find: (code: string) => CodeRow | undefined
  /** As `find`; an unknown code has the row of an invalid response, whose outcome is unknown. */
  rowOf: (code: string) => CodeRow
  /** What a code means and what to do about it; for an unknown code, where to look it up. */
  explain: (code: string) => { title: string, explanation: string, remedy: string }
  /** The metric label of a code: the code of its row, or `other`, so that responses cannot create new label values. */
  nameOf: (code: string) => string
  /** Replaces the overrides. */
  apply: (overrides: readonly CodeRow[]) => void
}

/** The code table with these overrides. */
export function createPolicy (overrides: readonly CodeRow[] = []): Policy {
  let table = createTable(overrides)
  const find: Policy['find'] = code => table(code)
  return {
    find,
    rowOf: code => find(code) ?? find('INVALID_RESPONSE') as CodeRow,
    explain (code) {
      const { title, explanation, remedy } = find(code) ?? {
        title: `Code ${code}`,
        explanation: 'Meta returned a code that this gateway does not know; the error text has Meta\'s message.',
        remedy: 'Look the code up in Meta\'s page "Error codes" of the WhatsApp Cloud API.'
      }
      return { title, explanation, remedy }
    },
    nameOf: code => find(code)?.code ?? 'other',
    apply (next) { table = createTable(next) }
  }
}

function createTable (overrides: readonly CodeRow[]): Policy['find'] {
  const all = [...metaCodes, ...localCodes, ...overrides]
  const byCode = new Map(all.map(row => [row.code, row]))
  const ranges = [...byCode.values()].flatMap(row => {
    const [first, last] = row.code.split('-')
    return last === undefined ? [] : [{ first: Number(first), last: Number(last), row }]
  })
  return code => {
    const number = Number(code)
    return byCode.get(code) ??
      byCode.get(code.replace(/^(HTTP_\d)\d\d$/, '$1XX')) ??
      ranges.find(range => number >= range.first && number <= range.last)?.row
  }
}

/** The table without overrides. */
export const standardPolicy = createPolicy()
