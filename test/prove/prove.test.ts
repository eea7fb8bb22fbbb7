/** A minute of `npm run prove`: under load and every kind of fault, three nodes keep every promise. SEED repeats a run. */
import t from 'tap'
import { table } from './report.js'
import { soak } from './soak.js'

/** With this seed every kind of fault occurs within the minute. */
const SEED = Number(process.env['SEED'] ?? (process.env['CI'] === undefined ? Math.floor(Math.random() * 1e6) : 20261140))

await t.test('three nodes under load and faults keep every promise', async t => {
  const soaked = await soak(t, { seconds: 60, seed: SEED, perSecond: 40, faultEverySeconds: 2.5, report: () => undefined })
  t.comment(`SEED=${SEED}`)
  t.comment(table(soaked))
  for (const [breach, list] of soaked.judgement.found) t.strictSame(list.slice(0, 5), [], `${breach}, by seed ${SEED}`)
  t.ok(soaked.judgement.figures.messages > 1000, 'enough messages for a verdict')
  t.ok(soaked.faults.size > 10, 'enough kinds of faults for a verdict')
})
