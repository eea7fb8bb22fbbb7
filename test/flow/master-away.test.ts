/**
 * A cluster of three masters without replicas and with `cluster-require-full-coverage no`, of which one is killed: everything goes on for the
 * senders on the other two.
 */
import t from 'tap'
import { createBus } from '../../src/events.js'
import { connect } from '../../src/redis/connect.js'
import { parseId } from '../../src/redis/keys.js'
import { createStore } from '../../src/redis/store.js'
import { startSandbox } from '../sandbox/support.js'
import { startNode, type Node } from '../support/gateway.js'
import { startCluster } from '../support/redis-cluster.js'
import { createPrefix } from '../support/redis.js'
import { recordRejections } from '../support/observe.js'
import { each, pass, until } from '../support/until.js'

/** Recovery's tick, its wait for a dead server, and tolerance for a busy machine. */
const IN_TIME_MS = 8000
const HOUSEKEEPING_MS = 60_000
const rejections = recordRejections(t)
const cluster = await startCluster(t, { hasReplicas: false })
const sandbox = await startSandbox(t, { enforcePair: false, throughputPerSecond: null })
const prefix = createPrefix()
const ids = Array.from({ length: 16 }, (_, i) => `s${i}`)
const file = `${t.testdir({ 'senders.json': JSON.stringify(ids.map(id => ({ id, accessToken: 'token' }))) })}/senders.json`
const env = {
  WHATSAPP_SENDERS_FILE: file,
  WHATSAPP_ACCESS_TOKEN: '',
  WHATSAPP_RATE_LIMIT_MS: '100',
  START_WITHIN_MS: '2000',
  WHATSAPP_RETRY_SCHEDULE_MS: '6000,6000',
  WHATSAPP_RETRY_INTERVAL_MS: '1000',
  SEND_TIMEOUT_MS: '1000',
  LEASE_MS: '9000',
  UNKNOWN_HOLD_MS: '500'
}
const start = async (): Promise<Node> => await startNode(t, { redisUrl: cluster.url, apiUrl: sandbox.url, prefix, env })
const node = await start()

const common = await cluster.masterOf(`{${prefix}}:senders`)
const masterOf = new Map(await each(ids, 4, async id => [id, await cluster.masterOf(`{${prefix}:${id}}:sender`)] as const))
const victim = [...masterOf.values()].find(server => server.port !== common.port)
if (victim === undefined) throw new Error('all senders are on one master')
const dead = ids.filter(id => masterOf.get(id)?.port === victim.port)
const alive = ids.filter(id => !dead.includes(id))
/** Some of them only have a message that expires while its sender is paused. */
const [paused, busy] = [alive.slice(0, 2), alive.slice(2)]
t.comment(`${dead.length} of ${ids.length} senders are on the master that is killed`)

interface Posted { sender: string, scheduled: string, leased: string, failing: string }
const SCHEDULED_IN_MS = 12_000
let posted: Posted[] = []
let expiring: string[] = []
let preparedAt = 0

await t.test('there is work of every kind', async t => {
  const connections = await connect(cluster.url, createBus())
  t.teardown(connections.close)
  const ghost = createStore(connections, { prefix, leaseMs: 6000 })
  posted = await each([...dead, ...busy], 4, async (sender, i) => {
    const [failing = '', leased = ''] = await each([0, 1], 1, async n => {
      const { body } = await node.send(`+15561131000${1000 + 2 * i + n}`, 'fails once', { sender })
      t.match(body, { status: 'retrying' }, `${sender}: a message waits for its retry`)
      return String(body['id'])
    })
    await pass(200) // its pair is free again
    // The second one is granted to a node that is gone.
    const { id = '', digest = '' } = parseId(leased) ?? {}
    const args = { id, force: true, inline: true, lifeMs: 86_400_000, history: '' }
    const { status } = await ghost.granting(sender, async terms => await ghost.run('retry', { sender, digest }, { ...args, ...terms }))
    t.equal(status, 'granted')
    const { body } = await node.send('+15550010003', 'scheduled', { sender, scheduledFor: Date.now() + SCHEDULED_IN_MS })
    return { sender, failing, leased, scheduled: String(body['id']) }
  })
  expiring = await each(paused, 2, async sender => {
    await node.post(`/senders/${sender}/pause`)
    return String((await node.send('+15550010002', 'expires', { sender, expiresInMs: 3000 })).body['id'])
  })
  preparedAt = performance.now()
})

await t.test('with one master away, the senders on the others lose no time', async t => {
  await victim.kill()
  const ofAlive = posted.filter(({ sender }) => busy.includes(sender))
  const withinMs = (ms: number): number => preparedAt + ms + IN_TIME_MS - performance.now()
  const sent = async (what: string, id: string, ms: number): Promise<unknown> =>
    await until(`${what} is sent`, async () => await stateOf(node, id) === 'sent', withinMs(ms))
  await each(ofAlive, ofAlive.length, async ({ sender, failing, leased, scheduled }) => {
    await sent(`${sender}: the failure`, failing, 6000)
    await sent(`${sender}: the message of the node that is gone`, leased, 6000 + 500)
    await sent(`${sender}: the scheduled message`, scheduled, SCHEDULED_IN_MS)
  })
  t.pass(`all of ${ofAlive.length} senders were sent ${Math.round(performance.now() - preparedAt)} ms after the last post`)
  t.match((await node.send('+15550010004', 'new', { sender: busy[0] })).body, { status: 'sent' })
  t.equal((await node.send('+15550010004', 'new', { sender: dead[0] })).status, 503)
})

