/** The spacing check in settle.lua: which early starts it reports, and that it reports nothing else. */
import t from 'tap'
import type { Replies } from '../../src/redis/commands.js'
import { ANN, BOB, START, lives, world, type World } from './support.js'

const test = await world(t)
const MS = 1000

interface Forced { startedUs?: number | string, recipient?: string, settlement?: string }

/** Grants, starts and settles a message at this time of the clock, whatever the limiter allows: its buckets are removed first. */
async function force (w: World, key: string, change: Forced = {}): Promise<number[]> {
  const { recipient = ANN, startedUs = 0, settlement = 'sent' } = change
  await w.redis.zrem(w.key('pair-tat'), recipient)
  const grant = await w.grant({ key, recipient })
  w.at((w.now - START) / MS + Number(startedUs) / MS)
  return violation(await w.settle(grant, settlement, { startedUs }))
}

/** What the reply has for an early start: µs between the starts, and µs required; else nothing. */
function violation (reply: Replies['settle']): number[] {
  return reply.status === 'settled' && reply.gapUs !== undefined ? [reply.gapUs, reply.leastUs ?? 0] : []
}

await test('the second of two starts is reported where it came too early', async (t, w) => {
  t.strictSame(await force(w, 'a'), [])
  w.at(1200)
  t.strictSame(await force(w, 'b'), [1200 * MS, 2000 * MS])
  w.at(3200)
  t.strictSame(await force(w, 'c'), [], 'it counts for the next start')
})

await test('a start within the tolerance for the network is no violation', async (t, w) => {
  await force(w, 'a')
  w.at(1950)
  t.strictSame(await force(w, 'b'), [])
  w.at(3899)
  t.strictSame(await force(w, 'c'), [1949 * MS, 2000 * MS])
})

await test('the spacing counts from start to start, not from grant to grant', async (t, w) => {
  await force(w, 'a', { startedUs: 200 * MS })
  w.at(2000)
  t.strictSame(await force(w, 'b'), [1800 * MS, 2000 * MS])
  w.at(3900)
  t.strictSame(await force(w, 'c', { startedUs: 100 * MS }), [])
})

await test('a start after a step back of the clock begins a new run', async (t, w) => {
  w.at(9000)
  await force(w, 'a')
  w.at(0)
  await w.redis.del(w.key('sender-tat'))
  t.strictSame(await force(w, 'b'), [])
  w.at(1200)
  t.strictSame(await force(w, 'c'), [1200 * MS, 2000 * MS], 'which is checked')
})

await test('pairs are checked separately', async (t, w) => {
  await force(w, 'a')
  w.at(10)
  t.strictSame(await force(w, 'b', { recipient: BOB }), [])
})

await test('a grant that never started is no start; any other outcome is one', async (t, w) => {
  await force(w, 'a')
  w.at(100)
  t.strictSame(await force(w, 'b', { startedUs: '', settlement: 'wait' }), [])
  await w.cancel((await w.claim({ want: 0 }), await w.redis.hkeys(w.key('backlog')))[0] ?? '')
  for (const [n, settlement] of ['retry', 'failed', 'unknown'].entries()) {
    w.at(1100 * (n + 1))
    t.strictSame(await force(w, settlement, { settlement }), [1100 * MS, 2000 * MS], settlement)
  }
})

await test('the decision on an unknown outcome is no start', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'unknown', { afterMs: 100 })
  w.at(200)
  t.strictSame(violation(await w.settle({ ...grant, holder: '' }, 'failed', { startedUs: '' })), [])
})

await test('where recovery settles, the latest possible start counts', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  w.at(250)
  await w.settled(grant, 'unknown', { startedUs: 250 * MS })
  w.at(2000)
  t.strictSame(await force(w, 'b'), [1750 * MS, 2000 * MS])
})

await test('a stale settlement reports nothing, and one start is not reported twice', async (t, w) => {
  await force(w, 'a')
  w.at(100)
  await w.redis.zrem(w.key('pair-tat'), ANN)
  const grant = await w.grant({ key: 'b' })
  t.strictSame(await w.settle({ ...grant, holder: 'b2:1' }, 'sent'), { status: 'stale' })
  t.equal(violation(await w.settle(grant, 'sent')).length, 2)
  t.strictSame(await w.settle(grant, 'sent'), { status: 'stale' })
})

