import { SingleBar } from 'cli-progress'
import { statSync } from 'node:fs'
import type { Tally } from './send-file.js'

/** A bar on stderr, by bytes of the file; none where nobody watches. */
export function createBar (file: string, isQuiet: boolean): { show: (tally: Tally, bytes: number) => void, end: () => void } {
  const bar = new SingleBar({ format: '{bar} {percentage} % | {lines} lines | {accepted} accepted | {known} known | {refused} refused | {eta_formatted}', hideCursor: true, clearOnComplete: true, stopOnComplete: false })
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  const isShown = !isQuiet && process.stderr.isTTY
  if (isShown) bar.start(size, 0, { lines: 0, accepted: 0, known: 0, refused: 0 })
  return {
    show (tally, bytes) { if (isShown) bar.update(bytes, tally) },
    end () { if (isShown) bar.stop() }
  }
}
