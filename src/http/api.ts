import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault } from 'fastify'
import { SluiceError } from '../errors.js'
import type { SenderRegistry } from '../sender-registry.js'

/** A scope whose routes are typed by their TypeBox schemas, requests and responses. */
export type Api = FastifyInstance<RawServerDefault, RawRequestDefaultExpression, RawReplyDefaultExpression, FastifyBaseLogger, TypeBoxTypeProvider>

/** The senders that this node serves. */
export type ServedSenders = Pick<SenderRegistry, 'ids' | 'has'>

/** The sender with this name, or the first one. Throws SENDER_UNKNOWN. */
export function chooseSender (senders: ServedSenders, name: string | undefined): string {
  const sender = name ?? senders.ids()[0] ?? ''
  if (!senders.has(sender)) throw new SluiceError('SENDER_UNKNOWN', { field: 'sender' })
  return sender
}

/** The sender of a posted message. An unknown or draining sender accepts no new message; `rejection` applies unless this one is a duplicate. */
export function senderForMessage (
  senders: Pick<SenderRegistry, 'ids' | 'has' | 'isDraining'>, name: string | undefined
): { sender: string, rejection?: SluiceError } {
  const sender = name ?? senders.ids()[0] ?? ''
  if (senders.has(sender) && !senders.isDraining(sender)) return { sender }
  return { sender, rejection: new SluiceError('SENDER_UNKNOWN', { field: 'sender' }) }
}

/** The sender with this name, or all senders that this node serves. Throws SENDER_UNKNOWN. */
export function chooseSenders (senders: ServedSenders, name: string | undefined): readonly string[] {
  return name === undefined ? senders.ids() : [chooseSender(senders, name)]
}
