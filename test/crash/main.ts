/**
 * `npm run crash`: the whole matrix, or the cells whose name contains one of the given texts; `--flaws`: whether it detects removed safeguards.
 * Exits with 1 if a cell fails, or a flaw is not found.
 */
import { parseArgs } from 'node:util'
import { tableOfFlaws, tryFlaws } from './flaws.js'
import { layGround } from './ground.js'
import { faultsOf, lineOf, runCells } from './matrix.js'
import { writeFlaws, writeTable } from './report.js'
import { randomSeed } from '../support/seed.js'
import { cellsOf, nameOf, sample, steps } from './steps.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    once: { type: 'boolean' },
    variant: { type: 'string', default: String(randomSeed() % 8) },
    'at-once': { type: 'string', default: '16' },
    write: { type: 'boolean' },
    flaws: { type: 'boolean' }
  }
})
if (values.flaws === true) {
  const all = await tryFlaws(({ flaw, isFound, output }) => console.log(`${isFound ? 'found ' : 'MISSED'} ${flaw.without}\n${output}`))
  if (values.write === true) writeFlaws(tableOfFlaws(all))
  process.exit(all.every(({ isFound }) => isFound) ? 0 : 1)
}
const endings: Array<() => unknown> = []
const ground = await layGround({ teardown: ending => endings.push(ending) })
if (values.once === true) console.log(`to repeat it: npm run crash -- --once --variant ${values.variant}`)
const chosen = values.once === true ? sample(Number(values.variant)) : cellsOf(steps)
const cells = chosen.filter(cell => positionals.length === 0 || positionals.some(words => nameOf(cell).includes(words)))
const results = await runCells(ground, cells, Number(values['at-once']), (result, done) =>
  console.log(`${String(done).padStart(3)}/${cells.length} ${lineOf(result)}`)
)
const failed = results.filter(result => faultsOf(result).length > 0)
if (values.write === true) writeTable(results)
for (const ending of endings.reverse()) await ending()
console.log(`${results.length - failed.length} cells hold, ${failed.length} don't`)
process.exit(failed.length === 0 ? 0 : 1)
