/** The code table: every code of an outcome, how Sluice handles it, and what it means for an operator. */
import type { CodeRow } from './code-row.js'
import * as local from './local-codes.js'
import * as message from './message-codes.js'
import * as sender from './sender-codes.js'

/** Meta's codes. */
export const metaCodes: readonly CodeRow[] = [
  sender.ambiguousCodes, sender.transientCodes, sender.pairCodes, sender.throughputCodes, sender.quotaCodes,
  sender.accessCodes, sender.accountCodes, sender.restrictionCodes,
  message.requestCodes, message.recipientCodes, message.optOutCodes, message.templateCodes, message.groupCodes,
  message.perUserCodes, message.pausedCodes
].flat()

/** Codes of Sluice, for errors between the gateway and Meta. */
export const localCodes: readonly CodeRow[] = [
  local.unsentCodes, local.unknownCodes, local.httpStopCodes, local.httpRejectedCodes,
  local.httpRetryCodes, local.httpLimitCodes
].flat()
