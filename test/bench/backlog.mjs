#!/usr/bin/env node
/**
 * The cost of a message while many wait: µs of Redis CPU for an admission and for a claim, from Redis's own statistics, and how
 * long a node takes from its start on such a Redis to its first send.
 *
 *     npm run backlog -- [sizes, 1000,10000,100000,500000] [--write: into docs/overload.md]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import { digest } from '../../dist/admission/key.js'
import { createRun } from '../../dist/redis/commands.js'
import { startEmbeddedRedis } from '../../dist/redis/embedded.js'
import { findTerms } from '../../dist/redis/lookup-index.js'
import { ADMISSION } from './kit/operations.mjs'
import { writeBlock } from './kit/write.mjs'

const {
  values,
  positionals: [list = '1000,10000,100000,500000']
} = parseArgs({ allowPositionals: true, options: { write: { type: 'boolean', default: false } } })
const sizes = list.split(',').map(Number)
const ADMISSIONS = 3000
/** In total fewer than the node's in-flight limit; otherwise the node would wait for the leases of these grants. */
const CLAIMS = 40
const GRANTS = 10
const sender = '100000000000001'
const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/** A provider that accepts every message. */
const api = createServer((request, response) => {
  request
    .resume()
    .on('end', () =>
      response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify({ messaging_product: 'whatsapp', messages: [{ id: `wamid.${performance.now()}` }] }))
    )
}).listen(0, '127.0.0.1')
await once(api, 'listening')

async function measure (size) {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-backlog-'))
  let server = await startEmbeddedRedis({ dir })
  const redis = new Redis(server.url)
  redis.on('error', () => {})
  const run = createRun(redis, 'wa')
  const rules = {
    operator: true,
    settings: '',
    pairIntervalUs: 2e6,
    pairBurst: 1,
    senderIntervalUs: 1,
    senderBurst: 1000,
    maxInFlight: 1e5,
    perSecond: 1000
  }
  await run('quota', { sender }, rules)
  let count = 0
  const admit = async () => {
    const n = count++
    // Two to each recipient, so that most pairs are still free when the node starts.
    const recipient = `p1555${String(Math.floor(n / 2)).padStart(7, '0')}`
    const name = digest(sender, 'web', `key-${n}`)
    return await run('admit', { sender, digest: name }, {
      ...ADMISSION,
      digest: name,
      fingerprint: 'ff',
      recipient,
      payload: JSON.stringify({ to: recipient, type: 'text', message: 'x'.repeat(200), caller: 'web', keySource: 'header' }),
      terms: findTerms(recipient, undefined),
      findS: 90_000
    })
  }
  const fill = async many => { for (let left = many; left > 0; left -= 500) await Promise.all(Array.from({ length: Math.min(500, left) }, admit)) }
  // CPU of the script calls; nothing else uses this Redis.
  const us = async work => {
    await redis.config('RESETSTAT')
    await work()
    const stats = await redis.info('commandstats')
    return Number(/^cmdstat_evalsha:calls=\d+,usec=(\d+)/m.exec(stats)[1])
  }
  await fill(size)
  const admitUs = await us(async () => await fill(ADMISSIONS))
  let granted = 0
  const claimUs = await us(async () => {
    for (let i = 0; i < CLAIMS; i++) {
      const { grants = [] } = await run('claim', { sender }, { drainRun: 'bench.1', want: GRANTS, mode: 'attend', holder: 'n:2', leaseMs: 30_000 })
      granted += grants.length
    }
  })
  await redis.del(`{wa:${sender}}:drain-lease`)
  redis.disconnect()
  const restartedAt = performance.now()
  await server.stop()
  server = await startEmbeddedRedis({ dir, port: server.port })
  const redisMs = performance.now() - restartedAt
  const startedAt = performance.now()
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      HOST: '127.0.0.1',
      REDIS_URL: server.url,
      WHATSAPP_API_URL: `http://127.0.0.1:${api.address().port}/v25.0`,
      WHATSAPP_ACCESS_TOKEN: 't',
      API_KEYS: 'a:backlog-key-0123456789:admin',
      LOG_LEVEL: 'warn'
    },
    stdio: ['ignore', 'ignore', 'inherit']
  })
  await once(api, 'request')
  const nodeMs = performance.now() - startedAt
  child.kill('SIGTERM')
  await once(child, 'exit')
  await server.stop()
  await rm(dir, { recursive: true })
  return { size, admitUs: admitUs / ADMISSIONS, claimUs: claimUs / CLAIMS, perClaim: granted / CLAIMS, redisMs, nodeMs }
}

const rows = []
for (const size of sizes) {
  const result = await measure(size)
  rows.push(
    `| ${size.toLocaleString('en')} | ${result.admitUs.toFixed(1)} | ${result.claimUs.toFixed(0)} | ${result.perClaim.toFixed(1)} ` +
      `| ${(result.redisMs / 1000).toFixed(1)} | ${(result.nodeMs / 1000).toFixed(1)} |`
  )
  console.log(rows.at(-1))
}
const head =
  '| waiting | admission of a message, µs of Redis | claim, µs of Redis | grants per claim | Redis restart, s | node: start to first send, s |'
const report = [
  `${cpus().length} cores, load average ${loadavg()[0].toFixed(1)}, Node ${process.versions.node}:`,
  '',
  head,
  '|---|---|---|---|---|---|',
  ...rows
].join('\n')
console.log(`\n${report}`)
if (values.write) writeBlock(fileURLToPath(new URL('../../docs/overload.md', import.meta.url)), 'backlog', report)
api.close()
