/** Each way in which Redis is unavailable, provoked with the real client: its errors have hardly any classes, so a new version may change them. */
import { Cluster, Redis, type ClusterOptions } from 'ioredis'
import t from 'tap'
import { SluiceError } from '../../src/errors.js'
import { createBus, type Events } from '../../src/events.js'
import { parseAddress } from '../../src/redis/address.js'
import { COMMAND_TIMEOUT_MS, createClient } from '../../src/redis/client.js'
import { isUnavailable, every } from '../../src/redis/unavailable.js'
import { startRedis } from '../support/redis.js'
import { startCluster } from '../support/redis-cluster.js'
import { until } from '../support/until.js'

const redis = await startRedis(t)
const CLOSED_PORT = 1

/** The error of a call that has to fail. */
async function errorOf (call: Promise<unknown>): Promise<Error> {
  return await call.then(() => { throw new TypeError('the call did not fail') }, (error: Error) => error)
}

function closing<Client extends Redis | Cluster> (t: { teardown: (end: () => void) => void }, client: Client): Client {
  client.on('error', () => {})
  t.teardown(() => client.disconnect())
  return client
}

const failFast = { enableOfflineQueue: false, autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 } as const

await t.test('a client without a connection yet is unavailable', async t => {
  const client = closing(t, new Redis(CLOSED_PORT, '127.0.0.1', failFast))
  const error = await errorOf(client.ping())
  t.match(error.message, /^Stream isn't writeable/)
  t.ok(isUnavailable(error))
})

await t.test('a closed client is unavailable', async t => {
  const client = redis.connect()
  await client.ping()
  const ended = new Promise(resolve => client.once('end', resolve))
  client.disconnect()
  await ended
  const error = await errorOf(client.ping())
  t.match(error.message, /^Connection is closed/)
  t.ok(isUnavailable(error))
})

await t.test('a command without a reply in time is unavailable', async t => {
  const client = closing(t, createClient(parseAddress(redis.url), 'fail-fast'))
  await until('it is connected', async () => client.status === 'ready')
  await redis.connect().call('CLIENT', 'PAUSE', '500', 'ALL')
  const error = await errorOf(client.ping())
  t.match(error, { code: 'UNAVAILABLE', facts: { cause: 'Command timed out' } })
  t.ok(isUnavailable(error))
})

await t.test('a reply that came while this process was blocked is in time, of a server and of a cluster', async t => {
  const cluster = await startCluster(t, { masters: 1, hasReplicas: false })
  for (const url of [redis.url, cluster.url]) {
    const client = closing(t, createClient(parseAddress(url), 'fail-fast'))
    await until('it is connected', async () => client.status === 'ready')
    await client.set('key', '1')
    const replies = [client.get('key'), client.pipeline().get('key').exec()]
    // What was written is sent in the next tick.
    await new Promise(resolve => setImmediate(resolve))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * COMMAND_TIMEOUT_MS)
    t.strictSame(await Promise.all(replies), ['1', [[null, '1']]])
  }
})

await t.test('commands in flight on a broken connection are unavailable', async t => {
  const client = redis.connect(failFast)
  await new Promise(resolve => client.once('ready', resolve))
  const id = await client.client('ID')
  const single = errorOf(client.blpop('no-such-list', 0))
  await redis.connect().call('CLIENT', 'KILL', 'ID', id)
  t.equal((await single).name, 'MaxRetriesPerRequestError')
  t.ok(isUnavailable(await single))
})

await t.test('a pipeline that is cut by a broken connection is unavailable', async t => {
  const client = redis.connect(failFast)
  await new Promise(resolve => client.once('ready', resolve))
  const id = await client.client('ID')
  const results = client.pipeline().set('key', '1').blpop('no-such-list', 0).exec()
  await redis.connect().call('CLIENT', 'KILL', 'ID', id)
  const error = (await results)?.[1]?.[0]
  t.equal(error?.message, 'Command aborted due to connection close')
  t.ok(isUnavailable(error))
})

await t.test('a command after too many reconnects is unavailable', async t => {
  const client = closing(t, new Redis(CLOSED_PORT, '127.0.0.1', { maxRetriesPerRequest: 1, retryStrategy: () => 10 }))
  const error = await errorOf(client.ping())
  t.equal(error.name, 'MaxRetriesPerRequestError')
  t.ok(isUnavailable(error))
})

