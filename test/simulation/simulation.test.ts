/** Short histories of whole nodes under virtual time, each repeated exactly by its seed. `npm run simulate` runs more of them. */
import t from 'tap'
import { seedOf } from '../support/seed.js'
import { build, drawFor, flaws } from './flaws.js'
import { figuresOf, MESSAGES, outageScenario } from './outage.js'
import { describe, show } from './report.js'
import { startServer } from './server.js'
import { simulate } from './simulate.js'
import { EPOCH_MS } from './virtual-time.js'

/** Histories that showed a fault, with what it was. Both the gateway and the simulation change, so a seed may show something else today. */
const regressions: Array<[seed: number, what: string]> = [
  [1004, 'the judge called a message late that waited for the second cool-down in a row of its pair'],
  [1022, 'the same, of a scheduled message'],
  [5105, 'a sender had its rules before its callbacks were enabled: what was sent in between was not called back'],
  [6092, 'the judge did not know that the stages of a half-open circuit are eight times as slow as a slow sender'],
  [289294112, 'a moment that Redis showed again after a step back was dated before the step'],
  [411207721, 'a grant that was given back after a step forward counted in the rate of its sender'],
  [411208007, 'a pause that a frozen node took up late was never ended'],
  [411208231, 'a message that came back from a frozen node counted as out of order'],
  [761000309, 'the judge did not know that connections that cannot be made open a circuit, so that an attempt beside the schedule was one too many']
]
/** New histories: as many as this time allows, and at least a few. */
const RUN_MS = 5000
const LEAST_RUNS = 3
const TAIL = 60
/** Histories in which a flaw has to be found. */
const TRIES = 25
const first = seedOf('simulation')
/** In CI a third of the flaws is tried, chosen by the seed. */
const tried = flaws.filter((_, i) => process.env['CI'] === undefined || i % 3 === first % 3)

const server = await startServer(t, EPOCH_MS * 1000)
if (server === null) t.comment('Redis cannot have a virtual clock here')
const options = server === null ? { skip: 'Redis cannot have a virtual clock here' } : {}

await t.test('a seed repeats its history to the last byte', options, async t => {
  if (server === null) return
  for (const seed of [first]) {
    const [one, other] = [await simulate(server, seed), await simulate(server, seed)]
    t.ok(one.facts.length > 10)
    t.equal(one.facts.map(show).join('\n'), other.facts.map(show).join('\n'), `seed ${seed}`)
  }
})

await t.test(`histories from seed ${first} on break no promise`, options, async t => {
  if (server === null) return
  const until = performance.now() + RUN_MS
  for (let seed = first; seed < first + LEAST_RUNS || performance.now() < until; seed++) {
    const simulated = await simulate(server, seed)
    t.ok(simulated.isGood, simulated.isGood ? `seed ${seed}` : describe(simulated, TAIL))
  }
})

for (const [fate, policy, mostUsed, mostFailed] of [
  // Attempts count until five recipients in a row have failed, and some recipients get several messages before.
  ['temporary', 'retry', 20, 0], ['hang', 'fail', 45, 45]
] as const) {
  await t.test(`an outage of two hours (${fate}, policy ${policy}), in short, fails no message that waits`, options, async t => {
    if (server === null) return
    const simulated = await simulate(server, first, null, outageScenario(fate, policy))
    const figures = figuresOf(simulated.facts, simulated.judgement.figures)
    t.comment(JSON.stringify(figures))
    t.ok(simulated.isGood, simulated.isGood ? '' : describe(simulated, TAIL))
    t.ok(figures.failed <= mostFailed, `${figures.failed} FAILED`)
    t.equal(figures.sent + figures.failed, MESSAGES)
    t.ok(figures.used <= mostUsed, `${figures.used} attempts used up`)
    t.ok(figures.clearedMs < 30_000, `cleared in ${figures.clearedMs} ms`)
  })
}

await t.test('histories that showed a fault break no promise', options, async t => {
  if (server === null) return
  for (const [seed, what] of regressions) {
    const simulated = await simulate(server, seed)
    t.ok(simulated.isGood, simulated.isGood ? what : describe(simulated, TAIL))
  }
})

for (const flaw of tried) {
  await t.test(`finds scripts without ${flaw.without}`, options, async t => {
    if (server === null) return
    const undo = build(server.redis, flaw)
    try {
      for (let seed = flaw.seed; seed < flaw.seed + TRIES; seed++) {
        const { judgement: { bySentence } } = await simulate(server, seed, null, drawFor(flaw))
        if (!flaw.breaks.some(sentence => bySentence.has(sentence))) continue
        t.pass(`seed ${seed}: sentences ${[...bySentence.keys()].join(', ')}`)
        return
      }
      t.fail(`not found in ${TRIES} histories from seed ${flaw.seed}`)
    } finally {
      undo()
    }
  })
}
