import type { Socket } from 'node:net'
import { Cluster } from 'ioredis'
import type { Redis } from 'ioredis'
import type { Client } from './client.js'
import { atEndOfTick } from './end-of-tick.js'

/**
 * Has what a client writes within one turn of the event loop go out together. One system call for each command is the
 * dearest part of it, here and in the server; gathered, nothing waits longer than until the other sockets have been read, and what can't wait so long is hurried.
 */
export function corkWrites (client: Client): void {
  if (client instanceof Cluster) client.on('+node', gatherOf)
  else gatherOf(client)
}

/** What is written already goes out now, where a turn's wait would be the larger cost. */
export function flush (servers: readonly Redis[]): void {
  for (const server of servers) (server.stream as Socket | undefined)?.uncork()
}

function gatherOf (server: Redis): void {
  server.on('connect', () => gather(server.stream as Socket))
}

function gather (socket: Socket): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean
  const send = (): void => socket.uncork()
  socket.write = (...args: unknown[]): boolean => {
    if (socket.writableCorked === 0) {
      socket.cork()
      atEndOfTick(send)
    }
    return write(...args)
  }
}
