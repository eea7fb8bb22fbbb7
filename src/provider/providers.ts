import type { Proxies } from '../config.js'
import type { Grant, Outcome, Provider } from '../message.js'
import type { Policy } from './policy.js'
import { standardPolicy } from './policy.js'
import type { HttpResponse } from './response.js'
import { checkToken, createWhatsAppProvider, parseTarget, type WhatsAppProvider } from './whatsapp.js'

/** The settings of one sender that its provider needs. */
export interface ProviderTarget {
  /** Phone number id. */
  id: string
  /** The API with its version, such as `https://graph.facebook.com/v25.0`. */
  url: string
  accessToken: string
  /** Most open connections: as many as the sender may have requests in flight. */
  connections: number
  /** Undefined where no proxy may be used. */
  proxies?: Proxies | undefined
}

/** The providers of all senders as one. Each has its own connection pool, so a slow sender takes no connection of another. */
export interface Providers extends Provider {
  /**
   * Adds new senders and applies changed settings; other senders stay as they are. A new token alone keeps the connections.
   * Requests in flight are not affected. Throws `CONFIG_INVALID` without changing anything.
   */
  apply: (targets: readonly ProviderTarget[]) => void
  /** Throws `CONFIG_INVALID` where `apply` would. */
  check: (targets: readonly ProviderTarget[]) => void
  /** Reads the node of a sender's phone number, in bounded time. `failure`: a code of Sluice. */
  fetchNumber: (id: string, fields: string) => Promise<HttpResponse | { failure: string }>
  /** Removes a sender and closes its connections. */
  drop: (id: string) => void
}

interface Entry { target: ProviderTarget, provider: WhatsAppProvider }

/** `sendTimeoutMs`: from the start of a request to the last byte of its response. Throws `CONFIG_INVALID`. */
export function createProviders (targets: readonly ProviderTarget[], sendTimeoutMs: number, policy: Policy = standardPolicy): Providers {
  const entries = new Map<string, Entry>()
  const closing = new Set<Promise<void>>()

  function retire ({ provider }: Entry): void {
    const closed = provider.close().finally(() => closing.delete(closed))
    closing.add(closed)
  }

  function prepare (target: ProviderTarget): () => void {
    const { id, url, accessToken, connections, proxies } = target
    const previous = entries.get(id)
    if (previous !== undefined && previous.target.url === url && previous.target.connections === connections) {
      if (previous.target.accessToken === accessToken) return () => {}
      checkToken(accessToken)
      return () => {
        previous.provider.renew(accessToken)
        previous.target = target
      }
    }
    const provider = createWhatsAppProvider({ url, accessToken, phoneNumberId: id, sendTimeoutMs, connections, proxies }, policy)
    return () => {
      entries.set(id, { target, provider })
      if (previous !== undefined) retire(previous)
    }
  }

  function apply (next: readonly ProviderTarget[]): void {
    for (const change of next.map(prepare)) change()
  }

  apply(targets)
  return {
    apply,
    check (targets) {
      for (const { id, url, accessToken } of targets) {
        parseTarget({ url, phoneNumberId: id })
        checkToken(accessToken)
      }
    },
    async send (grant: Grant, onStart?: () => void): Promise<Outcome> {
      return await (entries.get(grant.sender)?.provider.send(grant, onStart) ?? unserved)
    },
    async pass (sender, edge, body) {
      return await (entries.get(sender)?.provider.pass(edge, body) ?? { status: 'failed', code: 'SHUTTING_DOWN' })
    },
    async get (sender, path) {
      return await (entries.get(sender)?.provider.get(path) ?? { status: 'failed', code: 'SHUTTING_DOWN' })
    },
    async fetchNumber (id, fields) {
      return await (entries.get(id)?.provider.fetchNumber(fields) ?? { failure: 'SHUTTING_DOWN' })
    },
    drop (id) {
      const previous = entries.get(id)
      entries.delete(id)
      if (previous !== undefined) retire(previous)
    },
    async close () {
      for (const entry of entries.values()) retire(entry)
      entries.clear()
      await Promise.all(closing)
    }
  }
}

/** A sender that was removed between the grant and the send; the message keeps its place in the queue. */
const unserved: Outcome = {
  status: 'unsent', code: 'SHUTTING_DOWN', error: 'This node no longer serves the sender', startedAfterMs: null, durationMs: 0
}
