/** The limit of a number bounds its sender rate, and the search below it. */
import t from 'tap'
import { bucketOf, levels } from '../../src/throttle/levels.js'
import type { ThroughputLevel } from '../../src/sender-facts.js'
import { ANN, BOB, CARL, world, type World } from './support.js'

const test = await world(t)
const rule = (perSecond: number): Record<string, number> =>
  ({ pairIntervalUs: 1000, senderIntervalUs: 1_000_000 / perSecond, senderBurst: 1, perSecond })
const limited = { bucket: 'throughput', coolMs: 1000, code: '130429', reason: 'rejected' }

const set = async (w: World, level: ThroughputLevel | null, step = 'node'): Promise<unknown> =>
  await w.run('set-ceiling', { step, ...bucketOf(level), number: '' })

/** Messages per second in force, as the packed rules say it. */
async function rate (w: World): Promise<number> {
  const rules = await w.redis.hgetBuffer(w.key('sender'), 'rules')
  return Math.round(1e6 / (rules?.readDoubleBE(rules.length > 48 ? 48 : 16) ?? 0))
}

await test('the lower of rule and limit is in force, at once and in both directions', async (t, w) => {
  await w.rules(rule(50))
  t.strictSame(await set(w, 'STANDARD'), { status: 'written', wasLower: false, isLower: false })
  t.equal(await rate(w), 50)
  t.strictSame(await set(w, 'COEXISTENCE'), { status: 'written', wasLower: false, isLower: true })
  t.equal(await rate(w), levels.COEXISTENCE)
  await w.rules(rule(10))
  t.equal(await rate(w), 10)
  await w.rules(rule(100))
  t.equal(await rate(w), 20)
  t.strictSame(await set(w, null), { status: 'written', wasLower: true, isLower: false })
  t.equal(await rate(w), 100)
})

await test('a message waits for the limit, and its promise stays by the rule', async (t, w) => {
  await w.rules(rule(50))
  await set(w, 'COEXISTENCE')
  await w.grant({ key: 'a', recipient: ANN })
  t.hasStrict(await w.admit({ key: 'b', recipient: BOB }), { waitUs: 50_000, waitingFor: 'sender-rate' })
  w.at(49)
  t.equal((await w.claim({ want: 9 })).grants.length, 0)
  w.at(50)
  t.equal((await w.claim({ want: 9 })).grants.length, 1)
})

await test('a burst at the limit lasts longer than one by the rule, and none of it beats its promise', async (t, w) => {
  await w.rules({ ...rule(100), senderBurst: 2 })
  await w.run('set-ceiling', { step: 'node', level: 'STANDARD', perSecond: 80, intervalUs: 12_500, burst: 2, number: '' })
  await w.grant({ key: 'a', recipient: ANN })
  await w.grant({ key: 'b', recipient: BOB })
  t.hasStrict(await w.admit({ key: 'c', recipient: CARL }), { waitUs: 12_500, waitingFor: 'sender-rate' })
  w.at(12)
  t.equal((await w.claim({ want: 9 })).grants.length, 0)
  w.at(12.5)
  t.equal((await w.claim({ want: 9 })).grants.length, 1)
})

await test('a rejection searches below the limit, and a resume ends the search and keeps the limit', async (t, w) => {
  await w.rules(rule(50))
  await set(w, 'COEXISTENCE')
  await w.settled(await w.grant({ key: 'a', recipient: ANN }), 'failed', limited)
  t.equal(await rate(w), 10)
  t.match(await w.run('inspect-sender', { limit: 1 }), { reduced: /^climb 10000 /, ceiling: /^20 50000 1 COEXISTENCE node \d+$/ })
  await w.run('pause', { state: 'active', forMs: '', reason: '' })
  t.equal(await rate(w), 20)
  await set(w, null, 'off')
  t.equal(await rate(w), 50)
})

await test('a limit below the reduced rate takes its place', async (t, w) => {
  await w.rules(rule(100))
  await w.settled(await w.grant({ key: 'a', recipient: ANN }), 'failed', limited)
  t.equal(await rate(w), 50)
  await set(w, 'COEXISTENCE')
  t.equal(await rate(w), 20)
  t.notOk(await w.redis.hexists(w.key('sender'), 'reduced'))
})

await test('a node that says STANDARD after an upgrade by webhook changes nothing, and one that says COEXISTENCE does', async (t, w) => {
  await w.rules(rule(500))
  await set(w, 'STANDARD')
  t.equal(await rate(w), Math.round(1e6 / Number(bucketOf('STANDARD').intervalUs)))
  t.match(await set(w, 'HIGH', 'webhook'), { wasLower: true, isLower: false })
  await set(w, 'STANDARD')
  t.equal(await rate(w), 500)
  t.match(await set(w, 'COEXISTENCE'), { isLower: true })
  await set(w, 'STANDARD')
  t.match(await w.run('inspect-sender', { limit: 1 }), { ceiling: /^80 / })
})

await test('a rejection without a message counts as one, and not within ten seconds of another', async (t, w) => {
  const reject = async (): Promise<unknown> => await set(w, null, 'rejected')
  await w.rules(rule(100))
  await reject()
  t.equal(await rate(w), 50)
  t.hasStrict(await w.admit({ key: 'a', recipient: CARL }), { waitUs: 1_000_000, waitingFor: 'cool-down' })
  w.at(9000)
  await reject()
  t.equal(await rate(w), 50)
  w.at(10_001)
  await reject()
  t.equal(await rate(w), 48, 'after a quiet time it is a mild one')
})

await test('a sender without rules has no limit', async (t, w) => {
  await w.redis.del(w.key('sender'))
  t.strictSame(await set(w, 'STANDARD'), { status: 'no_rules' })
})
