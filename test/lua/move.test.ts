import t from 'tap'
import { ANN, BOB, HOUR, START, world, type World } from './support.js'

const test = await world(t)

const move = async (w: World, id: string, change: { lane?: number, scheduledFor?: number, expiresAt?: number }) =>
  await w.run('move', { id, lane: '', scheduledFor: '', expiresAt: '', history: '{"movedBy":"web"}', ...change }, id)
const claimed = async (w: World): Promise<string[]> => (await w.claim()).grants.map(({ id }) => id)
const expiryOf = async (w: World, id: string): Promise<number> => Number(await w.redis.zscore(w.key('expiry'), id)) - Math.floor(START / 1000)

await test('a message moves to another lane with its ready time of now, and a repeat changes nothing', async (t, w) => {
  const id = await w.queue({ key: 'a', lane: 3, inline: false })
  w.at(500)
  t.strictSame(await move(w, id, { lane: 1 }), { status: 'moved', isScheduled: false, wakeHint: '' })
  t.strictSame(await w.ready(), ['urgent', START + 500_000])
  t.strictSame(await w.redis.zrange(w.key('queue:urgent'), 0, -1), [`${ANN}:000000000001:${id}`])
  t.equal(await w.redis.exists(w.key('queue:bulk'), w.key('ready:bulk')), 0)
  const before = await w.dump()
  t.strictSame(await move(w, id, { lane: 1 }), { status: 'unchanged' })
  t.strictSame(await w.dump(), before)
  t.match(await w.redis.hget(w.key('backlog'), id), /\n\d+ {"movedBy":"web"}$/)
  t.strictSame(await claimed(w), [id])
})

await test('in its new lane it goes ahead of younger messages of its recipient, and behind older ones', async (t, w) => {
  const oldest = await w.queue({ key: 'a', lane: 1, inline: false })
  const moved = await w.queue({ key: 'b', lane: 3, inline: false })
  const youngest = await w.queue({ key: 'c', lane: 1, inline: false })
  await move(w, moved, { lane: 1 })
  t.strictSame(await w.ready(), ['urgent', START], 'the head stays')
  for (const [i, id] of [oldest, moved, youngest].entries()) {
    w.at(i * 2000)
    const { grants: [grant] } = await w.claim()
    t.equal(grant?.id, id)
    if (grant !== undefined) await w.settled(grant, 'sent')
  }
})

await test('the next message becomes the head when the head moves to a lower lane or a later time', async (t, w) => {
  const head = await w.queue({ key: 'a', inline: false })
  const next = await w.queue({ key: 'b', inline: false })
  w.at(500)
  t.match(await move(w, head, { lane: 3 }), { status: 'moved' })
  t.strictSame(await w.ready(), ['normal', START + 500_000])
  t.match(await move(w, next, { scheduledFor: w.ms() + 1000 }), { status: 'moved', isScheduled: true })
  t.strictSame(await w.ready(), ['bulk', START + 500_000])
  t.equal(await w.state(next), 'scheduled')
})

await test('a message with a later time joins its queue behind those that wait then, and keeps what was left of its life', async (t, w) => {
  const id = await w.queue({ key: 'a', inline: false, lifeMs: 10_000 })
  w.at(1000)
  const at = w.ms() + HOUR
  t.match(await move(w, id, { scheduledFor: at }), { status: 'moved', isScheduled: true })
  t.equal(await expiryOf(w, id), HOUR + 10_000)
  t.strictSame(await move(w, id, { scheduledFor: at }), { status: 'unchanged' })
  t.equal(await w.ready(), null)
  w.at(HOUR - 1000)
  const other = await w.queue({ key: 'b', inline: false })
  w.at(HOUR + 1000)
  const [first] = (await w.claim()).grants
  t.equal(first?.id, other)
  if (first !== undefined) await w.settled(first, 'sent')
  w.at(HOUR + 3000)
  t.strictSame(await claimed(w), [id])
})

