import t from 'tap'
import { ANN, BOB, START, world, type World } from './support.js'

const test = await world(t)

async function inspect (w: World, recipient = ANN, lane = 2) {
  const reply = await w.run('inspect-recipient', { recipient, lane })
  if (reply.status !== 'pair') throw new TypeError('expected a pair')
  const { status, urgent, normal, bulk, ...rest } = reply
  return { ...rest, waiting: [urgent, normal, bulk] }
}

await test('an idle pair is free', async (t, w) => {
  t.strictSame(await inspect(w), {
    nowMs: w.ms(),
    waitUs: 0,
    waitingFor: 'turn-in-queue',
    waiting: [0, 0, 0],
    isGranted: false,
    tatUs: 0,
    intervalUs: 2_000_000,
    burst: 1,
    window: 'unknown',
    actMs: 0
  })
})

await test('the reply is the wait that admission would promise in that lane, and nothing is reserved', async (t, w) => {
  await w.grant({ key: 'a' })
  await w.queue({ key: 'b', lane: 1 })
  await w.queue({ key: 'c', lane: 3 })
  await w.queue({ key: 'd', lane: 3 })
  w.at(500)
  const before = await w.dump()
  t.match(await inspect(w, ANN, 1), { waitUs: 3_500_000, waitingFor: 'pair-rate', waiting: [1, 0, 2], isGranted: true, tatUs: START + 2_000_000 })
  t.match(await inspect(w, ANN, 2), { waitUs: 3_500_000 })
  t.match(await inspect(w, ANN, 3), { waitUs: 7_500_000 })
  t.strictSame(await w.dump(), before)
  t.match(await w.admit({ key: 'e', lane: 3 }), { status: 'queued', generation: /./, waitUs: 7_500_000, waitingFor: 'pair-rate' })
})

await test('messages to other recipients do not count, whatever their numbers begin with', async (t, w) => {
  await w.queue({ key: 'a', recipient: `${ANN}0`, inline: false })
  await w.queue({ key: 'b', recipient: BOB, inline: false })
  t.match(await inspect(w), { waiting: [0, 0, 0] })
})

await test('the longest of sender rate, cool-down and pause is the wait', async (t, w) => {
  await w.rules({ senderIntervalUs: 5_000_000, senderBurst: 1 })
  const grant = await w.grant({ key: 'a' })
  t.match(await inspect(w, BOB), { waitUs: 5_000_000, waitingFor: 'sender-rate' })
  await w.settled(grant, 'wait', { bucket: 'pair', coolMs: 9000 })
  t.match(await inspect(w), { waitUs: 11_000_000, waitingFor: 'cool-down' })
  await w.run('pause', { state: 'paused', forMs: 60_000, reason: 'ops' })
  t.match(await inspect(w), { waitUs: 60_000_000, waitingFor: 'pause' })
  w.at(20_000)
  await w.stop(60_000)
  t.match(await inspect(w), { waitUs: -1, waitingFor: 'sender-stopped' })
})

await test('a sender without rules is reported as such', async (t, w) => {
  await w.redis.del(w.key('sender'))
  t.strictSame(await w.run('inspect-recipient', { recipient: ANN, lane: 2 }), { status: 'no_rules' })
})
