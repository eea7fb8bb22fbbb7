import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault } from 'fastify'
import type { AdmissionSettings } from '../admission/admit.js'
import { SluiceError } from '../errors.js'
import type { Explain } from '../failure/failure.js'
import type { RetryWorkerDeps } from '../failure/retry-worker.js'
import type { SenderRegistry } from '../sender-registry.js'

/** Dependencies of the routes. */
export interface ApiDeps extends RetryWorkerDeps {
  settings: AdmissionSettings
  inlineWaitMs: number
  sandbox: boolean
  explain: Explain
  senders: SenderRegistry
  /** Names of the API keys. Idempotency keys belong to a caller, so a search by key asks for each. */
  callers: string[]
}

/** A scope whose routes are typed by their TypeBox schemas, requests and responses. */
export type Api = FastifyInstance<RawServerDefault, RawRequestDefaultExpression, RawReplyDefaultExpression, FastifyBaseLogger, TypeBoxTypeProvider>

/** The sender with this name, or the first one. Throws SENDER_UNKNOWN. */
export function chooseSender (deps: Pick<ApiDeps, 'senders'>, name: string | undefined): string {
  const sender = name ?? deps.senders.ids()[0] ?? ''
  if (!deps.senders.has(sender)) throw new SluiceError('SENDER_UNKNOWN', { field: 'sender' })
  return sender
}

/** The same for a message: an unknown or draining sender accepts no new one, yet it may have accepted this one before. */
export function senderForMessage (deps: Pick<ApiDeps, 'senders'>, name: string | undefined): { sender: string, refusal?: SluiceError } {
  const sender = name ?? deps.senders.ids()[0] ?? ''
  if (deps.senders.has(sender) && !deps.senders.isDraining(sender)) return { sender }
  return { sender, refusal: new SluiceError('SENDER_UNKNOWN', { field: 'sender' }) }
}

/** The sender with this name, or all senders that this node serves. Throws SENDER_UNKNOWN. */
export function chooseSenders (deps: Pick<ApiDeps, 'senders'>, name: string | undefined): readonly string[] {
  return name === undefined ? deps.senders.ids() : [chooseSender(deps, name)]
}
