import type { Static } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import { flag, listOf, oneOf, ref, text } from '../http/schemas/common.js'
import { delayMs, expectedAt, nextRetryAt, position, states, waitingFor } from '../http/schemas/message.js'

/** Some SDKs write a number as a JSON number, and others every unset field as null. */
const textOrNumber = (description: string) => Type.Optional(Type.Union([Type.String(), Type.Number(), Type.Null()], { description }))

const recipientType = Type.Union([Type.Literal('individual'), Type.Literal('group'), Type.Null()], {
  description: '`group`: `to` is the id of a group'
})
const callbackData = Type.Union([Type.String({ maxLength: 512 }), Type.Null()], {
  description: 'Your own data on the message: stored here and returned with it. WhatsApp gets the gateway\'s own value instead'
})

/** Only what the gateway itself has to understand; everything else goes to WhatsApp unchanged. */
export const GraphMessageSchema = Type.Object({
  messaging_product: Type.Optional(Type.Literal('whatsapp', { description: 'Always the same' })),
  recipient_type: Type.Optional(recipientType),
  to: textOrNumber('The recipient: a number, or the id of a group. Takes precedence over `recipient`'),
  recipient: textOrNumber('The recipient\'s business-scoped user id'),
  type: Type.Optional(Type.Union([Type.String(), Type.Null()], { description: 'The member that holds the message, such as `text`' })),
  biz_opaque_callback_data: Type.Optional(callbackData),
  access_token: Type.Optional(Type.Unknown({ description: 'Not forwarded: an API key of this gateway is not for WhatsApp' }))
}, {
  $id: 'GraphMessage',
  additionalProperties: true,
  description: 'A body of WhatsApp\'s Cloud API. One with a `status` and without a recipient (mark as read, typing) is forwarded at once'
})

export type GraphMessage = Static<typeof GraphMessageSchema>

export const GraphWaitSchema = Type.Object({
  status: oneOf(states, 'The state of the message'),
  delay_ms: Type.Optional(delayMs),
  expected_at: Type.Optional(expectedAt),
  position: Type.Optional(position),
  waiting_for: Type.Optional(waitingFor),
  next_retry_at: Type.Optional(nextRetryAt)
}, { $id: 'GraphWait', description: 'The gateway\'s own data on a message that is not sent yet' })

export const GraphContactSchema = Type.Object({
  input: text('The recipient as the caller wrote it'),
  wa_id: Type.Optional(text('WhatsApp\'s id of the recipient; until WhatsApp gives one, what the caller wrote')),
  user_id: Type.Optional(text('The same for a recipient addressed by its user id'))
}, { $id: 'GraphContact', description: 'The recipient' })

export const GraphAcceptedSchema = Type.Object({
  id: text('WhatsApp\'s id of the message once it has one, else the gateway\'s'),
  message_status: Type.Optional(text('`accepted`, or WhatsApp\'s own status')),
  group_id: Type.Optional(text('The group')),
  sluice: Type.Optional(ref(GraphWaitSchema, 'Present until WhatsApp has the message'))
}, { $id: 'GraphAccepted', description: 'The message' })

export const GraphResponseSchema = Type.Object({
  messaging_product: text('`whatsapp`'),
  contacts: listOf([GraphContactSchema], 'One recipient'),
  messages: listOf([GraphAcceptedSchema], 'One message')
}, { $id: 'GraphResponse', description: 'A message is sent, or accepted' })

export const GraphPassedSchema = Type.Object({ success: flag('WhatsApp did it') }, {
  $id: 'GraphPassed', description: 'WhatsApp\'s own response to a forwarded request'
})

const errorData = Type.Object({
  messaging_product: text('`whatsapp`'),
  details: text('The gateway\'s stable code, then what exactly is wrong')
}, { description: 'Details' })

export const GraphErrorSchema = Type.Object({
  error: Type.Object({
    message: text('`(#code)` and a sentence'),
    type: text('`OAuthException`'),
    code: Type.Integer({ description: 'The closest of Meta\'s codes; if WhatsApp rejected the message, its own' }),
    error_subcode: Type.Optional(Type.Integer({ description: '33 with code 100: no such phone number id' })),
    is_transient: Type.Optional(flag('Retry after `Retry-After`')),
    error_data: errorData,
    fbtrace_id: text('The request\'s id, as in the header `X-Request-Id`')
  }, { description: 'As in the Graph API' })
}, { $id: 'GraphError', description: 'Why a request failed' })
