#!/usr/bin/env node
/**
 * `npm test`: runs all tests, or the files and folders given as arguments. Each file runs in a process of its own, a few at a time.
 * A full run provides everything first; a single file provides what it needs when it needs it (test/support/provide.ts).
 * Options: --grep <pattern> runs the tests whose name matches, --only those marked `t.only`, --timeout <seconds>, --jobs <number>.
 * Prints a line for each file and the details of failures; the last line is always `N passed, N failed`.
 */
import { spawn } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { at, hash, root } from './kit.mjs'
import { setup } from './setup.mjs'

/** The longest files start first, so that none of them is left at the end. */
const longest = [
  'recovery/clocks', 'flow/master-away', 'property/controls', 'flow/late-receipts', 'fuzz/scripts', 'simulation/simulation', 'flow/two-nodes',
  'cli/commands', 'cli/operators', 'crash/callbacks', 'property/limiter', 'doctor/doctor', 'doctor/cli', 'flow/callbacks-outage', 'recovery/outage',
  'failure/retry-run', 'grafana/alerts', 'console/page', 'console/teams'
].map(nameOf)
/**
 * Most of these start many processes or load the machine on purpose: they run after the others, so that they do not slow them down; the
 * longest first.
 */
const last = [
  'bench/bench', 'prove/prove', 'crash/crash', 'flow/cluster', 'flow/sentinel', 'http/redis-faults', 'flow/rolling-restart',
  'flow/overload', 'grafana/panels', 'grafana/page', 'recovery/schedule', 'security/erase', 'security/leaks', 'security/fuzz'
].map(nameOf)
/** Run at the very end, one at a time: what the store writes by time beside a script counts as its instructions. */
const alone = ['bench/instructions'].map(nameOf)
/**
 * Long tests of rare faults. CI has twelve minutes for everything, so with CI set a full run takes a quarter of them, by the commit. Without CI, or
 * with FULL=1, all of them run. Neighbours in this list never run together.
 */
const rotating = [
  'recovery/clocks', 'flow/master-away', 'flow/late-receipts', 'fuzz/scripts', 'simulation/simulation', 'failure/retry-run', 'doctor/doctor',
  'flow/callbacks-outage', 'doctor/cli', 'recovery/outage', 'redis/clock-step', 'redis/closing', 'crash/callbacks', 'flow/two-nodes',
  'http/redis-faults', 'flow/rolling-restart', 'flow/many-senders', 'redis/stalls', 'flow/overload',
  'doctor/wrong-type', 'recovery/removed', 'grafana/page', 'redis/tls', 'doctor/cluster', 'dashboard/bull-terms', 'grafana/alerts'
].map(nameOf)
const ROTATIONS = 4
/** Tests wait for timers and for other processes more than for a processor, so more files than cores run at a time. */
const JOBS = { asked: 2, most: 5, last: 3 }
/**
 * A full run keeps both cores busy, and a test that waits for real processes can then miss a deadline. Files that failed run once more at its end,
 * alone; the second result counts, and the first is printed in full. Not these: their failure is a broken promise, under any load. Nor more than
 * AGAIN_AT_MOST files: that many do not fail by chance.
 */
const PROOFS = /^test\/(property|fuzz|simulation|crash|prove)\//
const AGAIN_AT_MOST = 8
/** A test process that did not end by its own timeout is killed. */
const KILL_AFTER_MS = 10_000

const { values: options, positionals: asked } = parseArgs({
  allowPositionals: true,
  options: {
    grep: { type: 'string', short: 'g', multiple: true },
    only: { type: 'boolean' },
    timeout: { type: 'string', default: '480' },
    jobs: { type: 'string' }
  }
})
const record = at('.tap', 'last-run.tap')
const running = new Set()
/** By file: its last result. */
const results = new Map()
let number = 0

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    for (const { pid } of running) process.kill(-pid, 'SIGKILL')
    process.exit(signal === 'SIGINT' ? 130 : 143)
  })
}
await setup(...asked.length > 0 ? ['dependencies'] : ['build', 'redis', 'monitoring', 'browser'])
// Only now: on a new machine setup has installed esbuild.
const { bundle } = await import('./bundle.mjs')
mkdirSync(at('.tap'), { recursive: true })
rmSync(record, { force: true })

const parts = plan()
const bundles = await bundle(parts.flatMap(({ files }) => files))
for (const { files, jobs } of parts) {
  const queue = files.map(file => ({ file, bundle: bundles[number++] }))
  await Promise.all(Array.from({ length: Number(options.jobs ?? jobs) }, async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await runFile(next)
  }))
}
if (asked.length === 0) await repeatFailed()
const total = { passed: 0, failed: 0 }
for (const { passed, failed } of results.values()) {
  total.passed += passed
  total.failed += failed
}
// A run without a single test proves nothing.
if (total.passed + total.failed === 0) total.failed = 1
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 ? 0 : 1

