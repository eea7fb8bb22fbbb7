/** Jobs of the runs that are due: one at a time, and none is missed where a node dies. */
import { Queue, Worker } from 'bullmq'
import t from 'tap'
import { createBus } from '../src/events.js'
import { addDueRuns, enqueueOnce, releaseSubject } from '../src/queues.js'
import { connect } from '../src/redis/connect.js'
import { createStore } from '../src/redis/store.js'
import { createPrefix, startRedis } from './support/redis.js'
import { until } from './support/until.js'

const redis = await startRedis(t)
const client = redis.connect()

await t.test('a run is added when it is due, and once where its node dies before the next moment is written', async t => {
  const connections = await connect(redis.url, createBus())
  t.teardown(connections.close)
  const prefix = createPrefix()
  const store = createStore(connections, { prefix, leaseMs: 30_000 })
  const queue = new Queue('retry', { connection: client, prefix: `{${prefix}}` })
  const runs = [{ name: 'retry', queue, everyMs: 60_000 }] as const
  const waiting = async (): Promise<number> => await queue.getWaitingCount()

  await addDueRuns(store, runs)
  t.equal(await waiting(), 1, 'without a moment it is due')
  const inMs = Number(await client.hget(`{${prefix}}:runs`, 'retry')) - Number((await client.time())[0]) * 1000
  t.ok(inMs > 50_000 && inMs <= 61_000, `the next one in ${inMs} ms`)
  await addDueRuns(store, runs)
  t.equal(await waiting(), 1, 'it is not due again')

  const dying = { ...store, redis: new Proxy(store.redis, { get: (of, name) => name === 'hset' ? fail : Reflect.get(of, name) as unknown }) }
  await queue.drain()
  await client.hset(`{${prefix}}:runs`, 'retry', 0)
  await t.rejects(addDueRuns(dying, runs))
  t.equal(await waiting(), 1, 'the job was added before')
  await addDueRuns(store, runs)
  t.equal(await waiting(), 1, 'another node adds none while it waits')
})

await t.test('a subject has one waiting job, and another one once that has started', async t => {
  const prefix = `{${createPrefix()}}`
  const queue = new Queue('jobs', { connection: client, prefix })
  const worker = new Worker('jobs', null, { connection: redis.connect({ maxRetriesPerRequest: null }), prefix })
  t.teardown(async () => await worker.close(true))
  await Promise.all(Array.from({ length: 10 }, async (_, i) => await enqueueOnce(queue, 'job', i % 2 === 0 ? 'a' : 'b')))
  t.equal(await queue.getWaitingCount(), 2)
  const started = await worker.getNextJob('token')
  if (!started) throw new Error('no job')
  releaseSubject(started)
  const subject = started.deduplicationId ?? ''
  await until('it is released', async () => await queue.getDeduplicationJobId(subject) === null)
  await enqueueOnce(queue, 'job', subject)
  t.equal(await queue.getWaitingCount(), 2)

  const lost = await worker.getNextJob('token')
  await enqueueOnce(queue, 'job', lost ? lost.deduplicationId ?? '' : '')
  t.equal(await queue.getWaitingCount(), 2, 'a job whose node died before it released its subject does not block it')
})

async function fail (): Promise<never> {
  throw new TypeError('the node is gone')
}
