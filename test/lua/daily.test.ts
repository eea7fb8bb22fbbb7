/** The daily limit: who counts, who waits, in which order those go who wait, and that no 24 hours have more people than the limit. */
import t from 'tap'
import type { Arguments, Replies } from '../../src/redis/commands.js'
import { ANN, BOB, CARL, HOUR, world, type Granted, type World } from './support.js'

const test = await world(t)
const DAY = 24 * HOUR
/** How long a person counts. */
const COUNTED = DAY + 300_000
const DAN = 'p14155550104'
const NEWS = '!'

let keys = 0
const news = (recipient: string, change: object = {}): { key: string, recipient: string, template: string, lifeMs: number } =>
  ({ key: `k${++keys}`, recipient, template: NEWS, lifeMs: 72 * HOUR, ...change })
async function limit (w: World, change: Partial<Arguments['set-daily-limit']> = {}): Promise<Replies['set-daily-limit']> {
  return await w.run('set-daily-limit', { step: 'settings', limit: -1, portfolio: '-', portfolioLimit: -1, ramp: '', ...change })
}
const says = async (w: World, value: number, step = 'node'): Promise<Replies['set-daily-limit']> => await limit(w, { step, limit: value })
const release = async (w: World): Promise<Replies['release-suspended']> => await w.run('release-suspended', { limit: 100 })
const seen = async (w: World, id: string): Promise<object> => await w.run('inspect-message', { id }, id)
const used = async (w: World): Promise<unknown> => {
  const reply = await w.run('inspect-sender', { limit: 10 })
  return reply.status === 'sender' ? [reply.daily.split(' ')[0], reply.dailyUsed, reply.dailyPeople, reply.dailyWaiting] : reply.status
}
/** Claims until a grant or until nothing moves. */
async function claim (w: World): Promise<Granted[]> {
  for (;;) {
    const { grants, next } = await w.claim({ want: 10 })
    if (grants.length > 0 || next < 0 || next > w.now) return grants
  }
}
const claimed = async (w: World): Promise<string[]> => (await claim(w)).map(({ recipient }) => recipient)

await test('without the setting nothing is counted', async (t, w) => {
  t.strictSame(await says(w, 1), { status: 'unchanged' })
  await w.grant(news(ANN))
  await w.grant(news(BOB))
  t.equal(await w.redis.exists(w.key('daily')), 0)
  t.equal(await w.redis.hget(w.key('sender'), 'limits'), null)
})

await test('above the limit only people who are counted, and replies, pass', async (t, w) => {
  await limit(w, { limit: 2 })
  await w.settled(await w.grant(news(ANN)), 'sent')
  await w.grant(news(BOB))
  t.match(await w.admit(news(CARL)), { status: 'queued', waitingFor: 'daily-limit', waitUs: COUNTED * 1000 })
  t.match(await w.admit(news(CARL, { whenLimited: 'reject' })), { status: 'rejected', code: 'LIMITED' })
  t.match(await w.admit(news(DAN, { lifeMs: HOUR })), { status: 'rejected', code: 'WOULD_EXPIRE' })
  t.strictSame(await claimed(w), [])
  t.match(await w.admit({ key: 'reply', recipient: DAN }), { status: 'granted' }, 'a message without a mark needs an open window')
  w.at(2000)
  t.match(await w.admit(news(ANN)), { status: 'granted' })
  t.strictSame(await used(w), ['2', 2, 1, 1])
})

await test('a counted person counts for 24 hours from the last message on', async (t, w) => {
  await limit(w, { limit: 1 })
  await w.settled(await w.grant(news(ANN)), 'sent')
  w.at(20 * HOUR)
  await w.settled(await w.grant(news(ANN)), 'sent')
  w.at(COUNTED)
  t.match(await w.admit(news(BOB, { key: 'b' })), { status: 'queued', waitingFor: 'daily-limit', waitUs: 20 * HOUR * 1000 })
  w.at(20 * HOUR + COUNTED - 1)
  t.strictSame(await claimed(w), [])
  w.at(20 * HOUR + COUNTED)
  await release(w)
  t.strictSame(await claimed(w), [BOB])
})

await test('people wait in their order, and a new one does not pass them', async (t, w) => {
  await limit(w, { limit: 1 })
  await w.settled(await w.grant(news(ANN)), 'sent')
  w.at(1000)
  const first = await w.queue(news(CARL))
  const second = await w.queue(news(BOB))
  const third = await w.queue(news(CARL))
  t.strictSame(await claimed(w), [])
  for (const id of [first, second]) t.match(await seen(w, id), { waitingFor: 'daily-limit', waitUs: (COUNTED - 1000) * 1000 })
  w.at(COUNTED)
  t.match(await w.admit(news(DAN)), { status: 'queued', waitingFor: 'daily-limit' }, 'one is free, and others wait')
  t.match(await release(w), { count: 2 })
  t.strictSame((await claim(w)).map(({ id }) => id), [first])
  t.match(await seen(w, third), { waitingFor: 'pair-rate' }, 'with its recipient it has left')
  t.strictSame(await used(w), ['1', 1, 2, 2], 'BOB and DAN wait')
  t.strictSame(await release(w).then(({ status }) => status), 'released')
  t.match(await seen(w, second), { waitingFor: 'daily-limit' })
  await limit(w, { limit: 3 })
  await claim(w)
  t.match(await release(w), { count: 2 })
  t.strictSame((await claimed(w)).sort(), [BOB, DAN])
})

