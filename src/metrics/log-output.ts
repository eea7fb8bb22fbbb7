import type { Writable } from 'node:stream'
import { setImmediate as endOfTick, setTimeout as sleep } from 'node:timers/promises'
import type { DestinationStream } from 'pino'

/** Characters that are buffered for a slow reader. */
const BUFFER_CHARS = 16 * 1024 * 1024
/** How long an exiting process waits for the reader. */
const FLUSH_TIMEOUT_MS = 1000

/**
 * The destination of log lines. Lines of one tick are written together, since a system call for each line was its greatest cost. The gateway
 * never waits for a slow reader: beyond `bufferChars` whole lines are dropped, and `onDropped` gets their number once lines fit again.
 */
export function createLogOutput (stream: Writable, onDropped: (lines: number) => void, bufferChars = BUFFER_CHARS): DestinationStream {
  let lines = ''
  let count = 0
  let dropped = 0
  function flush (): void {
    const text = lines
    const added = count
    lines = ''
    count = 0
    if (stream.writableLength > bufferChars) {
      dropped += added
      return
    }
    if (text !== '') stream.write(text)
    if (dropped === 0) return
    const before = dropped
    dropped = 0
    onDropped(before)
  }
  // The reader has closed its end; the gateway goes on without a log.
  stream.on('error', () => undefined)
  process.on('exit', () => {
    flush()
    flush() // the line about dropped lines that the first flush has added
  })
  return {
    write (line) {
      if (lines === '') setImmediate(flush)
      lines += line
      count++
    }
  }
}

/** Resolves once the lines logged so far are written, or after a second. */
export async function flushLog (stream: Writable): Promise<void> {
  await endOfTick()
  await Promise.race([new Promise<void>(resolve => { stream.write('', () => resolve()) }), sleep(FLUSH_TIMEOUT_MS, undefined, { ref: false })])
}
