/**
 * The crash matrix, short: a node is killed or frozen at every step of a message, several steps to a node. `npm run
 * crash` runs each step in all eight kinds of cell; docs/proof.md has the results.
 */
import t from 'tap'
import { layGround } from './ground.js'
import { faultsOf, lineOf, runCells } from './matrix.js'
import { nameOf, sample } from './steps.js'

const ground = await layGround(t)

await t.test('wherever a node ends or freezes, no message is lost, none with a known outcome is sent twice, and none is sent too early', async t => {
  // CI has ten minutes for everything: every fifth cell.
  const cells = sample().filter((_, at) => process.env['CI'] === undefined || at % 5 === 0)
  const results = await runCells(ground, cells, 14)
  for (const result of results) {
    t.strictSame(faultsOf(result), [], nameOf(result.cell))
    t.comment(lineOf(result))
  }
})
