import { createHash } from 'node:crypto'
import type { Gate } from '../parallel.js'
import { rawChanges } from './raw.js'
import type { Other } from './read.js'
import type { WebhookDeps, Work } from './receive.js'
import { mayReport } from './verify.js'

/**
 * The work that writes changes that are not statuses of our messages to the outbox, byte for byte. A change without a number, or for one that
 * this node does not serve, goes to the first sender of the app that signed. A change for a number that the app may not sign for is left out.
 * The work throws UNAVAILABLE where Redis cannot take it.
 */
export function relays (deps: WebhookDeps, gate: Gate, text: string, others: readonly Other[], signer: string): Work[] {
  if (others.length === 0) return []
  const { senders } = deps
  const changes = rawChanges(text)
  return others.flatMap(({ index, sender: named, kind }) => {
    const raw = changes[index]
    const sender = named !== null && senders.has(named) ? named : senders.ids().find(id => mayReport(senders, id, signer))
    if (raw === undefined || sender === undefined || !mayReport(senders, sender, signer)) return []
    const subject = `in:${createHash('sha256').update(`${sender} ${raw.entryId} ${raw.change}`).digest('base64url').slice(0, 22)}`
    const type = `whatsapp.${kind}`
    const data = `{"entry":${raw.entryId},"change":${raw.change}}`
    const work = async (): Promise<void> => {
      const { status } = await gate(async () => await deps.store.run('relay', { sender }, { subject, type, data }))
      if (status === 'kept') deps.events.emit('webhook.relayed', { sender, type })
    }
    return { sender, work }
  })
}
