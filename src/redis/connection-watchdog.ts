import type { Redis } from 'ioredis'
import type { Client } from './client.js'
import { serversOf } from './client.js'

/** Interval between two checks of a server. */
const CHECK_MS = 500
/** A connection is closed after this many consecutive checks without a byte. */
const MAX_SILENT_CHECKS = 3

/** Bytes received at the last check of a server, and for how many checks that number has been the same. */
interface Received { bytes: number, silentChecks: number }

/**
 * Probes each server behind a client and closes a connection that stays silent. A host that vanished closes nothing: without this the client
 * would keep the connection until the kernel gives up, a quarter of an hour later, and would not find the server that replaced it.
 * Silence is counted in checks and not in time, and a check comes after the sockets were read: if this process was blocked, nothing was
 * received, and that says nothing about the server. Returns a function that stops it.
 */
export function startWatchdog (client: Client, probe: (server: Redis) => Promise<unknown>): () => void {
  const received = new WeakMap<Redis, Received>()
  const probing = new WeakSet<Redis>()

  function check (server: Redis): void {
    if (server.status !== 'ready' && server.status !== 'connect') {
      received.delete(server)
      return
    }
    const bytes = (server.stream as { bytesRead?: number } | undefined)?.bytesRead ?? 0
    const before = received.get(server)
    const silentChecks = before?.bytes === bytes ? before.silentChecks + 1 : 0
    received.set(server, { bytes, silentChecks })
    if (silentChecks >= MAX_SILENT_CHECKS) {
      received.delete(server)
      server.disconnect(true)
    } else if (server.status === 'ready' && !probing.has(server)) {
      probing.add(server)
      probe(server).catch(() => undefined).finally(() => probing.delete(server)) // any reply counts, an error too
    }
  }

  const timer = setInterval(() => { setImmediate(() => { serversOf(client).forEach(check) }) }, CHECK_MS)
  timer.unref()
  return () => clearInterval(timer)
}
