/**
 * The crash matrix, short: a node is killed or frozen at every step of a message's life, each step in one of its eight kinds
 * of cell. `npm run crash` runs all of them; docs/proof.md tells what came of it.
 */
import t from 'tap'
import { layGround } from './ground.js'
import { faultsOf, lineOf, runCells } from './matrix.js'
import { nameOf, sample } from './steps.js'

const ground = await layGround(t)

await t.test('wherever a node ends or stands still, nothing is lost, nothing doubled that is known, and nothing too close', async t => {
  const results = await runCells(ground, sample(), 20)
  for (const result of results) {
    t.strictSame(faultsOf(result), [], nameOf(result.cell))
    t.comment(lineOf(result))
  }
})
