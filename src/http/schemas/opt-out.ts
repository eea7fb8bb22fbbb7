import { Type } from '@sinclair/typebox'
import { count, flag, listOf, moment, senderName, text, textOrNull } from './common.js'

export const ListOptOutsSchema = Type.Object({
  sender: senderName,
  cursor: Type.String({ pattern: '^\\d{1,20}$', default: '0', description: '`nextCursor` of the page before' }),
  limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'How many, about' })
}, { additionalProperties: false })

export const OptOutQuerySchema = Type.Object({ sender: senderName }, { additionalProperties: false })

export const StopMarketingSchema = Type.Object({
  reason: Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\x00-\\x1f]*$', default: 'asked for', description: 'Why, for people to read' })
}, { $id: 'StopMarketing', additionalProperties: false, description: 'That a recipient wants no marketing' })

const known = {
  recipient: text('A number in digits, a business-scoped user id, or `group:<id>`; all spellings of a number are one'),
  sender: text('Phone number id of the sender'),
  since: moment('When it was said first')
}

export const OptOutSchema = Type.Object({
  ...known, by: text('`whatsapp`, or the API key that said so'), reason: text('Why: an error code of WhatsApp\'s, `user_preferences`, or what the caller gave')
}, { $id: 'OptOut', description: 'A recipient that wants no marketing from a sender' })

export const OptOutsSchema = Type.Object({ optOuts: listOf(OptOutSchema, 'In no order'), nextCursor: textOrNull('For the next page; null at the end. A page may be empty before it') }, { $id: 'OptOuts', description: 'A page of opt-outs' })

export const StoppedSchema = Type.Object({ ...known, wasOut: flag('It had been noted before'), dropped: count('Marketing messages that waited in line and were cancelled') }, { $id: 'MarketingStopped', description: 'An opt-out that is noted' })

export const ResumedSchema = Type.Object({ recipient: known.recipient, sender: known.sender, wasOut: flag('There was an opt-out to take away') }, { $id: 'MarketingResumed', description: 'An opt-out that is gone' })