await test('a scheduled message that moves to now joins at once, with those that are due before it', async (t, w) => {
  const due = await w.schedule({ key: 'a', scheduledFor: w.ms() + 1000 })
  const later = await w.schedule({ key: 'b', scheduledFor: w.ms() + HOUR, lifeMs: 5000 })
  w.at(2000)
  t.strictSame(await move(w, later, { scheduledFor: 0 }), { status: 'moved', isScheduled: false, wakeHint: 'enqueue' })
  t.equal(await expiryOf(w, later), 7000)
  t.equal(await w.redis.exists(w.key('scheduled')), 0)
  t.strictSame(await w.redis.zrange(w.key('queue:normal'), 0, -1), [`${ANN}:000000000003:${due}`, `${ANN}:000000000004:${later}`])
  t.strictSame(await move(w, later, { scheduledFor: 0 }), { status: 'unchanged' })
})

await test('a scheduled message changes its lane and its time where it is', async (t, w) => {
  const id = await w.schedule({ key: 'a', scheduledFor: w.ms() + HOUR })
  t.match(await move(w, id, { lane: 1, scheduledFor: w.ms() + 5000 }), { status: 'moved', isScheduled: true })
  t.match(await w.redis.zrange(w.key('scheduled'), 0, -1, 'WITHSCORES'), [`000000000001:${id}`, String(w.ms() + 5000)])
  w.at(5000)
  t.strictSame(await claimed(w), [id])
  t.equal(await w.redis.exists(w.key('queue:urgent')), 0)
})

await test('a life is made longer or shorter, and never ends before the message may be sent', async (t, w) => {
  const id = await w.queue({ key: 'a', inline: false })
  t.match(await move(w, id, { expiresAt: w.ms() + 5000 }), { status: 'moved', isScheduled: false })
  t.equal(await expiryOf(w, id), 5000)
  t.strictSame(await move(w, id, { expiresAt: w.ms() }), { status: 'expires' })
  t.strictSame(await move(w, id, { scheduledFor: w.ms() + 6000, expiresAt: w.ms() + 6000 }), { status: 'expires' })
  w.at(5000)
  t.strictSame(await move(w, id, { lane: 1 }), { status: 'expires' })
  t.strictSame((await w.claim()).expired, [id])
})

await test('a message that has been attempted changes its lane and life, and keeps its time', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'retry', { afterMs: 5000 })
  t.strictSame(await move(w, grant.id, { scheduledFor: w.ms() + 1000 }), { status: 'retrying' })
  t.match(await move(w, grant.id, { lane: 1, expiresAt: w.ms() + HOUR }), { status: 'moved' })
  t.equal(await w.state(grant.id), 'retrying')
  w.at(5000)
  t.match(await w.retry(grant.id, { inline: false }), { status: 'queued' })
  t.strictSame(await w.ready(), ['urgent', START + 5_000_000])
  t.strictSame(await move(w, grant.id, { scheduledFor: 0 }), { status: 'retrying' })
  t.match(await move(w, grant.id, { lane: 3 }), { status: 'moved' })
  t.strictSame(await w.ready(), ['bulk', START + 5_000_000])
})

await test('a message in flight or of unknown outcome is busy, a settled one is gone; the pair of a grant gets no ready time', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  const behind = await w.queue({ key: 'b' })
  t.strictSame(await move(w, grant.id, { lane: 1 }), { status: 'busy' })
  t.match(await move(w, behind, { lane: 1 }), { status: 'moved', wakeHint: '' })
  t.equal(await w.ready(), null)
  await w.settled(grant, 'unknown')
  t.strictSame(await move(w, grant.id, { lane: 1 }), { status: 'busy' })
  const other = await w.grant({ key: 'c', recipient: BOB })
  await w.settled(other, 'sent')
  t.strictSame(await move(w, other.id, { lane: 1 }), { status: 'gone' })
})

await test('a message of a paused campaign moves to another lane while it waits, and leaves for another time', async (t, w) => {
  await w.run('set-campaign', { campaign: 'spring', state: 'paused' })
  const id = await w.queue({ key: 'a', inline: false, template: '#spring' })
  t.strictSame((await w.claim()).grants, [])
  t.equal(await w.redis.zcard(w.key('suspended')), 1)
  t.match(await move(w, id, { lane: 1 }), { status: 'moved', wakeHint: '' })
  t.equal(await w.redis.zcard(w.key('suspended')), 1)
  t.match(await move(w, id, { scheduledFor: w.ms() + 1000 }), { status: 'moved', isScheduled: true })
  t.equal(await w.redis.zcard(w.key('suspended')), 0)
  await w.run('set-campaign', { campaign: 'spring', state: 'running' })
  w.at(1000)
  t.strictSame(await claimed(w), [id])
})
