#!/usr/bin/env node
/**
 * `npm test`: whatever is missing is installed and built; then all tests run, or the files given as arguments. On a
 * terminal with tap's own report, elsewhere with a line for each test file, what files that were asked for have to say, and the whole
 * story of those that fail.
 * The last line is always `N passed, N failed`.
 */
import { spawn } from 'node:child_process'
import { createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { setup } from './setup.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const record = `${root}.tap/last-run.tap`
/** The longest of the others: begun first, so that none of them is left at the end. */
const longest = ['property/controls', 'flow/two-nodes', 'cli/commands', 'crash/callbacks', 'property/limiter', 'grafana/papers', 'console/page'].map(nameOf)
/**
 * Most of these start many processes or load the machine on purpose: they run after the others, so that these are not slowed down; the
 * longest first. They wait more than they work, for leases, elections and scrapes, so a third finds room beside two.
 */
const later = [
  'bench/bench', 'prove/prove', 'crash/crash', 'flow/cluster', 'flow/sentinel', 'http/redis-trouble', 'flow/rolling-restart', 'flow/overload', 'grafana/panels',
  'grafana/page', 'recovery/agenda', 'security/erase', 'security/leaks', 'security/fuzz'
].map(nameOf)
const isAsked = process.argv.length > 2
const isTerminal = process.stdout.isTTY && !/^(1|true)$/.test(process.env.CI ?? '')

await setup()
mkdirSync(`${root}.tap`, { recursive: true })
rmSync(record, { force: true })
// Not before the set-up: on a new machine it installs what this needs.
const { bundle, named } = await import('./bundle.mjs')

const total = { passed: 0, failed: 0 }
let worst = 0
for (const options of await plan(process.argv.slice(2))) {
  const code = isTerminal ? await runForPeople(options) : await runForLogs(options)
  const { passed, failed } = count(code)
  total.passed += passed
  total.failed += failed
  worst ||= code
}
const { passed, failed } = total
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : worst || 1

/** What tap is told, run by run: the files that were asked for, or all of them in parts. */
async function plan (asked) {
  const isFile = word => word.endsWith('.test.ts')
  const within = folder => readdirSync(root + folder, { recursive: true }).filter(isFile).map(file => `${folder}/${file}`).sort()
  const isFolder = word => existsSync(root + word) && statSync(root + word).isDirectory()
  const words = asked.flatMap(word => isFolder(word) ? within(word.replace(/\/$/, '')) : [word])
  // These wait for timers and for each other's answers more than for a core.
  const others = within('test').filter(file => !longest.includes(file) && !later.includes(file))
  const parts = isAsked ? [words] : [['--jobs=4', ...longest, ...others], ['--jobs=3', ...later]]
  const bundles = await bundle(parts.flat().filter(isFile))
  return parts.map(words => words.map(word => bundles.get(word) ?? word))
}

function nameOf (test) {
  return `test/${test}.test.ts`
}

async function runForPeople (options) {
  rmSync(record, { force: true })
  return await ended(tap(['-o', record, ...(isAsked ? ['--comments'] : []), ...options], 'inherit'))
}

async function runForLogs (options) {
  rmSync(record, { force: true })
  const child = tap(['-R', 'tap', ...options], 'pipe')
  const file = createWriteStream(record)
  child.stdout.pipe(file)
  const report = createReport()
  createInterface({ input: child.stdout }).on('line', line => report.add(named(line))).on('close', () => report.end())
  const [code] = await Promise.all([ended(child), finished(file)])
  return code
}

/** tap writes a file's whole story, then the file's own line, then what became of its process; one file after another. */
function createReport () {
  let story = []
  let isAfterwards = false
  const tell = () => {
    const dull = /^\s*$|^\s+ok \d|^TAP version|^1\.\.\d|^# (?!Subtest)/
    for (const line of story) if (!dull.test(line)) console.log(line)
  }
  // What a test has to say beside its verdict: of a file that was asked for, somebody wants to read it.
  const comment = /^\s+# (?!Subtest|time=)/
  return {
    add (line) {
      const end = /^(not )?ok \d+ - /.exec(line)
      if (end !== null) {
        if (end[1]) tell()
        else if (isAsked) for (const line of story) if (comment.test(line)) console.log(line)
        console.log(line)
        story = []
      } else if (line === '  ---' || line === '  ...') isAfterwards = line === '  ---'
      else if (!isAfterwards) story.push(line)
      else if (/^ {2}(exitCode|signal|expired): (?!null)/.test(line)) console.log(line)
    },
    end: tell,
  }
}

/** In a process group of its own, so that one signal ends tap, its test processes and nothing else. */
function tap (options, stdout) {
  const program = fileURLToPath(new URL('../node_modules/.bin/tap', import.meta.url))
  const NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --import=${new URL('unlisted.mjs', import.meta.url)}`
  return spawn(program, ['--node-arg=--enable-source-maps', ...options], { cwd: root, detached: true, stdio: ['ignore', stdout, 'inherit'], env: { ...process.env, NODE_OPTIONS } })
}

function ended (child) {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      process.kill(-child.pid, 'SIGKILL')
      process.exit(signal === 'SIGINT' ? 130 : 143)
    })
  }
  return new Promise(resolve => {
    child.once('error', error => {
      console.error(error.message)
      resolve(1)
    })
    child.once('close', code => resolve(code ?? 1))
  })
}

/** From tap's closing line. No test at all, and an end that no test explains, count as a failure. */
function count (code) {
  const text = existsSync(record) ? readFileSync(record, 'utf8') : ''
  const summary = [...text.matchAll(/^# \{ total: \d+(.*)\}$/gm)].pop()?.[1] ?? ''
  const number = name => Number(new RegExp(`${name}: (\\d+)`).exec(summary)?.[1] ?? 0)
  const passed = number('pass')
  const failed = number('fail')
  return { passed, failed: failed === 0 && (code !== 0 || passed === 0) ? 1 : failed }
}
