/** A third of a minute of `npm run prove`: under load and faults, three nodes keep every promise. SEED repeats a run. */
import t, { type Test } from 'tap'
import { regressions, seedOf } from '../support/seed.js'
import { table } from './report.js'
import { soak } from './soak.js'

const SEED = seedOf('soak')

await t.test(`three nodes under load and faults keep every promise (seed ${SEED})`, async t => await run(t, SEED))

for (const { seed, found } of regressions.soak) {
  await t.test(`seed ${seed} does not find again: ${found}`, async t => await run(t, seed))
}

async function run (t: Test, seed: number): Promise<void> {
  const soaked = await soak(t, {
    on: 'server', fsync: 'everysec', seconds: 18, leastKinds: 9, seed, perSecond: 14, faultEverySeconds: 0.9, report: () => undefined
  })
  t.comment(`SEED=${seed}`)
  t.comment(table(soaked))
  for (const [breach, list] of soaked.judgement.found) t.strictSame(list.slice(0, 5), [], `${breach}, by seed ${seed}`)
  t.ok(soaked.judgement.figures.messages > 120, 'enough messages for a result')
  t.ok(soaked.faults.size > 8, 'enough kinds of faults for a result')
}
