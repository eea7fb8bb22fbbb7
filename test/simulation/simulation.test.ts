/** Short histories of whole nodes under virtual time, each repeated exactly by its seed. `npm run simulate` runs more of them. */
import t from 'tap'
import { seedOf } from '../support/seed.js'
import { build, flaws } from './flaws.js'
import { describe, show } from './report.js'
import { startServer } from './server.js'
import { simulate } from './simulate.js'
import { EPOCH_MS } from './virtual-time.js'

/** Histories that showed a fault, with what it was. Both the gateway and the simulation change, so a seed may show something else today. */
const regressions: Array<[seed: number, what: string]> = []
/** New histories: as many as this time allows, and at least a few. */
const RUN_MS = 5000
const LEAST_RUNS = 3
const TAIL = 60
/** Histories in which a flaw has to be found. */
const TRIES = 25
const first = seedOf('simulation')
/** In CI a third of the flaws is tried, chosen by the seed. */
const tried = flaws.filter((_, at) => process.env['CI'] === undefined || at % 3 === first % 3)

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
        const { judgement: { bySentence } } = await simulate(server, seed)
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
