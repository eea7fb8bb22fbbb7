/** Redis stopped, read-only, loading, full or without its scripts: which responses callers get, how soon, and that no message is accepted in part. */
import t, { type Test } from 'tap'
import { startSandbox } from '../sandbox/support.js'
import { longStartWindow } from '../support/flow.js'
import { keys, startNode, type Node } from '../support/gateway.js'
import { measureLag, recordRejections } from '../support/observe.js'
import { startRedis } from '../support/redis.js'
import { requestOnce, createCaller, type Reply } from '../support/request.js'
import { each, pass, until } from '../support/until.js'

/** The response time while Redis has a problem: for the median, and twice as much for all, because other tests load the machine. */
const RESPONSE_MS = 250
const callers = Array.from({ length: 40 }, (_, i) => i)
const SLOW = '+15557010010'

const rejections = recordRejections(t)
// Loading takes long enough to observe.
const redis = await startRedis(t, {
  extra: ['--enable-debug-command', 'yes', '--key-load-delay', '300', '--loading-process-events-interval-bytes', '1024']
})
const admin = redis.connect()
const sandbox = await startSandbox(t, { enforcePair: false, throughputPerSecond: null })
const env = { ...longStartWindow, WHATSAPP_RATE_LIMIT_MS: '200', INLINE_WAIT_MS: '100', SEND_TIMEOUT_MS: '5000' }
const start = async (t: Test, more: Record<string, string> = {}): Promise<Node> =>
  await startNode(t, { redisUrl: redis.url, apiUrl: sandbox.url, env: { ...env, ...more } })
const arrivals = async (to: string): Promise<number> => (await sandbox.seen(`?recipient=${encodeURIComponent(to)}`)).length
const stateOf = async (node: Node, id: string): Promise<string> => (await node.get(`/messages/${id}`)).body['status']
const isReady = async (node: Node): Promise<boolean> => (await requestOnce(`${node.origin}/health/ready`)).status === 200
const usedMemory = async (): Promise<number> => Number(/^used_memory:(\d+)/m.exec(await admin.info('memory'))?.[1])

interface Fault { what: string, begin: () => Promise<unknown>, end: () => Promise<unknown>, settlesMeanwhile?: boolean }

const faults: Fault[] = [
  { what: 'stopped', begin: async () => process.kill(redis.pid, 'SIGSTOP'), end: async () => process.kill(redis.pid, 'SIGCONT') },
  {
    what: 'blocked for three seconds',
    begin: async () => {
      redis
        .connect()
        .call('DEBUG', 'SLEEP', '3')
        .catch(() => undefined)
    },
    end: async () => await admin.ping()
  },
  { what: 'read-only, as a replica', begin: async () => await admin.replicaof('127.0.0.1', 1), end: async () => await admin.replicaof('NO', 'ONE') },
  {
    what: 'full',
    begin: async () => await admin.config('SET', 'maxmemory', (await usedMemory()) - 100_000),
    end: async () => await admin.config('SET', 'maxmemory', 0),
    settlesMeanwhile: true
  },
  {
    what: 'nearly full',
    begin: async () => await admin.config('SET', 'maxmemory', Math.round((await usedMemory()) / 0.9)),
    end: async () => await admin.config('SET', 'maxmemory', 0),
    settlesMeanwhile: true
  },
  {
    what: 'without its required replicas',
    begin: async () => await admin.config('SET', 'min-replicas-to-write', '1'),
    end: async () => await admin.config('SET', 'min-replicas-to-write', '0')
  }
]

for (const { what, begin, end, settlesMeanwhile } of faults) {
  await t.test(`with Redis ${what} callers get an error in time, and no message is accepted in part`, async t => {
    const node = await start(t)
    await sandbox.control('DELETE', 'messages')
    // In parallel, so that the first has not ended when the second arrives.
    const both = await Promise.all(['first', 'second'].map(async text => await node.send(SLOW, text)))
    const [slow, behind] = both.sort((one, other) => String(other.body['status']).localeCompare(one.body['status'])) as [Reply, Reply]
    t.match([slow.body, behind.body], [{ status: 'sending' }, { status: 'queued' }])
    await begin()
    await until('the node sees it', async () => !await isReady(node))
    await expectRejections(t, node, what)
    t.match(await requestOnce(`${node.origin}/health/live`), { status: 200 })
    if (settlesMeanwhile === true) {
      await until('the message in flight is settled meanwhile', async () => (await stateOf(node, slow.body['id'])) === 'sent')
    }
    await end()
    await until('the node is ready again', async () => await isReady(node))
    await expectAll(t, node, what, [slow.body['id'], behind.body['id']])
    t.equal(await arrivals(SLOW), 2, 'the message in flight and the queued one were sent once each')
  })
}

await t.test('while Redis loads its data the node is not ready, and it continues afterwards', async t => {
  const node = await start(t)
  await sandbox.control('DELETE', 'messages')
  const filler = redis.connect().pipeline()
  for (let i = 0; i < 8000; i++) filler.set('filler', 'x'.repeat(100))
  await filler.exec()
  await redis.kill()
  const restarted = redis.restart()
  await until(
    'it loads',
    async () =>
      await redis
        .connect({ enableReadyCheck: false })
        .get('filler')
        .then(
          () => false,
          error => /LOADING/.test(String(error))
        )
  )
  t.equal(await isReady(node), false)
  await expectRejections(t, node, 'loading')
  await restarted
  await until('the node is ready again', async () => await isReady(node))
  await expectAll(t, node, 'loading', [])
})

