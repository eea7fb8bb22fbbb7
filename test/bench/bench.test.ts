/**
 * The benchmarks of test/bench run, in short rounds, and none of their ratios has halved. That is all that it shows: other tests run at the same
 * time, and on a machine that is too busy it is skipped. So it demands no times, and only has the goals that are judged by CPU and bytes, which vary
 * least. What a script costs is counted exactly in instructions.test.ts, and the goals themselves are judged by `npm run bench`.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'

interface Entry { goal: string, target: string | null, ratio: number | null, rounds: number, reached?: number }

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const read = async (path: string): Promise<Entry[]> => JSON.parse(await readFile(path, 'utf8')) as Entry[]

/** Each goal is halved here, and so is what the recorded results reached of it. */
const results = JSON.parse(await readFile(here('results.json'), 'utf8')) as { entries: Entry[] }
const recorded = new Map(results.entries.map(({ goal, reached }) => [kindOf(goal), reached ?? 1]))

const dir = await mkdtemp(join(tmpdir(), 'sluice-bench-test-'))
t.teardown(async () => await rm(dir, { recursive: true }))
const out = join(dir, 'results.json')
/** Exit code of a benchmark on a machine that is too busy to measure on. */
const TOO_BUSY = 75
const code = await promisify(execFile)(process.execPath, [here('run.mjs'), '--quick', '--only', '2,3,6', '--out', out]).then(
  () => 0,
  (error: { code: number; stderr: string }) => {
    t.comment(error.stderr)
    return error.code
  }
)
const entries = code === 0 ? (await read(out)).filter(({ target }) => target !== null) : []
const skip = code === TOO_BUSY && 'the machine is too busy to measure on'

await t.test('every goal that is judged by CPU or bytes was measured', { skip }, async t => {
  t.equal(code, 0)
  t.strictSame([...new Set(entries.map(({ goal }) => goal.charAt(0)))], ['2', '3', '6'])
  t.ok(entries.every(({ rounds }) => rounds > 0))
})

await t.test('no ratio to a peer is worse than half of its goal, or than half of its recorded value', { skip }, async t => {
  const worse = entries.filter(({ goal, reached }) => (reached ?? 0) < Math.min(1, recorded.get(kindOf(goal)) ?? 1) / 2)
  t.strictSame(worse, [])
})

await t.test('the benchmark of a scrape works with few senders and messages', async t => {
  const { stdout } = await promisify(execFile)(process.execPath, [here('scrape.mjs'), '3', '60', '1'])
  t.match(
    stdout,
    /^3 senders, 63 messages waiting; medians of 1 scrapes:\nRedis [\d.]+ ms of CPU, node [\d.]+ ms of CPU .*, response after \d+ ms, \d{5,} bytes$/m
  )
})

/** The goal's name without figures, which differ in short runs. */
function kindOf (goal: string): string {
  return goal.replaceAll(/[\d,]+ (waiting|senders)/g, '$1')
}
