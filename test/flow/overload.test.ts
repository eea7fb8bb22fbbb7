/**
 * More requests than a node can serve, and a provider that hangs. These tests demand no speed: `npm run overload` measures it.
 */
import { execFile } from 'node:child_process'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { promisify } from 'node:util'
import t from 'tap'
import type { Seen } from '../sandbox/support.js'
import { createTestEnvironment } from '../support/flow.js'
import { keys, SENDER } from '../support/gateway.js'
import { startGatewayProcess, startSandboxProcess } from '../support/process.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { requestOnce, createCaller, request, type Reply } from '../support/request.js'
import { pass, until } from '../support/until.js'
import { observe } from './observer.js'

interface LoadResult {
  asked: number
  unanswered: number
  statuses: Record<string, number>
  codes: Record<string, number>
  faults: Record<string, number>
  withoutRetryAfter: number
  accepted: number[]
  ms: { p50: number, p99: number, max: number }
}

/** Network time allowed between a start and its arrival, ms. */
const NETWORK_MS = 50
/** `HANG_MS=60000 npm test -- test/flow/overload.test.ts` hangs for a minute. */
const HANG_MS = Number(process.env['HANG_MS'] ?? 2500)

const environment = await createTestEnvironment(t)

await t.test('an overloaded node responds to every request, delivers what it accepted, and its memory does not grow', async t => {
  const sandbox = await startSandboxProcess(t)
  const control = `${new URL(sandbox.found).origin}/_sandbox`
  await request(`${control}/settings`, { method: 'PUT', body: JSON.stringify({ latencyMs: 20, enforcePair: false, throughputPerSecond: null }) })
  const redis = await startRedis(t)
  const node = await startGatewayProcess(t, {
    redisUrl: redis.url,
    apiUrl: sandbox.found,
    prefix: createPrefix(),
    env: { NODE_OPTIONS: '--max-old-space-size=160' }
  })
  const operator = createCaller(node.found, keys.operator)
  await load(node.found, { rate: 100, seconds: 1, connections: 10, tag: 'warm' })
  const before = await heapOf(node.found)

  const result = await load(node.found, { rate: 6000, seconds: 2, connections: 2500, tag: 'over' })
  t.equal(result.unanswered, 0, 'every request has a response')
  t.same(result.faults, {}, 'and no connection broke')
  t.same(Object.keys(result.statuses).filter(status => !['200', '202', '429', '503'].includes(status)), [])
  t.equal(result.withoutRetryAfter, 0, 'every rejection has a Retry-After')
  t.ok((result.codes['OVERLOADED'] ?? 0) > 0, 'the node was overloaded')
  t.ok(result.accepted.length > 0, 'the node accepted some requests')

  await until('all messages are settled', async () => (await operator.get('/stats')).body['senders']?.[0].unsettled === 0, 60_000)
  const { body } = await request(`${control}/messages?sender=${SENDER}`)
  const texts = (body['messages'] as Seen[]).filter(({ outcome }) => outcome === 'accepted').map(arrival => arrival.body?.text?.body ?? '')
  const times = new Map<string, number>()
  for (const text of texts) times.set(text, (times.get(text) ?? 0) + 1)
  t.same(
    result.accepted.filter(number => times.get(`over/${number}`) !== 1),
    [],
    'every accepted message was sent once'
  )
  const after = await until(
    'the heap is back to its former size',
    async () => {
      // An idle process does not collect garbage.
      await load(node.found, { rate: 200, seconds: 1, connections: 10, tag: 'calm' })
      const heap = await heapOf(node.found)
      return heap < before + 40e6 && heap
    },
    60_000
  )
  t.comment(
    `${result.asked} asked, ${JSON.stringify(result.statuses)} ${JSON.stringify(result.codes)}, ` +
      `latency of accepted ones ${JSON.stringify(result.ms)} ms, ` +
      `heap ${(before / 1e6).toFixed(0)} MB before, ${(after / 1e6).toFixed(0)} MB after`
  )
})

