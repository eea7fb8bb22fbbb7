#!/usr/bin/env node
/**
 * The goals, measured against their peers. README.md tells how, and how to read what comes out.
 *
 *     npm run bench                      # all of it
 *     npm run bench -- --only 1          # one goal: 1 to 8, scripts or open-loop
 *     npm run bench -- --quick           # under a minute, with short rounds
 *     npm run bench -- --write           # also writes the tables of README.md and docs/capacity.md
 *     npm run bench -- --only 5 --profile /tmp/profiles    # with a CPU profile of the gateway
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { accept } from './goals/accept.mjs'
import { batch } from './goals/batch.mjs'
import { drain } from './goals/drain.mjs'
import { growth, scripts } from './goals/growth.mjs'
import { inline } from './goals/inline.mjs'
import { lateness } from './goals/lateness.mjs'
import { memory } from './goals/memory.mjs'
import { openLoop } from './goals/open-loop.mjs'
import { whole } from './goals/whole.mjs'
import { createGround } from './kit/ground.mjs'
import { machine, tableOf } from './kit/report.mjs'

const parts = { 1: accept, 2: whole, 3: memory, 4: lateness, 5: drain, 6: growth, 7: inline, 8: batch, scripts, 'open-loop': openLoop }

const { values: asked } = parseArgs({ options: { only: { type: 'string' }, quick: { type: 'boolean', default: false }, write: { type: 'boolean', default: false }, profile: { type: 'string' }, out: { type: 'string' } } })
/** What no goal is set for is left out where it has to be quick. */
const isGoal = name => /^\d$/.test(name)
const names = Object.keys(parts).filter(name => asked.only === undefined ? isGoal(name) || !asked.quick : asked.only.split(',').includes(name))
if (names.length === 0) throw new Error(`--only takes ${Object.keys(parts).join(', ')}`)
const rounds = asked.quick ? 3 : 5
const seconds = asked.quick ? 0.4 : 2
const isTerminal = process.stderr.isTTY

/** A part that takes longer hangs. */
const WITHIN_MS = 1_200_000

const found = []
const began = performance.now()
for (const name of names) {
  const ground = createGround()
  const tell = text => process.stderr.write(isTerminal ? `\r\x1b[K${name}: ${text}` : asked.quick ? '' : `${name}: ${text}\n`)
  const late = setTimeout(() => {
    console.error(`${name} hangs`)
    process.exit(1)
  }, WITHIN_MS)
  try {
    tell('starting')
    const from = performance.now()
    const entries = await parts[name]({ ground, rounds, seconds, quick: asked.quick, tell, profile: asked.profile })
    found.push(...entries)
    tell(`${((performance.now() - from) / 1000).toFixed(0)} s`)
    if (isTerminal) process.stderr.write('\r\x1b[K')
  } finally {
    clearTimeout(late)
    await ground.end()
  }
}
console.log(`${machine()}, ${rounds} rounds of ${seconds} s, ${((performance.now() - began) / 1000).toFixed(0)} s in all\n`)
console.log(tableOf(found))
const out = asked.out ?? (asked.quick || asked.only !== undefined ? undefined : new URL('results.json', import.meta.url))
if (out !== undefined) writeFileSync(out, `${JSON.stringify(found, null, 2)}\n`)