async function repeatFailed () {
  const failed = [...results.keys()].filter(file => results.get(file).failed > 0)
  if (failed.length > AGAIN_AT_MOST) return
  for (const file of failed.filter(file => !PROOFS.test(file))) {
    console.log(`once more, alone: ${file}`)
    await runFile({ file, bundle: results.get(file).bundle })
    if (results.get(file).failed === 0) console.log(`FLAKY: ${file} failed beside other tests and passed alone`)
  }
}

/** The files to run, in parts that run one after another. */
function plan () {
  const within = folder => readdirSync(at(folder), { recursive: true })
    .filter(file => file.endsWith('.test.ts')).map(file => `${folder}/${file}`).sort()
  if (asked.length > 0) {
    const names = [...new Set(asked.map(name => relative(root, resolve(name))))]
    const missing = names.filter(name => !existsSync(at(name)))
    if (missing.length > 0) {
      console.error(`no such test file: ${missing.join(', ')}`)
      process.exit(1)
    }
    return [{ files: names.flatMap(name => statSync(at(name)).isDirectory() ? within(name) : [name]), jobs: JOBS.asked }]
  }
  const left = leftOut()
  if (left.length > 0) console.log(`not in this run, another quarter of the long tests runs for each commit: ${left.join(', ')}`)
  const all = within('test').filter(file => !left.includes(file))
  const others = all.filter(file => ![...longest, ...last, ...alone].includes(file))
  const present = files => files.filter(file => all.includes(file))
  const missing = [...longest, ...last, ...alone, ...rotating].filter(file => !all.includes(file) && !left.includes(file))
  for (const file of missing) console.error(`bin/test.mjs orders ${file}, which does not exist`)
  return [
    { files: [...present(longest), ...others], jobs: JOBS.most },
    { files: present(last), jobs: JOBS.last },
    { files: present(alone), jobs: 1 }
  ]
}

/** SLUICE_SEED follows from the commit (.ci/run). */
function leftOut () {
  const { CI, FULL, SLUICE_SEED } = process.env
  if (!CI || FULL || !SLUICE_SEED) return []
  const share = Number.parseInt(hash(SLUICE_SEED).slice(0, 8), 16) % ROTATIONS
  return rotating.filter((_, at) => at % ROTATIONS !== share)
}

function nameOf (test) {
  return `test/${test}.test.ts`
}

async function runFile ({ file, bundle }) {
  const began = performance.now()
  const { code, output } = await runProcess(bundle)
  appendFileSync(record, `# ${file}\n${output}\n`)
  const { passed, failed } = count(output, code)
  results.set(file, { passed, failed, bundle })
  const lines = output.split('\n')
  if (failed > 0) for (const line of failuresIn(lines)) console.log(line)
  else for (const line of notesIn(lines)) console.log(line)
  console.log(`${failed === 0 ? 'ok' : 'not ok'} - ${file} # ${passed} passed, ${failed} failed, ${Math.round(performance.now() - began)} ms`)
}

/** In a process group of its own, so that one signal ends the test and all that it started. */
function runProcess (bundle) {
  const env = {
    ...process.env,
    TAP_TIMEOUT: options.timeout,
    ...options.grep === undefined ? {} : { TAP_GREP: options.grep.join('\n') },
    ...options.only ? { TAP_ONLY: '1' } : {}
  }
  const child = spawn(process.execPath, ['--enable-source-maps', bundle], { cwd: root, detached: true, stdio: ['ignore', 'pipe', 'inherit'], env })
  running.add(child)
  const timer = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), Number(options.timeout) * 1000 + KILL_AFTER_MS)
  let output = ''
  child.stdout.setEncoding('utf8').on('data', data => { output += data })
  return new Promise(resolve => {
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      running.delete(child)
      resolve({ code: code ?? signal, output })
    })
  })
}

/** From tap's closing line. An end that no failed test explains is a failure too. */
function count (output, code) {
  const summary = [...output.matchAll(/^# \{ total: \d+(.*)\}$/gm)].pop()?.[1] ?? ''
  const number = name => Number(new RegExp(`${name}: (\\d+)`).exec(summary)?.[1] ?? 0)
  const passed = number('pass')
  const failed = number('fail')
  return { passed, failed: failed === 0 && code !== 0 ? 1 : failed }
}

/** The output without the tests that passed. */
function failuresIn (lines) {
  const kept = []
  for (const line of lines) {
    const [, indent = '', name] = /^(\s*)ok \d+(?: - (.*?)(?: # time=.*)?)?$/.exec(line) ?? []
    if (name !== undefined) {
      const from = kept.lastIndexOf(`${indent}# Subtest: ${name}`)
      if (from !== -1) kept.length = from
    } else if (!/^\s*(ok \d+|TAP version .*|1\.\.\d+|)$|^# (?!Subtest)/.test(line)) kept.push(line)
  }
  return kept
}

/** Why tests were skipped, and, of files given as arguments, the comments of tests. */
function notesIn (lines) {
  return lines.flatMap(line => {
    const [, name, reason] = /^\s*ok \d+ - (.*) # SKIP (?!filter)(.*)$/.exec(line) ?? []
    if (name !== undefined) return [`    # skipped: ${name}: ${reason}`]
    return asked.length > 0 && /^\s*# (?!Subtest|time=|\{ total)/.test(line) ? [line] : []
  })
}
