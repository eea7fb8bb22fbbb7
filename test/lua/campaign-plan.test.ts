/** The plan of a campaign: start, end, lane and rate, script by script. */
import t from 'tap'
import { ANN, BOB, CARL, START, world, type Granted, type World } from './support.js'

const test = await world(t)
const SPRING = { template: '#spring' }
const SECOND = 1_000_000

const plan = async (w: World, change: object, state = ''): Promise<object> => await w.run('set-campaign', { campaign: 'spring', state, ...change })
const stored = async (w: World): Promise<string | undefined> => (await w.run('inspect-campaigns', { campaign: 'spring' })).found[0]?.plan
const ms = (w: World, afterMs: number): number => Math.floor(w.now / 1000) + afterMs
const recipientOf = (i: number): string => `p1415555${String(i).padStart(4, '0')}`

/** Claims at each time that a claim names, until then; returns when each message was granted, ms from the start. */
async function drain (w: World, untilMs: number): Promise<Array<{ at: number, recipient: string }>> {
  const granted: Array<{ at: number, recipient: string }> = []
  for (let i = 0; i < 2000; i++) {
    const { grants, next } = await w.claim({ want: 10 })
    const at = (w.now - START) / 1000
    for (const grant of grants) {
      granted.push({ at, recipient: grant.recipient })
      await w.settled(grant, 'sent')
    }
    // The settlements have changed when the next one is ready.
    if (grants.length > 0) continue
    if (next < 0 || next > START + untilMs * 1000) return granted
    w.now = Math.max(w.now, next)
  }
  throw new Error('claims follow each other at once without an end')
}

await test('messages wait for the start, in their order, and other messages pass them', async (t, w) => {
  const startAt = ms(w, 60_000)
  t.match(await plan(w, { startAt }), { status: 'written', had: false, isPlanned: true })
  const waiting = { status: 'queued', waitUs: startAt * 1000 - w.now, waitingFor: 'campaign-start' }
  t.match(await w.admit({ key: 'a', ...SPRING }), waiting)
  const second = await w.queue({ key: 'b', ...SPRING })
  const other = await w.queue({ key: 'c' })
  t.match(await w.admit({ key: 'd', recipient: BOB, lifeMs: 59_000, ...SPRING }), { status: 'rejected', code: 'WOULD_EXPIRE' })
  t.match(await w.admit({ key: 'd', recipient: BOB, lifeMs: 60_000, scheduledFor: startAt, ...SPRING }), { status: 'scheduled' })
  t.strictSame((await drain(w, 59_000)).map(({ recipient }) => recipient), [ANN], 'only the message without a campaign')
  t.equal(await w.state(other), 'sent')
  t.match(await w.run('inspect-message', { id: second }, second), { state: 'queued', waitingFor: 'campaign-start', waitUs: startAt * 1000 - w.now })
  const { nextMs } = await w.run('recover', { lost: '', limit: 10, graceMs: 0 })
  t.ok(nextMs > 0 && nextMs <= startAt, 'recovery starts a drain run in time')
  const granted = await drain(w, 70_000)
  const starts = granted.map(({ at, recipient }) => [Math.ceil(at), recipient]).sort()
  t.strictSame(starts, [[60_000, ANN], [60_000, BOB], [62_000, ANN]], 'at its start, to the ms')
  t.equal(await w.redis.exists(w.key('campaign-starts'), w.key('suspended')), 0)
})

await test('a start that moves, or is removed, counts from the next grant', async (t, w) => {
  await plan(w, { startAt: ms(w, 3_600_000) })
  const first = await w.queue({ key: 'a', ...SPRING })
  const second = await w.queue({ key: 'b', recipient: BOB, ...SPRING })
  t.strictSame(await drain(w, 10_000), [])
  w.at(10_000)
  t.match(await plan(w, { startAt: ms(w, 5000) }), { status: 'written', had: true })
  t.strictSame((await drain(w, 14_000)), [])
  t.match(await plan(w, { startAt: 0 }), { status: 'written' })
  t.equal(await stored(w), '')
  t.match(await w.run('release-suspended', { limit: 100 }), { count: 2 })
  t.equal((await drain(w, 20_000)).length, 2)
  t.strictSame([await w.state(first), await w.state(second)], ['sent', 'sent'])
  await w.run('release-suspended', { limit: 100 })
  t.equal(await w.redis.exists(w.key('templates')), 0, 'nothing is left of the plan')
  t.equal(await w.redis.hget(w.key('sender'), 'limits'), 'shares', 'scripts look at plans no longer')
})

