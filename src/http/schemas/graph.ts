import type { Static } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import { count, flag, listOf, momentOrNull, oneOf, oneOfOrNull, ref, text } from './common.js'
import { waitingForMeanings, states } from './answer.js'

/** Some SDKs write a number as a number, and others every field that is not set as null. */
const written = (description: string) => Type.Optional(Type.Union([Type.String(), Type.Number(), Type.Null()], { description }))

/** Only what the gateway itself has to understand; whatever else stands there goes to WhatsApp as it is. */
export const GraphMessageSchema = Type.Object({
  messaging_product: Type.Optional(Type.Literal('whatsapp', { description: 'Always the same' })),
  recipient_type: Type.Optional(Type.Union([Type.Literal('individual'), Type.Literal('group'), Type.Null()], { description: '`group`: `to` is a group\'s id' })),
  to: written('The recipient: a number, or a group\'s id. Wins over `recipient`'),
  recipient: written('The recipient\'s business-scoped user id'),
  type: Type.Optional(Type.Union([Type.String(), Type.Null()], { description: 'Names the member that holds the message, such as `text`' })),
  biz_opaque_callback_data: Type.Optional(Type.Union([Type.String({ maxLength: 512 }), Type.Null()], { description: 'Your own note on the message: kept here and told with it. WhatsApp gets the gateway\'s in its place' })),
  access_token: Type.Optional(Type.Unknown({ description: 'Not passed on: a key of this gateway is not for WhatsApp' }))
}, { $id: 'GraphMessage', additionalProperties: true, description: 'A body of WhatsApp\'s Cloud API. Without a recipient (mark as read, typing) it is passed on at once' })

export type GraphMessage = Static<typeof GraphMessageSchema>

export const GraphWaitSchema = Type.Object({
  status: oneOf(states, 'Where the message stands'),
  delay_ms: Type.Optional(Type.Unsafe<number | null>({ type: ['integer', 'null'], minimum: 0, description: 'How long it will wait at least; null where no end is known' })),
  expected_at: Type.Optional(momentOrNull('The earliest moment at which it goes; null where no end is known')),
  position: Type.Optional(count('Its place in the recipient\'s line, from 1')),
  waiting_for: Type.Optional(oneOfOrNull(waitingForMeanings, 'What it waits for')),
  next_retry_at: Type.Optional(momentOrNull('When it is tried again, or decided on'))
}, { $id: 'GraphWait', description: 'The gateway\'s own word on a message that is not sent yet' })

export const GraphContactSchema = Type.Object({
  input: text('As it was written'),
  wa_id: Type.Optional(text('WhatsApp\'s id of the recipient; what was written until WhatsApp says otherwise')),
  user_id: Type.Optional(text('The same, where it is addressed by its user id'))
}, { $id: 'GraphContact', description: 'The recipient' })

export const GraphAcceptedSchema = Type.Object({
  id: text('WhatsApp\'s id of the message once it has one, else the gateway\'s'),
  message_status: Type.Optional(text('`accepted`, or what WhatsApp said')),
  group_id: Type.Optional(text('The group')),
  sluice: Type.Optional(ref(GraphWaitSchema, 'Stands here while WhatsApp does not have it'))
}, { $id: 'GraphAccepted', description: 'The message' })

export const GraphAnswerSchema = Type.Object({
  messaging_product: text('`whatsapp`'),
  contacts: listOf(GraphContactSchema, 'One'),
  messages: listOf(GraphAcceptedSchema, 'One')
}, { $id: 'GraphAnswer', description: 'A message is sent, or accepted' })

export const GraphPassedSchema = Type.Object({ success: flag('WhatsApp has done it') }, { $id: 'GraphPassed', description: 'WhatsApp\'s own answer to what is no message' })

export const GraphErrorSchema = Type.Object({
  error: Type.Object({
    message: text('`(#code)` and a sentence'),
    type: text('`OAuthException`'),
    code: Type.Integer({ description: 'The code of Meta\'s that says it best; where WhatsApp refused, its own' }),
    error_subcode: Type.Optional(Type.Integer({ description: '33 beside 100: no such phone number id' })),
    is_transient: Type.Optional(flag('A repeat after `Retry-After` makes sense')),
    error_data: Type.Object({ messaging_product: text('`whatsapp`'), details: text('The gateway\'s stable code, then what exactly is wrong') }, { description: 'More of it' }),
    fbtrace_id: text('The request\'s id, as in the header `X-Request-Id`')
  }, { description: 'As the Graph API has it' })
}, { $id: 'GraphError', description: 'Why it was not done' })
