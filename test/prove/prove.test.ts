/** A third of a minute of `npm run prove`: under load and faults, three nodes keep every promise. SLUICE_SEED or SEED repeats a run. */
import t from 'tap'
import { table } from './report.js'
import { soak } from './soak.js'

const SEED = Number(process.env['SLUICE_SEED'] ?? process.env['SEED'] ?? Math.floor(Math.random() * 1e6))

await t.test('three nodes under load and faults keep every promise', async t => {
  const soaked = await soak(t, {
    on: 'server', fsync: 'everysec', seconds: 22, seed: SEED, perSecond: 14, faultEverySeconds: 1.1, report: () => undefined
  })
  t.comment(`SEED=${SEED}`)
  t.comment(table(soaked))
  for (const [breach, list] of soaked.judgement.found) t.strictSame(list.slice(0, 5), [], `${breach}, by seed ${SEED}`)
  t.ok(soaked.judgement.figures.messages > 150, 'enough messages for a verdict')
  t.ok(soaked.faults.size > 8, 'enough kinds of faults for a verdict')
})
