import t from 'tap'
import { world } from './support.js'

const test = await world(t)
const story = '{"acknowledgedBy":"ops","note":"seen"}'

await test('a FAILED failure gets a line of its story and stands among the acknowledged by the moment of its failing', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'failed', { story: '{"outcome":"rejected"}' })
  const failedAt = w.ms()
  w.at(5000)
  t.strictSame(await w.run('acknowledge', { id: grant.id, story }, grant.id), ['acknowledged'])
  t.equal(await w.redis.zscore(w.key('acknowledged'), grant.id), String(failedAt))
  const record = await w.redis.hget(w.key('failure-records'), grant.id)
  t.equal(record?.split('\n').at(-1), `${w.ms()} ${story}`)
})

await test('a PENDING failure keeps the line in its record and nothing else changes', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'retry', { afterMs: 60_000, story: '{"outcome":"retryable"}' })
  t.strictSame(await w.run('acknowledge', { id: grant.id, story }, grant.id), ['acknowledged'])
  t.match(await w.redis.hget(w.key('backlog'), grant.id), story)
  t.equal(await w.redis.exists(w.key('acknowledged')), 0)
  t.equal(await w.state(grant.id), 'retrying')
})

await test('what is no failure cannot be acknowledged, and nothing is written', async (t, w) => {
  const id = await w.queue({ key: 'a', inline: false })
  const before = await w.dump()
  t.strictSame(await w.run('acknowledge', { id, story }, id), ['gone'])
  t.strictSame(await w.run('acknowledge', { id: 'AAAAAAAAAAAAAAAAAAAAAA.18c2f3a4b5c', story }, id), ['gone'])
  t.strictSame(await w.dump(), before)
})

await test('one that is opened again is no longer acknowledged', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'failed', { story: '{"outcome":"rejected"}' })
  await w.run('acknowledge', { id: grant.id, story }, grant.id)
  w.at(5000)
  t.equal((await w.retake(grant.id, { force: true, story: '{"note":"retried by ops"}' }))[0], 'granted')
  t.equal(await w.redis.exists(w.key('acknowledged')), 0)
  t.match(await w.redis.hget(w.key('backlog'), grant.id), 'retried by ops')
})