await t.test('a node serves health and metrics while it sheds other requests', async t => {
  const node = await environment.start(t)
  // A long script keeps Redis busy, so that the gateway's scripts wait.
  let isBusy = true
  const busy = environment.redis
    .connect()
    .eval('local t = redis.call("TIME") repeat local n = redis.call("TIME") until (n[1] - t[1]) * 1000000 + n[2] - t[2] > 1500000', 0)
    .finally(() => { isBusy = false })
  const { send } = createCaller(node.origin, keys.operator, requestOnce)
  const asked: Array<Promise<Reply>> = []
  for (let i = 0; i < 20; i++) {
    asked.push(send(`+1555000610${i}`))
    await pass(20)
  }
  t.match(await request(`${node.origin}/health/live`), { status: 200 })
  t.ok(isBusy, 'while Redis was still busy')
  await busy
  const rejected = (await Promise.all(asked)).find(({ body }) => body['code'] === 'OVERLOADED')
  t.match(rejected, { status: 503, body: { title: /same idempotency key/, status: 503 } }, 'a request that arrives while others wait is rejected')
  t.equal(rejected?.headers.get('retry-after'), '1')
  await until('the node accepts messages again', async () => (await node.send('+15550007000')).status === 200)
})

await t.test('a provider that hangs and recovers gets every message once, and no two too close', async t => {
  const intervalMs = 300
  // More retries than can be used up meanwhile.
  const retries = Array.from({ length: 15 + Math.ceil(HANG_MS / 600) }, () => 300).join()
  const lag = monitorEventLoopDelay({ resolution: 10 })
  lag.enable()
  const node = await environment.start(t, {
    WHATSAPP_RATE_LIMIT_MS: String(intervalMs),
    MAX_IN_FLIGHT_PER_SENDER: '20',
    SEND_TIMEOUT_MS: '600',
    LEASE_MS: '6000',
    INLINE_WAIT_MS: '0',
    UNKNOWN_HOLD_MS: '200',
    WHATSAPP_RETRY_SCHEDULE_MS: retries,
    WHATSAPP_RETRY_INTERVAL_MS: '300'
  })
  await environment.sandbox.control('POST', 'faults', { recipient: '*', kind: 'hang' })
  const wanted = Array.from({ length: 90 }, (_, i) => `+155500062${String(i % 30).padStart(2, '0')}/${Math.floor(i / 30) + 1}`)
  await Promise.all(wanted.map(async text => await node.send(text.split('/')[0] ?? '', text)))
  await pass(HANG_MS)
  await environment.sandbox.control('DELETE', 'faults')
  await until('all messages are sent', async () => (await node.get('/stats')).body['senders']?.[0]?.unsettled === 0, 40_000)

  const arrivals = (await environment.sandbox.seen()).filter(({ recipient }) => recipient?.startsWith('+155500062'))
  const accepted = arrivals.filter(({ outcome }) => outcome === 'accepted').map(arrival => arrival.body?.text?.body)
  t.same([...accepted].sort(), [...wanted].sort(), 'each message was accepted once')
  t.ok(arrivals.length > accepted.length, `${arrivals.length - accepted.length} were written to a provider that hung`)
  const { leastSpacing } = observe(arrivals)
  // Sandbox and node share this process: when its event loop is late, both read their clocks late.
  t.ok(
    leastSpacing > intervalMs - NETWORK_MS - lag.max / 1e6,
    `least spacing ${leastSpacing.toFixed(0)} ms (loop late by ${(lag.max / 1e6).toFixed(0)} ms at most)`
  )
  t.same(node.seen('pair.violated'), [], 'the spacing check found no violation')
  t.same(node.seen('recovery.found').filter(({ kind }) => kind === 'lease'), [], 'no lease expired while its request was queued')
  const starts = node.seen('attempt.settled').map(({ startedAfterMs }) => startedAfterMs ?? 0)
  t.ok(Math.max(...starts) <= 250, `a grant starts within START_WITHIN_MS or not at all: ${Math.max(...starts).toFixed(0)} ms`)
})

async function load (origin: string, how: object): Promise<LoadResult> {
  const program = new URL('../bench/load.mjs', import.meta.url).pathname
  const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify({ origin, key: keys.app, ...how })], { maxBuffer: 64e6 })
  return JSON.parse(stdout) as LoadResult
}

async function heapOf (origin: string): Promise<number> {
  const { body } = await request(`${origin}/metrics`)
  return Number(/^nodejs_heap_size_used_bytes ([\d.e+]+)$/m.exec(body['text'])?.[1])
}
