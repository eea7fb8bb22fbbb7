/**
 * The crash matrix, short: a node is killed or frozen at every step of a message, several steps to a node. `npm run
 * crash` runs each step in all eight kinds of cell; docs/proof.md has the results.
 */
import t from 'tap'
import { layGround } from './ground.js'
import { faultsOf, lineOf, runCells } from './matrix.js'
import { regressions, seedOf } from '../support/seed.js'
import { nameOf, sample } from './steps.js'

/** All cells take ten minutes: every second one, in CI every eighth, by the seed others for each commit. The seed also decides the kind of cell. */
const SHARE = process.env['CI'] === undefined ? 2 : 8
const SEED = seedOf('crash')

const ground = await layGround(t)

for (const { seed, found } of [{ seed: SEED, found: '' }, ...regressions.crash]) {
  const title = 'wherever a node ends or freezes, no message is lost, none with a known outcome is sent twice, and none is sent too early'
  await t.test(`${title} (seed ${seed}) ${found}`, async t => {
    t.comment(`SEED=${seed}`)
    const cells = sample(seed).filter((_, i) => (i + seed) % SHARE === 0)
    const results = await runCells(ground, cells, 14)
    for (const result of results) {
      t.strictSame(faultsOf(result), [], nameOf(result.cell))
      t.comment(lineOf(result))
    }
  })
}
