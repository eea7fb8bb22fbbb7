import { admittedAt } from '../redis/keys.js'
import { findTerms } from '../redis/lookup-index.js'
import { readPayload } from '../redis/payload.js'
import { templateOf } from '../template-name.js'
import { campaignOf } from '../settlement/record.js'
import { causeOf, NO_CODE, type Reason } from './cause.js'

/** Criteria for messages that wait or have failed. A message has to match all that are given. */
export interface MessageFilter {
  campaign?: string | undefined
  /** API key that posted it. */
  caller?: string | undefined
  /** Name of its template, in any language. */
  template?: string | undefined
  idempotencyKey?: string | undefined
  /** Canonical. */
  recipient?: string | undefined
  /** Terms of the look-up index that its recipient and metadata have. They name neither, so that a job may keep them. */
  terms?: readonly string[]
  /** Code of its last attempt that failed; `none`: it has no code. */
  errorCode?: string | undefined
  reason?: Reason | undefined
  acknowledged?: boolean | undefined
  /** When it was accepted, ms; the end is excluded. */
  acceptedFrom?: number | undefined
  acceptedUntil?: number | undefined
  /** When its last attempt failed, ms; the end is excluded. */
  failedFrom?: number | undefined
  failedUntil?: number | undefined
}

/** Tests the record of a message. The criteria that cost least come first. */
export function createMatcher (filter: MessageFilter): (id: string, record: string) => boolean {
  const { campaign, caller, template, idempotencyKey, recipient, terms = [], acceptedFrom, acceptedUntil } = filter
  const needsPayload = caller !== undefined || template !== undefined || idempotencyKey !== undefined || terms.length > 0
  const isAccepted = isWithin(acceptedFrom, acceptedUntil)

  function hasContent (record: string): boolean {
    const [header = '', line = '{}'] = record.split('\n', 2)
    const own = header.slice(0, header.indexOf(' '))
    const payload = readPayload(own, line)
    const ownTerms = terms.length === 0 ? [] : findTerms(own, payload.metadata).split(' ')
    return (caller === undefined || payload.caller === caller) &&
      (idempotencyKey === undefined || payload.idempotencyKey === idempotencyKey) &&
      (template === undefined || templateOf(payload.type, payload.message)?.name === template) &&
      terms.every(term => ownTerms.includes(term))
  }

  return (id, record) => isAccepted(admittedAt(id)) &&
    (recipient === undefined || record.startsWith(`${recipient} `)) &&
    (campaign === undefined || campaignOf(record) === campaign) &&
    hasCause(record, filter) &&
    (!needsPayload || hasContent(record))
}

function hasCause (record: string, { errorCode, reason, acknowledged, failedFrom, failedUntil }: MessageFilter): boolean {
  if (![errorCode, reason, acknowledged, failedFrom, failedUntil].some(value => value !== undefined)) return true
  const cause = causeOf(record)
  return (errorCode === undefined || (cause.code ?? NO_CODE) === errorCode) &&
    (reason === undefined || cause.reason === reason) &&
    (acknowledged === undefined || cause.isAcknowledged === acknowledged) &&
    // 0: it has never failed.
    ((failedFrom ?? failedUntil) === undefined || (cause.at > 0 && isWithin(failedFrom, failedUntil)(cause.at)))
}

function isWithin (from = -Infinity, until = Infinity): (ms: number) => boolean {
  return ms => ms >= from && ms < until
}
