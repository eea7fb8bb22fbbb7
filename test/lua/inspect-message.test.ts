import t from 'tap'
import { ANN, BOB, HOUR, START, world, type World } from './support.js'

const test = await world(t)

/** The reply's fields for a message. */
async function inspect (w: World, id: string, byKey = false) {
  return await w.run('inspect-message', { id: byKey ? '' : id }, id)
}

await test('an unknown message is gone, by id and by key', async (t, w) => {
  t.strictSame(await w.run('inspect-message', { id: 'AAAAAAAAAAAAAAAAAAAAAA.18bcfe74a40' }, 'AAAAAAAAAAAAAAAAAAAAAA.0'), { status: 'gone' })
  t.strictSame(await w.run('inspect-message', { id: '' }, 'AAAAAAAAAAAAAAAAAAAAAA.0'), { status: 'gone' })
})

await test('a lookup by key finds the message that has the key now', async (t, w) => {
  const { id } = await w.grant({ key: 'a' })
  t.match(await inspect(w, id, true), { state: 'sending', id, nowMs: w.ms() })
})

await test('a queued message has the wait that admission promised, less the time since', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  w.at(500)
  const b = await w.queue({ key: 'b' })
  w.at(1000)
  const c = await w.queue({ key: 'c' })
  t.match(await inspect(w, b), { state: 'queued', waitUs: 1_000_000, waitingFor: 'pair-rate', position: 1, momentMs: 0 })
  t.match(await inspect(w, c), { state: 'queued', waitUs: 3_000_000, waitingFor: 'pair-rate', position: 2 })
  t.match(await inspect(w, b), { record: /^p14155550101 .*\n{"to"/ })
  await w.settled(grant, 'sent')
  w.at(1500)
  t.match(await inspect(w, b), { waitUs: 500_000, waitingFor: 'pair-rate' })
})

await test('messages of higher lanes are counted before it', async (t, w) => {
  await w.grant({ key: 'a' })
  const bulk = await w.queue({ key: 'b', lane: 3 })
  const urgent = await w.queue({ key: 'c', lane: 1 })
  t.match(await inspect(w, bulk), { position: 2, waitUs: 4_000_000 })
  t.match(await inspect(w, urgent), { position: 1, waitUs: 2_000_000 })
})

await test('for a head only earlier ready times count towards the sender rate', async (t, w) => {
  await w.rules({ senderIntervalUs: 1_000_000, senderBurst: 1 })
  await w.grant({ key: 'x', recipient: 'p14155550199' })
  const a = await w.queue({ key: 'a', inline: false })
  w.at(100)
  const b = await w.queue({ key: 'b', inline: false, recipient: BOB })
  t.match(await inspect(w, a), { waitUs: 900_000, waitingFor: 'sender-rate' })
  t.match(await inspect(w, b), { waitUs: 1_900_000, waitingFor: 'sender-rate' })
})

await test('a pause without an end makes the wait -1', async (t, w) => {
  const id = await w.queue({ key: 'a', inline: false })
  await w.run('pause', { state: 'paused', forMs: '', reason: 'ops' })
  t.match(await inspect(w, id), { state: 'queued', waitUs: -1, waitingFor: 'pause' })
  await w.redis.del(w.key('sender'))
  t.match(await inspect(w, id), { state: 'queued', waitUs: -1, waitingFor: 'turn-in-queue', position: 0 })
})

await test('a scheduled message returns its time', async (t, w) => {
  const id = await w.schedule({ key: 'a', scheduledFor: w.ms() + HOUR })
  t.match(await inspect(w, id), { state: 'scheduled', momentMs: w.ms() + HOUR, waitUs: HOUR * 1000, waitingFor: 'schedule' })
})

await test('a message that waits for a retry, or for the end of its hold, returns until when', async (t, w) => {
  const failing = await w.grant({ key: 'a' })
  await w.settled(failing, 'retry', { afterMs: 60_000, history: '{"attempt":1}' })
  const unknown = await w.grant({ key: 'b', recipient: BOB })
  await w.settled(unknown, 'unknown', { afterMs: 90_000 })
  w.at(10_000)
  t.match(await inspect(w, failing.id), {
    state: 'retrying',
    momentMs: w.ms() + 50_000,
    waitUs: 50_000_000,
    waitingFor: 'retry',
    record: /{"attempt":1}$/
  })
  t.match(await inspect(w, unknown.id), { state: 'unknown', momentMs: w.ms() + 80_000, waitUs: 80_000_000, waitingFor: 'retry' })
  w.at(95_000)
  t.match(await inspect(w, failing.id), { waitUs: 0 })
})

