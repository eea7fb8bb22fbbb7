import { isSpotless } from '../prove/judge.js'
import { runCell, type Result } from './cell.js'
import type { Ground } from './ground.js'
import { nameOf, type Cell } from './steps.js'
import { each } from '../support/until.js'

/**
 * Runs cells in parallel and reports each as it ends. Most of a cell's time is waiting for a lease. One whose process did not reach its
 * step, as happens where the machine is too busy, proves nothing: it runs once more.
 */
export async function runCells (
  ground: Ground,
  cells: Cell[],
  atOnce: number,
  report: (result: Result, done: number) => void = () => undefined
): Promise<Result[]> {
  let done = 0
  return await each(cells, atOnce, async cell => {
    const first = await runCell(ground, cell)
    const result = first.reached ? first : await runCell(ground, cell)
    report(result, ++done)
    return result
  })
}

/** The faults of a cell, one sentence each; none where it holds. */
export function faultsOf (result: Result): string[] {
  const faults: string[] = []
  if (!result.reached) faults.push('the step was not reached')
  if (result.error !== null) faults.push(result.error)
  // An incomplete run has no end to be judged by.
  if (faults.length > 0) return faults
  if (!isSpotless(result.judgement)) {
    for (const [breach, list] of result.judgement.found) {
      if (list.length > 0) faults.push(`${breach} (${list.length}): ${list.slice(0, 3).join('; ')}`)
    }
  }
  return faults
}

export function lineOf (result: Result): string {
  const faults = faultsOf(result)
  const { doubledAsAllowed, messages } = result.judgement.figures
  const doubled = doubledAsAllowed > 0 ? `, ${doubledAsAllowed} sent twice as allowed` : ''
  const details = faults.map(fault => `\n       ${fault}`).join('')
  const status = faults.length === 0 ? 'ok    ' : 'FAILED'
  return `${status} ${nameOf(result.cell)} (${messages} messages${doubled}, ${result.seconds.toFixed(1)} s)${details}`
}
