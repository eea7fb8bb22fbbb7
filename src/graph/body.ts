import { SluiceError } from '../errors.js'
import type { GraphMessage } from '../http/schemas/graph.js'
import type { Addressing } from '../message.js'

type Members = Record<string, unknown>

/** A body as far as the gateway has to understand it: whom it is for, or that it is for nobody. */
export type Body =
  | { status: 'message', to: string, addressing: Addressing, type: string, message: Members, callbackData?: string }
  /** Mark as read, typing, and whatever else Meta thinks of that reaches no recipient. */
  | { status: 'passing', body: Members }

/**
 * Reads a body of the Cloud API, its shape already checked. The field set grows several times a year, so all that the gateway
 * doesn't need itself is kept as it came. Throws INVALID_REQUEST where a message has no recipient.
 */
export function readBody (given: GraphMessage): Body {
  const { access_token: _, ...body } = given
  const { messaging_product: _product, to: _to, recipient: _recipient, recipient_type: kind, biz_opaque_callback_data: data, ...message } = body
  const to = textOf(body.to)
  const recipient = textOf(body.recipient)
  if (to === '' && recipient === '') {
    // Without a recipient it reaches nobody, whatever it is; but who names a type has forgotten one.
    if (textOf(body.type) !== '') throw new SluiceError('INVALID_REQUEST', { detail: 'The parameter to is required', field: 'to' })
    return { status: 'passing', body }
  }
  return {
    status: 'message',
    // As with Meta, `to` wins where both are given.
    ...(to !== '' ? { to, addressing: kind === 'group' ? 'group' : 'phone' } : { to: recipient, addressing: 'user' }),
    type: textOf(body.type) || 'text',
    message,
    ...(textOf(data) === '' ? {} : { callbackData: textOf(data) })
  }
}

function textOf (value: string | number | null | undefined): string {
  return String(value ?? '')
}
