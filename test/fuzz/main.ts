/** `npm run fuzz -- --seed N --steps N`: random calls of all scripts. Without a seed it plays one run after another, each with a new one. */
import { parseArgs } from 'node:util'
import { randomSeed } from '../support/seed.js'
import { describeFailure, fuzz, startServer } from './fuzz.js'

const { values } = parseArgs({
  options: { seed: { type: 'string' }, steps: { type: 'string', default: '20000' }, runs: { type: 'string', default: '1' } }
})
const endings: Array<() => unknown> = []
const server = await startServer({ teardown: ending => endings.push(ending) })
if (server === null) throw new Error('Redis cannot have a virtual clock here')
let failed = 0
for (let run = 0; run < Number(values.runs); run++) {
  const seed = values.seed === undefined ? randomSeed() : Number(values.seed) + run
  console.log(`npm run fuzz -- --seed ${seed} --steps ${values.steps}`)
  const fuzzed = await fuzz(server, {
    seed, steps: Number(values.steps), onStep (step) { if (step > 0 && step % 5000 === 0) console.log(`${step} steps`) }
  })
  console.log(`${fuzzed.steps} steps, ${fuzzed.messages} messages, calls: ${JSON.stringify(Object.fromEntries(fuzzed.calls))}`)
  if (fuzzed.failure !== null) {
    failed++
    console.log(describeFailure(fuzzed))
  }
}
for (const ending of endings.reverse()) await ending()
console.log(failed === 0 ? 'no violation' : `${failed} runs FAILED`)
process.exit(failed === 0 ? 0 : 1)
