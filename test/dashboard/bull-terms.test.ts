/** Tests of the table of docs/bull.md: a test for each row, and a row for each test. */
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { digest } from '../../src/admission/key.js'
import { createRun } from '../../src/redis/commands.js'
import { writePayload } from '../../src/redis/payload.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, type Node } from '../support/gateway.js'
import { until } from '../support/until.js'
import { openBoard, queued, still } from './support.js'

type Try = (t: Test, start: (env?: Record<string, string>) => Promise<Node>) => Promise<void>

const environment = await createTestEnvironment(t, longStartWindow)
const TO = '+15550000001'
const UNDELIVERABLE = '+15560131026'

const tries: Record<string, Try> = {
  async job (t, start) {
    const node = await start(still)
    const { id } = (await node.send(TO, 'due', {}, queued)).body
    t.match((await openBoard(node).job(id))?.job, { id, name: 'text' })
    t.match((await node.get(`/messages/${id}`)).body, { id, message: 'due' })
    const [job] = (await openBoard(node).queue('waiting', 1, 10, 'WHATSAPP-drain')).jobs
    t.strictSame(job?.data, { sender: SENDER }, "BullMQ's job names the sender, and no more")
  },

  async '`jobId`' (t, start) {
    const node = await start()
    const send = async (text: string): Promise<{ status: number; body: Record<string, any> }> =>
      await node.send(TO, text, { idempotencyKey: 'order-1' })
    t.match((await send('Hello')).body, { jobId: 'order-1', immediate: true })
    t.match((await send('Hello')).body, { jobId: 'order-1', duplicate: true, status: 'sent' })
    t.equal((await send('Other')).status, 422)
  },

  async '`delay`' (t, start) {
    const node = await start({ ...still, WHATSAPP_RATE_LIMIT_MS: '60000' })
    t.match((await node.send('+15550000002', 'later', { scheduledFor: Date.now() + 60_000 })).body, { status: 'scheduled', waitingFor: 'schedule' })
    await node.send(TO, 'one')
    const { delayMs, waitingFor } = (await node.send(TO, 'two')).body
    t.ok(delayMs > 30_000 && delayMs <= 60_000)
    t.equal(waitingFor, 'pair-rate')
  },

  async '`priority`' (t, start) {
    const node = await start(still)
    const [bulk, normal, urgent] = [
      await node.send('+15550000003', 'b', { priority: 'bulk' }, queued),
      await node.send('+15550000004', 'n', {}, queued),
      await node.send('+15550000005', 'u', { priority: 'urgent' }, queued)
    ].map(({ body }) => body.id)
    const { jobs } = await openBoard(node).queue('waiting')
    t.strictSame(jobs.map(job => [job.id, job.opts.priority]), [[urgent, 1], [normal, 2], [bulk, 3]])
  },

  async '`attempts`' (t, start) {
    const node = await start({ WHATSAPP_RATE_LIMIT_MS: '1', WHATSAPP_RETRY_SCHEDULE_MS: '1,1' })
    const { id } = (await node.send('+1556013100011')).body
    t.equal((await openBoard(node).job(id))?.job.opts.attempts, 3)
    // A retry that meets a busy pair is sent later: then it is not PENDING, and this call takes nothing.
    await until('all three attempts failed', async () => {
      await node.post('/failures/retry', { force: true })
      return (await node.get(`/messages/${id}`)).body.status === 'failed'
    })
    t.match((await node.get('/failures?status=FAILED')).body.failures, [{ id, attemptCount: 3, reason: 'exhausted' }])
  },

  async '`backoff`' (t, start) {
    const node = await start()
    const { body } = await node.send('+1556013100012')
    t.match(body, { status: 'retrying', nextRetryAt: /T/ })
    const [{ lastAttemptAt, nextRetryAt }] = (await node.get('/failures?status=PENDING')).body.failures
    t.equal(Date.parse(nextRetryAt) - Date.parse(lastAttemptAt), 60_000)
  },

  async stalled (t, start) {
    // The shortest lease that is allowed: a sender is asked after its leases as often.
    const node = await start({ START_WITHIN_MS: '250', SEND_TIMEOUT_MS: '100', LEASE_MS: '5400' })
    const run = createRun(environment.redis.connect(), node.prefix)
    const name = digest(SENDER, 'app', 'of a dead node')
    const payload = writePayload('p15550000006', { to: '+15550000006', type: 'text', message: 'Hello', keySource: 'field', caller: 'app' })
    const message = {
      digest: name,
      fingerprint: 'f',
      recipient: 'p15550000006',
      lane: 2,
      payload,
      inline: true,
      whenLimited: 'wait',
      scheduledFor: ''
    }
    const terms = { lifeMs: 86_400_000, windowMs: 86_400_000, holder: 'dead:1', runId: '', leaseMs: 1, queueCap: 10, backlogCap: 10 }
    const reply = await run('admit', { sender: SENDER, digest: name }, { ...message, ...terms })
    t.equal(reply.status, 'granted')
    const id = `${SENDER}.${name}.${reply.status === 'granted' ? reply.generation : ''}`
    await until('recovered', async () => (await node.get(`/messages/${id}`)).body.status === 'unknown', 15_000)
    t.match((await openBoard(node).job(id)), { status: 'delayed', job: { data: { waitingFor: 'outcome' } } })
    t.equal((await environment.arrivals('15550000006')).length, 0, 'it is not sent again')
  },

  async concurrency (t, start) {
    const node = await start({ MAX_IN_FLIGHT_PER_SENDER: '2', INLINE_WAIT_MS: '0' })
    const slow = ['+15557020010', '+15557020020', '+15557020030', '+15557020040']
    for (const to of slow) await node.send(to)
    t.match((await openBoard(node).queue()).counts, { active: 2, waiting: 2 })
  },

  async limiter (t, start) {
    const node = await start(still)
    await node.put(`/senders/${SENDER}/quota`, { pairIntervalMs: 60_000 })
    await node.send(TO, 'one')
    const { delayMs } = (await node.send(TO, 'two')).body
    t.ok(delayMs > 30_000 && delayMs <= 60_000)
    t.equal((await node.get(`/rate-limits/${encodeURIComponent(TO)}`)).body.rule.intervalMs, 60_000)
  },

  async '`removeOnComplete`' (t, start) {
    const node = await start({ IDEMPOTENCY_TTL_MS: '60000', FIND_WITHIN_MS: '120000' })
    const { id } = (await node.send(TO, 'gone', { idempotencyKey: 'once' })).body
    const redis = environment.redis.connect()
    t.equal(await redis.hlen(`{${node.prefix}:${SENDER}}:backlog`), 0)
    t.match((await node.get(`/messages/${id}`)).body, { status: 'sent', message: null })
    const [key = ''] = await redis.keys(`*${node.prefix}*:msg:*`)
    const ttl = await redis.pttl(key)
    t.ok(ttl > 60_000 && ttl <= 120_000, 'the result outlives the window of its key')
    t.equal((await openBoard(node).queue()).counts['completed'], 1)
  },

  async '`removeOnFail`' (t, start) {
    const node = await start()
    const { id } = (await node.send(UNDELIVERABLE)).body
    t.match((await node.get('/failures?status=FAILED')).body.failures, [{ id, message: 'Hello', attempts: [{ code: '131026' }] }])
    t.equal((await node.post(`/failures/${id}/retry`)).status, 200)
  },

  async '`pause`, `resume`' (t, start) {
    const node = await start()
    await node.post(`/senders/${SENDER}/pause`)
    const { id, delayMs } = (await node.send(TO)).body
    t.equal(delayMs, null, 'accepted, with a wait without a known end')
    t.match(await openBoard(node).queue('paused'), { isPaused: true, jobs: [{ id }] })
    await node.post(`/senders/${SENDER}/resume`)
    await until('sent', async () => (await node.get(`/messages/${id}`)).body.status === 'sent')
  },

  async '`getJobCounts`' (t, start) {
    const node = await start(still)
    await node.send(TO, 'one')
    await node.send(TO, 'two')
    const { queue, ...counts } = (await node.get('/queues/stats')).body
    t.strictSame([queue, counts], ['WHATSAPP', { waiting: 0, active: 0, delayed: 1, completed: 1, failed: 0, paused: 0 }])
    t.strictSame((await openBoard(node).queue()).counts, counts)
  },

  async '`job.remove`' (t, start) {
    const node = await start(still)
    const { id } = (await node.send(TO, 'due', {}, queued)).body
    t.equal((await node.del(`/messages/${id}`)).status, 200)
    t.equal(await openBoard(node).job(id), null)
    t.equal((await node.get(`/messages/${id}`)).body.status, 'cancelled')
  },

  async '`job.changePriority`, `job.changeDelay`, `job.promote`' (t, start) {
    const node = await start(still)
    const { id } = (await node.send(TO, 'later', { scheduledFor: Date.now() + 60_000 })).body
    const move = async (body: object): Promise<Record<string, any>> => (await node.patch(`/messages/${id}`, body)).body
    t.match(await move({ priority: 'urgent' }), { status: 'scheduled', priority: 'urgent' })
    t.match(await move({ scheduledFor: Date.now() + 120_000 }), { status: 'scheduled' })
    t.match(await move({ scheduledFor: null }), { status: 'queued' })
  },

  async '`job.retry`' (t, start) {
    const node = await start(still)
    const { id } = (await node.send('+1556113100013')).body
    t.match((await node.post(`/failures/${id}/retry`)).body, { total: 1, deferred: 1 }, 'it waits for the slot of its pair')
    t.match(await openBoard(node).job(id), { status: 'delayed', job: { data: { waitingFor: 'turn-in-queue' } } })
  },

  async 'queue events' (t, start) {
    const node = await start()
    const { id } = (await node.send(TO)).body
    t.match(node.seen('attempt.settled'), [{ id, outcome: 'sent' }])
    t.equal((await node.get(`/messages/${id}`)).body.status, 'sent')
  },

  async 'repeatable jobs' (t, start) {
    const node = await start()
    t.same((await openBoard(node).get('/api/job-schedulers')).body.schedulers, [])
    await until('a retry run', async () => (await node.get('/workers/retry')).body['lastRunAt'])
    t.match((await node.get('/workers/retry')).body, { isRunning: true, intervalMs: 120_000, nextRunAt: String })
  },

  async '`clean`, `drain`, `obliterate`' (t, start) {
    const node = await start(still)
    const board = openBoard(node)
    const { id } = (await node.send(TO, 'due', {}, queued)).body
    for (const action of ['empty', 'clean/delayed', 'pause', 'obliterate']) {
      t.equal((await board.put(`/api/queues/WHATSAPP/${action}`)).status, 405, action)
    }
    t.equal((await node.get(`/messages/${id}`)).body.status, 'queued')
  }
}

const page = readFileSync(new URL('../../docs/bull.md', import.meta.url), 'utf8')
const rows = page.split('\n').filter(line => line.startsWith('| ')).slice(1).map(line => line.split(' | ')[0]?.slice(2) ?? '')

await t.test('every row of the table has a test, and every test a row', async t => {
  t.strictSame(rows, Object.keys(tries))
})

for (const [term, attempt] of Object.entries(tries)) {
  await t.test(term, async t => { await attempt(t, async env => await environment.start(t, env)) })
}
