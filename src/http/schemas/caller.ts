import { Type } from '@sinclair/typebox'
import type { Role } from '../../callers.js'
import type { Category, Lane } from '../../message.js'
import { CodeCountSchema } from './campaign.js'
import {
  categoryMeanings, count, countOrNull, laneMeanings, listOf, oneOf, oneOfOrNull, refOrNull, sandboxFlag, text, textOrNull, timestampOrNull,
  unavailable
} from './common.js'

const roles: Record<Role, string> = { send: 'posts, and reads and cancels its own messages', read: 'reads everything', admin: 'may do everything' }

export const CallerSchema = Type.Object({
  name: text('The name of the key'),
  role: oneOf(roles, 'What the key permits'),
  sandbox: sandboxFlag
}, { $id: 'Caller', description: 'The API key of the caller' })

const listOrNull = <Word extends string>(words: Word[], description: string) =>
  Type.Unsafe<readonly Word[] | null>({
    type: ['array', 'null'], items: { type: 'string', ...(words.length === 0 ? {} : { enum: words }) }, description
  })

const RateSchema = Type.Object({
  perSecond: Type.Number({ minimum: 0, description: 'Messages that it may post in a second' }),
  burst: count('Messages that it may post at once after a pause')
}, { $id: 'CallerRate', description: 'How fast a caller may post' })

const RulesSchema = Type.Object({
  senders: listOrNull<string>([], 'Senders that it may use; null for all'),
  lanes: listOrNull(Object.keys(laneMeanings) as Lane[], 'Values of `priority` that it may use; null for all'),
  categories: listOrNull(Object.keys(categoryMeanings) as Category[], 'Values of `category` that it may use; null for all'),
  defaultLane: oneOf(laneMeanings, 'The lane of a message that names none'),
  defaultCampaign: textOrNull('The campaign of a message that names none'),
  rate: refOrNull(RateSchema, 'How fast it may post; null for no limit'),
  backlog: countOrNull('Messages of it that one sender takes before they have ended; null for no limit of its own'),
  weight: count('Its share of a lane in which several callers have messages waiting')
}, { $id: 'CallerRules', description: 'What a caller may post' })

export const CallerStateSchema = Type.Object({
  name: text('The name of the key'),
  role: oneOfOrNull(roles, 'What the key permits; null for a caller that is not in the file any more'),
  rules: refOrNull(RulesSchema, 'What it may post; null for a caller that is not in the file any more'),
  senders: Type.Array(Type.String(), { description: 'Senders with messages of it; empty where these are not counted' }),
  accepted: countOrNull('Messages that were accepted; all counts below except `delivered` and `read` add up to it. Null as they are where only ' +
    'one caller may post and it has no limit of its backlog: then its messages are not counted'),
  waiting: countOrNull('Messages that wait, for whatever reason'),
  inFlight: countOrNull('Messages that are being sent'),
  sent: countOrNull('Messages that WhatsApp accepted, whatever was reported of them since'),
  delivered: countOrNull('Of these, those that reached the recipient\'s phone'),
  read: countOrNull('Of these, those that the recipient read'),
  failed: countOrNull('Messages that FAILED'),
  cancelled: countOrNull('Messages that were cancelled'),
  expired: countOrNull('Messages whose lifetime ended before they could be sent'),
  ratePerSecond: Type.Unsafe<number | null>({
    type: ['number', 'null'], minimum: 0, description: 'Messages that attempts ended, per second, in the last ten seconds'
  }),
  failures: listOf([CodeCountSchema], 'The FAILED messages by code, the most frequent first'),
  readySince: timestampOrNull('Since when its oldest ready message waits for its slot; null if none is ready'),
  firstAcceptedAt: timestampOrNull('When the first of these messages was accepted'),
  lastAcceptedAt: timestampOrNull('When the last of these messages was accepted')
}, { $id: 'CallerState', description: 'A caller, its rules and its messages, over all senders' })

export const CallersSchema = Type.Object({
  callers: listOf([CallerStateSchema], 'Those of the file in its order, then those that left it'), unavailable
}, { $id: 'Callers', description: 'All callers' })

export const callerSchemas = [CallerSchema, RateSchema, RulesSchema, CallerStateSchema, CallersSchema]