await test('a stopped sender gives nothing away that it would not send', async (t, w) => {
  await limit(w, { limit: 1 })
  await w.settled(await w.grant(news(ANN)), 'sent')
  await w.queue(news(BOB))
  await claim(w)
  await w.run('pause', { state: 'paused', forMs: '', reason: '' })
  w.at(COUNTED)
  t.match(await release(w), { count: 0 })
  await w.run('pause', { state: 'active', forMs: '', reason: '' })
  t.match(await release(w), { count: 1 })
})

await test('a person who writes needs no place, and older messages go first', async (t, w) => {
  await w.run('set-window-check', { gapMs: HOUR })
  await limit(w, { limit: 1 })
  await w.settled(await w.grant(news(ANN)), 'sent')
  const older = await w.queue(news(BOB))
  await claim(w)
  t.match(await w.run('record-windows', { acts: `${BOB} ${w.ms()}` }), { released: 1 })
  await w.queue(news(BOB))
  t.strictSame((await claim(w)).map(({ id }) => id), [older])
  t.strictSame(await used(w), ['1', 1, 0, 0])
  w.at(DAY - 300_000)
  t.match(await w.admit(news(CARL)), { status: 'queued', waitingFor: 'daily-limit' })
})

await test('a reply that becomes a template counts', async (t, w) => {
  await w.run('set-window-check', { gapMs: HOUR })
  await limit(w, { limit: 1 })
  for (let ms = 0; ms <= COUNTED + HOUR; ms += HOUR / 4) {
    w.at(ms)
    await w.run('record-windows', { acts: '' })
  }
  await w.grant(news(ANN))
  t.match(await w.admit(news(BOB, { template: '=o!' })), { status: 'queued', waitingFor: 'daily-limit' })
  t.match(await w.admit(news(CARL, { template: '=w' })), { status: 'queued', waitingFor: 'window' })
  t.match(await w.admit(news(DAN, { template: '=c' })), { status: 'queued', waitingFor: 'daily-limit' }, 'another kind, not known')
})

await test('a message that leaves takes its person out of the order', async (t, w) => {
  await limit(w, { limit: 1 })
  await w.grant(news(ANN))
  const first = await w.queue(news(BOB))
  const second = await w.queue(news(BOB))
  await claim(w)
  await claim(w)
  await w.cancel(first)
  t.equal(await w.redis.zcard(w.key('daily-queue')), 1)
  t.match(await w.cancel(second), { status: 'done' })
  t.equal(await w.redis.zcard(w.key('daily-queue')), 0)
})

await test('a retry takes its place again, and waits without one', async (t, w) => {
  await limit(w, { limit: 1 })
  const grant = await w.grant(news(ANN))
  await w.settled(grant, 'retry', { afterMs: COUNTED + 1 })
  w.at(COUNTED)
  await w.settled(await w.grant(news(BOB)), 'sent')
  w.at(COUNTED + 1)
  t.match(await w.retry(grant.id, { force: true }), { status: 'queued' })
  t.strictSame(await claimed(w), [])
  t.match(await seen(w, grant.id), { waitingFor: 'daily-limit' })
  w.at(2 * COUNTED)
  await release(w)
  t.strictSame(await claimed(w), [ANN])
})

await test('the lowest known limit holds, and a late webhook does not raise it', async (t, w) => {
  await limit(w)
  t.strictSame(await used(w), ['-1', 0, 0, 0])
  await w.settled(await w.grant(news(ANN)), 'sent')
  t.match(await says(w, 250), { was: -2, limit: 250 })
  t.strictSame(await used(w), ['250', 1, 0, 0], 'people of before the limit was known count')
  t.strictSame(await says(w, 2000, 'webhook'), { status: 'unchanged' })
  t.strictSame(await says(w, -1, 'webhook'), { status: 'unchanged' })
  t.match(await says(w, 100, 'webhook'), { was: 250, limit: 100 })
  t.match(await says(w, 2000, 'webhook'), { was: 100, limit: 2000 }, 'a webhook replaces a webhook')
  await limit(w, { limit: 50 })
  t.strictSame(await used(w), ['50', 1, 0, 0])
  t.match(await says(w, -1), { limit: -1 })
  await limit(w, { step: 'off' })
  t.equal(await w.redis.exists(w.key('daily')), 0)
  t.equal(await w.redis.hget(w.key('sender'), 'limits'), null)
})

await test('a ramp has a limit for each day and then none', async (t, w) => {
  await limit(w, { limit: 500, ramp: `${w.ms() + HOUR} 1 2` })
  for (const [ms, now] of [[0, '1'], [HOUR, '1'], [DAY, '1'], [DAY + HOUR, '2'], [2 * DAY + HOUR, '500']] as const) {
    w.at(ms)
    t.match(await used(w), [now])
  }
})

await test('without the setting what waits is sent', async (t, w) => {
  await limit(w, { limit: 1 })
  await w.grant(news(ANN))
  await w.queue(news(BOB))
  await w.queue(news(CARL))
  await claim(w)
  await limit(w, { step: 'off' })
  await release(w)
  t.strictSame((await claimed(w)).sort(), [BOB, CARL])
  t.equal(await w.redis.zcard(w.key('suspended')), 0)
})

await test('an erased person counts without a name', async (t, w) => {
  await limit(w, { limit: 2 })
  await w.settled(await w.grant(news(ANN)), 'sent')
  await w.settled(await w.grant(news(BOB)), 'sent')
  w.at(5000)
  for (const recipient of [ANN, BOB]) await w.run('erase-pair', { recipient })
  t.strictSame(await used(w), ['2', 2, 0, 0])
  t.strictSame((await w.redis.zrange(w.key('daily'), 0, -1)).filter(member => /\d{5}/.test(member)), [])
})