await t.test('a cluster without a connection yet is unavailable', async t => {
  const cluster = closing(t, new Cluster([{ host: '127.0.0.1', port: CLOSED_PORT }], { enableOfflineQueue: false }))
  const error = await errorOf(cluster.ping())
  t.match(error.message, /^Cluster isn't ready/)
  t.ok(isUnavailable(error))
})

await t.test('a cluster without a responding server is unavailable', async t => {
  const cluster = closing(t, new Cluster([{ host: '127.0.0.1', port: CLOSED_PORT }], { clusterRetryStrategy: () => null, lazyConnect: true }))
  const refused = new Promise<Error>(resolve => cluster.once('error', resolve))
  const failed = errorOf(cluster.ping())
  const error = await refused
  t.equal(error.name, 'ClusterAllFailedError')
  t.ok(isUnavailable(error))
  t.ok(isUnavailable(await failed), String(await failed))
})

await t.test('a cluster without an owner of the slot is unavailable', async t => {
  const server = await startRedis(t, { extra: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'] })
  await server.connect().call('CLUSTER', 'ADDSLOTSRANGE', 0, 8191)
  const connect = (options: ClusterOptions): Cluster =>
    closing(t, new Cluster([{ host: '127.0.0.1', port: server.port }], { ...options, enableReadyCheck: false }))

  const redirected = await errorOf(connect({ maxRedirections: 2, retryDelayOnClusterDown: 10 }).get('foo'))
  t.match(redirected.message, /^Too many Cluster redirections/)
  t.ok(isUnavailable(redirected))

  const cluster = connect({ maxRedirections: 100, retryDelayOnClusterDown: 100 })
  await new Promise(resolve => cluster.once('ready', resolve))
  const call = errorOf(cluster.get('foo'))
  await new Promise(resolve => setTimeout(resolve, 50))
  cluster.disconnect()
  t.equal((await call).message, 'Cluster is ended.')
  t.ok(isUnavailable(await call))
})

await t.test('an error reply that asks to retry is unavailable, and one about the command is not', async t => {
  const client = redis.connect()
  t.teardown(async () => await client.config('SET', 'min-replicas-to-write', '0'))
  await client.config('SET', 'min-replicas-to-write', '1')
  t.ok(isUnavailable(await errorOf(client.set('key', '1'))), 'NOREPLICAS')
  await client.config('SET', 'min-replicas-to-write', '0')
  await client.set('key', '1')
  t.notOk(isUnavailable(await errorOf(client.lpush('key', '1'))), 'WRONGTYPE')
  t.notOk(isUnavailable(await errorOf(client.call('NO-SUCH-COMMAND'))), 'ERR')
})

await t.test('the error UNAVAILABLE is unavailable, and no other error is', async t => {
  t.ok(isUnavailable(new SluiceError('UNAVAILABLE')))
  t.notOk(isUnavailable(new SluiceError('INTERNAL', { detail: 'Command timed out' })))
  t.notOk(isUnavailable(new TypeError('x is not a function')))
  t.notOk(isUnavailable(AbortSignal.abort().reason))
  t.notOk(isUnavailable('Command timed out'))
})

await t.test('an outage of Redis is reported as one, once; another error is unexpected', async t => {
  const events = createBus()
  const outages: string[] = []
  const unexpected: Array<Events['unexpected-error'][0]> = []
  events.on('redis.lost', ({ error }) => outages.push(error))
  events.on('unexpected-error', error => unexpected.push(error))
  const results = [
    new SluiceError('UNAVAILABLE', { detail: 'away' }),
    new Error('Connection is closed.'),
    null,
    new SluiceError('UNAVAILABLE'),
    new TypeError('a bug'),
    null
  ]
  let runs = 0
  const loop = every(5, events, 'the work', async () => {
    const result = results[runs++] ?? null
    if (result !== null) throw result
  })
  await until('all have run', () => runs >= results.length)
  await loop.stop()
  t.equal(outages.length, 2)
  t.match(unexpected, [{ location: 'the work', error: { message: 'a bug' } }])
  t.equal(unexpected.length, 1)
})
