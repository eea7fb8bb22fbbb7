/** What can be done in the queue WHATSAPP: remove, retry, promote, pause, resume, each by the admin's name; and nothing else. */
import t from 'tap'
import { createGround } from '../support/flow.js'
import { SENDER, type Node } from '../support/gateway.js'
import { until } from '../support/until.js'
import { openBoard, queued, still } from './support.js'

const ground = await createGround(t)
/** Refuses its first two, then takes what comes. */
const REFUSED_FIRST = '+15562131000'
const UNDELIVERABLE = '+15560131026'

await t.test('remove cancels what waits, wherever it waits', async t => {
  const node = await ground.start(t, still)
  const board = openBoard(node)
  const retrying = (await node.send(REFUSED_FIRST)).body.id
  await node.send('+15550000001')
  const behind = (await node.send('+15550000001', 'second')).body.id
  const scheduled = (await node.send('+15550000002', 'later', { scheduledFor: Date.now() + 60_000 })).body.id
  const due = (await node.send('+15550000003', 'due', {}, queued)).body.id
  for (const id of [retrying, behind, scheduled, due]) {
    t.equal((await board.action(id, 'clean')).status, 204)
    t.equal((await node.get(`/messages/${id}`)).body.status, 'cancelled')
    t.equal(await board.job(id), null, 'it is gone from the queue')
  }
  t.match((await board.queue()).counts, { waiting: 0, delayed: 0 })
  t.match(await actions(node), [due, scheduled, behind, retrying].map(subject => ({ action: 'cancel', by: 'operator', subject, sender: SENDER })))
})

await t.test('what is sent or FAILED can not be removed', async t => {
  const node = await ground.start(t, still)
  const board = openBoard(node)
  const sent = (await node.send('+15550000001')).body.id
  const failed = (await node.send(UNDELIVERABLE)).body.id
  t.match(await board.action(sent, 'clean'), { status: 409, body: { message: 'it is settled' } })
  t.match(await board.action(failed, 'clean'), { status: 409, body: { message: /acknowledge it/ } })
  t.equal((await board.job(failed))?.status, 'failed')
})

await t.test('promote retries a failure before its time, retry reopens a FAILED one', async t => {
  const node = await ground.start(t, { ...still, WHATSAPP_RATE_LIMIT_MS: '1' })
  const board = openBoard(node)
  const retrying = (await node.send('+15562131016')).body.id
  t.equal((await board.action(retrying, 'retry')).status, 400, 'Bull retries what has failed for good')
  t.equal((await board.action(retrying, 'promote')).status, 204)
  t.match(await board.job(retrying), { status: 'delayed', job: { attempts: 2 } })
  t.equal((await board.action(retrying, 'promote')).status, 204)
  t.match(await board.job(retrying), { status: 'completed', job: { attempts: 3, failedReason: '' } })

  const failed = (await node.send(UNDELIVERABLE)).body.id
  t.equal((await board.action(failed, 'retry')).status, 204)
  t.match(await board.job(failed), { status: 'failed', job: { attempts: 2, stacktrace: [/^131026: /, /attempt 2/, /attempt 1/] } }, 'undeliverable still')
  t.match((await actions(node)).map(({ action, by, detail }) => [action, by, detail]), [
    ['retry', 'operator', 'permanentlyFailed'], ['retry', 'operator', 'succeeded'], ['retry', 'operator', 'failed']])
})

await t.test('all that is FAILED can be retried at once', async t => {
  // With a worker, for what had to join the line.
  const node = await ground.start(t, { ...still, ROLE: 'all', WHATSAPP_RATE_LIMIT_MS: '1' })
  const board = openBoard(node)
  // A node that is behind turns them away for a moment, and may have taken one whose answer did not come.
  for (let n = 0; n < 3; n++) await until('it is taken', async () => (await node.send(UNDELIVERABLE, `number ${n}`, { idempotencyKey: `number-${n}` })).status < 500)
  await until('all three are FAILED', async () => (await node.get('/stats')).body['deliveryFailures'].failed === 3)
  t.match(await board.put('/api/queues/WHATSAPP/retry/failed'), { status: 200, body: { retried: 3, skipped: 0 } })
})

await t.test('who waits for a turn, a schedule or a verdict is not promoted', async t => {
  const node = await ground.start(t, still)
  const board = openBoard(node)
  const scheduled = (await node.send('+15550000001', 'later', { scheduledFor: Date.now() + 60_000 })).body.id
  t.match(await board.action(scheduled, 'promote'), { status: 405, body: { message: /it waits for schedule; only what waits for a retry/ } })
  t.equal((await node.get(`/messages/${scheduled}`)).body.status, 'scheduled')
})

await t.test('pause closes the senders by the name of the admin, and resume opens them', async t => {
  const node = await ground.start(t, still)
  const board = openBoard(node)
  const id = (await node.send('+15550000001', 'due', {}, queued)).body.id
  t.equal((await board.put('/api/queues/WHATSAPP/pause')).status, 200)
  t.match((await node.get('/senders')).body.senders, [{ id: SENDER, state: 'paused', reason: 'operator' }])
  t.match(await board.queue('paused'), { isPaused: true, counts: { waiting: 0, paused: 1 }, jobs: [{ id, data: { waitsFor: 'closed sender' } }] })
  t.equal((await board.job(id))?.status, 'paused')
  t.equal((await board.put('/api/queues/WHATSAPP/resume')).status, 200)
  t.match((await node.get('/senders')).body.senders, [{ state: 'active' }])
  t.match(await board.queue('waiting'), { isPaused: false, jobs: [{ id }] })
  t.equal((await board.put('/api/queues/pause')).status, 200, 'and so does the button for all queues')
  t.ok((await board.queue()).isPaused)
  t.match((await actions(node)).map(({ action, by }) => [action, by]), [['pause', 'operator'], ['resume', 'operator'], ['pause', 'operator']])
})

await t.test('what makes no sense for messages is refused, and says what to do instead', async t => {
  const node = await ground.start(t, still)
  const board = openBoard(node)
  const id = (await node.send('+15550000001', 'due', {}, queued)).body.id
  const sentences: Record<string, RegExp> = {
    '/clean/delayed': /cancelled one by one/, '/clean/failed': /cancelled one by one/, '/empty': /pause/, '/promote': /failures\/retry/
  }
  for (const [path, message] of Object.entries(sentences)) {
    t.match(await board.put(`/api/queues/WHATSAPP${path}`), { status: 405, body: { message } }, path)
  }
  await board.put('/api/queues/WHATSAPP/pause')
  t.match(await board.put('/api/queues/WHATSAPP/obliterate'), { status: 405, body: { message: /nobody can forget/ } })
  t.equal((await node.get(`/messages/${id}`)).body.status, 'queued')
  for (const queue of ['WHATSAPP-drain', 'WHATSAPP-retry', 'WHATSAPP-housekeeping']) {
    t.equal((await board.put(`/api/queues/${queue}/pause`)).status, 405, `${queue} is to look at`)
    t.equal((await board.put(`/api/queues/${queue}/empty`)).status, 405)
  }
})

async function actions (node: Node): Promise<Array<Record<string, string>>> {
  return (await node.get('/audit')).body.actions
}
