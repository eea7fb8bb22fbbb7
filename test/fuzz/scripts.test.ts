/**
 * Random calls of all scripts, short form of `npm run fuzz`: no script fails, and after each call nothing contradicts anything, as the doctor
 * and an independent reading see it.
 */
import t from 'tap'
import { loadScripts } from '../../src/redis/scripts.js'
import { regressions, seedOf } from '../support/seed.js'
import { describeFailure, fuzz, startServer } from './fuzz.js'

/** Scripts that only the doctor calls, with --repair: test/doctor. And those that know no sender. */
const repairs = [
  'repair-message', 'repair-pair', 'repair-hold', 'repair-body', 'repair-count', 'repair-schedule',
  'schedule-read', 'limit-caller', 'lease-shares'
]
const STEPS = process.env['CI'] === undefined ? 1000 : 500

/** A rare call may be missing in one run: so many more are played. */
const MORE_RUNS = STEPS >= 1000 ? 5 : 0

const server = await startServer(t)
const options = server === null ? { skip: 'Redis cannot have a virtual clock here' } : {}
const seed = seedOf('fuzz')

await t.test(`after each of ${STEPS} calls everything fits together (seed ${seed})`, options, async t => {
  if (server === null) return
  let uncalled = loadScripts().map(({ name }) => name).filter(name => !repairs.includes(name))
  for (let run = 0; run === 0 || (run <= MORE_RUNS && uncalled.length > 0); run++) {
    t.comment(`npm run fuzz -- --seed ${seed + run} --steps ${STEPS}`)
    const fuzzed = await fuzz(server, { seed: seed + run, steps: STEPS })
    t.equal(describeFailure(fuzzed), '')
    if (fuzzed.failure !== null) return
    uncalled = uncalled.filter(name => !fuzzed.calls.has(name))
  }
  if (MORE_RUNS > 0) t.strictSame(uncalled, [], 'every script was called')
})

for (const { seed, steps, found } of regressions.fuzz) {
  await t.test(`seed ${seed} does not find again: ${found}`, options, async t => {
    if (server === null) return
    t.equal(describeFailure(await fuzz(server, { seed, steps })), '')
  })
}
