/**
 * Hostile requests against a real node: none crashes it, causes an internal error, or makes its memory grow; each error
 * is a documented problem document, and every log line stays one line. `npm run fuzz:http` sends 100,000 requests; SEED repeats
 * a run.
 */
import fc from 'fast-check'
import t from 'tap'
import { errors } from '../../src/error-codes.js'
import { isGraphPath } from '../../src/graph/path.js'
import { read } from '../contract/tree.js'
import type { Document } from '../http/document.js'
import { keys } from '../support/gateway.js'
import { startGatewayProcess, startSandboxProcess } from '../support/process.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { createCaller, request } from '../support/request.js'
import { seedOf } from '../support/seed.js'
import { until } from '../support/until.js'
import { hostileRequests, NUMBER, SECRET, SMUGGLED, toBytes, type Hostile } from './requests.js'
import { createWire, type RawResponse } from './wire.js'

const requests = Number(process.env['FUZZ_REQUESTS'] ?? 2000)
const seed = seedOf('fuzz:http')
const BATCH = 500
const CONNECTIONS = 8
/** Maximum growth of the used heap between the first and the last part of the requests, bytes. */
const GROWTH = 48e6

const document = JSON.parse(read('docs/openapi.json')) as Document
const redis = await startRedis(t)
const sandbox = await startSandboxProcess(t)

await t.test(`a node survives ${requests} hostile requests (seed ${seed})`, async t => {
  const env = {
    LOG_LEVEL: 'trace',
    INLINE_WAIT_MS: '20',
    SEND_TIMEOUT_MS: '1000',
    LEASE_MS: '7000',
    MAX_QUEUE_PER_RECIPIENT: '100000',
    SHUTDOWN_GRACE_MS: '10000'
  }
  const node = await startGatewayProcess(t, { redisUrl: redis.url, apiUrl: sandbox.found, prefix: createPrefix(), env })
  const statuses = new Map<number, number>()
  const faults: string[] = []
  const heaps: Array<[asked: number, heap: number]> = []
  const startedAt = performance.now()
  for (let asked = 0; asked < requests && faults.length < 10; asked += BATCH) {
    const batch = fc.sample(hostileRequests(document), { numRuns: BATCH, seed: seed + asked })
    await askAll(node.found, batch, (hostile, response) => {
      const fault = judge(response, hostile)
      if (fault !== '') {
        faults.push(
          `${fault}: ${hostile.method} ${hostile.path.slice(0, 200)} ${JSON.stringify(hostile.headers).slice(0, 300)} ` +
            `${hostile.body.subarray(0, 300).toString()} -> ${response?.head ?? ''} ${response?.body.slice(0, 300) ?? ''}`
        )
      }
      statuses.set(response?.status ?? 0, (statuses.get(response?.status ?? 0) ?? 0) + 1)
    })
    heaps.push([asked + BATCH, await heapOf(node.found)])
    if (requests > 3000 && (asked + BATCH) % 5000 === 0) {
      process.stderr.write(
        `${asked + BATCH} of ${requests} sent, ${faults.length} faults, ${((performance.now() - startedAt) / 1000).toFixed(0)} s\n`
      )
    }
  }
  const seconds = (performance.now() - startedAt) / 1000
  t.same(faults, [], 'every response is valid')
  // The minimum of several, because garbage collection happens at any time.
  const after = (from: number, to: number): number =>
    Math.min(...heaps.filter(([asked]) => asked >= from * requests && asked <= to * requests).map(([, heap]) => heap))
  const [first, last] = [after(0.2, 0.5), after(0.7, 1)]
  t.ok(last - first < GROWTH, `heap in use: ${mb(first)} MB, later ${mb(last)} MB`)

  const operator = createCaller(node.found, keys.operator)
  await operator.post('/senders/111/resume')
  await operator.put('/senders/111/quota', { pairIntervalMs: 100, pairBurst: 1, perSecond: 100, maxInFlight: 100 })
  await until('a plain message is sent', async () =>
    [200, 202].includes((await operator.send('+15550009999', 'plain', { sender: '111', deduplicate: false })).status)
  )
  const lines = node
    .output()
    .split('\n')
    .filter(line => line !== '')
  const log = lines.slice(1 + lines.findIndex(line => line.startsWith('Try ')))
  t.same(log.filter(line => !isLogLine(line)).slice(0, 5), [], `each of ${log.length} log lines was written by the node`)
  t.same(
    log.filter(line => line.includes(SECRET) || line.includes(NUMBER) || Object.values(keys).some(key => line.includes(key))).slice(0, 3),
    [],
    'no log line contains a text, number or key'
  )
  t.equal(await node.end('SIGTERM'), 0, 'the node exits with 0')
  const counts = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status === 0 ? 'none' : status}: ${count}`).join(', ')
  t.comment(`${requests} requests in ${seconds.toFixed(1)} s, seed ${seed}; statuses ${counts}; heap in use ${mb(first)} MB, later ${mb(last)} MB`)
})

async function askAll (origin: string, batch: Hostile[], report: (hostile: Hostile, response: RawResponse | null) => void): Promise<void> {
  const todo = batch.entries()
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    const wire = createWire(origin)
    for (const [, hostile] of todo) report(hostile, await wire.ask(toBytes(hostile), hostile.method === 'HEAD'))
    wire.close()
  }))
}

/** What is wrong with a response; '' if it is valid. */
function judge (response: RawResponse | null, { method, path }: Hostile): string {
  if (response === null) return 'no response'
  const { status, headers, head, body } = response
  if (new RegExp(`^${SMUGGLED}`, 'im').test(head)) return 'a header was smuggled in'
  if (status >= 500 && status !== 503) return 'an internal error'
  if (status < 400 || method === 'HEAD') return ''
  // The API of the dashboard has its own error format.
  if (path.startsWith('/admin/queues/api')) return ''
  const isProblem = headers['content-type']?.startsWith('application/problem+json') === true
  // A request that is not valid HTTP has no path yet.
  if (isGraphPath(path) && !isProblem) {
    return (/^\{"error":\{"message":"[^"].*"details":"(\w+): /.exec(body)?.[1] as keyof typeof errors) in errors ? '' : 'no error of the Graph API'
  }
  if (!isProblem) return `an error as ${headers['content-type'] ?? 'nothing'}`
  const problem = JSON.parse(body) as { code: keyof typeof errors, status: number }
  if (errors[problem.code]?.status !== status || problem.status !== status) return 'an unknown code'
  return status === 503 && headers['retry-after'] === undefined ? 'no Retry-After' : ''
}

function isLogLine (line: string): boolean {
  if (line === 'SIGTERM: shutting down') return true
  try {
    const { level, time, pid, msg } = JSON.parse(line) as Record<string, unknown>
    return (
      typeof level === 'string' && !Number.isNaN(Date.parse(String(time))) && typeof pid === 'number' && msg !== 'forged' && !line.includes('\u001b')
    )
  } catch {
    return false
  }
}

async function heapOf (origin: string): Promise<number> {
  const { body } = await request(`${origin}/metrics`, { headers: { authorization: `Bearer ${keys.operator}` } })
  return Number(/^nodejs_heap_size_used_bytes ([\d.e+]+)$/m.exec(body['text'])?.[1])
}

function mb (bytes: number): string {
  return (bytes / 1e6).toFixed(0)
}
