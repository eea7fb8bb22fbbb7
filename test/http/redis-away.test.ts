/** Responses to callers and probes while Redis is unavailable, and the state afterwards. */
import t from 'tap'
import { isUnavailable } from '../../src/redis/unavailable.js'
import { startSandbox } from '../sandbox/support.js'
import { longStartWindow } from '../support/flow.js'
import { startNode } from '../support/gateway.js'
import { startRedis } from '../support/redis.js'
import { request, type Reply } from '../support/request.js'
import { each, until } from '../support/until.js'

const redis = await startRedis(t)
const sandbox = await startSandbox(t, { enforcePair: false, throughputPerSecond: null })
const node = await startNode(t, {
  redisUrl: redis.url,
  apiUrl: sandbox.url,
  env: { ...longStartWindow, WHATSAPP_RATE_LIMIT_MS: '200', INLINE_WAIT_MS: '100', SEND_TIMEOUT_MS: '5000' }
})
const arrivals = async (to: string): Promise<number> => (await sandbox.seen(`?recipient=${encodeURIComponent(to)}`)).length

await t.test('while Redis is unavailable no message is accepted in part, and sending continues afterwards', async t => {
  await until('the node is ready', async () => (await request(`${node.origin}/health/ready`)).status === 200)
  // In parallel, so that the first has not ended when the second arrives.
  const both = await Promise.all(['first', 'second'].map(async text => await node.send('+15557010010', text)))
  const [slow, waiting] = both.sort((one, other) => String(other.body['status']).localeCompare(one.body['status'])) as [Reply, Reply]
  t.match(slow.body, { status: 'sending' }, 'one is in flight when Redis stops')
  t.match(waiting.body, { status: 'queued' }, 'and one is queued behind it')

  await redis.kill()
  await until('the node sees it', async () => (await request(`${node.origin}/health/ready`)).status === 503)
  t.match((await request(`${node.origin}/health/ready`)), { status: 503, body: { code: 'UNAVAILABLE' } })
  t.match((await request(`${node.origin}/health/live`)), { status: 200 })
  const askedAt = performance.now()
  const replies = await each(Array.from({ length: 20 }, (_, i) => i), 20, async n =>
    await node.send(`+155500070${10 + n}`, 'Hello', { idempotencyKey: `away-${n}` }))
  const tookMs = performance.now() - askedAt
  t.ok(tookMs < 5000, `errors come soon (${Math.round(tookMs)} ms for 20)`)
  for (const reply of replies) t.match(reply, { status: 503, body: { code: 'UNAVAILABLE', status: 503 } })
  t.ok(replies.every(reply => Number(reply.headers.get('retry-after')) >= 1), 'each has Retry-After')
  for (const path of ['/stats', `/messages/${waiting.body['id']}`, '/failures', '/workers/retry', '/rate-limits/+15550007010']) {
    t.match(await node.get(path), { status: 503, body: { code: 'UNAVAILABLE' } }, `GET ${path}`)
  }

  await redis.restart()
  await until('the node is ready again', async () => (await request(`${node.origin}/health/ready`)).status === 200)
  const stateOf = async (id: string): Promise<string> => (await node.get(`/messages/${id}`)).body['status']
  await until('the message in flight is settled', async () => await stateOf(slow.body['id']) === 'sent')
  await until('the queued message is sent', async () => await stateOf(waiting.body['id']) === 'sent')
  t.equal(await arrivals('+15557010010'), 2, 'each once')

  const repeated = await each(Array.from({ length: 20 }, (_, i) => i), 20, async n =>
    await until('a response', async () => {
      const reply = await node.send(`+155500070${10 + n}`, 'Hello', { idempotencyKey: `away-${n}` })
      return reply.status !== 503 && reply
    }))
  t.ok(repeated.every(reply => reply.status === 200 || reply.status === 202), 'the same keys are accepted now')
  await until('all messages are settled', async () => (await node.get('/stats')).body['senders']?.[0]?.unsettled === 0)
  for (let i = 0; i < 20; i++) t.equal(await arrivals(`+155500070${10 + i}`), 1)
  t.match(node.seen('attempt.stale'), [])
})

await t.test('a temporary error of Redis is UNAVAILABLE, not an unexpected error', async t => {
  const client = redis.connect()
  t.teardown(async () => await client.config('SET', 'min-replicas-to-write', '0'))
  await client.config('SET', 'min-replicas-to-write', '1')
  const rejected = await node.post('/workers/retry/start')
  t.match(rejected, { status: 503, body: { code: 'UNAVAILABLE', status: 503 } }, 'NOREPLICAS')
  t.ok(Number(rejected.headers.get('retry-after')) >= 1)
  await client.config('SET', 'min-replicas-to-write', '0')
  t.match(await node.post('/workers/retry/start'), { status: 200 })
})

await t.test('an error reply means unavailable unless it is about the command', t => {
  const reply = (message: string): Error => Object.assign(new Error(message), { name: 'ReplyError' })
  for (const word of ['NOREPLICAS', 'OOM', 'MISCONF', 'BUSY', 'NOAUTH', 'LOADING', 'READONLY', 'CLUSTERDOWN', 'MASTERDOWN', 'TRYAGAIN']) {
    t.equal(isUnavailable(reply(`${word} not now`)), true, word)
  }
  t.equal(isUnavailable(reply('ERR max number of clients reached')), true)
  for (const message of ['ERR wrong number of arguments', 'WRONGTYPE Operation against a key', 'CROSSSLOT Keys in request']) {
    t.equal(isUnavailable(reply(message)), false, message)
  }
  t.equal(isUnavailable(new Error('Connection is closed.')), true)
  t.equal(isUnavailable(new Error('OOM of another program')), false)
  t.end()
})
