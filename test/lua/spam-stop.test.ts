/** A stop for spam, and people who write meanwhile: what waits for them goes on at once and in order, and all else stays. */
import t from 'tap'
import type { Replies } from '../../src/redis/commands.js'
import { ANN, BOB, CARL, HOUR, world, type Granted, type World } from './support.js'

const test = await world(t)
const SALE = 'sale_of_may'
const NEWS = 'news_of_may'
const spam = { bucket: 'templates', coolMs: HOUR, code: '131048', reason: 'rejected', history: '{"attempt":1,"code":"131048"}' }

const writes = async (w: World, ...people: string[]): Promise<Replies['record-windows']> =>
  await w.run('record-windows', { acts: people.map(person => `${person} ${w.ms()}`).join(' ') })
const setStop = async (w: World, state: string, untilMs: number | '' = ''): Promise<unknown> =>
  await w.run('set-template', { template: '*', state, code: 'X', name: `X ${HOUR * 1000}`, atMs: '', untilMs })
const release = async (w: World, limit = 100): Promise<Replies['release-suspended']> => await w.run('release-suspended', { limit })
const waits = async (w: World, id: string): Promise<unknown> => (await w.run('inspect-message', { id }, id) as { waitingFor?: string }).waitingFor
const places = async (w: World): Promise<number[]> =>
  [await w.redis.zlexcount(w.key('suspended'), '[*:', '(*;'), await w.redis.zlexcount(w.key('suspended'), '[*p', '(+')]

/** Claims until nothing moves; the grants are settled as sent. */
async function send (w: World): Promise<Granted[]> {
  const sent: Granted[] = []
  for (;;) {
    const { grants, next } = await w.claim({ want: 10 })
    for (const grant of grants) await w.settled(grant, 'sent')
    sent.push(...grants)
    if (grants.length === 0 && (next < 0 || next > w.now)) return sent
  }
}
const sent = async (w: World): Promise<string[]> => (await send(w)).map(({ id }) => id)

/** WhatsApp rejects a template to CARL as spam. */
async function stopForSpam (w: World): Promise<string> {
  await w.run('set-window-check', { gapMs: HOUR })
  await writes(w)
  const grant = await w.grant({ key: 'spam', recipient: CARL, template: SALE })
  t.match(await w.settle(grant, 'stop', spam), { settlement: 'wait', stopped: true })
  // It is claimed, and then waits for the stop.
  w.at(3000)
  return grant.id
}

await test('what waits for a person who writes goes on at once and in order, and all else stays', async (t, w) => {
  const first = await stopForSpam(w)
  const ann: string[] = []
  for (const [key, template] of [['a1', SALE], ['a2', NEWS], ['a3', SALE]] as const) ann.push(await w.queue({ key, template }))
  const bob = await w.queue({ key: 'b', recipient: BOB, template: SALE })
  t.strictSame(await sent(w), [])
  t.strictSame(await places(w), [5, 5])
  t.match(await w.run('inspect-sender', { limit: 10 }), { suspended: 0, awaiting: 0, stopped: 5 })

  t.match(await writes(w, ANN), { released: 3, wakeHint: /enqueue|notify/ })
  t.strictSame(await places(w), [2, 2])
  const younger = await w.queue({ key: 'a4', template: SALE })
  const order = []
  for (let ms = 3000; ms <= 12_000; ms += 2000) {
    w.at(ms)
    order.push(...await sent(w))
  }
  t.strictSame(order, [...ann, younger])
  t.strictSame([await waits(w, first), await waits(w, bob)], ['templates-stopped', 'templates-stopped'])
  t.match(await writes(w, ANN), { released: 0 }, 'a second time nothing is left')

  w.at(HOUR + 3000)
  t.match(await release(w), { count: 1 })
  t.strictSame(await places(w), [1, 1])
  t.strictSame(await sent(w), [first], 'the probe')
  t.match(await release(w), { count: 1 })
  t.strictSame(await sent(w), [bob])
  await release(w)
  t.equal(await w.redis.exists(w.key('suspended'), w.key('templates')), 0)
})

await test('a message that needs no template in an open window goes on as it is', async (t, w) => {
  await w.run('set-window-check', { gapMs: HOUR })
  for (let hour = 0; hour < 26; hour++) {
    w.at(hour * HOUR)
    await writes(w)
  }
  await w.settle(await w.grant({ key: 'spam', recipient: CARL, template: SALE }), 'stop', spam)
  await w.queue({ key: 'a', template: `=o${SALE}` })
  t.strictSame(await sent(w), [])
  t.match(await writes(w, ANN), { released: 1 })
  const { claimed } = await w.claim({ want: 10 })
  t.match(claimed, [{ recipient: ANN, replaced: undefined }])
})

