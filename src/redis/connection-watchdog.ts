import type { Redis } from 'ioredis'
import type { Client } from './client.js'
import { serversOf } from './client.js'

/** Each server is asked so often. */
const ASK_MS = 500
/** A connection on which nothing came for so many looks, though something was asked, is let go of. */
const SILENT_LOOKS = 3

/** What a server had said when it was last looked at, in bytes, and how many looks ago that was new. */
interface Heard { bytes: number, silentFor: number }

/**
 * Asks each server behind a client again and again, and lets go of a connection that stays silent: a host that vanished closes
 * nothing, and until the kernel gives up, a quarter of an hour later, nobody would look for the server that serves in its place.
 * Silence is counted in looks and not in time, and a look comes after the sockets were read: a process that stood still or was busy has
 * heard nothing, which says nothing of the server. Returns what ends it.
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
      ask(server).catch(() => undefined).finally(() => asked.delete(server)) // whatever it says, it is heard
    }
  }

  const timer = setInterval(() => { setImmediate(() => { serversOf(client).forEach(look) }) }, ASK_MS)
  timer.unref()
  return () => clearInterval(timer)
}
