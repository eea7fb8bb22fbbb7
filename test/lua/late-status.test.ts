/** Statuses that arrive when the key's window is over, or when the key belongs to a younger message. */
import t from 'tap'
import { BOB, HOUR, world, type Granted, type World } from './support.js'

const test = await world(t)
const MINUTE = 60_000
const KEPT = 15 * MINUTE
const entry = '{"attempt":1,"outcome":"sent"}'

const completed = async (w: World): Promise<number> => {
  const flat = await w.redis.zrange(w.key('completed'), 0, -1, 'WITHSCORES')
  // What was taken out is counted under a member of its own.
  return flat.reduce((sum, value, i) => i % 2 === 1 && flat[i - 1]?.startsWith('-') === false ? sum + Number(value) : sum, 0)
}

/** A message that was sent at once, with webhooks, and whose key has a window of a minute. */
async function sent (w: World, key = 'a', change = {}): Promise<Granted> {
  const grant = await w.grant({ key, windowMs: MINUTE, ...change })
  await w.settled(grant, 'sent', { keepMs: KEPT })
  return grant
}

/** The caller of a message with a lapsed key does this, see src/settlement/receipt.ts. */
async function release (w: World, { id }: Granted): Promise<string> {
  const { status } = await w.run('release-key', { id, payload: '["web","","n"]', history: entry }, id)
  return status
}

/** A FAILED message whose key belongs to a younger message, reopened and sent. */
async function reopened (w: World): Promise<Granted> {
  const old = await w.grant({ key: 'a', windowMs: MINUTE })
  await w.settled(old, 'failed', { reason: 'rejected' })
  w.at(2 * MINUTE)
  await w.settled(await w.grant({ key: 'a', recipient: BOB, windowMs: MINUTE }), 'sent')
  await w.retry(old.id, { force: true, holder: 'a1:9' })
  await w.settled({ ...old, attempt: 2, holder: 'a1:9' }, 'sent', { keepMs: KEPT, resultSuffix: 'web wamid.2', history: '{"attempt":2}' })
  return old
}

await test('with webhooks a result lives a day from the send, whatever is left of the key\'s window', async (t, w) => {
  const grant = await sent(w)
  const ttl = await w.redis.pttl(w.key('msg', grant.id))
  t.ok(ttl > 23 * HOUR && ttl <= 24 * HOUR, String(ttl))
  const plain = await w.grant({ key: 'b', windowMs: MINUTE, recipient: BOB })
  await w.settled(plain, 'sent')
  t.ok(await w.redis.pttl(w.key('msg', plain.id)) <= MINUTE, 'without webhooks there is nothing to wait for')
})

await test('a message scheduled for tomorrow that failed after its send is retried', async (t, w) => {
  const id = await w.schedule({ key: 'a', scheduledFor: w.ms() + 25 * HOUR, lifeMs: HOUR })
  w.at(25 * HOUR)
  const [grant] = (await w.claim()).grants
  if (grant === undefined) throw new TypeError('expected a grant')
  await w.settled(grant, 'sent', { keepMs: KEPT })
  w.at(25 * HOUR + 2 * MINUTE)
  t.equal(await w.state(id), 'sent', 'it can be looked up')
  t.match(await w.bounce(id, 'wamid.1'), { status: 'retry' })
  t.equal(await w.state(id), 'retrying')
})

await test('a key is free when its window is over, though the result of its message is still kept', async (t, w) => {
  const grant = await sent(w)
  await w.receipt(grant.id, 'wamid.1', { attempt: 1, status: 'd' })
  w.at(MINUTE - 1)
  t.match(await w.admit({ key: 'a', windowMs: MINUTE }), { status: 'duplicate', generation: grant.id.slice(23) })
  w.at(MINUTE)
  const young = await w.grant({ key: 'a', windowMs: MINUTE, fingerprint: '000000000000aa' })
  t.match(await w.msg(young.id), `w ${young.id.slice(23)} 000000000000aa`)
  t.equal(await w.redis.pttl(w.key('msg', young.id)), -1)
})

