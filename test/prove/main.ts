/** `npm run prove -- --minutes 30 --write`: ends with a result, which it puts into docs/proof.md, and with 1 if a promise was broken. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { factsOf, groupBy, type Fact } from './history.js'
import { isSpotless, judge } from './judge.js'
import { randomSeed } from '../support/seed.js'
import { table } from './report.js'
import type { Fsync, On } from './servers.js'
import { rules } from './settings.js'
import { soak } from './soak.js'
import { whyNotShown, writeResult } from './result.js'

const { values } = parseArgs({
  options: {
    on: { type: 'string', default: 'server' },
    fsync: { type: 'string', default: 'everysec' },
    minutes: { type: 'string' },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(randomSeed()) },
    rate: { type: 'string', default: '72' },
    'fault-every': { type: 'string', default: '3' },
    only: { type: 'string', multiple: true, default: [] },
    write: { type: 'boolean', default: false },
    /** Judges the facts that an earlier run kept, instead. */
    judge: { type: 'string' }
  }
})
if (values.judge !== undefined) {
  // JSON has no Infinity: what never ended has no end there.
  const facts = readFileSync(values.judge, 'utf8').split('\n').map(line => JSON.parse(line) as Fact)
    .map(fact => (fact.fact === 'trouble' || fact.fact === 'frozen') && fact.to === null ? { ...fact, to: Infinity } : fact)
  const judgement = judge({ rules, facts })
  console.log(table({ judgement, faults: new Map(), seconds: 0, settledInSeconds: 0 }))
  process.exit(isSpotless(judgement) ? 0 : 1)
}
const seconds = values.minutes === undefined ? Number(values.seconds) : Number(values.minutes) * 60
const duration = values.minutes === undefined ? `--seconds ${seconds}` : `--minutes ${values.minutes}`
const [on, fsync] = [values.on as On, values.fsync as Fsync]
const faultEvery = values['fault-every']
const only = values.only.map(text => ` --only '${text}'`).join('')
const times = `${duration} --seed ${values.seed} --rate ${values.rate} --fault-every ${faultEvery}`
const repeat = `npm run prove -- --on ${on} --fsync ${fsync} ${times}${only}`
console.log(`${seconds} s at ${values.rate} messages a second; to repeat it: ${repeat}`)
const endings: Array<() => unknown> = []
const soaked = await soak({ teardown: ending => endings.push(ending) }, {
  on,
  fsync,
  seconds,
  seed: Number(values.seed),
  perSecond: Number(values.rate),
  faultEverySeconds: Number(faultEvery),
  only: values.only,
  hasTemplates: true,
  report ({ second, posted, responded, arrived, faults, doing }) {
    console.log(`${String(second).padStart(5)} s  ${posted} posted, ${responded} responded, ${arrived} at the provider, ${faults} faults; ${doing}`)
  }
})
for (const ending of endings.reverse()) await ending()
console.log(`\n${table(soaked)}\n\ndone by operators: ${operationsOf(soaked.facts)}\n${teamsOf(soaked.facts)}\n${waitsOf(soaked.facts)}\n\n${repeat}`)
const isGood = isSpotless(soaked.judgement)
if (!isGood) {
  const file = join(tmpdir(), `prove-${values.seed}-${process.pid}.jsonl`)
  writeFileSync(file, soaked.facts.map(fact => JSON.stringify(fact)).join('\n'))
  console.log(`all facts are in ${file}`)
}
if (values.write) {
  const reason = whyNotShown(soaked)
  if (reason === null) writeResult(soaked, repeat)
  console.log(reason === null ? 'written to docs/proof.md' : `not written to docs/proof.md: ${reason}`)
}
console.log(isGood ? 'every promise held' : 'A PROMISE WAS BROKEN')
process.exit(isGood ? 0 : 1)

/** How often each action succeeded. */
function operationsOf (facts: Fact[]): string {
  const done = groupBy(factsOf(facts, 'operated').filter(({ http }) => http >= 200 && http < 300), ({ action }) => action)
  return [...done].map(([action, { length }]) => `${action} ${length}`).join(', ')
}

/** How often limits, keys, jobs and searches of several teams were met. */
function teamsOf (facts: Fact[]): string {
  const limited = factsOf(facts, 'responded').filter(({ status }) => status === 429).length
  const counts = { 'key-tried': 'keys refused after they left the file', 'job-ended': 'bulk jobs ended', found: 'searches' } as const
  const rest = Object.entries(counts).map(([kind, what]) => `${factsOf(facts, kind as keyof typeof counts).length} ${what}`)
  return `of teams: ${[`${limited} times 429`, ...rest].join(', ')}`
}

/** How many messages waited when they were accepted, by what for. */
function waitsOf (facts: Fact[]): string {
  const waiting = groupBy(factsOf(facts, 'responded').filter(({ waitingFor }) => waitingFor !== undefined), ({ waitingFor }) => waitingFor ?? '')
  return `waited for: ${[...waiting].map(([what, { length }]) => `${what} ${length}`).join(', ')}`
}
