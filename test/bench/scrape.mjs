#!/usr/bin/env node
/**
 * The cost of a scrape: Redis CPU, CPU of the node, latency, size of the response; medians.
 *
 *     npm run build && node test/bench/scrape.mjs [senders, 200] [messages waiting, 1000000] [rounds, 7]
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { digest } from '../../dist/admission/key.js'
import { readConfig } from '../../dist/config.js'
import { createBus } from '../../dist/events.js'
import { createGateway } from '../../dist/gateway.js'
import { createRun } from '../../dist/redis/commands.js'
import { startEmbeddedRedis } from '../../dist/redis/embedded.js'
import { ADMISSION } from './kit/operations.mjs'

const count = Number(process.argv[2] ?? 200)
const messages = Number(process.argv[3] ?? 1_000_000)
const rounds = Number(process.argv[4] ?? 7)
const each = Math.ceil(messages / count)
const senders = Array.from({ length: count }, (_, i) => String(100_000_000_000_000 + i))
const prefix = 'wa'
const median = values => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]
const dir = await mkdtemp(join(tmpdir(), 'sluice-scrape-'))
const server = await startEmbeddedRedis({ dir })
const redis = new Redis(server.url)
const run = createRun(redis, prefix)

/**
 * A sender after a day of sending, with queues as admissions fill them and half of the recipients ready; written directly, since a million
 * admissions take minutes.
 */
const FILL = `
local prefix, each, now, span = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local function key(name) return prefix .. name end
local recipients = math.ceil(each / 5)
for n = 1, each do
  local recipient = string.format('p1555%07d', n % recipients)
  local id = string.format('%022d', n) .. '.18bcfe5687b'
  local record = string.format('%s 2%d %x 0', recipient, n, 1900000000000)
  redis.call('HSET', key('backlog'), id, record .. '\\n' .. ARGV[5])
  redis.call('ZADD', key('queue:normal'), 0, recipient .. ':' .. string.format('%012d', n) .. ':' .. id)
  redis.call('ZADD', key('expiry'), 1900000000000, id)
  if n <= recipients then
    redis.call('ZADD', key('ready:normal'), now + (n % 2 == 0 and -n or 3600000000 + n), recipient)
    redis.call('ZADD', key('pair-tat'), now + 2000000, recipient)
  end
end
for n = 1, 1000 do
  redis.call('ZADD', key('failed'), 1700000000000 + n, 'f' .. n)
  redis.call('ZADD', key('unacknowledged'), string.format('%.0f', (n % 4 + 1) * 10000000000000 + math.floor(now / 1000) - n), 'f' .. n)
end
for n = 0, 143 do redis.call('ZADD', key('completed'), 400, string.format('%.0f', span - n)) end
`

async function fill (sender) {
  const now = Date.now() * 1000
  const payload = JSON.stringify({ to: '+1555', type: 'text', message: 'Hello', caller: 'web', keySource: 'header' })
  await redis.eval(FILL, 0, `{${prefix}:${sender}}:`, each, now, Math.floor(now / 600e6), payload)
}

/** A few real admissions in addition, so that the measured gateway is in use. */
async function admit (sender, n) {
  const name = digest(sender, 'web', `key-${n}`)
  await run(
    'admit',
    { sender, digest: name },
    {
      ...ADMISSION,
      digest: name,
      fingerprint: '000000000000ff',
      recipient: `p1666${String(n).padStart(7, '0')}`,
      payload: '{"to":"+1666"}',
      runId: 'r'
    }
  )
}

async function redisCpuMs () {
  const info = await redis.info('cpu')
  return [...info.matchAll(/^used_cpu_(?:sys|user):([\d.]+)/gm)].reduce((sum, match) => sum + Number(match[1]) * 1000, 0)
}

await writeFile(join(dir, 'senders.json'), JSON.stringify(senders.map(id => ({ id, accessToken: 'token' }))))
const config = readConfig({
  ROLE: 'api',
  PORT: '0',
  REDIS_URL: server.url,
  WHATSAPP_API_URL: 'http://127.0.0.1:9/v25.0',
  WHATSAPP_SENDERS_FILE: join(dir, 'senders.json'),
  API_KEYS: 'bench:bench-key-0123456789:admin',
  LOG_LEVEL: 'silent'
})
const events = createBus()
const gateway = await createGateway(config, { redisUrl: server.url, sandboxUrl: null, events, logger: pino({ level: 'silent' }) })
await gateway.app.listen({ port: 0, host: '127.0.0.1' })
const url = `http://127.0.0.1:${gateway.app.server.address().port}/metrics`
for (const [i, sender] of senders.entries()) {
  await fill(sender)
  await admit(sender, i)
  if (i % 50 === 49) process.stderr.write(`${i + 1} of ${count} senders filled\n`)
}
let failed = 0
const found = { redis: [], node: [], latency: [], bytes: [], shared: [] }
for (let round = 0; round < rounds; round++) {
  await sleep(1100)
  const [redisBefore, nodeBefore, startedAt] = [await redisCpuMs(), process.cpuUsage(), performance.now()]
  const text = await (await fetch(url)).text()
  found.latency.push(performance.now() - startedAt)
  const node = process.cpuUsage(nodeBefore)
  found.node.push((node.user + node.system) / 1000)
  found.redis.push(await redisCpuMs() - redisBefore)
  found.bytes.push(text.length)
  if (!/^sluice_scrape_failed 0$/m.test(text)) failed++
  const again = performance.now()
  await (await fetch(url)).text()
  found.shared.push(performance.now() - again)
}
const waiting = senders.length * (each + 1)
console.log(`${count} senders, ${waiting} messages waiting; medians of ${rounds} scrapes:`)
console.log(
  `Redis ${median(found.redis).toFixed(1)} ms of CPU, node ${median(found.node).toFixed(1)} ms of CPU (client included), ` +
    `response after ${median(found.latency).toFixed(0)} ms, ${median(found.bytes)} bytes`
)
if (failed > 0) console.log(`${failed} of them could not read Redis in time: this machine is too busy to measure on`)
console.log(`within a second of it: response after ${median(found.shared).toFixed(0)} ms`)
await gateway.close()
redis.disconnect()
await server.stop()
await rm(dir, { recursive: true })