await t.test('scripts that Redis has lost are loaded again without an error', async t => {
  const node = await start(t, { INLINE_WAIT_MS: '5000' })
  await sandbox.control('DELETE', 'messages')
  for (const number of [1, 2, 3, 4]) {
    await admin.script('FLUSH')
    t.match(await node.send(`+155500080${number}0`), { status: 200 })
  }
  t.match(node.seen('unexpected-error'), [])
})

await t.test('draining continues while Redis is nearly full, and frees memory', async t => {
  const node = await start(t, { WHATSAPP_RATE_LIMIT_MS: '300' })
  const waiting = await Promise.all(['1', '2', '3'].map(async text => await node.send('+15550008100', text)))
  await admin.config('SET', 'maxmemory', Math.round(await usedMemory() / 0.9))
  await until('the node sees it', async () => !await isReady(node))
  t.match((await node.send('+15550008101')), { status: 503 })
  for (const { body } of waiting) await until('it is sent', async () => await stateOf(node, body['id']) === 'sent')
  await admin.config('SET', 'maxmemory', 0)
})

await t.test('after an outage nodes reconnect with a bounded number of connections and commands', async t => {
  const quick = await startRedis(t)
  const client = quick.connect()
  await sandbox.control('PUT', 'settings', { latencyMs: 1000 })
  const nodes = await Promise.all([1, 2, 3].map(async () => await startNode(t, { redisUrl: quick.url, apiUrl: sandbox.url, env })))
  const sending = await each(Array.from({ length: 90 }, (_, i) => i), 30, async n => await (nodes[n % 3] as Node).send(`+1555003${1000 + n}`))
  t.ok(sending.filter(({ body }) => body['status'] === 'sending').length > 45, 'many are in flight when Redis stops')
  const connections = Number(/^connected_clients:(\d+)/m.exec(await client.info('clients'))?.[1])
  await quick.kill()
  await pass(2000) // by now all sends have ended, and their outcomes cannot be written
  await quick.restart()
  await pass(1000)
  const stats = await client.info('stats')
  const of = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(stats)?.[1])
  t.comment(
    `${connections} connections before; in the first second ${of('total_connections_received')} connections ` +
    `and ${of('total_commands_processed')} commands`
  )
  t.ok(of('total_connections_received') <= 2 * connections, 'no client reconnects repeatedly')
  t.ok(of('total_commands_processed') <= 90 * 50 + 50 * connections, 'a bounded number of commands for each connection and each send in flight')
  for (const node of nodes) {
    await until('all messages are settled', async () => (await node.get('/stats')).body['senders']?.[0].unsettled === 0, 20_000)
  }
})

await t.test('no promise was rejected without a handler', async t => {
  t.same(rejections, [])
})

/** Every request fails in time and with Retry-After; the time may be longer by what a response without Redis takes. */
async function expectRejections (t: Test, node: Node, what: string): Promise<void> {
  const rejected: number[] = []
  const busy: number[] = []
  const lag = measureLag(5000)
  const { send } = createCaller(node.origin, keys.operator, requestOnce)
  const replies = await each(callers, 10, async n => {
    const reply = await timed(rejected, async () => await send(recipientOf(n), 'Hello', { idempotencyKey: `${what}-${n}` }))
    await timed(busy, async () => await requestOnce(`${node.origin}/health/live`))
    return reply
  })
  t.same(
    replies.filter(({ status, body }) => status !== 503 || !['UNAVAILABLE', 'OVERLOADED'].includes(body['code'])),
    [],
    'all requests fail temporarily'
  )
  t.ok(replies.every(reply => Number(reply.headers.get('retry-after')) >= 1), 'each has Retry-After')
  t.comment(
    `${what}: rejected after ${share(rejected, 0.5)} ms (median), ${share(rejected, 0.99)} ms (p99); ` +
    `requests without Redis took up to ${share(busy, 0.99)} ms`
  )
  t.ok(share(rejected, 0.5) < RESPONSE_MS + 2 * share(busy, 0.5), 'in time')
  // During a pause of the process nearly all requests were waiting, so the other ones do not show the pause.
  t.ok(share(rejected, 0.99) < 2 * RESPONSE_MS + 2 * Math.max(share(busy, 0.99), lag()), 'and none much later')
}

async function timed<Value> (into: number[], ask: () => Promise<Value>): Promise<Value> {
  const askedAt = performance.now()
  const value = await ask()
  into.push(performance.now() - askedAt)
  return value
}

function share (values: number[], part: number): number {
  return Math.round([...values].sort((a, b) => a - b)[Math.floor(values.length * part)] ?? Infinity)
}

/** Repeated requests are accepted once; messages in flight and queued ones are sent; no grant is left. */
async function expectAll (t: Test, node: Node, what: string, ids: string[]): Promise<void> {
  for (const id of ids) await until(`${id} is sent`, async () => await stateOf(node, id) === 'sent')
  const repeated = await each(callers, 10, async n =>
    await until('a response', async () => {
      const reply = await node.send(recipientOf(n), 'Hello', { idempotencyKey: `${what}-${n}` })
      return reply.status !== 503 && reply
    }))
  t.ok(repeated.every(({ status }) => status === 200 || status === 202), 'the same keys are accepted now')
  await until('all messages are settled', async () => (await node.get('/stats')).body['senders']?.[0].unsettled === 0, 20_000)
  const counts = await Promise.all(callers.map(async n => await arrivals(recipientOf(n))))
  t.same(counts.filter(count => count !== 1), [], 'each was sent once')
}

function recipientOf (n: number): string {
  return `+15550009${100 + n}`
}
