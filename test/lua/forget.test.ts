import t from 'tap'
import { ANN, HOUR, world, type World } from './support.js'

const test = await world(t)
const DAY = 24 * HOUR

const forget = async (w: World): Promise<string> => (await w.run('forget', { afterMs: DAY })).status
const prune = async (w: World): Promise<unknown> => await w.run('prune', { retentionMs: DAY, cap: 1000, limit: 500 })
const left = async (w: World): Promise<string[]> =>
  (await w.redis.keys(`*${w.prefix}*`)).filter(key => !/:(msg|starts|index|accepted|drain-lease)/.test(key))

await test('a sender without data is forgotten once no node has served it for the time', async (t, w) => {
  await w.redis.hset(w.key('sender'), 'servedAt', w.ms())
  w.at(DAY - 1)
  t.equal(await forget(w), 'in-use')
  w.at(DAY)
  t.equal(await forget(w), 'forgotten')
  t.strictSame(await left(w), [])
  t.equal(await forget(w), 'forgotten', 'also in a repeat after a crash')
  t.strictSame(await left(w), [])
})

await test('the time of a sender that no node ever marked begins with the first check', async (t, w) => {
  t.equal(await forget(w), 'in-use')
  t.equal(await w.redis.hget(w.key('sender'), 'servedAt'), `${w.ms()}`)
  w.at(DAY)
  t.equal(await forget(w), 'forgotten')
})

await test('a sender that a node serves again is kept', async (t, w) => {
  await w.redis.hset(w.key('sender'), 'servedAt', w.ms())
  w.at(DAY)
  await w.redis.hset(w.key('sender'), 'servedAt', w.ms())
  const before = await w.dump()
  t.equal(await forget(w), 'in-use')
  t.strictSame(await w.dump(), before)
})

await test('each kind of data keeps the sender until housekeeping has removed it; then rules, numbers and opt-outs go', async (t, w) => {
  await w.redis.hset(w.key('sender'), 'servedAt', w.ms())
  await w.run('opt-out', { recipient: 'p14155550155', preference: 'stop', source: '{"by":"web","reason":"x"}', atMs: '' })
  const failed = await w.grant({ key: 'a' })
  await w.settled(failed, 'failed', { history: '{"attempt":1}' })
  await w.settled(await w.grant({ key: 'b', recipient: 'p14155550156' }), 'sent', { keepMs: DAY + HOUR })
  const waiting = await w.queue({ key: 'c', recipient: ANN, inline: false, lifeMs: DAY + 2 * HOUR })
  w.at(DAY + 1)
  await prune(w)
  t.equal(await forget(w), 'in-use', 'a message waits, and the record of a sent one is kept')
  w.at(DAY + 2 * HOUR)
  await prune(w)
  t.equal(await forget(w), 'in-use', 'the message has expired and is not closed')
  t.match(await w.cancel(waiting, 'expired'), { status: 'done' })
  t.equal(await forget(w), 'forgotten')
  t.strictSame(await left(w), [])
})
