/** No script that changes a message is missing in the matrix: a process ends before each, and after it. */
import t from 'tap'
import { list } from '../contract/tree.js'
import { tableOf } from './report.js'
import { steps } from './steps.js'

/** Scripts that change no message, or are tested elsewhere. */
const others: Record<string, RegExp> = {
  'they only read': /^(inspect-\w+|check-\w+|find-\w+)$/,
  'the doctor repeats a repair: test/doctor': /^repair-\w+$/,
  'counts for people to look at; what a node has not written is lost with it, as the script says': /^count-activity$/,
  'the next housekeeping repeats it: test/recovery/removed.test.ts': /^forget$/,
  'a setting that each start writes: test/flow/windows.test.ts': /^set-window-check$/,
  'the next read repeats it, and a setting that each start writes: test/flow/ceilings.test.ts': /^set-ceiling$/,
  'the next read repeats it: test/flow/health.test.ts': /^set-health$/,
  'callbacks: test/crash/callbacks.test.ts': /^(lease-callbacks|settle-callback|bounce|relay|erase-callbacks)$/,
  'a repeat only prolongs the cool-down: test/redis/clock-step.test.ts': /^cool-sender$/,
  'early webhooks, which WhatsApp repeats, and opt-outs': /^(park|unpark|opt-out)$/,
  'slots of a caller that are lost with its request come back with time': /^limit-caller$/,
  'it frees a key for a message that its caller posts again: test/lua/late-status.test.ts': /^release-key$/
}

await t.test('every script has a step before it and one after it', t => {
  const scripts = list('lua', '.lua').map(path => /^lua\/([\w-]+)\.lua$/.exec(path)?.[1] ?? '').filter(name => name !== '')
  const ofMessages = scripts.filter(name => !Object.values(others).some(pattern => pattern.test(name)))
  t.ok(ofMessages.length > 10)
  t.strictSame(
    ofMessages.flatMap(name => ['before', 'after'].map(side => `${name}:${side}`)).filter(point => !steps.some(step => step.point === point)),
    []
  )
  t.end()
})

await t.test('a table keeps the rows of steps that were not run, and takes no row of another table of the page', t => {
  const [name = ''] = steps.map(step => step.name)
  const row = `| ${name} |${' ok |'.repeat(8)}`
  t.match(tableOf([], `| ${name} | a fault | its fix |\n${row}`), new RegExp(`^8 of 8 cells hold\\.[^]*\\n${row.replaceAll('|', '\\|')}$`))
  t.end()
})
