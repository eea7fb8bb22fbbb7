import type { Grant, Outcome, Provider } from '../message.js'
import type { Policy } from './policy.js'
import { standardPolicy } from './policy.js'
import { checkToken, createWhatsAppProvider, type WhatsAppProvider } from './whatsapp.js'

/** One sender as its provider needs it. */
export interface ProviderTarget {
  /** Phone number id. */
  id: string
  /** The API with its version. */
  url: string
  accessToken: string
  /** Connections held open at most: as many as the sender may have requests under way. */
  connections: number
}

/** The providers of all senders behind one. Each has a pool of its own, so a slow sender takes no other's connection. */
export interface Providers extends Provider {
  /**
   * Takes up added senders and changed settings; leaves senders that are not named as they are. A new token alone keeps
   * the connections. What is under way ends as it began. Throws `CONFIG_INVALID`, and then nothing has changed.
   */
  apply: (targets: readonly ProviderTarget[]) => void
  /** Forgets a sender that sends nothing any more. */
  drop: (id: string) => void
}

interface Held { target: ProviderTarget, provider: WhatsAppProvider }

/** `sendTimeoutMs`: from the start of a request to the last byte of its answer. Throws `CONFIG_INVALID`. */
export function createProviders (targets: readonly ProviderTarget[], sendTimeoutMs: number, policy: Policy = standardPolicy): Providers {
  const held = new Map<string, Held>()
  const endings = new Set<Promise<void>>()

  function retire ({ provider }: Held): void {
    const ending = provider.close().finally(() => endings.delete(ending))
    endings.add(ending)
  }

  function prepare (target: ProviderTarget): () => void {
    const { id, url, accessToken, connections } = target
    const former = held.get(id)
    if (former !== undefined && former.target.url === url && former.target.connections === connections) {
      if (former.target.accessToken === accessToken) return () => {}
      checkToken(accessToken)
      return () => {
        former.provider.renew(accessToken)
        former.target = target
      }
    }
    const provider = createWhatsAppProvider({ url, accessToken, phoneNumberId: id, sendTimeoutMs, connections }, policy)
    return () => {
      held.set(id, { target, provider })
      if (former !== undefined) retire(former)
    }
  }

  function apply (given: readonly ProviderTarget[]): void {
    for (const change of given.map(prepare)) change()
  }

  apply(targets)
  return {
    apply,
    async send (grant: Grant, onStart?: () => void): Promise<Outcome> {
      return await (held.get(grant.sender)?.provider.send(grant, onStart) ?? nobody)
    },
    async pass (sender, edge, body) {
      return await (held.get(sender)?.provider.pass(edge, body) ?? { status: 'failed', code: 'SHUTTING_DOWN' })
    },
    drop (id) {
      const former = held.get(id)
      held.delete(id)
      if (former !== undefined) retire(former)
    },
    async close () {
      for (const former of held.values()) retire(former)
      held.clear()
      await Promise.all(endings)
    }
  }
}

/** Only a sender that was dropped in this very moment has none; its message keeps its place. */
const nobody: Outcome = { status: 'unsent', code: 'SHUTTING_DOWN', error: 'This node does not serve the sender any more', startedAfterMs: null, durationMs: 0 }