await test('another stop, or a stop for spam that concerns open windows, holds what waits for a person who writes', async (t, w) => {
  await stopForSpam(w)
  const id = await w.queue({ key: 'a', template: SALE })
  t.strictSame(await sent(w), [])
  await setStop(w, 'paused', w.ms() + HOUR)
  t.match(await writes(w, ANN), { released: 0 })
  t.strictSame(await places(w), [2, 2])
  await w.redis.hset(w.key('templates'), '*', (await w.redis.hget(w.key('templates'), '*'))!.replace(/ X 3600000000$/, ' 131048 3600000000 all'))
  t.match(await writes(w, ANN), { released: 0 })
  t.equal(await waits(w, id), 'templates-stopped')
})

await test('a person who wrote before the stop was for spam: younger messages wait behind older ones', async (t, w) => {
  await w.run('set-window-check', { gapMs: HOUR })
  await setStop(w, 'paused', w.ms() + 1000)
  const probe = await w.queue({ key: 'b', recipient: BOB, template: SALE })
  const older = await w.queue({ key: 'a1', template: SALE })
  await writes(w, ANN)
  t.strictSame(await sent(w), [])
  w.at(2000)
  await release(w)
  const [grant] = (await w.claim({ want: 10 })).grants
  t.equal(grant?.id, probe)
  t.match(await w.settle(grant as Granted, 'stop', spam), { settlement: 'wait' })
  t.match(await w.redis.hget(w.key('templates'), '*'), / 131048 3600000000$/)

  t.match(await w.admit({ key: 'a2', template: NEWS }), { status: 'queued', waitingFor: 'templates-stopped' })
  t.strictSame(await sent(w), [])
  t.match(await writes(w, ANN), { released: 2 })
  t.strictSame(await sent(w), [older])
})

await test('what is not released yet after the end of the stop goes on as well, behind older ones', async (t, w) => {
  await stopForSpam(w)
  const ids = []
  for (const key of ['a1', 'a2', 'a3']) ids.push(await w.queue({ key, template: SALE }))
  t.strictSame(await sent(w), [])
  await setStop(w, 'approved')
  await w.redis.hset(w.key('templates'), '*', (await w.redis.hget(w.key('templates'), '*'))!.replace(/ X 3600000000$/, ' 131048 3600000000'))
  t.match(await release(w, 2), { count: 2 })
  t.strictSame(await places(w), [2, 2])
  t.match(await writes(w, ANN), { released: 2 })
  const order = []
  for (let ms = 5000; ms <= 11_000; ms += 2000) {
    w.at(ms)
    order.push(...(await send(w)).filter(({ recipient }) => recipient === ANN).map(({ id }) => id))
  }
  t.strictSame(order, ids)
})

await test('a message leaves both places, however it leaves them', async (t, w) => {
  const first = await stopForSpam(w)
  const [cancelled, moved] = [await w.queue({ key: 'a1', template: SALE }), await w.queue({ key: 'a2', template: SALE })]
  const expired = await w.queue({ key: 'a3', template: SALE, lifeMs: 60_000 })
  t.strictSame(await sent(w), [])
  t.match(await w.cancel(cancelled), { status: 'done' })
  t.strictSame(await places(w), [3, 3])
  const later = { lane: '', scheduledFor: w.ms() + HOUR / 2, expiresAt: '', history: '{}' } as const
  t.match(await w.run('move', { id: moved, ...later }, moved), { status: 'moved', isScheduled: true })
  t.strictSame(await places(w), [2, 2])
  t.match(await w.run('move', { id: expired, ...later, lane: 1, scheduledFor: '' }, expired), { status: 'moved' })
  t.strictSame(await places(w), [2, 2], 'in another lane it waits on')
  w.at(64_000)
  t.match(await w.cancel(expired, 'expired'), { status: 'done' })
  t.strictSame(await places(w), [1, 1])
  t.match(await w.receipt(first, 'wamid.1'), { status: 'sent' })
  t.equal(await w.redis.exists(w.key('suspended')), 0)
})

await test('an entry by recipient alone sends nothing', async (t, w) => {
  await stopForSpam(w)
  const id = await w.queue({ key: 'a', template: SALE })
  t.strictSame(await sent(w), [])
  const [member = ''] = await w.redis.zrange(w.key('suspended'), '[*:', '(*;', 'BYLEX', 'LIMIT', 1, 1)
  t.equal(member.split(':')[2], id)
  await w.redis.zrem(w.key('suspended'), member)
  await writes(w, ANN)
  t.strictSame(await sent(w), [])
  t.strictSame(await places(w), [1, 1])
})
