import { Type } from '@sinclair/typebox'
import type { CloseDeps } from '../../drain/close.js'
import { closeAll, optedOut } from '../../drain/close.js'
import { canonicalName, maskRecipient, nameOf } from '../../recipient.js'
import { listOptOuts as readOptOuts, resumeMarketing as optIn, stopMarketing as optOut } from '../../throttle/opt-outs.js'
import type { Api, ServedSenders } from '../api.js'
import { chooseSender } from '../api.js'
import { audit } from './audit.js'
import { formatted } from '../formats.js'
import { addSchemas } from '../openapi.js'
import { json } from '../operation.js'
import { problems } from '../problem-responses.js'
import { sampleTime, SENDER } from '../samples.js'
import {
  count, defaulted, flag, listOf, RecipientParamsSchema, ref, senderIdText, senderName, SenderQuerySchema, text, textOrNull, timestamp
} from '../schemas/common.js'
import { formatTime } from '../../values/time.js'

const ListOptOutsSchema = Type.Object({
  sender: senderName,
  cursor: defaulted(Type.String({ maxLength: 20, ...formatted('opt-outs-cursor'), default: '0', description: '`nextCursor` of the previous page' })),
  limit: defaulted(Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'Approximate number of entries' }))
}, { additionalProperties: false })

const reason = Type.String({
  minLength: 1, maxLength: 200, pattern: '^[^\\x00-\\x1f]*$', default: 'asked for', description: 'The reason, for people to read'
})
const StopMarketingSchema = Type.Object({ reason: defaulted(reason) }, {
  $id: 'StopMarketing', additionalProperties: false, description: 'An opt-out from marketing'
})

const known = {
  recipient: text('A number in digits, a business-scoped user id, or `group:<id>`; all spellings of a number are the same recipient'),
  sender: senderIdText,
  since: timestamp('When it was first recorded')
}

const OptOutSchema = Type.Object({
  ...known,
  by: text('`whatsapp`, or the API key that recorded it'),
  reason: text('The reason: an error code of WhatsApp, `user_preferences`, or the caller\'s text')
}, { $id: 'OptOut', description: 'A recipient who has opted out of marketing from a sender' })

const OptOutsSchema = Type.Object({
  optOuts: listOf([OptOutSchema], 'In no particular order'),
  nextCursor: textOrNull('`cursor` of the next page; null at the end. A page before the end may be empty')
}, { $id: 'OptOuts', description: 'A page of opt-outs' })

const MarketingStoppedSchema = Type.Object({
  ...known, wasOut: flag('The recipient had opted out before'), dropped: count('Queued marketing messages that were cancelled')
}, { $id: 'MarketingStopped', description: 'A recorded opt-out' })

const MarketingResumedSchema = Type.Object({ recipient: known.recipient, sender: known.sender, wasOut: flag('There was an opt-out') }, {
  $id: 'MarketingResumed', description: 'A removed opt-out'
})

const recipient = '15550104711'
const since = sampleTime('09:30:00.000')
const params = { recipient: '+15550104711' }

const listOptOuts = {
  operationId: 'listOptOuts',
  tags: ['Recipients'],
  summary: 'Lists the recipients who have opted out of marketing from a sender',
  querystring: ListOptOutsSchema,
  response: {
    200: json('A page', ref(OptOutsSchema), {
      examples: { one: { optOuts: [{ recipient, sender: SENDER, since, by: 'whatsapp', reason: '131050' }], nextCursor: null } }
    }),
    ...problems('INVALID_REQUEST', 'SENDER_UNKNOWN')
  },
  'x-requests': { all: { summary: 'The first page', query: { limit: '100' } } }
}

const ofOne = { tags: ['Recipients'], params: RecipientParamsSchema, querystring: SenderQuerySchema }
const errors = problems('INVALID_REQUEST', 'INVALID_RECIPIENT', 'RECIPIENT_IS_USER_ID', 'SENDER_UNKNOWN')

const stopMarketing = {
  ...ofOne,
  operationId: 'stopMarketing',
  summary: 'Records that a recipient opted out of marketing from a sender',
  description: 'Queued marketing to the recipient is cancelled at once, scheduled or retried marketing is cancelled when it is due, and new ' +
    'marketing is rejected with RECIPIENT_OPTED_OUT. Other messages are not affected. Marketing is what was posted with `category` `marketing` ' +
    'or through `/marketing_messages`.',
  body: StopMarketingSchema,
  response: {
    200: json('Recorded', ref(MarketingStoppedSchema), { examples: { noted: { recipient, sender: SENDER, since, wasOut: false, dropped: 2 } } }),
    ...errors
  },
  'x-requests': { web: { summary: 'An opt-out on a web page', params, body: { reason: 'unsubscribed on the web' } } }
}

const resumeMarketing = {
  ...ofOne,
  operationId: 'resumeMarketing',
  summary: 'Records that a recipient opted in to marketing from a sender again',
  description: 'A recipient who opted out in WhatsApp has to opt in there too; until then WhatsApp rejects marketing with 131050, which records ' +
    'the opt-out again.',
  response: {
    200: json('Whether there was an opt-out', ref(MarketingResumedSchema), { examples: { gone: { recipient, sender: SENDER, wasOut: true } } }),
    ...errors
  },
  'x-requests': { one: { summary: 'A recipient', params } }
}

/** Recipients who have opted out of marketing. */
export interface OptOutDeps extends CloseDeps { senders: ServedSenders }

export function optOutRoutes (api: Api, deps: OptOutDeps): void {
  addSchemas(api, StopMarketingSchema, OptOutSchema, OptOutsSchema, MarketingStoppedSchema, MarketingResumedSchema)

  api.get('/opt-outs', { schema: listOptOuts, config: { roles: ['read', 'admin'] } }, async request => {
    const sender = chooseSender(deps.senders, request.query.sender)
    const { optOuts, cursor } = await readOptOuts(deps.store, sender, request.query.cursor, request.query.limit)
    return {
      optOuts: optOuts.map(({ recipient, since, by, reason }) => (
        { recipient: nameOf(recipient), sender, since: formatTime(since), by, reason }
      )),
      nextCursor: cursor
    }
  })

  api.put('/opt-outs/:recipient', { schema: stopMarketing, config: { roles: ['send', 'admin'] } }, async request => {
    const sender = chooseSender(deps.senders, request.query.sender)
    const recipient = canonicalName(request.params.recipient)
    const { name } = request.caller
    const { wasOut, since, waiting } = await optOut(deps.store, sender, recipient, { by: name, reason: request.body.reason })
    const dropped = await closeAll(deps, sender, waiting, optedOut)
    await audit(deps, { by: name, action: 'opt-out', sender, subject: maskRecipient(recipient), detail: `${dropped} dropped` })
    return { recipient: nameOf(recipient), sender, since: formatTime(since), wasOut, dropped }
  })

  api.delete('/opt-outs/:recipient', { schema: resumeMarketing, config: { roles: ['admin'] } }, async request => {
    const sender = chooseSender(deps.senders, request.query.sender)
    const recipient = canonicalName(request.params.recipient)
    const wasOut = await optIn(deps.store, sender, recipient)
    await audit(deps, { by: request.caller.name, action: 'opt-in', sender, subject: maskRecipient(recipient) })
    return { recipient: nameOf(recipient), sender, wasOut }
  })
}
