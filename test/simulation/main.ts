/** `npm run simulate -- --seed N --runs N`: runs histories from a seed on, and prints the broken promises of each. */
import { parseArgs } from 'node:util'
import { build, drawFor, flaws } from './flaws.js'
import { describe } from './report.js'
import { startServer } from './server.js'
import { simulate } from './simulate.js'
import { EPOCH_MS } from './virtual-time.js'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    runs: { type: 'string', default: '1000' },
    'stop-after': { type: 'string', default: '3' },
    tail: { type: 'string', default: '0' },
    trace: { type: 'boolean', default: false },
    flaw: { type: 'string' }
  }
})
const endings: Array<() => unknown> = []
const server = await startServer({ teardown: ending => endings.push(ending) }, EPOCH_MS * 1000)
if (server === null) throw new Error('Redis cannot have a virtual clock here')
const flaw = flaws.find(({ without }) => values.flaw !== undefined && without.includes(values.flaw))
if (flaw !== undefined) build(server.redis, flaw)
const first = Number(values.seed)
const runs = Number(values.runs)
console.log(`${runs} histories from seed ${first}`)
const startedAt = performance.now()
let failed = 0
let done = 0
let virtualMs = 0
let commands = 0
for (; done < runs && failed < Number(values['stop-after']); done++) {
  const simulated = await simulate(server, first + done, values.trace ? line => console.log(line) : null, flaw && drawFor(flaw))
  virtualMs += simulated.virtualMs
  commands += simulated.commands
  if ((done + 1) % 50 === 0) console.log(`${done + 1} histories, ${failed} with broken promises`)
  if (!simulated.isGood) {
    failed++
    console.log(describe(simulated, Number(values.tail)))
  }
}
const seconds = (performance.now() - startedAt) / 1000
console.log(`${done} histories, ${failed} with broken promises; ${(done / seconds).toFixed(1)} a second, ` +
  `${Math.round(virtualMs / done / 1000)} s of virtual time and ${Math.round(commands / done)} commands each`)
for (const ending of endings.reverse()) await ending()
process.exitCode = failed === 0 ? 0 : 1
