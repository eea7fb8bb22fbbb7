/**
 * Random calls of all scripts, short form of `npm run fuzz`: no script fails, and after each call nothing contradicts anything, as the doctor
 * and an independent reading see it.
 */
import t from 'tap'
import { loadScripts } from '../../src/redis/scripts.js'
import { regressions } from '../support/regressions.js'
import { startRedis } from '../support/redis.js'
import { seedOf } from '../support/seed.js'
import { describeFailure, fuzz } from './fuzz.js'

/** Scripts that only the doctor calls, with --repair: test/doctor. */
const repairs = ['repair-message', 'repair-pair', 'repair-body', 'repair-schedule']
const STEPS = process.env['CI'] === undefined ? 1000 : 500

const redis = (await startRedis(t)).connect()
const seed = seedOf('fuzz')

await t.test(`after each of ${STEPS} calls everything fits together (seed ${seed})`, async t => {
  const fuzzed = await fuzz(redis, { seed, steps: STEPS })
  t.comment(`npm run fuzz -- --seed ${seed} --steps ${STEPS}`)
  t.equal(describeFailure(fuzzed), '')
  if (fuzzed.failure !== null) return
  if (STEPS < 1000) return
  const uncalled = loadScripts().map(({ name }) => name).filter(name => !fuzzed.calls.has(name) && !repairs.includes(name))
  t.strictSame(uncalled, [], 'every script was called')
})

for (const { seed, steps, found } of regressions.fuzz) {
  await t.test(`seed ${seed} does not find again: ${found}`, async t => {
    t.equal(describeFailure(await fuzz(redis, { seed, steps })), '')
  })
}