await test('a key is remembered for a minute after the settlement, and as long as its message is unsettled', async (t, w) => {
  const grant = await w.grant({ key: 'a', windowMs: MINUTE })
  w.at(2 * MINUTE)
  t.match(await w.admit({ key: 'a', windowMs: MINUTE }), { status: 'duplicate' })
  await w.settled(grant, 'failed', { reason: 'rejected' })
  w.at(3 * MINUTE - 1)
  t.match(await w.admit({ key: 'a', windowMs: MINUTE }), { status: 'duplicate' })
  w.at(3 * MINUTE)
  t.match(await w.admit({ key: 'a', windowMs: MINUTE }), { status: 'granted' })
})

await test('before a lapsed key is used again, what statuses of its message need is moved', async (t, w) => {
  const grant = await sent(w)
  w.at(2 * MINUTE)
  const before = await w.dump()
  t.strictSame(await w.admit({ key: 'a', windowMs: MINUTE }), { status: 'lapsed', result: await w.msg(grant.id) })
  t.strictSame(await w.dump(), before)
  t.equal(await release(w, grant), 'released')
  t.equal(await release(w, grant), 'unchanged', 'a repeat changes nothing')
  const young = await w.grant({ key: 'a', windowMs: MINUTE, recipient: BOB })
  t.equal(await release(w, grant), 'unchanged')
  t.equal(await w.state(grant.id), 'sent')
  t.match(await w.bounce(grant.id, 'wamid.1'), { status: 'retry' }, 'its content is still stored')
  t.equal(await w.state(grant.id), 'retrying')
  t.match(await w.msg(young.id), /^w /, 'the younger message keeps the key')
  t.equal(await completed(w), 0)
})

await test('a message without content whose key was used again is FAILED by a late status, within the day of its result', async (t, w) => {
  const grant = await sent(w)
  w.at(16 * MINUTE)
  await w.run('prune', { retentionMs: 86_400_000, cap: 10, limit: 10 })
  t.equal(await release(w, grant), 'released')
  const young = await w.grant({ key: 'a', windowMs: MINUTE, recipient: BOB })
  t.equal(await w.state(grant.id), 'sent')
  t.match(await w.bounce(grant.id, 'wamid.1'), { status: 'failed' }, 'a retry has nothing to send')
  t.equal(await w.state(grant.id), 'failed')
  t.strictSame(await w.bounce(grant.id, 'wamid.1'), { status: 'gone' })
  t.match(await w.msg(young.id), /^w /)
  t.strictSame(await w.receipt(grant.id, 'wamid.1', { attempt: 1, status: 'd' }), { status: 'sent' }, 'a delivery resolves it')
  t.equal(await w.state(grant.id), 'delivered')
})

await test('a message whose key was used again is settled by no delivery, and forgotten after it', async (t, w) => {
  const grant = await sent(w)
  w.at(2 * MINUTE)
  await release(w, grant)
  await w.grant({ key: 'a', windowMs: MINUTE, recipient: BOB })
  t.strictSame(await w.receipt(grant.id, 'wamid.1', { attempt: 1 }), { status: 'known' })
  t.strictSame(await w.receipt(grant.id, 'wamid.1', { attempt: 1, status: 'd' }), { status: 'advanced' })
  t.equal(await completed(w), 1, 'counted once')
  t.equal(await w.redis.exists(w.key('resolved'), w.key('failure-records'), w.key('unconfirmed')), 0, 'it never failed')
  t.strictSame(await w.bounce(grant.id, 'wamid.1'), { status: 'gone' })
})

await test('an erased message leaves nothing when its key is used again', async (t, w) => {
  const grant = await sent(w)
  await w.run('erase-message', { id: grant.id }, grant.id)
  w.at(2 * MINUTE)
  t.equal(await release(w, grant), 'released')
  t.equal(await w.redis.exists(w.key('failure-records'), w.key('unconfirmed'), w.key('msg', grant.id)), 0)
})

