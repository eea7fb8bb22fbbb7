import { createHash } from 'node:crypto'
import { SluiceError } from '../errors.js'
import type { Gate } from '../parallel.js'
import { inParallel } from '../parallel.js'
import { rawChanges } from './raw.js'
import type { Other } from './read.js'
import type { WebhookDeps } from './receive.js'

/** Changes in an outbox at most; beyond them Meta is asked to tell it again. */
const CAP = 100_000
const AT_ONCE = 100

/**
 * Puts what is none of our statuses into the outbox, byte for byte. What is about no number, or one that is not served here, goes
 * with the first sender of the app that signed; what an app says of a number that is not its own is left out. Throws
 * UNAVAILABLE where Redis can't take it.
 */
export async function relay (deps: WebhookDeps, gate: Gate, text: string, others: readonly Other[], signer: string): Promise<void> {
  if (others.length === 0) return
  const changes = rawChanges(text)
  await inParallel(others, AT_ONCE, async ({ index, sender: named, kind }) => {
    const raw = changes[index]
    const sender = named !== null && deps.senders.includes(named) ? named : deps.senders.find(one => isSigned(deps, one, signer))
    if (raw === undefined || sender === undefined || !isSigned(deps, sender, signer)) return
    const subject = `in:${createHash('sha256').update(`${sender} ${raw.entryId} ${raw.change}`).digest('base64url').slice(0, 22)}`
    const type = `whatsapp.${kind}`
    const { status } = await gate(async () => await deps.store.run('relay', { sender }, { subject, type, data: `{"entry":${raw.entryId},"change":${raw.change}}`, cap: CAP }))
    if (status === 'full') throw new SluiceError('UNAVAILABLE', { detail: 'too much waits to be relayed', retryAfterMs: 60_000 })
    if (status === 'kept') deps.events.emit('webhook.relayed', { sender, type })
  })
}

function isSigned (deps: WebhookDeps, sender: string, signer: string): boolean {
  return deps.appSecretsOf(sender).includes(signer)
}