await test('a message in flight is sending', async (t, w) => {
  const { id } = await w.grant({ key: 'a' })
  t.match(await inspect(w, id), { state: 'sending', waitUs: 0, waitingFor: '', result: /^w / })
})

await test('a sent message returns its result, and no more', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'sent')
  t.match(await inspect(w, grant.id), { state: 'sent', result: / 1 p14155550101 web wamid.1$/, record: '', momentMs: 0 })
})

await test('each outcome has its state', async (t, w) => {
  const failed = await w.grant({ key: 'a' })
  await w.settled(failed, 'failed', { history: '{"reason":"rejected"}' })
  const cancelled = await w.queue({ key: 'b' })
  await w.cancel(cancelled)
  const expired = await w.queue({ key: 'c', lifeMs: 2001 })
  w.at(2001)
  await w.cancel(expired, 'expired')
  t.match(await inspect(w, failed.id), { state: 'failed', momentMs: Math.floor(START / 1000), record: /{"reason":"rejected"}$/ })
  t.match(await inspect(w, cancelled), { state: 'cancelled', record: '' })
  t.match(await inspect(w, expired), { state: 'expired' })
  const failedBefore = await w.grant({ key: 'd', recipient: BOB })
  await w.settled(failedBefore, 'retry')
  await w.receipt(failedBefore.id, 'wamid.1')
  t.match(await inspect(w, failedBefore.id), { state: 'sent', momentMs: w.ms(), record: /wamid.1"}$/ })
})

await test('after its window a failure is still known by its record, and a sent message is not', async (t, w) => {
  const failed = await w.grant({ key: 'a' })
  await w.settled(failed, 'failed')
  const resolved = await w.grant({ key: 'b', recipient: BOB })
  await w.settled(resolved, 'unknown')
  await w.receipt(resolved.id, 'wamid.1')
  const sent = await w.grant({ key: 'c', recipient: 'p14155550199' })
  await w.settled(sent, 'sent')
  for (const { id } of [failed, resolved, sent]) await w.redis.del(w.key('msg', id))
  t.match(await inspect(w, failed.id), { state: 'failed', result: '', record: new RegExp(`^${ANN} `) })
  t.match(await inspect(w, resolved.id), { state: 'sent', result: '' })
  t.equal(await w.state(sent.id), 'gone')
  t.strictSame(await w.run('inspect-message', { id: '' }, failed.id), { status: 'gone' }, 'the key is free')
})

await test('an older message of the key is distinguished from the younger one', async (t, w) => {
  const old = await w.grant({ key: 'a' })
  await w.settled(old, 'failed')
  await w.redis.del(w.key('msg', old.id))
  w.at(HOUR)
  const young = await w.queue({ key: 'a', recipient: BOB, inline: false })
  t.match(await inspect(w, old.id), { state: 'failed', result: '' })
  t.match(await inspect(w, young), { state: 'queued' })
  t.match(await inspect(w, old.id, true), { state: 'queued', id: young })
})

await test('inspecting a message changes nothing', async (t, w) => {
  await w.grant({ key: 'a' })
  const id = await w.queue({ key: 'b' })
  const before = await w.dump()
  await inspect(w, id)
  t.strictSame(await w.dump(), before)
})

await test('a message that had failed and was cancelled is cancelled also after the window of its key', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'retry', { afterMs: 60_000, history: '{"outcome":"retryable"}' })
  await w.run(
    'cancel',
    { id: grant.id, reason: 'cancelled', resultSuffix: 'web -', history: '{"outcome":"cancelled","reason":"cancelled"}' },
    grant.id
  )
  await w.redis.del(w.key('msg', grant.id))
  t.equal(await w.state(grant.id), 'cancelled')
})
