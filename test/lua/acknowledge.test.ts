import t from 'tap'
import { world } from './support.js'

const test = await world(t)
const history = '{"acknowledgedBy":"ops","note":"seen"}'

await test('a FAILED failure gets a line of its story and stands no longer among the unacknowledged, by reason and moment', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'failed', { history: '{"outcome":"retryable"}', reason: 'exhausted' })
  t.equal(await w.redis.zscore(w.key('unacknowledged'), grant.id), `2${w.ms()}`)
  w.at(5000)
  t.strictSame(await w.run('acknowledge', { id: grant.id, history }, grant.id), { status: 'acknowledged' })
  t.equal(await w.redis.exists(w.key('unacknowledged')), 0)
  const record = await w.redis.hget(w.key('failure-records'), grant.id)
  t.equal(record?.split('\n').at(-1), `${w.ms()} ${history}`)
})

await test('a PENDING failure keeps the line in its record and nothing else changes', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'retry', { afterMs: 60_000, history: '{"outcome":"retryable"}' })
  t.strictSame(await w.run('acknowledge', { id: grant.id, history }, grant.id), { status: 'acknowledged' })
  t.match(await w.redis.hget(w.key('backlog'), grant.id), history)
  t.equal(await w.redis.exists(w.key('unacknowledged')), 0)
  t.equal(await w.state(grant.id), 'retrying')
})

await test('what is no failure cannot be acknowledged, and nothing is written', async (t, w) => {
  const id = await w.queue({ key: 'a', inline: false })
  const before = await w.dump()
  t.strictSame(await w.run('acknowledge', { id, history }, id), { status: 'gone' })
  t.strictSame(await w.run('acknowledge', { id: 'AAAAAAAAAAAAAAAAAAAAAA.18c2f3a4b5c', history }, id), { status: 'gone' })
  t.strictSame(await w.dump(), before)
})

await test('one that is opened again is nobody\'s to acknowledge until it fails once more', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'failed', { history: '{"outcome":"rejected"}', reason: 'rejected' })
  w.at(5000)
  const again = await w.retry(grant.id, { force: true, holder: 'a1:r', history: '{"note":"retried by ops"}' })
  t.equal(again.status, 'granted')
  t.equal(await w.redis.exists(w.key('unacknowledged')), 0)
  t.match(await w.redis.hget(w.key('backlog'), grant.id), 'retried by ops')
  await w.settled({ ...grant, attempt: 2, holder: 'a1:r' }, 'failed', { history: '{"outcome":"unknown"}', reason: 'unknown' })
  t.equal(await w.redis.zscore(w.key('unacknowledged'), grant.id), `4${w.ms()}`)
})
