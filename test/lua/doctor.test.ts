/**
 * Scripts of the doctor: check-messages, check-pairs, check-holds, check-bodies; repair-message, repair-pair, repair-hold, repair-body,
 * repair-schedule. test/doctor tries the rest.
 */
import t from 'tap'
import { createRun } from '../../src/redis/commands.js'
import { ANN, HOUR, tail, world } from './support.js'

const test = await world(t)
const remembered = { rememberMs: 24 * HOUR }

await test('checks of sound data find nothing, and change nothing', async (t, w) => {
  const { id } = await w.grant({ key: 'a' })
  const waiting = await w.queue({ key: 'b' })
  const before = await w.dump()
  for (const one of [id, waiting]) t.match(await w.run('check-messages', { ...remembered, id: one, lane: '', member: '' }, one), { kinds: '' })
  t.match(await w.run('check-pairs', { recipient: ANN }), { kinds: '' })
  for (const group of ['#spring', '%cmarketing', '*']) t.match(await w.run('check-holds', { group }), { kinds: '' })
  t.match(await w.run('check-bodies', { name: id }), { kinds: '' })
  t.strictSame(await w.dump(), before)
})

await test('a repair of what is sound changes nothing', async (t, w) => {
  const { id } = await w.grant({ key: 'a' })
  await w.queue({ key: 'b' })
  const before = await w.dump()
  const message = { ...remembered, id, lane: '', member: '', history: '{}' }
  for (const kind of ['unplaced', 'two_places', 'mark_missing', 'lease_without_grant', 'expiry_without_record']) {
    t.match(await w.run('repair-message', { ...message, kind }, id), { status: 'gone' }, kind)
  }
  for (const kind of ['queue_without_ready', 'grant_without_record', 'wrong_ready']) {
    t.match(await w.run('repair-pair', { recipient: ANN, kind }), { status: 'gone' }, kind)
  }
  for (const kind of ['hold_unreadable', 'hold_without_word', 'plan_late', 'start_missing']) {
    t.match(await w.run('repair-hold', { group: '#spring', kind }), { status: 'gone' }, kind)
  }
  t.match(await w.run('repair-body', { name: id, kind: 'due_without_callback' }), { status: 'gone' })
  t.match(await createRun(w.redis, w.prefix)('repair-schedule', { sender: '' }, { name: 'x' }), { status: 'gone' })
  t.strictSame(await w.dump(), before)
})

await test('a message that failed without an attempt and is retried after its window may have lost its key to a younger one', async (t, w) => {
  const template = 'order_ready'
  const id = await w.queue({ key: 'a', template, inline: false })
  await w.run('set-template', { template, state: 'rejected', code: 'REJECTED', name: 'order_ready en', atMs: '', untilMs: '' })
  const cancelled = await w.run('cancel', { id, reason: 'rejected', resultSuffix: tail(), history: '{"outcome":"failed"}' }, id)
  t.match(cancelled, { status: 'done' })
  w.at(25 * HOUR)
  t.match(await w.retry(id, { force: true, inline: false }), { status: 'queued' })
  await w.redis.del(w.key('msg', id))
  t.match(await w.run('check-messages', { ...remembered, id, lane: '', member: '' }, id), { kinds: '' })
})

await test('a message without a place becomes one of unknown outcome, and uses up an attempt', async (t, w) => {
  const { id } = await w.grant({ key: 'a' })
  await w.redis.del(w.key('grants'))
  t.match(await w.run('check-messages', { ...remembered, id, lane: '', member: '' }, id), { kinds: 'lease_without_grant unplaced' })
  const args = { ...remembered, id, lane: '', member: '', history: '{"outcome":"unknown"}' }
  t.match(await w.run('repair-message', { ...args, kind: 'unplaced' }, id), { status: 'repaired' })
  t.match(await w.run('repair-message', { ...args, kind: 'lease_without_grant' }, id), { status: 'repaired' })
  t.equal(await w.state(id), 'unknown')
  t.match(await w.run('recover', { lost: '', limit: 10 }), { unknown: [{ id }] })
  t.match(await w.settle({ id, recipient: ANN, attempt: 1, holder: '' }, 'failed', { reason: 'unknown' }), { status: 'settled' })
})

await test('a receipt settles a message that was put back', async (t, w) => {
  const { id } = await w.grant({ key: 'a' })
  await w.redis.del(w.key('grants'), w.key('inflight'))
  await w.run('repair-message', { ...remembered, id, lane: '', member: '', history: '{"outcome":"unknown"}', kind: 'unplaced' }, id)
  t.match(await w.receipt(id, 'wamid.1', { attempt: 1 }), { status: 'sent' })
  t.match(await w.run('check-messages', { ...remembered, id, lane: '', member: '' }, id), { kinds: '' })
})
