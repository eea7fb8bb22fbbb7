/** The code table: every code that an outcome can carry, what Sluice does with it, and what it means to an operator. */
import type { CodeRow } from './code-row.js'
import * as local from './local-codes.js'
import * as message from './message-codes.js'
import * as sender from './sender-codes.js'

/** Meta's codes. */
export const metaCodes: readonly CodeRow[] = [
  sender.transientCodes, sender.pairCodes, sender.throughputCodes, sender.quotaCodes, sender.stopCodes,
  message.requestCodes, message.recipientCodes, message.templateCodes, message.groupCodes,
  message.perUserCodes, message.pausedCodes
].flat()

/** Our own codes, for what happens on the way to Meta and back. */
export const localCodes: readonly CodeRow[] = [
  local.unsentCodes, local.unknownCodes, local.httpStopCodes, local.httpRejectedCodes,
  local.httpRetryCodes, local.httpLimitCodes
].flat()

const all = [...metaCodes, ...localCodes]
const nothingSaid = local.unknownCodes.find(row => row.code === 'BAD_ANSWER') as CodeRow
const byCode = new Map(all.map(row => [row.code, row]))
const ranges = all.flatMap(row => {
  const [first, last] = row.code.split('-')
  return last === undefined ? [] : [{ first: Number(first), last: Number(last), row }]
})

/**
 * The row of a code, by its own name first, then by the range or class that it belongs to.
 * `HTTP_502` is found as `HTTP_5XX`, `131205` as `131201-131215`.
 */
export function findCode (code: string): CodeRow | undefined {
  const number = Number(code)
  return byCode.get(code) ??
    byCode.get(code.replace(/^(HTTP_\d)\d\d$/, '$1XX')) ??
    ranges.find(range => number >= range.first && number <= range.last)?.row
}

/** As `findCode`; what nobody knows counts as an answer that says nothing, and so leaves the outcome open. */
export function rowOf (code: string): CodeRow {
  return findCode(code) ?? nothingSaid
}

/** What a code means and what to do about it, in plain words; for a code that nobody knows yet, where to look. */
export function explain (code: string): { title: string, explanation: string, remedy: string } {
  const { title, explanation, remedy } = findCode(code) ?? {
    title: `Code ${code}`,
    explanation: 'Meta answered with a code that this gateway does not know; its own words are in the error text.',
    remedy: 'Look the code up in Meta\'s page "Error codes" of the WhatsApp Cloud API.'
  }
  return { title, explanation, remedy }
}
