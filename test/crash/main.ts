/** `npm run crash`: the whole matrix, or the steps whose name holds the words given. Ends with 1 if a cell does not hold. */
import { parseArgs } from 'node:util'
import { layGround } from './ground.js'
import { faultsOf, lineOf, runCells } from './matrix.js'
import { writeTable } from './report.js'
import { cellsOf, nameOf, sample, steps } from './steps.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { once: { type: 'boolean' }, turn: { type: 'string', default: '0' }, 'at-once': { type: 'string', default: '16' }, write: { type: 'boolean' } }
})
const endings: Array<() => unknown> = []
const ground = await layGround({ teardown: ending => endings.push(ending) })
const chosen = values.once === true ? sample(Number(values.turn)) : cellsOf(steps)
const words = positionals.join(' ')
const cells = chosen.filter(cell => nameOf(cell).includes(words))
const results = await runCells(ground, cells, Number(values['at-once']), (result, done) => console.log(`${String(done).padStart(3)}/${cells.length} ${lineOf(result)}`))
const failed = results.filter(result => faultsOf(result).length > 0)
if (values.write === true) writeTable(results)
for (const ending of endings.reverse()) await ending()
console.log(`${results.length - failed.length} cells hold, ${failed.length} don't`)
process.exit(failed.length === 0 ? 0 : 1)
