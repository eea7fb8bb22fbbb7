import t from 'tap'
import { world } from './support.js'

const test = await world(t)
const history = '{"acknowledgedBy":"ops","note":"seen"}'

await test('acknowledging a FAILED failure adds a history entry and removes it from the unacknowledged, by reason and by time', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'failed', { history: '{"outcome":"retryable"}', reason: 'exhausted' })
  t.equal(await w.redis.zscore(w.key('unacknowledged'), grant.id), `2${w.ms()}`)
  w.at(5000)
  t.strictSame(await w.run('acknowledge', { id: grant.id, history }, grant.id), { status: 'acknowledged' })
  t.equal(await w.redis.exists(w.key('unacknowledged')), 0)
  const record = await w.redis.hget(w.key('failure-records'), grant.id)
  t.equal(record?.split('\n').at(-1), `${w.ms()} ${history}`)
})

await test('acknowledging a PENDING failure adds the entry to its record and changes nothing else', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'retry', { afterMs: 60_000, history: '{"outcome":"retryable"}' })
  t.strictSame(await w.run('acknowledge', { id: grant.id, history }, grant.id), { status: 'acknowledged' })
  t.match(await w.redis.hget(w.key('backlog'), grant.id), history)
  t.equal(await w.redis.exists(w.key('unacknowledged')), 0)
  t.equal(await w.state(grant.id), 'retrying')
})

await test('a message that is not a failure cannot be acknowledged, and nothing is written', async (t, w) => {
  const id = await w.queue({ key: 'a', inline: false })
  const before = await w.dump()
  t.strictSame(await w.run('acknowledge', { id, history }, id), { status: 'gone' })
  t.strictSame(await w.run('acknowledge', { id: 'AAAAAAAAAAAAAAAAAAAAAA.18c2f3a4b5c', history }, id), { status: 'gone' })
  t.strictSame(await w.dump(), before)
})

await test('a history has a hundred entries at most, and keeps those that scripts look for', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'sent', { keepMs: 60_000 })
  await w.bounce(grant.id, 'wamid.1', { afterMs: '', history: '{"outcome":"rejected"}' })
  const entries = async (): Promise<string[]> => (await w.redis.hget(w.key('failure-records'), grant.id))?.split('\n').slice(2) ?? []
  for (let time = 1; time <= 120; time++) {
    await w.run('acknowledge', { id: grant.id, history: `{"acknowledgedBy":"ops","note":"${time}"}` }, grant.id)
  }
  const kept = await entries()
  t.equal(kept.length, 100)
  t.match(kept[0], /^\d+:bounced=wamid.1 /)
  t.match(kept[1], /"note":"22"/, 'the oldest others are gone')
  t.match(kept[99], /"note":"120"/)
})

await test('a history stays within its bound after many manual retries', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'failed', { history: '{"outcome":"rejected"}', reason: 'rejected' })
  for (let attempt = 2; attempt <= 70; attempt++) {
    w.at(attempt * 3000)
    const holder = `a1:${attempt}`
    await w.retry(grant.id, { force: true, holder, history: '{"note":"retried by ops"}' })
    await w.settled({ ...grant, attempt, holder }, 'failed', { history: `{"attempt":${attempt}}`, reason: 'rejected' })
  }
  const record = await w.redis.hget(w.key('failure-records'), grant.id)
  t.equal(record?.split('\n').length, 102)
  t.match(record, /\n\d+ {"attempt":70}$/)
})

await test('a reopened failure cannot be acknowledged until it fails once more', async (t, w) => {
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
