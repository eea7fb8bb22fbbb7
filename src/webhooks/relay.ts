import { createHash } from 'node:crypto'
import { SluiceError } from '../errors.js'
import type { Gate } from '../parallel.js'
import { forAll } from '../parallel.js'
import { rawChanges } from './raw.js'
import type { Other } from './read.js'
import type { WebhookDeps } from './receive.js'
import { mayReport } from './verify.js'

/** Relayed changes in an outbox; beyond them Meta is asked to repeat the notification. */
const CAP = 100_000
const CONCURRENCY = 100

/**
 * Writes changes that are not statuses of our messages to the outbox, byte for byte. A change without a number, or for one that this node
 * does not serve, goes to the first sender of the app that signed. A change for a number that the app may not sign for is left out. Throws
 * UNAVAILABLE where Redis cannot take it.
 */
export async function relay (deps: WebhookDeps, gate: Gate, text: string, others: readonly Other[], signer: string): Promise<void> {
  if (others.length === 0) return
  const { senders } = deps
  const changes = rawChanges(text)
  await forAll(others, CONCURRENCY, async ({ index, sender: named, kind }) => {
    const raw = changes[index]
    const sender = named !== null && senders.has(named) ? named : senders.ids().find(id => mayReport(senders, id, signer))
    if (raw === undefined || sender === undefined || !mayReport(senders, sender, signer)) return
    const subject = `in:${createHash('sha256').update(`${sender} ${raw.entryId} ${raw.change}`).digest('base64url').slice(0, 22)}`
    const type = `whatsapp.${kind}`
    const data = `{"entry":${raw.entryId},"change":${raw.change}}`
    const { status } = await gate(async () => await deps.store.run('relay', { sender }, { subject, type, data, cap: CAP }))
    if (status === 'full') throw new SluiceError('UNAVAILABLE', { detail: 'the outbox of relayed webhooks is full', retryAfterMs: 60_000 })
    if (status === 'kept') deps.events.emit('webhook.relayed', { sender, type })
  })
}
