#!/usr/bin/env node
/**
 * How soon the console shows its content where Redis has many messages: the gateway runs from dist/, the page in headless Chromium. Failures go
 * through the gateway's own scripts; all but 10,000 of the other messages are copies of idempotency records, so that seeding takes minutes.
 *
 *     npm run build && node test/bench/console.mjs [failures, 100000] [messages, 1000000] [visits, 5] [--redis URL: seeded once, and kept]
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import { chromium } from 'playwright-core'
import { onPath } from '../../bin/kit.mjs'
import { provide } from '../../bin/setup.mjs'
import { countActivity } from '../../dist/activity/count.js'
import { startEmbeddedRedis } from '../../dist/redis/embedded.js'
import { startGateway, sendersOf } from './kit/gateway.mjs'
import { createOperations } from './kit/operations.mjs'

const { values: options, positionals } = parseArgs({ allowPositionals: true, options: { redis: { type: 'string' } } })
const [failures = 100_000, messages = 1_000_000, visits = 5] = positionals.map(Number)
const SENT = Math.min(10_000, messages - failures)
const SENDERS = 3
const codes = ['131026', '131047', '130472', '132001', '131053', '131051', '131050', '132000', '132012', '131009', '131008', '132015']
const CONCURRENCY = 200
const KEY = 'bench-admin-0123456789'
/** Each view, its address, and what shows that its content is there. The oldest cause is behind all others in the list of failures. */
const views = {
  home: ['home', '#latest tbody tr'],
  failures: ['failures', '#group tbody tr'],
  'oldest cause': [`failures?cause=f.${codes[0]}.rejected`, '#group tbody tr'],
  messages: ['messages', '#results tbody tr']
}

const dir = await mkdtemp(join(tmpdir(), 'sluice-console-'))
const server = options.redis === undefined ? await startEmbeddedRedis({ dir }) : { url: options.redis, stop: async () => {} }
const senders = sendersOf(SENDERS)

async function seed () {
  const operations = await createOperations({ redisUrl: server.url, senders })
  const counting = countActivity(operations)
  let n = 0
  await Promise.all(Array.from({ length: CONCURRENCY }, async () => {
    while (n < failures + SENT) {
      const i = n++
      if (i % 20_000 === 0) process.stderr.write(`${i} of ${failures + SENT} messages\n`)
      const grant = await operations.admit(senders[i % SENDERS], i, i, true)
      if (i < failures) await operations.reject(grant, codes[Math.floor(codes.length * (i / failures) ** 2)])
      else await operations.settle(grant)
    }
  }))
  await counting.stop()
  operations.end()
}

/** Copies the idempotency record of the last message under as many other digests. */
async function copyRecords (count) {
  const redis = new Redis(server.url)
  const [, [key = '']] = await redis.scan('0', 'MATCH', '*:msg:*', 'COUNT', 1000)
  const copy = 'for i = 1, ARGV[1] do redis.call("COPY", KEYS[1], KEYS[2] .. ARGV[2] .. i) end'
  for (let done = 0; done < count; done += 10_000) {
    await redis.eval(copy, 2, key, key.replace(/[^:]*$/, ''), Math.min(10_000, count - done), `copy${done / 10_000}.`)
  }
  const [, used] = /^used_memory_human:(\S+)/m.exec(await redis.info('memory')) ?? []
  process.stderr.write(`${await redis.dbsize()} keys, ${used}\n`)
  redis.disconnect()
}

/** Time from the navigation to the first paint and to the content, ms. */
async function visit (browser, { url: api, cpu }, view) {
  const url = new URL(api).origin
  const before = cpu()
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' })
  await context.addInitScript(`sessionStorage.setItem('sluice-key', '${KEY}')`)
  const page = await context.newPage()
  const [address, content] = views[view]
  await page.goto(`${url}/console/#/${address}`, { waitUntil: 'commit' })
  await page.waitForSelector(content, { timeout: 120_000 })
  const found = await page.evaluate(() => ({
    content: performance.now(), paint: performance.getEntriesByName('first-contentful-paint')[0].startTime
  }))
  await context.close()
  return { ...found, cpu: (cpu() - before) / 1000 }
}

/** What one count of all failures by cause costs, and how soon a cause is listed from its cursor on. */
async function countFailures (gateway) {
  const redis = new Redis(server.url)
  const redisCpu = async () => {
    const info = await redis.info('cpu')
    return ['user', 'sys'].reduce((sum, name) => sum + Number(new RegExp(`^used_cpu_${name}:(\\S+)`, 'm').exec(info)?.[1]), 0) * 1000
  }
  const before = [performance.now(), gateway.cpu() / 1000, await redisCpu()]
  const { groups } = await gateway.ask('GET', '/api/v1/failures/summary')
  const after = [performance.now(), gateway.cpu() / 1000, await redisCpu()]
  const [took, node, ofRedis] = after.map((value, i) => Math.round(value - before[i]))
  redis.disconnect()
  console.log(`a count by cause: ${took} ms; CPU of the node ${node} ms, of Redis ${ofRedis} ms`)
  const { cursor: start } = groups.find(({ errorCode }) => errorCode === codes[0])
  for (const [name, first] of [['from the start', null], ['from its cursor', start]]) {
    const began = performance.now()
    let [rows, requests, cursor] = [0, 0, first]
    do {
      const search = new URLSearchParams({ status: 'FAILED', errorCode: codes[0], limit: '50', ...cursor ? { cursor } : {} })
      const page = await gateway.ask('GET', `/api/v1/failures?${search}`)
      rows += page.failures.length
      requests++
      cursor = page.nextCursor
    } while (rows === 0 && cursor !== null)
    console.log(`first rows of the oldest cause, ${name}: ${Math.round(performance.now() - began)} ms, ${requests} requests`)
  }
}

const text = of => ['paint', 'content', 'cpu'].map(name => round(of(name))).join(' ')
const round = ms => `${Math.round(ms)} ms`.padStart(8)
async function isEmpty () {
  const redis = new Redis(server.url)
  const count = await redis.dbsize()
  redis.disconnect()
  return count === 0
}

try {
  if (await isEmpty()) {
    await seed()
    await copyRecords(messages - failures - SENT)
  }
  const env = { API_KEYS: `admin:${KEY}:admin` }
  const gateway = await startGateway({ redis: server, apiUrl: 'http://127.0.0.1:9', senders: SENDERS, role: 'api', env })
  await provide('browser')
  const executablePath = process.env.CHROMIUM ?? onPath('chromium') ?? onPath('chromium-headless-shell')
  const browser = await chromium.launch({ executablePath, chromiumSandbox: false, args: ['--disable-gpu'] })
  console.log(`${failures} failures, ${messages} messages, ${cpus().length} cores, load average ${loadavg()[0].toFixed(1)}`)
  await countFailures(gateway)
  console.log('view         first visit: paint, content, CPU of the node   next visits, median')
  for (const view of Object.keys(views)) {
    const first = await visit(browser, gateway, view)
    const next = []
    for (let i = 0; i < visits; i++) {
      await sleep(3000)
      next.push(await visit(browser, gateway, view))
    }
    const median = name => next.map(one => one[name]).sort((a, b) => a - b)[Math.floor(visits / 2)]
    console.log(`${view.padEnd(12)} ${text(name => first[name])}             ${text(median)}`)
  }
  await browser.close()
  await gateway.stop()
} finally {
  await server.stop()
  await rm(dir, { recursive: true })
}
