import type { Reason } from '../failure/cause.js'
import type { MessageFilter } from '../failure/match.js'
import { canonicalName, maskRecipient } from '../recipient.js'
import { findTerm } from '../redis/lookup-index.js'
import { parseTime } from '../values/time.js'

/** Criteria as a request has them; schemas/filter.ts describes them. */
export interface Criteria {
  campaign?: string
  tag?: string
  recipient?: string
  caller?: string
  template?: string
  errorCode?: string
  reason?: Reason
  acknowledged?: boolean
  idempotencyKey?: string
  acceptedFrom?: string
  acceptedUntil?: string
  failedFrom?: string
  failedUntil?: string
}

/** The filter of a request. */
export function readFilter ({ recipient, ...criteria }: Criteria): MessageFilter {
  return { ...readKeptFilter(criteria), ...(recipient === undefined ? {} : { recipient: canonicalName(recipient) }) }
}

/** The same for a job, which is kept longer than the messages: it names neither the recipient nor the value of a tag. */
export function readKeptFilter ({ tag, recipient, acceptedFrom, acceptedUntil, failedFrom, failedUntil, ...plain }: Criteria): MessageFilter {
  const terms = [
    ...(recipient === undefined ? [] : [findTerm('recipient', canonicalName(recipient))]),
    ...(tag === undefined ? [] : [findTerm('tag', tag)])
  ]
  const times = Object.entries({ acceptedFrom, acceptedUntil, failedFrom, failedUntil })
    .flatMap(([name, text]) => text === undefined ? [] : [[name, readMoment(text, name)] as const])
  return { ...plain, ...Object.fromEntries(times), ...(terms.length === 0 ? {} : { terms }) }
}

/** A filter for people: `campaign=spring-sale recipient=…11 tag=order`. */
export function describeFilter (criteria: object): string {
  return Object.entries(criteria).filter(([, value]) => value !== undefined).map(([name, value]) => {
    const text = String(value)
    const shown = name === 'recipient' ? maskRecipient(canonicalName(text)) : name === 'tag' ? text.slice(0, text.indexOf(':')) : text
    return `${name}=${shown}`
  }).join(' ')
}

function readMoment (text: string, field: string): number {
  const parsed = parseTime(text, field)
  // The schema has read it before.
  return 'value' in parsed ? parsed.value : NaN
}
