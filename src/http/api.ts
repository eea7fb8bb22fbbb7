import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault } from 'fastify'
import type { AdmissionSettings } from '../admission/admit.js'
import { SluiceError } from '../errors.js'
import type { Explain } from '../failure/failure.js'
import type { RetryWorkerDeps } from '../failure/retry-worker.js'
import type { SenderRegistry } from '../sender-registry.js'

/** What the routes need of the house. */
export interface ApiDeps extends RetryWorkerDeps {
  settings: AdmissionSettings
  inlineWaitMs: number
  sandbox: boolean
  explain: Explain
  senders: SenderRegistry
  /** Names of the API keys: a caller's idempotency keys are its own, so a look-up by key asks for each. */
  callers: string[]
}

export type Api = FastifyInstance<RawServerDefault, RawRequestDefaultExpression, RawReplyDefaultExpression, FastifyBaseLogger, TypeBoxTypeProvider>

/** The sender that a request names, or the first one. Throws SENDER_UNKNOWN. */
export function chooseSender (deps: Pick<ApiDeps, 'senders'>, named: string | undefined): string {
  const sender = named ?? deps.senders.ids()[0] ?? ''
  if (!deps.senders.has(sender)) throw new SluiceError('SENDER_UNKNOWN', { field: 'sender' })
  return sender
}

/** The same for a new message: none is taken for a sender that leaves. */
export function acceptingSender (deps: Pick<ApiDeps, 'senders'>, named: string | undefined): string {
  const sender = chooseSender(deps, named)
  if (deps.senders.isDraining(sender)) throw new SluiceError('SENDER_UNKNOWN', { field: 'sender' })
  return sender
}
