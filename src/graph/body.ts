import { SluiceError } from '../errors.js'
import type { Addressing } from '../message.js'
import type { GraphMessage } from './schemas.js'

type Members = Record<string, unknown>

/** A body as far as the gateway has to understand it: a message with its recipient, or a request without one. */
export type Body =
  | { status: 'message', to: string, addressing: Addressing, type: string, message: Members, callbackData?: string }
  /** Mark as read and typing: a `status`, and no recipient. */
  | { status: 'passing', body: Members }

/**
 * Parses a validated body of the Cloud API. Meta adds fields several times a year, so every field that the gateway does not need is kept
 * unchanged. Throws INVALID_REQUEST for any body without a recipient but a status: what names a recipient in another member must not pass by the
 * pair rate.
 */
export function readBody ({ access_token: _, ...body }: GraphMessage): Body {
  const { messaging_product: _product, to: _to, recipient: _recipient, recipient_type: kind, biz_opaque_callback_data: data, ...message } = body
  const to = textOf(body.to)
  const recipient = textOf(body.recipient)
  if (to === '' && recipient === '') {
    const isStatus = typeof (body as Members)['status'] === 'string' && textOf(body.type) === ''
    if (!isStatus) throw new SluiceError('INVALID_REQUEST', { detail: 'The parameter to is required', field: 'to' })
    return { status: 'passing', body }
  }
  return {
    status: 'message',
    // As with Meta, `to` takes precedence.
    ...(to !== '' ? { to, addressing: kind === 'group' ? 'group' : 'phone' } : { to: recipient, addressing: 'user' }),
    type: textOf(body.type) || 'text',
    message,
    ...(textOf(data) === '' ? {} : { callbackData: textOf(data) })
  }
}

function textOf (value: string | number | null | undefined): string {
  return String(value ?? '')
}
