import type { Redis } from 'ioredis'
import type { Client } from './client.js'
import { serversOf } from './client.js'

/** Interval between two checks of a server. */
const ASK_MS = 500
/** A connection is closed after this many consecutive checks without a byte. */
const SILENT_LOOKS = 3

/** Bytes received when a server was last checked, and for how many checks that number has been the same. */
interface Heard { bytes: number, silentFor: number }

/**
 * Probes each server behind a client and closes a connection that stays silent. A host that vanished closes nothing: without this the client
 * would keep the connection until the kernel gives up, a quarter of an hour later, and would not look for the server that replaced it.
 * Silence is counted in checks and not in time, and a check comes after the sockets were read: where this process stood still, nothing was
 * received, and that says nothing about the server. Returns a function that stops it.
 */
export function watch (client: Client, ask: (server: Redis) => Promise<unknown>): () => void {
  const wait = new WeakMap<Redis, Heard>()
  const asked = new WeakSet<Redis>()

  function look (server: Redis): void {
    if (server.status !== 'ready' && server.status !== 'connect') {
      wait.delete(server)
      return
    }
    const bytes = (server.stream as { bytesRead?: number } | undefined)?.bytesRead ?? 0
    const before = wait.get(server)
    const silentFor = before?.bytes === bytes ? before.silentFor + 1 : 0
    wait.set(server, { bytes, silentFor })
    if (silentFor >= SILENT_LOOKS) {
      wait.delete(server)
      server.disconnect(true)
    } else if (server.status === 'ready' && !asked.has(server)) {
      asked.add(server)
      ask(server).catch(() => undefined).finally(() => asked.delete(server)) // any reply counts, an error too
    }
  }

  const timer = setInterval(() => { setImmediate(() => { serversOf(client).forEach(look) }) }, ASK_MS)
  timer.unref()
  return () => clearInterval(timer)
}
