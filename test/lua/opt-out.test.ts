/** opt-out.lua, and what every script does with a marketing message whose recipient has opted out. */
import t from 'tap'
import { ANN, BOB, HOUR, START, world, type World } from './support.js'

const test = await world(t)
const source = '{"by":"web","reason":"asked for"}'
const stop = async (w: World, recipient = ANN, atMs: number | '' = '') => await w.run('opt-out', { recipient, preference: 'stop', source, atMs })
const resume = async (w: World, recipient = ANN, atMs: number | '' = '') =>
  await w.run('opt-out', { recipient, preference: 'resume', source: '', atMs })
const ms = Math.floor(START / 1000)

await test('new marketing is rejected, other messages and other recipients are not, and the key stays free', async (t, w) => {
  t.strictSame(await stop(w), { status: 'written', was: false, sinceMs: ms, waiting: [] })
  t.strictSame(await w.admit({ key: 'a', marketing: true }), { status: 'rejected', code: 'RECIPIENT_OPTED_OUT', waitUs: 0 })
  t.strictSame(await w.redis.keys(`*${w.prefix}*:msg:*`), [])
  t.match(await w.admit({ key: 'b' }), { status: 'granted' })
  t.match(await w.admit({ key: 'c', recipient: BOB, marketing: true }), { status: 'granted' })
  t.strictSame(await resume(w), { status: 'written', was: true, sinceMs: ms, waiting: [] })
  w.at(3000)
  t.match(await w.admit({ key: 'a', marketing: true }), { status: 'queued' }, 'until the recipient opts in again')
})

await test('queued marketing messages are returned, in every lane, and no other messages', async (t, w) => {
  await w.grant({ key: 'a', marketing: true })
  const waiting = await Promise.all([1, 2, 3].map(async lane => await w.queue({ key: `m${lane}`, lane, marketing: true })))
  await w.queue({ key: 'plain' })
  await w.queue({ key: 'bob', recipient: BOB, marketing: true, inline: false })
  t.hasStrict(await stop(w), { was: false, waiting }, 'not the one in flight')
  t.hasStrict(await stop(w), { was: true, sinceMs: ms }, 'a repeat keeps the first time')
})

await test('a marketing message that is ready later is returned then, and not granted', async (t, w) => {
  const id = await w.schedule({ key: 'a', scheduledFor: w.ms() + 5000, marketing: true })
  const plain = await w.schedule({ key: 'b', recipient: BOB, scheduledFor: w.ms() + 5000 })
  await stop(w)
  w.at(5000)
  t.match(await w.claimOnce(), { status: 'claimed', dropped: 0, expired: [], grants: [{ id: plain }], unwanted: [id] })
  t.match(await w.cancel(id), { status: 'done' })
  t.hasStrict(await w.claimOnce(), { unwanted: [] })
})

await test('a failed marketing message is not retried', async (t, w) => {
  const grant = await w.grant({ key: 'a', marketing: true })
  await w.settled(grant, 'retry')
  await stop(w)
  w.at(HOUR)
  t.strictSame(await w.retry(grant.id), { status: 'unwanted' })
  await resume(w)
  t.match(await w.retry(grant.id), { status: 'granted' })
})

await test('a rejection by the provider opts out in the same step, at the send or in a later bounce', async (t, w) => {
  const grant = await w.grant({ key: 'a', marketing: true })
  await w.settled(grant, 'failed', { bucket: 'marketing', code: '{"by":"whatsapp","reason":"131050"}', reason: 'rejected' })
  const written = `${ms} {"by":"whatsapp","reason":"131050"}`
  t.equal(await w.redis.hget(w.key('opt-outs'), ANN), written)
  const later = await w.grant({ key: 'b', recipient: BOB })
  await w.settled(later, 'sent', { resultSuffix: 'web wamid.2' })
  t.match(await w.bounce(later.id, 'wamid.2', { afterMs: '', bucket: 'marketing', code: '131050', optOut: '{"by":"whatsapp","reason":"131050"}' }), {
    status: 'failed'
  })
  t.equal(await w.redis.hget(w.key('opt-outs'), BOB), written)
})

await test('a preference that is older than the last one, and arrives after it, changes nothing', async (t, w) => {
  await stop(w, ANN, ms - 1000)
  t.equal(await w.redis.hget(w.key('opt-outs'), ANN), `${ms - 1000} ${source}`)
  await resume(w, ANN, ms - 2000)
  t.equal(await w.redis.hexists(w.key('opt-outs'), ANN), 1)
  await resume(w, ANN, ms - 500)
  t.equal(await w.redis.hexists(w.key('opt-outs'), ANN), 0)
  t.strictSame(await resume(w), { status: 'written', was: false, sinceMs: 0, waiting: [] })
  await stop(w, ANN, ms + HOUR)
  t.equal(await w.redis.hget(w.key('opt-outs'), ANN), `${ms} ${source}`, 'no time is in the future')
})

await test('a repeated stop after a later resume, or between two stops, changes nothing either', async (t, w) => {
  await stop(w, ANN, ms - 3000)
  await resume(w, ANN, ms - 2000)
  t.hasStrict(await stop(w, ANN, ms - 3000), { was: false, sinceMs: 0 }, 'repeated')
  t.strictSame(await w.redis.hgetall(w.key('opt-outs')), { [`-${ANN}`]: String(ms - 2000) })
  t.match(await w.admit({ key: 'a', marketing: true }), { status: 'granted' })
  await stop(w, ANN, ms - 1500)
  t.strictSame(Object.keys(await w.redis.hgetall(w.key('opt-outs'))), [ANN])
  await stop(w, ANN, ms - 500)
  await resume(w, ANN, ms - 1000)
  t.equal(await w.redis.hexists(w.key('opt-outs'), ANN), 1)
  await resume(w, ANN)
  await stop(w)
  t.equal(await w.redis.hexists(w.key('opt-outs'), ANN), 1, 'an opt-out by the API counts at once')
  await resume(w, BOB)
  t.strictSame(await w.run('erase-pair', { recipient: BOB }), { status: 'erased', count: 1 })
  t.strictSame(Object.keys(await w.redis.hgetall(w.key('opt-outs'))), [ANN], 'an erasure keeps the opt-outs')
})
