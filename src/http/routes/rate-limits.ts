import { Type } from '@sinclair/typebox'
import type { WaitingFor } from '../../message.js'
import { canonicalName, maskRecipient } from '../../recipient.js'
import { inspectRecipient, type PairView } from '../../throttle/inspect.js'
import type { Api, ServedSenders } from '../api.js'
import { chooseSender } from '../api.js'
import type { AuditDeps } from './audit.js'
import { audit } from './audit.js'
import { addSchemas } from '../openapi.js'
import { json } from '../operation.js'
import { problems } from '../problem-responses.js'
import { sampleTime, SENDER } from '../samples.js'
import {
  count, countOrNull, defaulted, flag, laneMeanings, oneOf, RecipientParamsSchema, ref, senderIdText, senderName, text, timestampOrNull
} from '../schemas/common.js'
import { waitingForMeanings } from '../schemas/message.js'
import { clearRateLimit as clear } from '../../throttle/sender.js'

const RateLimitQuerySchema = Type.Object({
  sender: senderName,
  priority: defaulted(oneOf(laneMeanings, 'The lane that a new message would join', { default: 'normal' }))
}, { additionalProperties: false })

const FindRateLimitSchema = Type.Object({
  recipient: RecipientParamsSchema.properties.recipient,
  ...RateLimitQuerySchema.properties
}, { $id: 'FindRateLimit', additionalProperties: false, description: 'The recipient whose rate limit is requested' })

const rule = Type.Object({
  intervalMs: Type.Number({ description: 'Minimum time between two messages' }),
  burst: count('Messages that may be sent without an interval after a quiet time')
}, { description: 'The rule in force' })

const waiting = Type.Object({ urgent: count('In the urgent lane'), normal: count('In the normal lane'), bulk: count('In the bulk lane') }, {
  description: 'Messages in the recipient\'s queue'
})

const windowStates: Record<PairView['window']['state'], string> = {
  open: 'the recipient has written or called within the last 24 hours',
  closed: 'surely closed: WhatsApp accepts only templates',
  unknown: 'not known, or not checked: every message passes'
}
const window = Type.Object({
  state: oneOf(windowStates, 'Whether WhatsApp accepts other messages than templates'),
  lastActAt: timestampOrNull('When the recipient wrote or called last; null if that is not known'),
  closesAt: timestampOrNull('24 hours after that; null if that is not known')
}, { description: 'The customer service window of the recipient' })

export const RateLimitSchema = Type.Object({
  recipient: text('As requested'),
  sender: senderIdText,
  rule,
  delayMs: countOrNull('How long a message posted now would wait; null if no end is known'),
  nextSlotAt: timestampOrNull('When it could be sent'),
  waitingFor: oneOf<WaitingFor>(waitingForMeanings, 'What it would wait for'),
  waiting,
  sending: flag('A message is in flight'),
  limited: flag('The rate limit delays the next message'),
  window
}, { $id: 'RateLimit', description: 'The rate limit of one recipient with one sender' })

const RateLimitClearedSchema = Type.Object({ recipient: text('As requested'), sender: senderIdText, cleared: flag('There was a state to reset') }, {
  $id: 'RateLimitCleared', description: 'A reset rate limit'
})

const limited = {
  recipient: '+15550104711',
  sender: SENDER,
  rule: { intervalMs: 2000, burst: 1 },
  delayMs: 1948,
  nextSlotAt: sampleTime('09:30:01.948'),
  waitingFor: 'pair-rate',
  waiting: { urgent: 0, normal: 1, bulk: 0 },
  sending: false,
  limited: true,
  window: { state: 'unknown', lastActAt: null, closesAt: null }
}
const params = { recipient: '+15550104711' }
const rateLimit = json('The rate limit of the recipient', ref(RateLimitSchema), { examples: { limited } })
const errors = problems('INVALID_REQUEST', 'INVALID_RECIPIENT', 'RECIPIENT_IS_USER_ID', 'SENDER_UNKNOWN')

const getRateLimit = {
  operationId: 'getRateLimit',
  tags: ['Rate limits'],
  summary: 'Returns a recipient\'s rule, its waiting messages, and when a new message could be sent',
  params: RecipientParamsSchema,
  querystring: RateLimitQuerySchema,
  response: { 200: rateLimit, ...errors },
  'x-requests': {
    normal: { summary: 'For a message in the normal lane', params },
    bulk: { summary: 'In the bulk lane', params, query: { priority: 'bulk' } }
  }
}
const findRateLimit = {
  operationId: 'findRateLimit',
  tags: ['Rate limits'],
  summary: 'Returns the same, with the recipient in the body',
  description: 'Keeps phone numbers out of URLs, which proxies log.',
  body: FindRateLimitSchema,
  response: { 200: rateLimit, ...errors },
  'x-requests': { normal: { summary: 'For a message in the normal lane', body: params } }
}
const clearRateLimit = {
  operationId: 'clearRateLimit',
  tags: ['Rate limits'],
  summary: 'Resets a recipient\'s rate limit, so that the next message may be sent at once',
  params: RecipientParamsSchema,
  querystring: RateLimitQuerySchema,
  response: {
    200: json('Whether there was one', ref(RateLimitClearedSchema), { examples: { cleared: { ...params, sender: SENDER, cleared: true } } }),
    ...errors
  },
  'x-requests': { one: { summary: 'A recipient', params } }
}

export interface RateLimitRouteDeps extends AuditDeps { senders: ServedSenders }

export function rateLimitRoutes (api: Api, deps: RateLimitRouteDeps): void {
  addSchemas(api, FindRateLimitSchema, RateLimitSchema, RateLimitClearedSchema)

  api.get('/rate-limits/:recipient', { schema: getRateLimit, config: { roles: ['send', 'read', 'admin'] } }, async request => {
    const sender = chooseSender(deps.senders, request.query.sender)
    const view = await inspectRecipient(deps.store, sender, canonicalName(request.params.recipient), request.query.priority)
    return { recipient: request.params.recipient, sender, ...view }
  })

  api.post('/rate-limits/find', { schema: findRateLimit, config: { roles: ['send', 'read', 'admin'] } }, async request => {
    const { recipient, priority } = request.body
    const sender = chooseSender(deps.senders, request.body.sender)
    return { recipient, sender, ...await inspectRecipient(deps.store, sender, canonicalName(recipient), priority) }
  })

  api.delete('/rate-limits/:recipient', { schema: clearRateLimit, config: { roles: ['admin'] } }, async request => {
    const sender = chooseSender(deps.senders, request.query.sender)
    const recipient = canonicalName(request.params.recipient)
    const had = await clear(deps.store, sender, recipient)
    await audit(deps, { by: request.caller.name, action: 'clear', sender, subject: maskRecipient(recipient) })
    return { recipient: request.params.recipient, sender, cleared: had }
  })
}