await t.test('the status of the retry worker stays right', async t => {
  const first = (await node.get('/workers/retry')).body
  for (let times = 0; times < 30; times++) {
    const { status, body } = await node.get('/workers/retry')
    if (status !== 200 || body['isRunning'] !== true) t.match({ status, body }, { status: 200, body: { isRunning: true } })
  }
  await until('another run', async () => (await node.get('/workers/retry')).body['lastRunAt'] > first['lastRunAt'])
})

await t.test('operators see and retry what is left, and which senders are missing', async t => {
  for (const path of ['/senders', '/stats', '/queues/stats', '/failures']) {
    const { status, body } = await node.get(path)
    t.equal(status, 200, path)
    t.strictSame(body['unavailable']?.toSorted(), dead.toSorted(), path)
  }
  t.strictSame((await node.get('/senders')).body['senders'].map(({ id }: { id: string }) => id).toSorted(), alive.toSorted())
  const retried = await node.post('/failures/retry', { limit: 1 })
  t.strictSame([retried.status, retried.body['unavailable']?.toSorted()], [200, dead.toSorted()])
  const acknowledged = await node.post('/failures/acknowledge', {})
  t.strictSame([acknowledged.status, acknowledged.body['unavailable']?.toSorted()], [200, dead.toSorted()])
  t.equal((await node.get(`/failures?sender=${dead[0]}`)).status, 503)
  // A campaign of a sender that cannot be read may exist, and may be cancelled.
  t.match(await node.get('/campaigns/nowhere'), { status: 503, body: { code: 'UNAVAILABLE' } })
  t.match(await node.post('/campaigns/nowhere/cancel'), { status: 503, body: { code: 'UNAVAILABLE' } })
  t.match(await node.put('/campaigns/nowhere', {}), { status: 503, body: { code: 'UNAVAILABLE' } })
})

await t.test('metrics leave out only the senders that cannot be read', async t => {
  const text = await until('a reading with senders while a server is down', async () => {
    const text = await (await fetch(`${node.origin}/metrics`)).text()
    return text.includes(`sluice_queue_messages{sender="${busy[0]}"`) && /^sluice_redis_up 0$/m.test(text) && text
  })
  t.notOk(text.includes(`sluice_queue_messages{sender="${dead[0]}"`))
  t.ok(/^sluice_retry_worker_running 1$/m.test(text), 'the retry worker runs')
})

await t.test('a node that starts meanwhile serves the others', async t => {
  const second = await start()
  t.match((await second.send('+15550010005', 'by the second', { sender: busy[0] })).body, { status: 'sent' })
  await second.close()
})

await t.test('messages expire', async () => {
  for (const id of expiring) await until('it expires', async () => await stateOf(node, id) === 'expired', HOUSEKEEPING_MS + IN_TIME_MS)
})

await t.test('no error is unexpected', async t => {
  t.same(node.seen('unexpected-error').map(({ location, error }) => `${location}: ${String(error)}`), [])
})

await t.test('once the master is back, its senders go on', async () => {
  await victim.restart()
  await cluster.settled()
  const ofDead = posted.filter(({ sender }) => dead.includes(sender))
  await each(ofDead.flatMap(({ failing, leased, scheduled }) => [failing, leased, scheduled]), 4, async id =>
    await until('it is sent', async () => await stateOf(node, id) === 'sent', 40_000))
})

await t.test('with the master of the common keys away, free pairs of other senders are sent to, and the rest goes on once it is back', async t => {
  const sender = ids.find(id => masterOf.get(id)?.port !== common.port) ?? ''
  await common.kill()
  t.match((await node.send('+15550010006', 'at once', { sender })).body, { status: 'sent' })
  const later = (await node.send('+15550010006', 'later', { sender, scheduledFor: Date.now() + 1000 })).body
  t.match(later, { status: 'scheduled' })
  const failing = (await node.send('+155611310009999', 'fails once', { sender })).body
  t.match(failing, { status: 'retrying' })
  // Longer than its retry takes: no node looks for what is due.
  await pass(7000 + IN_TIME_MS)
  t.equal(await stateOf(node, String(failing['id'])), 'retrying')
  await common.restart()
  await cluster.settled()
  for (const id of [later['id'], failing['id']]) {
    await until('it is sent', async () => await stateOf(node, String(id)) === 'sent', 40_000)
  }
})

await t.test('the process has no unhandled rejection', async t => {
  t.same(rejections, [])
})

async function stateOf (of: Node, id: string): Promise<string> {
  return (await of.get(`/messages/${id}`)).body['status']
}
