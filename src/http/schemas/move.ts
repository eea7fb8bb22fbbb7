import { Type } from '@sinclair/typebox'
import { laneMeanings, oneOf } from './common.js'
import { time } from './post-message.js'

const scheduledFor = Type.Union([...time('').anyOf, Type.Null()], {
  ...time('When to send it at the earliest; null: as soon as its rate limits allow. What is left of its lifetime counts from then')
})

/** Where messages go; what is left out stays. */
export const moveFields = {
  priority: Type.Optional(oneOf(laneMeanings, 'The lane that it joins, behind older messages of its recipient and ahead of younger ones')),
  scheduledFor: Type.Optional(scheduledFor),
  expiresAt: Type.Optional(time('When it expires if it still waits: at most 30 days after it may be sent'))
}

export const MoveMessageSchema = Type.Object(moveFields, {
  $id: 'MoveMessage', additionalProperties: false, minProperties: 1, description: 'Where a waiting message goes; what is left out stays'
})