await test('what has not started by the end is named as expired, wherever it waits', async (t, w) => {
  const endAt = ms(w, 10_000)
  await plan(w, { endAt })
  const flying = await w.grant({ key: 'a', ...SPRING })
  const queued = await w.queue({ key: 'b', ...SPRING })
  const scheduled = await w.schedule({ key: 'c', recipient: BOB, scheduledFor: ms(w, 60_000), ...SPRING })
  t.match(await w.cancel(queued, 'expired'), { status: 'alive' })
  w.at(10_000)
  t.match(await w.admit({ key: 'd', recipient: CARL, ...SPRING }), { status: 'rejected', code: 'WOULD_EXPIRE' })
  t.match(await w.admit({ key: 'b', ...SPRING }), { status: 'duplicate' })
  t.match(await w.cancel(flying.id, 'expired'), { status: 'busy' }, 'what is in flight goes on')
  await w.settled(flying, 'retry', { afterMs: 1000, history: '{"attempt":1,"outcome":"retryable","code":"131000"}' })
  const { grants, expired } = await w.claim({ want: 10 })
  t.strictSame([grants, expired], [[], [queued]])
  for (const id of [queued, scheduled]) t.match(await w.cancel(id, 'expired'), { status: 'done' })
  w.at(12_000)
  t.match(await w.retry(flying.id), { status: 'expired' })
  t.match(await w.cancel(flying.id, 'expired'), { status: 'done', hadFailed: true })
  const [, , , accepted, , , , , , expiredCount] = ((await w.run('inspect-campaigns', { campaign: 'spring' })).found[0]?.entry ?? '').split(' ')
  t.strictSame([accepted, expiredCount], ['3', '3'])
  t.match(await w.retry(flying.id, { force: true, lifeMs: 60_000 }), { status: 'gone' }, 'none is reopened')
})

await test('a paused campaign ends too, and one without a pause in the middle of its wait', async (t, w) => {
  const start = { startAt: ms(w, 5000), endAt: ms(w, 10_000) }
  await plan(w, start)
  const first = await w.queue({ key: 'a', ...SPRING })
  await drain(w, 1000)
  await plan(w, {}, 'paused')
  t.equal(await stored(w), `0 ${start.startAt} ${start.endAt} 0`, 'a pause keeps the plan')
  t.strictSame(await drain(w, 9000), [])
  t.match(await w.run('inspect-message', { id: first }, first), { waitingFor: 'campaign-paused', waitUs: -1 })
  w.at(10_000)
  t.match(await w.run('release-suspended', { limit: 100 }), { ended: [first] })
  t.match(await w.cancel(first, 'expired'), { status: 'done' })
})

await test('a rate: the starts of its messages, those of others, and the order', async (t, w) => {
  await plan(w, { perSecond: 2 })
  const order: string[] = []
  for (let i = 0; i < 20; i++) order.push(await w.queue({ key: `s${i}`, recipient: recipientOf(i % 8), inline: false, ...SPRING }))
  for (let i = 0; i < 20; i++) await w.queue({ key: `o${i}`, recipient: recipientOf(100 + i), inline: false })
  const granted = await drain(w, 60_000)
  const own = granted.filter(({ recipient }) => recipient < recipientOf(100))
  t.equal(own.length, 20)
  t.equal(granted.filter(({ at, recipient }) => at < 100 && recipient >= recipientOf(100)).length, 20, 'the others are not held back')
  const gaps = own.slice(1).map(({ at }, i) => at - (own[i]?.at ?? 0))
  t.ok(gaps.every(gap => gap >= 500), `at least 500 ms apart: ${gaps}`)
  t.ok((own.at(-1)?.at ?? 0) <= 12_000, `and not slower: the last after ${own.at(-1)?.at} ms`)
  t.strictSame(own.slice(0, 8).map(({ recipient }) => recipient), [...Array(8).keys()].map(recipientOf), 'in the order of acceptance')
  t.strictSame(await Promise.all(order.map(async id => await w.state(id))), order.map(() => 'sent'))
})

await test('a high rate: a late claim makes up for 20 ms, and no more', async (t, w) => {
  await plan(w, { perSecond: 1000 })
  w.at(1000)
  for (let i = 0; i < 100; i++) await w.queue({ key: `s${i}`, recipient: recipientOf(i), inline: false, ...SPRING })
  const first = (await w.claim({ want: 100 })).grants.length
  t.equal(first, 21)
  w.now += 5000
  let more = 0
  for (let i = 0; i < 3; i++) more += (await w.claim({ want: 100 })).grants.length
  t.equal(more, 5, 'in 5 ms')
})

await test('grants within a request and retries take slots, too, and the estimate counts those before', async (t, w) => {
  await plan(w, { perSecond: 0.5 })
  w.at(2000)
  const first: Granted = await w.grant({ key: 'a', ...SPRING })
  t.match(await w.admit({ key: 'b', recipient: BOB, ...SPRING }), { status: 'queued', waitingFor: 'campaign-rate', waitUs: 2 * SECOND })
  await w.claim({ want: 10 })
  t.match(await w.admit({ key: 'n', recipient: recipientOf(1) }), { status: 'granted' }, 'a message of no campaign')
  t.match(await w.admit({ key: 'c', recipient: CARL, ...SPRING }), { status: 'queued', waitingFor: 'campaign-rate', waitUs: 4 * SECOND })
  await w.settled(first, 'retry', { afterMs: 100, history: '{"attempt":1,"outcome":"retryable","code":"131000"}' })
  w.at(3000)
  t.match(await w.retry(first.id), { status: 'queued' }, 'the rate holds for retries')
  t.strictSame((await drain(w, 60_000)).map(({ at }) => at), [4000, 6000, 8000])
})

