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

/** The sender with this name, or all senders that this node serves. Throws SENDER_UNKNOWN. */
export function chooseSenders (deps: Pick<ApiDeps, 'senders'>, name: string | undefined): readonly string[] {
  return name === undefined ? deps.senders.ids() : [chooseSender(deps, name)]
}

/** The same for a new message: a draining sender accepts none. */
export function chooseSenderForMessage (deps: Pick<ApiDeps, 'senders'>, name: string | undefined): string {
  const sender = chooseSender(deps, name)
  if (deps.senders.isDraining(sender)) throw new SluiceError('SENDER_UNKNOWN', { field: 'sender' })
  return sender
}
