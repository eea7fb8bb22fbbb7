import type { Client } from './client.js'
import { serversOf } from './client.js'

let works: Array<() => void> = []

/** Runs work at the end of this tick of the event loop, once all sockets with data have been read. Work added meanwhile runs in the same tick. */
export function atEndOfTick (work: () => void): void {
  if (works.length === 0) setImmediate(runAll)
  works.push(work)
}

function runAll (): void {
  const failures: unknown[] = []
  // The list may grow meanwhile. An error does not stop the rest.
  for (let i = 0; i < works.length; i++) {
    try {
      works[i]?.()
    } catch (error) {
      failures.push(error)
    }
  }
  works = []
  if (failures.length > 0) throw failures[0]
}

/**
 * Corks the sockets of a client until the end of this tick, so that all commands of one tick share a system call: without it, that call is
 * the most expensive part of a command, here and in Redis. Unlike ioredis' `enableAutoPipelining`, no command waits for the reply to
 * another one.
 */
export function corkWrites (client: Client): void {
  for (const { stream } of serversOf(client)) {
    // There is no stream before the first connection.
    if (stream === undefined || stream.writableCorked > 0) continue
    stream.cork()
    atEndOfTick(() => stream.uncork())
  }
}

/** Sends now what a client has corked, where the rest of the tick would be too long a wait. */
export function flush (client: Client): void {
  for (const { stream } of serversOf(client)) stream?.uncork()
}