await test('a start after an operator\'s clear is no violation', async (t, w) => {
  await force(w, 'a')
  w.at(100)
  await w.run('clear', { recipient: ANN })
  t.strictSame(violation(await w.settle(await w.grant({ key: 'b' }), 'sent')), [])
  w.at(200)
  const grant = await w.grant({ key: 'c', recipient: BOB })
  await w.run('clear', { recipient: BOB })
  t.strictSame(violation(await w.settle(grant, 'sent')), [])
  w.at(300)
  t.strictSame(await force(w, 'd', { recipient: BOB }), [100 * MS, 2000 * MS], 'a clear in flight does not hide what starts after it')
})

await test('changed rules begin a new count, changed back or not', async (t, w) => {
  await force(w, 'a')
  w.at(100)
  await w.rules({ pairIntervalUs: 50 * MS })
  await w.rules()
  t.strictSame(await force(w, 'b'), [])
  w.at(200)
  t.strictSame(await force(w, 'c'), [100 * MS, 2000 * MS])
  await w.rules({ pairIntervalUs: 60_000 * MS })
  w.at(2200)
  t.strictSame(await force(w, 'd'), [], 'a stricter rule does not judge what went before it')
})

await test('the rule of an emptied Redis is another one', async (t, w) => {
  await force(w, 'a')
  await w.redis.del(w.key('sender'))
  await w.rules()
  await w.rules({ maxInFlight: 7 })
  w.at(100)
  t.strictSame(await force(w, 'b'), [])
})

await test('a burst may start at once, and one more start each interval', async (t, w) => {
  await w.rules({ pairBurst: 3 })
  for (const key of ['a', 'b', 'c']) t.strictSame(violation(await w.settle(await w.grant({ key }), 'sent')), [])
  for (let n = 1; n <= 4; n++) {
    w.at(2000 * n)
    t.strictSame(violation(await w.settle(await w.grant({ key: `next ${n}` }), 'sent')), [])
  }
  w.at(9900)
  t.strictSame(await force(w, 'early'), [9900 * MS, 10_000 * MS], 'a fourth start at once would be a violation')
})

await test('twice the rate with a burst is a violation', async (t, w) => {
  await w.rules({ pairBurst: 3 })
  const found: number[] = []
  for (let n = 0; n < 12; n++) {
    w.at(1000 * n)
    if ((await force(w, `m${n}`)).length > 0) found.push(n)
  }
  t.strictSame(found, [5, 10], 'the starts at 0, 1, … 5 s take 5 s and had to take 6; then it counts from 0')
})

await test('a pause between starts ends a run, so that a burst after it is no violation', async (t, w) => {
  await w.rules({ pairBurst: 2 })
  for (const at of [0, 0, 2000, 8000, 8000, 10_000]) {
    w.at(at)
    t.strictSame(violation(await w.settle(await w.grant({ key: `${at} ${Math.random()}` }), 'sent')), [])
  }
  t.strictSame(await w.redis.get(w.starts()), `2 ${START + 8_000_000} 3`)
})

await test('the check\'s key expires once the rule allows all of it again', async (t, w) => {
  const began = performance.now()
  await force(w, 'a')
  const life = await w.redis.pttl(w.starts())
  t.ok(lives(life, 2000, began), `${life} ms`)
  await w.rules({ pairBurst: 2, pairIntervalUs: 10_000 * MS })
  await force(w, 'b', { recipient: BOB })
  await force(w, 'c', { recipient: BOB })
  const two = await w.redis.pttl(w.starts(BOB))
  t.ok(lives(two, 20_000, began), `${two} ms`)
})

await test('a node that returns after its lease causes no violation, nor does the one that went on', async (t, w) => {
  const gone = await w.grant({ key: 'a', holder: 'dead:1' })
  w.at(60_000)
  t.strictSame(violation(await w.settle(gone, 'unknown', { startedUs: 250 * MS })), [])
  t.strictSame(violation(await w.settle(await w.grant({ key: 'b', holder: 'b2:1' }), 'sent')), [])
  w.at(60_100)
  t.strictSame(await w.settle(gone, 'sent', { startedUs: 60_050 * MS }), { status: 'stale' })
  await w.receipt(gone.id, 'wamid.9')
  await w.queue({ key: 'c' })
  w.at(62_000)
  const [next] = (await w.claim()).grants
  t.strictSame(violation(await w.settle(next!, 'sent')), [])
})

await test('after another Redis the cool-down keeps the spacing, and the check agrees', async (t, w) => {
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  await w.redis.zrem(w.key('pair-tat'), ANN)
  w.at(100)
  await w.queue({ key: 'b', runId: 'run2' })
  w.at(3100)
  const [next] = (await w.claim({ runId: 'run2' })).grants
  t.strictSame(violation(await w.settle(next!, 'sent')), [])
})
