import t from 'tap'
import { ANN, world, type Granted, type World } from './support.js'

const test = await world(t)
const history = '{"attempt":2}'

/** What the sender's counts say of its failures. */
async function pending (w: World): Promise<number> {
  const reply = await w.run('inspect-sender', { limit: 10 })
  return reply.status === 'sender' ? reply.pending : NaN
}

/** A failure whose retry is granted. */
async function retried (w: World): Promise<Granted> {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'retry', { afterMs: 1000, history: '{"attempt":1}' })
  w.at(60_000)
  const reply = await w.retry(grant.id, { holder: 'a1:r' })
  if (reply.status !== 'granted') throw new TypeError('expected a grant')
  return { id: grant.id, recipient: ANN, attempt: 2, holder: 'a1:r' }
}

await test('a failure stays pending while its retry is queued, claimed, given back and claimed again', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  t.equal(await pending(w), 0, 'a message on its first attempt is no failure')
  await w.settled(grant, 'retry', { afterMs: 1000, history: '{"attempt":1}' })
  t.equal(await pending(w), 1)
  w.at(60_000)
  t.match(await w.retry(grant.id, { inline: false }), { status: 'queued' })
  t.equal(await pending(w), 1, 'queued')
  t.strictSame(await w.redis.zrange(w.key('retries'), 0, -1, 'WITHSCORES'), [grant.id, `${w.ms()}`])
  t.match(await w.run('inspect-sender', { limit: 10 }), { retrying: 0, queued: 1 }, 'each message has one state')
  const { grants: [again = grant] } = await w.claim()
  t.equal(await pending(w), 1, 'in flight')
  await w.settled(again, 'wait', { startedUs: '' })
  t.equal(await pending(w), 1, 'given back')
  w.at(120_000)
  const { grants: [last = grant] } = await w.claim()
  await w.settled(last, 'sent')
  t.equal(await pending(w), 0, 'sent')
  t.equal(await w.redis.exists(w.key('retries')), 0)
  t.match(await w.run('inspect-sender', { limit: 10 }), { resolved: 1 })
})

for (const [settlement, after, resolved, failed] of [['sent', 0, 1, 0], ['failed', 0, 0, 1], ['retry', 1, 0, 0], ['unknown', 1, 0, 0]] as const) {
  await test(`after a retry that ends as ${settlement}, the failure is listed once`, async (t, w) => {
    const grant = await retried(w)
    t.equal(await pending(w), 1)
    await w.settled(grant, settlement, { history })
    t.equal(await pending(w), after)
    t.match(await w.run('inspect-sender', { limit: 10 }), { resolved, failed })
    t.equal(await w.redis.zcard(w.key('failures')) + await w.redis.zcard(w.key('retries')), after)
  })
}

for (const settlement of ['retry', 'failed'] as const) {
  await test(`an unknown outcome of a retry stays pending on hold, and is listed once after it ends as ${settlement}`, async (t, w) => {
    const grant = await retried(w)
    await w.settled(grant, 'unknown', { history })
    t.equal(await pending(w), 1)
    w.at(180_000)
    await w.settled({ ...grant, holder: '' }, settlement, { history, startedUs: '' })
    t.equal(await pending(w), settlement === 'retry' ? 1 : 0)
    t.equal(await w.redis.exists(w.key('retries')), 0)
  })
}

await test('evidence about a retry of unknown outcome ends it', async (t, w) => {
  const grant = await retried(w)
  await w.settled(grant, 'unknown', { history })
  t.strictSame(await w.bounce(grant.id, 'wamid.2', { attempt: 2 }), { status: 'retry', dueMs: w.ms() + 60_000, stopped: false })
  t.equal(await pending(w), 1, 'it waits for the next retry')
  t.equal(await w.redis.exists(w.key('retries')), 0)
  w.at(180_000)
  t.match(await w.retry(grant.id, { inline: false }), { status: 'queued' })
  t.match(await w.receipt(grant.id, 'wamid.1', { attempt: 1 }), { status: 'sent' }, 'its first attempt was accepted after all')
  t.equal(await pending(w), 0)
})

await test('a queued retry that is cancelled, or expires, is pending no more', async (t, w) => {
  for (const reason of ['cancelled', 'expired'] as const) {
    w.at(0)
    const grant = await w.grant({ key: reason, recipient: reason === 'expired' ? ANN : 'p14155550177', lifeMs: 120_000 })
    await w.settled(grant, 'retry', { afterMs: 1000, history: '{"attempt":1}' })
    w.at(60_000)
    t.match(await w.retry(grant.id, { inline: false }), { status: 'queued' })
    t.equal(await pending(w), 1)
    w.at(120_001)
    t.match(await w.cancel(grant.id, reason), { status: 'done', hadFailed: true })
    t.equal(await pending(w), 0)
  }
})

await test('a reopened failure is pending until its retry has ended', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'failed', { history: '{"attempt":1}', reason: 'rejected' })
  w.at(5000)
  t.match(await w.retry(grant.id, { force: true, inline: false }), { status: 'queued' })
  t.equal(await pending(w), 1)
  const { grants: [again = grant] } = await w.claim()
  await w.settled(again, 'failed', { history, reason: 'rejected' })
  t.equal(await pending(w), 0)
})

await test('a failure whose retry has begun can be acknowledged', async (t, w) => {
  const grant = await retried(w)
  t.strictSame(await w.run('acknowledge', { id: grant.id, history: '{"acknowledgedBy":"ops"}' }, grant.id), { status: 'acknowledged' })
  await w.settled(grant, 'failed', { history, reason: 'exhausted' })
  t.match(await w.redis.hget(w.key('failure-records'), grant.id), 'acknowledgedBy')
})
