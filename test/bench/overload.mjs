#!/usr/bin/env node
/**
 * A node under five times its capacity: first the capacity is measured with callers that wait for their response; then the
 * open loop runs, from a process of its own. Everything runs on this machine, also the sandbox and Redis, and shares its cores.
 *
 *     npm run overload -- [seconds, 60] [factor, 5] [--write: into docs/overload.md]
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { startEmbeddedRedis } from '../../dist/redis/embedded.js'
import { writeBlock } from './kit/write.mjs'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { write: { type: 'boolean', default: false } } })
const [seconds = 60, factor = 5] = positionals.map(Number)
const here = path => fileURLToPath(new URL(path, import.meta.url))
const key = 'overload-key-0123456789'
const children = []
const dir = await mkdtemp(join(tmpdir(), 'sluice-overload-'))
const redis = await startEmbeddedRedis({ dir })

async function start (file, env, ready) {
  const child = spawn(process.execPath, [here(`../../dist/${file}`)], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  children.push(child)
  let output = ''
  for (;;) {
    const [data] = await once(child.stdout, 'data')
    output += data
    const found = ready.exec(output)
    if (found === null) continue
    child.stdout.resume()
    return { pid: child.pid, url: found[1] }
  }
}

const load = async how =>
  JSON.parse(
    (await promisify(execFile)(process.execPath, [here('load.mjs'), JSON.stringify({ origin: node.url, key, ...how })], { maxBuffer: 256e6 })).stdout
  )
const rssMb = () => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${node.pid}/status`, 'utf8'))[1]) / 1024
const get = async path => await (await fetch(node.url + path, { headers: { authorization: `Bearer ${key}` } })).json()
/** The statistics of the sender; repeated while the node sheds even this request. */
async function stats () {
  for (;;) {
    const { senders } = await get('/api/v1/stats')
    if (senders !== undefined) return senders[0]
    await sleep(200)
  }
}
const settled = async () => { while ((await stats()).unsettled > 0) await sleep(200) }

const sandbox = await start('sandbox/main.js', {}, /^(http:\/\/\S+)/m)
await fetch(`${new URL(sandbox.url).origin}/_sandbox/settings`, {
  method: 'PUT',
  body: JSON.stringify({ latencyMs: 20, enforcePair: false, throughputPerSecond: null })
})
const node = await start(
  'main.js',
  {
    PORT: '0',
    HOST: '127.0.0.1',
    REDIS_URL: redis.url,
    WHATSAPP_API_URL: sandbox.url,
    WHATSAPP_ACCESS_TOKEN: 'token',
    API_KEYS: `bench:${key}:admin`,
    LOG_LEVEL: 'warn',
    WHATSAPP_SENDER_RATE_PER_SECOND: '1000'
  },
  /^Gateway {3}(http:\/\/\S+)/m
)

try {
  await load({ rate: 0, seconds: 4, connections: 32, tag: 'warm' })
  // The best of three, so that other load on the machine does not reduce the capacity.
  const calms = []
  for (const run of [1, 2, 3]) calms.push(await load({ rate: 0, seconds: 5, connections: 32, tag: `calm ${run}` }))
  const calm = calms.sort((a, b) => b.accepted.length - a.accepted.length)[0]
  const capacity = Math.round(calm.accepted.length / 5)
  await settled()
  const samples = []
  const timer = setInterval(() => samples.push(rssMb()), 1000)
  const storm = await load({ rate: capacity * factor, seconds, connections: 2500, tag: 'storm' })
  const drainFrom = performance.now()
  await settled()
  const drainedS = (performance.now() - drainFrom) / 1000
  clearInterval(timer)
  const { counts } = await (await fetch(`${new URL(sandbox.url).origin}/_sandbox/messages?limit=0`)).json()
  const { sentLast24h: sent, unsettled: left } = await stats()
  const after = await load({ rate: 0, seconds: 5, connections: 32, tag: 'after' })
  const third = from => Math.round(Math.max(...samples.slice(Math.floor(from * samples.length / 3), Math.ceil((from + 1) * samples.length / 3))))
  const many = count => count.toLocaleString('en')
  const row = (name, offered, result, forS) =>
    `| ${name} | ${offered} | ${many(Math.round(result.accepted.length / forS))} | ${JSON.stringify(result.codes)} ` +
      `| ${many(result.ms.p50)}, ${many(result.ms.p99)}, ${many(result.ms.max)} ` +
      `| ${many(result.askedMs.p50)}, ${many(result.askedMs.p99)}, ${many(result.askedMs.max)} ` +
      `| ${many(result.givenUp)} | ${result.unanswered}, ${JSON.stringify(result.faults)} |`
  const report = [
    `${seconds} s at ${factor} times the capacity; ${cpus().length} cores, load average ${loadavg()[0].toFixed(1)}, Node ${process.versions.node}:`,
    '',
    '| phase | offered/s | accepted/s | rejected | latency from due time, ms (p50, p99, max) ' +
      '| latency from request, ms | no connection free for 1 s | unanswered, broken |',
    '|---|---|---|---|---|---|---|---|',
    row('before: closed loop', '–', calm, 5),
    row('overload: open loop', many(capacity * factor), storm, storm.seconds),
    row('after: closed loop', '–', after, 5),
    '',
    `Memory of the node (RSS, maximum in each third of the run): ${third(0)}, ${third(1)}, ${third(2)} MB; ` +
      `responses without a required \`Retry-After\`: ${storm.withoutRetryAfter}.`,
    `Accepted under overload: ${many(storm.accepted.length)}; sent in total: ${many(sent)}; accepted by the sandbox: ${many(counts.accepted)}; ` +
      `left: ${left}; drained ${drainedS.toFixed(1)} s after the end.`
  ].join('\n')
  console.log(report)
  if (values.write) writeBlock(here('../../docs/overload.md'), 'overload', report)
} finally {
  for (const child of children.reverse()) {
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  await redis.stop()
  await rm(dir, { recursive: true })
}
