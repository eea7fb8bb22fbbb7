/** A minute of `npm run prove`: three nodes under load, everything fails that can, and every promise holds. SEED repeats a run. */
import t from 'tap'
import { table } from './report.js'
import { soak } from './soak.js'

/** By this one every kind of fault has come within the minute. */
const SEED = Number(process.env['SEED'] ?? (process.env['CI'] === undefined ? Math.floor(Math.random() * 1e6) : 20261140))

await t.test('under load and faults every promise holds', async t => {
  const soaked = await soak(t, { seconds: 60, seed: SEED, perSecond: 40, faultEverySeconds: 2.5, tell: () => undefined })
  t.comment(`SEED=${SEED}`)
  t.comment(table(soaked))
  for (const [breach, list] of soaked.judgement.found) t.strictSame(list.slice(0, 5), [], `${breach}, by seed ${SEED}`)
  t.ok(soaked.judgement.figures.messages > 1000, 'enough was sent to tell')
  t.ok(soaked.faults.size > 10, 'enough went wrong to tell')
})
