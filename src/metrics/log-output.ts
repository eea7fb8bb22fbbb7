import type { Writable } from 'node:stream'
import { setImmediate as endOfTurn, setTimeout as sleep } from 'node:timers/promises'
import type { DestinationStream } from 'pino'

/** Characters that wait at most for whoever reads the log. */
const ROOM = 16 * 1024 * 1024
/** An ending process waits so long for it. */
const PATIENCE_MS = 1000

/**
 * Where the lines of the log go. Those of one turn of the event loop are written together, since a system call for each was the dearest part of
 * it. Nobody waits for a slow reader: what doesn't fit into its pipe is kept here, and beyond `maxBuffered` lines are dropped whole and `onDropped` hears how
 * many, once there is room again.
 */
export function createLogOutput (stream: Writable, onDropped: (lines: number) => void, maxBuffered = ROOM): DestinationStream {
  let lines = ''
  let count = 0
  let dropped = 0
  function flush (): void {
    const text = lines
    const added = count
    lines = ''
    count = 0
    if (stream.writableLength > maxBuffered) {
      dropped += added
      return
    }
    if (text !== '') stream.write(text)
    if (dropped === 0) return
    const before = dropped
    dropped = 0
    onDropped(before)
  }
  // A reader who has left wants no more; the gateway goes on.
  stream.on('error', () => undefined)
  process.on('exit', () => {
    flush()
    flush() // what the first had to say of dropped lines
  })
  return {
    write (line) {
      if (lines === '') setImmediate(flush)
      lines += line
      count++
    }
  }
}

/** Resolves once what was logged until now has been written, or after a second. */
export async function written (stream: Writable): Promise<void> {
  await endOfTurn()
  await Promise.race([new Promise<void>(resolve => { stream.write('', () => resolve()) }), sleep(PATIENCE_MS, undefined, { ref: false })])
}