await test('a change of the rate, and a pause, count from now', async (t, w) => {
  await plan(w, { perSecond: 100 })
  for (let i = 0; i < 8; i++) await w.queue({ key: `s${i}`, recipient: recipientOf(i), inline: false, ...SPRING })
  w.at(10)
  t.equal((await drain(w, 20)).length, 2)
  t.match(await plan(w, { perSecond: 1 }), { isPlanned: true })
  t.match(await plan(w, { perSecond: 1 }), { isPlanned: false })
  const changed = (w.now - START) / 1000
  t.strictSame((await drain(w, changed + 2500)).map(({ at }) => at - changed), [1000, 2000])
  await plan(w, {}, 'paused')
  w.now += 60 * SECOND
  await plan(w, {}, 'running')
  const resumed = (w.now - START) / 1000
  t.strictSame((await drain(w, resumed + 2500)).map(({ at }) => at - resumed), [1000, 2000])
  t.match(await plan(w, { perSecond: 0 }), { isPlanned: true })
  await w.run('release-suspended', { limit: 100 })
  t.equal((await w.claim({ want: 10 })).grants.length, 2)
})

await test('the lane of messages that name none', async (t, w) => {
  await plan(w, { lane: 3 })
  const laneOf = async (id: string): Promise<string | undefined> => /^\S+ (\d)/.exec(await w.redis.hget(w.key('backlog'), id) ?? '')?.[1]
  const own = await w.queue({ key: 'a', inline: false, lane: 2, laneDefault: true, ...SPRING })
  const named = await w.queue({ key: 'b', inline: false, lane: 1, ...SPRING })
  const other = await w.queue({ key: 'c', inline: false, lane: 2, laneDefault: true, template: '#summer' })
  t.strictSame([await laneOf(own), await laneOf(named), await laneOf(other)], ['3', '1', '2'])
  t.strictSame(await w.redis.zrange(w.key('queue:bulk'), 0, -1).then(list => list.length), 1)
  await plan(w, { lane: 0 })
  t.equal(await laneOf(await w.queue({ key: 'd', inline: false, lane: 2, laneDefault: true, ...SPRING })), '2')
})

await test('what a plan cannot be changes nothing', async (t, w) => {
  t.match(await plan(w, { endAt: ms(w, 0) }), { status: 'wrong', field: 'endAt', reason: 'past' })
  t.match(await plan(w, { startAt: ms(w, -60_001) }), { status: 'wrong', field: 'startAt', reason: 'past' })
  t.match(await plan(w, { startAt: ms(w, 2000), endAt: ms(w, 2000) }), { status: 'wrong', field: 'endAt', reason: 'order' })
  t.match(await plan(w, { endAt: ms(w, 2000), check: true }), { status: 'possible' })
  t.equal(await w.redis.exists(w.key('campaigns'), w.key('templates')), 0)
  await plan(w, { startAt: ms(w, 1000), endAt: ms(w, 2000) })
  t.match(await plan(w, { startAt: ms(w, 3000) }), { status: 'wrong', field: 'startAt', reason: 'order', endAt: ms(w, 2000) })
  w.at(5000)
  t.match(await plan(w, { perSecond: 3 }), { status: 'written' }, 'what has passed stays')
  t.match(await plan(w, { lane: 3 }, 'cancelled'), { status: 'written' })
  t.match(await plan(w, { lane: 1 }), { status: 'cancelled' })
})

await test('housekeeping keeps a campaign that has not begun, and returns messages whose start was lost', async (t, w) => {
  const startAt = ms(w, 5 * 86_400_000)
  await plan(w, { startAt })
  const prune = async (): Promise<void> => { await w.run('prune', { retentionMs: 1000, cap: 10, limit: 100 }) }
  w.at(4 * 86_400_000)
  await prune()
  t.equal(await stored(w), `0 ${startAt} 0 0`)
  await w.queue({ key: 'a', lifeMs: 10 * 86_400_000, ...SPRING })
  await drain(w, 4 * 86_400_000 + 10)
  await w.redis.del(w.key('campaign-starts'))
  t.match(await w.run('release-suspended', { limit: 100 }), { count: 0 })
  t.equal((await drain(w, 5 * 86_400_000)).length, 1)
  w.at(8 * 86_400_000)
  await prune()
  t.equal(await stored(w), undefined)
  t.equal(await w.redis.exists(w.key('templates')), 0)
})
