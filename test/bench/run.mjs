#!/usr/bin/env node
/**
 * Measures the goals against their peers. README.md explains the method and the results.
 *
 *     npm run bench                      # all of it; writes results.json
 *     npm run bench -- --only 1          # one goal: 1 to 9, scale, scripts, instructions, open-loop or peers
 *     npm run bench -- --quick           # under a minute, with short rounds
 *     npm run bench -- --write           # also writes the tables of README.md and docs/capacity.md
 *     npm run bench -- --only scale --write    # measures a part again, and writes the tables with what was measured of the others
 *     npm run bench -- --only 5 --profile /tmp/profiles    # with a CPU profile of the gateway
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { capacityTable, unitCosts, unitTable } from './capacity.mjs'
import { accept } from './goals/accept.mjs'
import { batch } from './goals/batch.mjs'
import { client } from './goals/client.mjs'
import { drain } from './goals/drain.mjs'
import { growth } from './goals/growth.mjs'
import { inline } from './goals/inline.mjs'
import { instructions } from './goals/instructions.mjs'
import { lateness } from './goals/lateness.mjs'
import { memory } from './goals/memory.mjs'
import { openLoop } from './goals/open-loop.mjs'
import { peers } from './goals/peers.mjs'
import { scale } from './goals/scale.mjs'
import { scripts } from './goals/scripts.mjs'
import { whole } from './goals/whole.mjs'
import { Busy, createEnvironment } from './kit/environment.mjs'
import { busyNote, machine, settingsOf, tableOf } from './kit/report.mjs'
import { writeBlock } from './kit/write.mjs'

const parts = {
  1: accept,
  2: whole,
  3: memory,
  4: lateness,
  5: drain,
  6: growth,
  7: inline,
  8: batch,
  9: client,
  scale,
  scripts,
  instructions,
  'open-loop': openLoop,
  peers
}

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    profile: { type: 'string' },
    out: { type: 'string' }
  }
})
/** A quick run leaves out the parts without a goal. */
const isGoal = name => /^\d$/.test(name)
const names = Object.keys(parts).filter(name => options.only === undefined ? isGoal(name) || !options.quick : options.only.split(',').includes(name))
if (names.length === 0) throw new Error(`--only takes ${Object.keys(parts).join(', ')}`)
if (options.write && options.quick) throw new Error('--write is for whole rounds, not for --quick')
const rounds = options.quick ? 3 : 5
const seconds = options.quick ? 0.4 : 2
const isTerminal = process.stderr.isTTY

/** Exit code for a machine that is too busy to measure on: try again later. */
const TOO_BUSY = 75
/** A part that takes longer is considered hung. */
const WITHIN_MS = 1_200_000

if (busyNote() !== undefined) console.error(busyNote())
const found = []
const settings = []
const startedAt = performance.now()
for (const name of names) {
  const environment = createEnvironment()
  const report = text => process.stderr.write(isTerminal ? `\r\x1b[K${name}: ${text}` : `${name}: ${text}\n`)
  const late = setTimeout(() => {
    console.error(`${name} hangs`)
    process.exit(1)
  }, WITHIN_MS)
  try {
    report('starting')
    const from = performance.now()
    const entries = await parts[name]({ environment, rounds, seconds, quick: options.quick, report, profile: options.profile, write: options.write })
    const took = performance.now() - from
    found.push(...entries.map(one => ({ part: name, ...one })))
    settings.push({ part: name, ...machine(), seconds: Math.round(took / 1000) })
    report(`${(took / 1000).toFixed(0)} s`)
    if (isTerminal) process.stderr.write('\r\x1b[K')
  } catch (error) {
    // The other parts are still measured, but nothing is written.
    console.error(`${name}: ${error.stack}`)
    process.exitCode = error instanceof Busy ? TOO_BUSY : 1
  } finally {
    clearTimeout(late)
    await environment.end()
  }
}
const method = `${rounds} rounds of ${seconds} s`
const inAll = `${settingsOf([{ part: '', ...machine() }])} ${method}, ${((performance.now() - startedAt) / 1000).toFixed(0)} s in all.`
console.log(`${inAll}${busyNote() === undefined ? '' : `\n\nWarning: ${busyNote()}`}\n\n${tableOf(found)}`)
const here = name => fileURLToPath(new URL(name, import.meta.url))
if (options.out !== undefined) writeFileSync(options.out, `${JSON.stringify(found, null, 2)}\n`)
if (options.write) {
  const kept = JSON.parse(readFileSync(here('results.json'), 'utf8'))
  const isOld = ({ part }) => !settings.some(one => one.part === part)
  const merge = (before, now) => Object.keys(parts).flatMap(name => [...before.filter(isOld), ...now].filter(({ part }) => part === name))
  const results = { settings: merge(kept.settings, settings), entries: merge(kept.entries, found) }
  writeFileSync(here('results.json'), `${JSON.stringify(results, null, 2)}\n`)
  const costs = unitCosts(results.entries)
  writeBlock(here('README.md'), 'measured', `${method}. ${settingsOf(results.settings)}\n\n${tableOf(results.entries)}`)
  writeBlock(here('../../docs/capacity.md'), 'units', `${settingsOf(results.settings)}\n\n${unitTable(costs)}`)
  writeBlock(here('../../docs/capacity.md'), 'capacity', capacityTable(costs))
}
