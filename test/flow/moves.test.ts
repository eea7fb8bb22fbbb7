/** Moving a message: to another lane, time and expiry, with its history and audit entry, and what is rejected. */
import t from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER } from '../support/gateway.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const HOUR = 3_600_000
const to = '+15550040001'

await t.test('a scheduled message is moved to another lane and to now, and is sent', async t => {
  const node = await environment.start(t)
  const { body: { id } } = await node.post('/messages', { to, message: 'Hello', scheduledFor: Date.now() + HOUR, expiresInMs: HOUR })
  const move = async (body: object) => await node.patch(`/messages/${id}`, body)
  const later = new Date(Date.now() + 2 * HOUR).toISOString()
  const moved = await move({ priority: 'urgent', scheduledFor: later })
  const done = { priority: 'urgent', scheduledFor: later }
  t.match(moved, { status: 200, body: { status: 'scheduled', ...done, moves: [done] } })
  t.equal(new Date(moved.body['expiresAt']).getTime(), new Date(later).getTime() + HOUR, 'with what is left of its lifetime')
  t.match((await move({ priority: 'urgent', scheduledFor: later })).body['moves'], [{}])
  t.equal((await move({ priority: 'urgent' })).body['moves'].length, 1, 'a repeat changes nothing')
  t.match((await node.get('/audit')).body['entries'], [
    { action: 'move', sender: SENDER, subject: id, detail: `priority=urgent scheduledFor=${later}` }
  ])
  t.match((await move({ scheduledFor: null })).status, 200)
  await environment.arrivals(to, 1)
  await until('it is sent', async () => (await node.get(`/messages/${id}`)).body['status'] === 'sent')
  t.match(await move({ priority: 'bulk' }), { status: 409, body: { code: 'NOT_MOVABLE', messageStatus: 'sent' } })
})

await t.test('a move says what is wrong with it', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '600000' })
  await node.post('/messages', { to, message: 'Hello' })
  const { body: { id } } = await node.post('/messages', { to, message: 'Hello again' })
  const wrong = async (body: object) => await node.patch(`/messages/${id}`, body)
  t.match(await wrong({}), { status: 400, body: { code: 'INVALID_REQUEST' } })
  t.match(await wrong({ priority: 'fast' }), { status: 400, body: { field: 'priority' } })
  t.match(await wrong({ scheduledFor: '2020-01-01T00:00:00Z' }), { status: 400, body: { code: 'SCHEDULED_IN_PAST', field: 'scheduledFor' } })
  t.match(await wrong({ expiresAt: Date.now() - 1000 }), { status: 400, body: { code: 'INVALID_REQUEST', field: 'expiresAt' } })
  t.match(await wrong({ expiresAt: Date.now() + 31 * 24 * HOUR }), { status: 400, body: { field: 'expiresAt' } })
  t.match(await wrong({ scheduledFor: Date.now() + HOUR, expiresAt: Date.now() + HOUR - 1 }), { status: 400, body: { field: 'expiresAt' } })
  t.match(await node.patch('/messages/nothing', { priority: 'bulk' }), { status: 404, body: { code: 'NOT_FOUND' } })
  t.match((await wrong({ expiresAt: Date.now() + 60_000 })).body, { status: 'queued', priority: 'normal', moves: [{ expiresAt: /^20/ }] })
})
