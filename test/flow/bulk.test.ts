/** Bulk jobs: they do what an observer of its own expects of the filter, once each, and another node goes on with them. */
import t from 'tap'
import { createRandom } from '../property/random.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, type Node } from '../support/gateway.js'
import { seedOf } from '../support/seed.js'
import { each, until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const redis = environment.redis.connect()
const env = { WHATSAPP_RATE_LIMIT_MS: '50', WHATSAPP_RETRY_SCHEDULE_MS: '600000', WHATSAPP_RETRY_INTERVAL_MS: '200' }
const HOUR = 3_600_000

type Job = Record<string, any>

async function start (node: Node, action: string, filter: object, more: object = {}): Promise<Job> {
  const { status, body } = await node.post('/jobs', { action, filter, ...more })
  if (status !== 202) throw new Error(JSON.stringify(body))
  return body
}

async function run (node: Node, action: string, filter: object, more: object = {}): Promise<Job> {
  const { id } = await start(node, action, filter, more)
  return await until(`${action} of ${JSON.stringify(filter)} is done`, async () => {
    const { body } = await node.get(`/jobs/${id}`)
    return body['finishedAt'] !== null && body
  }, 30_000)
}

async function post (node: Node, rows: object[]): Promise<string[]> {
  const { body } = await node.post('/messages/batch', rows)
  return (body['results'] as Array<{ id: string }>).map(({ id }) => id)
}

const statusOf = async (node: Node, id: string): Promise<string> => (await node.get(`/messages/${id}`)).body['status']

async function settled (node: Node, ids: readonly string[], status: string): Promise<void> {
  await until(`all are ${status}`, async () => (await Promise.all(ids.map(async id => await statusOf(node, id)))).every(one => one === status))
}

const seed = seedOf('bulk')
await t.test(`a cancellation takes exactly the messages that match, and a dry run counts them (seed ${seed})`, async t => {
  const random = createRandom(seed)
  const node = await environment.start(t, env)
  const rows = Array.from({ length: 150 }, (_, i) => ({
    to: `+1555002${1000 + i % 40}`,
    message: random.chance(0.5) ? `text ${i}` : { type: 'template', template: { name: random.pick(['ready', 'sale']), language: { code: 'en' } } },
    idempotencyKey: `k-${i}`,
    metadata: { order: random.int(1, 3), shop: random.pick(['a', 'b']) },
    scheduledFor: Date.now() + HOUR,
    ...(random.chance(0.5) ? { campaign: random.pick(['spring', 'spring.26']) } : {})
  }))
  const ids = await post(node, rows)
  type Row = typeof rows[number]
  const templateOf = ({ message }: Row): string | null => typeof message === 'string' ? null : message.template.name
  const filters: Array<[object, (row: Row) => boolean]> = [
    [{ campaign: 'spring' }, ({ campaign }) => campaign === 'spring'],
    [{ tag: 'order:2' }, ({ metadata }) => metadata.order === 2],
    [{ tag: 'shop:a', template: 'sale' }, row => row.metadata.shop === 'a' && templateOf(row) === 'sale'],
    [{ recipient: '+1 555 002 1007', state: 'scheduled' }, ({ to }) => to === '+15550021007'],
    [{ recipient: '+1 555 002 1008', state: 'queued' }, () => false],
    [{ caller: 'unknown' }, () => false],
    [{ acceptedUntil: '2020-01-01T00:00:00Z' }, () => false],
    [{ template: 'ready', acceptedFrom: '2020-01-01T00:00:00Z', sender: SENDER }, row => templateOf(row) === 'ready']
  ]
  const cancelled = new Set<number>()
  for (const [filter, matches] of filters) {
    const expected = rows.flatMap((row, i) => !cancelled.has(i) && matches(row) ? [i] : [])
    t.match(await run(node, 'cancel', filter, { dryRun: true }), { state: 'completed', matched: expected.length, done: 0 }, JSON.stringify(filter))
    t.match(await run(node, 'cancel', filter), { state: 'completed', matched: expected.length, done: expected.length, left: 0 })
    const found = await each(ids, 10, async id => await statusOf(node, id))
    // Those of before are forgotten a minute after they were cancelled.
    t.strictSame(found.flatMap((status, i) => status === 'cancelled' && !cancelled.has(i) ? [i] : []), expected)
    for (const i of expected) cancelled.add(i)
  }
  t.ok(cancelled.size > 20, 'the filters took some')
  t.match((await node.get('/audit?limit=1')).body['entries'][0], { action: 'bulk-cancel', sender: SENDER, subject: /template=ready/ })
})

await t.test('retry and acknowledge by code, reason and time; each failure once', async t => {
  const node = await environment.start(t, env)
  const [first = '', second = '', third = ''] = await post(node, [
    { to: '+15560131026001', message: 'x', metadata: { order: 1 } }, { to: '+15560131026002', message: 'x' }, { to: '+15560131051003', message: 'x' }
  ])
  await settled(node, [first, second, third], 'failed')
  t.match(await run(node, 'acknowledge', { errorCode: '131026', reason: 'rejected' }, { note: 'wrong numbers' }), { matched: 2, done: 2 })
  t.match(await run(node, 'acknowledge', { errorCode: '131026', reason: 'rejected' }, { note: 'wrong numbers' }), { matched: 0, done: 0 }, 'once')
  t.strictSame((await node.get('/failures?acknowledged=false')).body['failures'].map(({ id }: Job) => id), [third])

  t.match(await run(node, 'retry', { failedUntil: '2020-01-01T00:00:00Z' }), { matched: 0 })
  t.match(await run(node, 'retry', { errorCode: '131026', tag: 'order:1' }), { matched: 1, done: 1 })
  await until('it has failed again', async () => (await node.get(`/messages/${first}`)).body['attemptCount'] === 2)
  await settled(node, [first], 'failed')
  t.match((await node.get(`/messages/${second}`)).body, { attemptCount: 1 })

  const again = await node.post('/failures/retry', { status: 'FAILED', errorCode: '131026', limit: 1 })
  t.match(again, { status: 200, body: { total: 1 } })
  t.type(again.body['nextCursor'], 'string')
  const rest = await node.post('/failures/retry', { status: 'FAILED', errorCode: '131026', cursor: again.body['nextCursor'] })
  t.match(rest.body, { total: 1, nextCursor: null })
  await until('each was retried once', async () =>
    (await node.get(`/messages/${first}`)).body['attemptCount'] === 3 && (await node.get(`/messages/${second}`)).body['attemptCount'] === 2)
  t.match((await node.get(`/messages/${third}`)).body, { attemptCount: 1 })
})

await t.test('PENDING failures are retried before they are due, and left alone without the state', async t => {
  const node = await environment.start(t, env)
  const [id = ''] = await post(node, [{ to: '+15561131000001', message: 'x', campaign: 'spring' }])
  await settled(node, [id], 'retrying')
  t.match(await run(node, 'retry', { campaign: 'spring' }), { matched: 0 })
  t.match(await node.post('/failures/retry', { campaign: 'spring' }), { body: { total: 0 } }, 'it is not due')
  t.match(await run(node, 'retry', { campaign: 'spring', state: 'retrying' }), { matched: 1, done: 1, filter: 'state=retrying campaign=spring' })
  await until('it was sent', async () => ['sent', 'retrying'].includes(await statusOf(node, id)) &&
    (await node.get(`/messages/${id}`)).body['attemptCount'] === 2)
})

await t.test('another node goes on with a job, a stopped one ends, and an equal request returns it', async t => {
  const api = await environment.start(t, { ...env, ROLE: 'api' })
  const later = { message: 'x', scheduledFor: Date.now() + HOUR, metadata: { n: 1 } }
  const rows = Array.from({ length: 1200 }, (_, i) => ({ to: `+1555003${1000 + i}`, ...later }))
  await post(api, rows.slice(0, 600))
  await post(api, rows.slice(600))
  const job = await start(api, 'cancel', { tag: 'n:1' })
  t.match(job, { state: 'waiting', waitingFor: 'worker', filter: 'tag=n', by: 'operator' })
  t.match(await start(api, 'cancel', { tag: 'n:1' }), { id: job['id'] })
  const other = await start(api, 'cancel', { tag: 'n:1', state: 'scheduled' })
  t.match((await api.post(`/jobs/${other['id']}/stop`, {})).body, { id: other['id'] })
  t.strictSame((await api.get('/jobs')).body['jobs'].map(({ id }: Job) => id).sort(), [job['id'], other['id']].sort())
  // As a node leaves it that died while it worked: active, without a lock, some messages done.
  const queue = `{${api.prefix}}:WHATSAPP-bulk`
  await redis.lrem(`${queue}:wait`, 1, job['id'])
  await redis.rpush(`${queue}:active`, job['id'])
  await redis.hset(`${queue}:${job['id']}`, { progress: '{"done":5}', processedOn: Date.now() - 60_000, ats: 1 })
  t.notMatch(JSON.stringify(await redis.hgetall(`${queue}:${job['id']}`)), /n:1/, 'no value of metadata')

  await environment.start(t, env, { prefix: api.prefix })
  const ended = async (id: string): Promise<Job> => await until('the job has ended', async () => {
    const { body } = await api.get(`/jobs/${id}`)
    return body['finishedAt'] !== null && body
  }, 90_000)
  t.match(await ended(other['id']), { state: 'stopped', done: 0 })
  t.match(await ended(job['id']), { state: 'completed', waitingFor: null, scanned: 1200, total: 1200, done: 1205, left: 0 })
})

await t.test('errors', async t => {
  const node = await environment.start(t, env)
  t.match(await node.post('/jobs', { action: 'cancel', filter: {} }), { status: 400, body: { field: 'filter' } })
  t.match(await node.post('/jobs', { action: 'cancel', filter: { campaign: 'x', state: 'failed' } }), {
    status: 400, body: { code: 'INVALID_REQUEST', field: 'filter.state', errors: [{ allowed: ['scheduled', 'queued', 'retrying'] }] }
  })
  const wrong = async (action: string, filter: object, more: object = {}): Promise<unknown> =>
    (await node.post('/jobs', { action, filter: { tag: 'a:b', ...filter }, ...more })).body
  const move = { move: { priority: 'bulk' } }
  t.match(await wrong('move', { reason: 'rejected' }, move), { code: 'INVALID_REQUEST', field: 'filter.reason', detail: /must be absent for move/ })
  t.match(await wrong('cancel', { acknowledged: false }), { code: 'INVALID_REQUEST', field: 'filter.acknowledged' })
  t.match(await wrong('acknowledge', { acknowledged: true }), { field: 'filter.acknowledged', errors: [{ value: true, allowed: [false] }] })
  for (const action of ['cancel', 'retry']) t.match(await wrong(action, {}, { note: 'why' }), { field: 'note', detail: /only an acknowledgement/ })
  t.match(await wrong('move', {}, { ...move, note: 'why' }), { code: 'INVALID_REQUEST', field: 'note' })
  t.match(await node.post('/jobs', { action: 'cancel', filter: { recipient: 'x' } }), { status: 400, body: { code: 'INVALID_RECIPIENT' } })
  t.match(await node.post('/jobs', { action: 'retry', filter: { failedFrom: 'yesterday' } }), { status: 400, body: { field: 'filter.failedFrom' } })
  t.match(await node.post('/jobs', { action: 'retry', filter: { sender: 'x' } }), { status: 404, body: { code: 'SENDER_UNKNOWN' } })
  t.match(await node.get('/jobs/cancel-0000000000000000'), { status: 404, body: { code: 'NOT_FOUND' } })
})

await t.test('a time of failure matches no message that has never failed', async t => {
  const node = await environment.start(t, env)
  const [id = ''] = await post(node, [{ to: '+15550039001', message: 'text', idempotencyKey: 'never-failed', scheduledFor: Date.now() + HOUR }])
  const failedUntil = new Date(Date.now() + HOUR).toISOString()
  t.match(await run(node, 'cancel', { failedUntil }), { state: 'completed', matched: 0, done: 0 })
  t.equal(await statusOf(node, id), 'scheduled')
})

await t.test('a move takes the messages that match to their lane and time, once each, and says what is wrong with one', async t => {
  const node = await environment.start(t, env)
  const rows = (tag: string) => Array.from({ length: 20 }, (_, i) => ({
    to: `+1555003${1000 + i}`, message: 'text', idempotencyKey: `${tag}-${i}`, metadata: { tag }, scheduledFor: Date.now() + HOUR
  }))
  const [wanted, others] = [await post(node, rows('mine')), await post(node, rows('other'))]
  const moved = await run(node, 'move', { tag: 'tag:mine' }, { move: { priority: 'urgent', scheduledFor: null } })
  t.match(moved, { state: 'completed', matched: 20, done: 20, move: 'priority=urgent scheduledFor=now', states: ['scheduled', 'queued'] })
  await settled(node, wanted, 'sent')
  await settled(node, others, 'scheduled')
  const later = { move: { scheduledFor: Date.now() + 2 * HOUR } }
  t.match(await run(node, 'move', { tag: 'tag:other' }, later), { done: 20 })
  t.match(await run(node, 'move', { tag: 'tag:other' }, later), { matched: 20, done: 0 }, 'a repeat moves nothing')
  t.match((await node.get('/audit')).body['entries'][0], { action: 'bulk-move', subject: 'tag=tag', detail: /^scheduledFor=20/ })
  const wrong = async (body: object): Promise<unknown> => (await node.post('/jobs', { filter: { tag: 'a:b' }, ...body })).body
  t.match(await wrong({ action: 'move' }), { code: 'INVALID_REQUEST', field: 'move', errors: [{ detail: 'is required for move' }] })
  t.match(await wrong({ action: 'cancel', move: { priority: 'bulk' } }), { field: 'move', errors: [{ detail: 'must be absent for cancel' }] })
  t.match(await wrong({ action: 'move', move: { scheduledFor: '2020-01-01T00:00:00Z' } }), { code: 'SCHEDULED_IN_PAST', field: 'move.scheduledFor' })
  t.match(await wrong({ action: 'move', filter: { state: 'retrying' }, move: { scheduledFor: null } }), {
    field: 'filter.state', errors: [{ value: 'retrying', allowed: ['scheduled', 'queued'] }]
  })
})
