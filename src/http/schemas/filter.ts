/** The criteria by which failures are listed, and bulk jobs choose their messages. */
import { Type } from '@sinclair/typebox'
import type { Failure } from '../../failure/failure.js'
import { CAMPAIGN_NAME } from '../../values/campaign-name.js'
import { formatted } from '../formats.js'
import { oneOf, recipientText } from './common.js'

export const reasons: Record<NonNullable<Failure['reason']>, string> = {
  rejected: 'WhatsApp rejected it permanently',
  exhausted: 'all retries failed',
  expired: 'its lifetime ended',
  unknown: 'its outcome stayed unknown',
  cancelled: 'it was cancelled'
}

const moment = (description: string) => Type.Optional(Type.String({
  maxLength: 64, ...formatted('time'), description: `${description}: RFC 3339 with a time zone, or ms since the epoch`
}))

/** All that are given have to match. */
export const criteria = {
  campaign: Type.Optional(Type.String({ pattern: CAMPAIGN_NAME, description: 'Only messages of this campaign' })),
  tag: Type.Optional(Type.String({
    pattern: '^[^:]{1,128}:.{1,512}$', description: 'Only messages with this entry of their metadata, as `key:value`'
  })),
  recipient: Type.Optional(recipientText('recipient', 'Only those of this recipient: a number, a business-scoped user id, or `group:<id>`')),
  caller: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,32}$', description: 'Only messages that this API key posted' })),
  template: Type.Optional(Type.String({
    minLength: 1, maxLength: 512, pattern: '^\\S+$', description: 'Only messages of this template, in any language'
  })),
  errorCode: Type.Optional(Type.String({
    pattern: '^[A-Za-z0-9_/-]{1,64}$', description: 'Only those whose last error has this code. `none`: those without an error code'
  })),
  reason: Type.Optional(oneOf(reasons, 'Only those that failed permanently for this reason')),
  acknowledged: Type.Optional(Type.Boolean({ description: 'Only those that are, or are not, acknowledged' })),
  acceptedFrom: moment('Only messages that were accepted then or later'),
  acceptedUntil: moment('Only messages that were accepted before'),
  failedFrom: moment('Only those whose last attempt failed then or later'),
  failedUntil: moment('Only those whose last attempt failed before')
}
