/** After a step forward of Redis's clock: what was sent by the old time must not be followed too early. */
import t from 'tap'
import { ANN, START, tail, world } from './support.js'

const test = await world(t)

await test('nothing is granted for burst × interval and the time that a start may take', async (t, w) => {
  await w.rules({ pairBurst: 3 })
  await w.settled(await w.grant({ key: 'a' }), 'sent', { resultSuffix: tail('wamid.1') })
  // Ten seconds forward: by the new time the TAT of the pair has passed.
  w.at(10_000)
  const until = w.now + 6_000_000 + 250_000
  t.strictSame(await w.run('cool-sender', { startingMs: 250 }), { status: 'cooling', untilUs: until })
  t.match(await w.admit({ key: 'b' }), { status: 'queued', waitingFor: 'cool-down', waitUs: until - w.now })
  w.now = until - 1
  t.strictSame((await w.claim()).grants, [])
  w.now = until
  t.match((await w.claim()).grants, [{ recipient: ANN }])
})

await test('nothing is granted for an interval of the sender rate, where that is longer', async (t, w) => {
  await w.rules({ pairIntervalUs: 300_000, senderIntervalUs: 1_000_000, senderBurst: 1 })
  await w.settled(await w.grant({ key: 'a' }), 'sent', { resultSuffix: tail('wamid.1') })
  w.at(10_000)
  t.strictSame(await w.run('cool-sender', { startingMs: 250 }), { status: 'cooling', untilUs: w.now + 1_000_000 + 250_000 })
})

await test('cool-sender never shortens a cool-down', async (t, w) => {
  const first = await w.run('cool-sender', { startingMs: 250 })
  await w.rules({ pairIntervalUs: 1000 })
  w.now += 1000
  t.strictSame(await w.run('cool-sender', { startingMs: 250 }), first)
  t.equal(Number(await w.redis.hget(w.key('sender'), 'coolUntil')), START + 2_250_000)
})

await test('a sender without rules stays without', async (t, w) => {
  await w.redis.del(w.key('sender'))
  t.strictSame(await w.run('cool-sender', { startingMs: 250 }), { status: 'no_rules' })
  t.equal(await w.redis.exists(w.key('sender')), 0)
  await w.rules()
})
