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
/** Each view, and what shows that its content is there. */
const views = { home: '#latest tbody tr', failures: '#group tbody tr', messages: '#results tbody tr' }

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
  await page.goto(`${url}/console/#/${view}`, { waitUntil: 'commit' })
  await page.waitForSelector(views[view], { timeout: 120_000 })
  const found = await page.evaluate(() => ({
    content: performance.now(), paint: performance.getEntriesByName('first-contentful-paint')[0].startTime
  }))
  await context.close()
  return { ...found, cpu: (cpu() - before) / 1000 }
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
  const executablePath = process.env.CHROMIUM ?? 'chromium-headless-shell'
  const browser = await chromium.launch({ executablePath, chromiumSandbox: false, args: ['--disable-gpu'] })
  console.log(`${failures} failures, ${messages} messages, ${cpus().length} cores, load average ${loadavg()[0].toFixed(1)}`)
  console.log('view      first visit: paint, content, CPU of the node   next visits, median')
  for (const view of Object.keys(views)) {
    const first = await visit(browser, gateway, view)
    const next = []
    for (let i = 0; i < visits; i++) {
      await sleep(3000)
      next.push(await visit(browser, gateway, view))
    }
    const median = name => next.map(one => one[name]).sort((a, b) => a - b)[Math.floor(visits / 2)]
    console.log(`${view.padEnd(9)} ${text(name => first[name])}             ${text(median)}`)
  }
  await browser.close()
  await gateway.stop()
} finally {
  await server.stop()
  await rm(dir, { recursive: true })
}