await test('a reopened message without a key is sent once, and its statuses count', async (t, w) => {
  const old = await reopened(w)
  const before = await completed(w)
  t.strictSame(await w.receipt(old.id, 'wamid.2', { attempt: 2 }), { status: 'known' })
  t.strictSame(await w.receipt(old.id, 'wamid.2', { attempt: 2, status: 'd' }), { status: 'advanced' })
  t.equal(await w.state(old.id), 'delivered')
  t.strictSame(await w.receipt(old.id, 'wamid.2', { attempt: 2, status: 'd' }), { status: 'known' })
  t.strictSame(await w.receipt(old.id, 'wamid.1', { attempt: 1 }), { status: 'double' }, 'another attempt was accepted, too')
  t.strictSame(await w.receipt(old.id, 'wamid.1', { attempt: 1 }), { status: 'known' })
  t.strictSame(await w.bounce(old.id, 'wamid.2', { attempt: 2 }), { status: 'gone' }, 'a delivery wins')
  t.equal(await completed(w), before)
  t.equal(await w.state(old.id), 'delivered')
})

await test('a reopened message without a key that failed after its send is retried', async (t, w) => {
  const old = await reopened(w)
  const young = await w.msg(old.id)
  w.at(HOUR)
  await w.run('prune', { retentionMs: 86_400_000, cap: 10, limit: 10 })
  t.match(await w.bounce(old.id, 'wamid.2', { attempt: 2 }), { status: 'retry' })
  t.equal(await w.state(old.id), 'retrying')
  t.equal(await w.redis.zscore(w.key('resolved'), old.id), null)
  t.equal(await w.msg(old.id), young, 'the key is another message\'s')
  t.match(await w.bounce(old.id, 'wamid.2', { attempt: 2 }), { status: 'known' })
})

await test('a reopened message without a key that is proven sent while in flight may still fail', async (t, w) => {
  const old = await w.grant({ key: 'a', windowMs: MINUTE })
  await w.settled(old, 'failed', { reason: 'unknown' })
  w.at(2 * MINUTE)
  await w.settled(await w.grant({ key: 'a', recipient: BOB, windowMs: MINUTE }), 'sent')
  await w.retry(old.id, { force: true, holder: 'a1:9' })
  t.strictSame(await w.receipt(old.id, 'wamid.1', { attempt: 1 }), { status: 'sent' })
  t.strictSame(await w.receipt(old.id, 'wamid.2', { attempt: 2 }), { status: 'in-flight' })
  t.strictSame(await w.bounce(old.id, 'wamid.1'), { status: 'in-flight' })
  t.match(await w.settle({ ...old, attempt: 2, holder: 'a1:9' }, 'retry', { history: '{"attempt":2}' }), { settlement: 'superseded' })
  t.match(await w.bounce(old.id, 'wamid.1', { afterMs: '' }), { status: 'failed' })
  t.equal(await w.state(old.id), 'failed')
})

await test('without a result the state is that of the last event, not of any', async (t, w) => {
  const cancelled = await w.grant({ key: 'a' })
  await w.settled(cancelled, 'unknown')
  await w.settled({ ...cancelled, holder: '' }, 'retry', { startedUs: '' })
  await w.cancel(cancelled.id)
  const expired = await w.grant({ key: 'b', recipient: BOB, lifeMs: MINUTE })
  await w.settled(expired, 'retry', { afterMs: 2 * MINUTE, history: '{"attempt":1}' })
  w.at(MINUTE)
  await w.cancel(expired.id, 'expired')
  for (const { id } of [cancelled, expired]) await w.redis.del(w.key('msg', id))
  t.equal(await w.state(cancelled.id), 'cancelled')
  t.equal(await w.state(expired.id), 'expired')
  t.strictSame(await w.receipt(cancelled.id, 'wamid.1', { attempt: 1 }), { status: 'sent' }, 'it was accepted before it was cancelled')
  await w.retry(expired.id, { force: true, holder: 'a1:9', history: '{"note":"retried by ops"}' })
  await w.settled({ ...expired, attempt: 2, holder: 'a1:9' }, 'failed', { reason: 'rejected', history: '{"attempt":2}' })
  for (const { id } of [cancelled, expired]) await w.redis.del(w.key('msg', id))
  t.equal(await w.state(cancelled.id), 'sent')
  t.equal(await w.state(expired.id), 'failed')
})
