/** opt-out.lua, and what every script on the way of a marketing message does where its recipient wants none. */
import t from 'tap'
import { ANN, BOB, HOUR, START, world, type World } from './support.js'

const test = await world(t)
const note = '{"by":"web","reason":"asked for"}'
const stop = async (w: World, recipient = ANN, atMs: number | '' = '') => await w.run('opt-out', { recipient, wish: 'stop', note, atMs })
const resume = async (w: World, recipient = ANN, atMs: number | '' = '') => await w.run('opt-out', { recipient, wish: 'resume', note: '', atMs })
const ms = Math.floor(START / 1000)

await test('new marketing is refused, other messages and other recipients are not, and the key stays free', async (t, w) => {
  t.strictSame(await stop(w), [0, ms])
  t.strictSame(await w.admit({ key: 'a', marketing: true }), ['refused', 'RECIPIENT_OPTED_OUT', 0])
  t.strictSame(await w.redis.keys(`*${w.prefix}*:msg:*`), [])
  t.match(await w.admit({ key: 'b' }), ['granted'])
  t.match(await w.admit({ key: 'c', recipient: BOB, marketing: true }), ['granted'])
  t.strictSame(await resume(w), [1, ms])
  w.at(3000)
  t.match(await w.admit({ key: 'a', marketing: true }), ['queued'], 'until it is welcome again')
})

await test('what waits for marketing is named, in every lane, and nothing else', async (t, w) => {
  await w.grant({ key: 'a', marketing: true })
  const waiting = await Promise.all([1, 2, 3].map(async lane => await w.queue({ key: `m${lane}`, lane, marketing: true })))
  await w.queue({ key: 'plain' })
  await w.queue({ key: 'bob', recipient: BOB, marketing: true, inline: false })
  const [was, , ...named] = await stop(w)
  t.equal(was, 0)
  t.strictSame(named, waiting, 'not the one in flight')
  t.strictSame((await stop(w)).slice(0, 2), [1, ms], 'said again, the first word stays')
})

await test('what comes to its turn later is named then, and not granted', async (t, w) => {
  const id = await w.schedule({ key: 'a', scheduledFor: w.ms() + 5000, marketing: true })
  const plain = await w.schedule({ key: 'b', recipient: BOB, scheduledFor: w.ms() + 5000 })
  await stop(w)
  w.at(5000)
  const reply = await w.look()
  t.match(reply, ['claimed', Number, Number, 0, [], [[plain]], [id]])
  t.equal(reply[5]?.length, 1)
  t.match(await w.cancel(id), ['done'])
  t.strictSame((await w.look())[6], [])
})

await test('a failure of marketing is not retried', async (t, w) => {
  const grant = await w.grant({ key: 'a', marketing: true })
  await w.settled(grant, 'retry')
  await stop(w)
  w.at(HOUR)
  t.strictSame(await w.retake(grant.id), ['unwanted'])
  await resume(w)
  t.match(await w.retake(grant.id), ['granted'])
})

await test('a refusal by the provider opts out in the same step, told at once or later', async (t, w) => {
  const grant = await w.grant({ key: 'a', marketing: true })
  await w.settled(grant, 'failed', { bucket: 'marketing', code: '131050', reason: 'rejected' })
  const noted = `${ms} {"by":"whatsapp","reason":"131050"}`
  t.equal(await w.redis.hget(w.key('opt-outs'), ANN), noted)
  const later = await w.grant({ key: 'b', recipient: BOB })
  await w.settled(later, 'sent', { tail: 'web wamid.2' })
  t.match(await w.bounce(later.id, 'wamid.2', { afterMs: '', bucket: 'marketing', code: '131050' }), ['failed'])
  t.equal(await w.redis.hget(w.key('opt-outs'), BOB), noted)
})

await test('a wish that was uttered before the last one, and told after it, changes nothing', async (t, w) => {
  await stop(w, ANN, ms - 1000)
  t.equal(await w.redis.hget(w.key('opt-outs'), ANN), `${ms - 1000} ${note}`)
  await resume(w, ANN, ms - 2000)
  t.equal(await w.redis.hexists(w.key('opt-outs'), ANN), 1)
  await resume(w, ANN, ms - 500)
  t.equal(await w.redis.hexists(w.key('opt-outs'), ANN), 0)
  t.strictSame(await resume(w), [0, 0])
  await stop(w, ANN, ms + HOUR)
  t.equal(await w.redis.hget(w.key('opt-outs'), ANN), `${ms} ${note}`, 'no moment lies in the future')
})

await test('nor does a wish to stop that is told again after a later one to go on, or one between two to stop', async (t, w) => {
  await stop(w, ANN, ms - 3000)
  await resume(w, ANN, ms - 2000)
  t.strictSame((await stop(w, ANN, ms - 3000)).slice(0, 2), [0, 0], 'told again')
  t.strictSame(await w.redis.hgetall(w.key('opt-outs')), { [`-${ANN}`]: String(ms - 2000) })
  t.match(await w.admit({ key: 'a', marketing: true }), ['granted'])
  await stop(w, ANN, ms - 1500)
  t.strictSame(Object.keys(await w.redis.hgetall(w.key('opt-outs'))), [ANN])
  await stop(w, ANN, ms - 500)
  await resume(w, ANN, ms - 1000)
  t.equal(await w.redis.hexists(w.key('opt-outs'), ANN), 1)
  await resume(w, ANN)
  await stop(w)
  t.equal(await w.redis.hexists(w.key('opt-outs'), ANN), 1, 'who says it here and now is heard')
  await resume(w, BOB)
  t.strictSame(await w.run('erase-pair', { recipient: BOB }), ['erased', 1])
  t.strictSame(Object.keys(await w.redis.hgetall(w.key('opt-outs'))), [ANN], 'an erasure leaves who wants none')
})
