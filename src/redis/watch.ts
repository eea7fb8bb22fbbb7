import type { Redis } from 'ioredis'
import type { Client } from './client.js'
import { serversOf } from './client.js'

/** Each server is asked so often. */
const ASK_MS = 500
/** A connection on which nothing came for so long is let go of. */
const SILENT_MS = 1500

/**
 * Asks each server behind a client again and again, and lets go of a connection that stays silent: a host that vanished closes
 * nothing, and until the kernel gives up, a quarter of an hour later, nobody would look for the server that serves in its place.
 * Returns what ends it.
 */
export function watch (client: Client, ask: (server: Redis) => Promise<unknown>): () => void {
  const heardAt = new WeakMap<Redis, number>()
  const asked = new WeakSet<Redis>()

  function look (server: Redis): void {
    const now = performance.now()
    if (server.status !== 'ready' && server.status !== 'connect') {
      heardAt.delete(server)
      return
    }
    const since = heardAt.get(server) ?? now
    heardAt.set(server, since)
    if (now - since > SILENT_MS) {
      heardAt.delete(server)
      server.disconnect(true)
    } else if (server.status === 'ready' && !asked.has(server)) {
      asked.add(server)
      listen(server).catch(() => undefined) // it stays silent
    }
  }

  async function listen (server: Redis): Promise<void> {
    try {
      await ask(server)
    } catch (error) {
      // Whatever the server itself says, it is there.
      if (!(error instanceof Error && error.name === 'ReplyError')) throw error
    } finally {
      asked.delete(server)
    }
    heardAt.set(server, performance.now())
  }

  const timer = setInterval(() => { serversOf(client).forEach(look) }, ASK_MS)
  timer.unref()
  return () => clearInterval(timer)
}
