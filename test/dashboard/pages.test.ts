/** What the queue WHATSAPP shows: counts as /queues/stats has them, and a page of each state. */
import t from 'tap'
import { createTestEnvironment } from '../support/flow.js'
import { SENDER } from '../support/gateway.js'
import { until } from '../support/until.js'
import { openBoard, queued, still } from './support.js'

const environment = await createTestEnvironment(t)
const REFUSED_FIRST = '+15562131000'
const UNDELIVERABLE = '+15560131026'

await t.test('the counts are those of /queues/stats, and each state has its jobs', async t => {
  const node = await environment.start(t, still)
  const board = openBoard(node)
  await node.send('+15550000002', 'first')
  const later = (await node.send('+15550000002', 'second')).body
  const scheduled = (await node.send('+15550000003', 'at noon', { scheduledFor: Date.now() + 3_600_000 })).body.id
  const retrying = (await node.send(REFUSED_FIRST)).body
  const failed = (await node.send(UNDELIVERABLE)).body.id
  // Last: no message goes at once past one that is due.
  const due = (await node.send('+15550000001', 'due', {}, queued)).body.id
  const queue = await board.queue()
  const { queue: name, ...counts } = (await node.get('/queues/stats')).body
  t.equal(name, 'WHATSAPP')
  t.match(queue.counts, counts)
  t.match(counts, { waiting: 1, active: 0, delayed: 3, completed: 1, failed: 1, paused: 0 })
  t.strictSame(queue.statuses, ['latest', 'waiting', 'active', 'delayed', 'paused', 'failed', 'completed'])

  t.strictSame(await board.ids('waiting'), [due])
  t.strictSame(await board.ids('delayed'), [retrying.id, scheduled, later.id])
  t.strictSame(await board.ids('failed'), [failed])
  t.strictSame(await board.ids('completed'), [], 'sent messages are counted, not listed')
  t.strictSame((await board.ids('latest')).sort(), [due, later.id, scheduled, retrying.id, failed].sort())

  const jobs = (await board.queue('delayed')).jobs
  t.match(
    jobs.map(job => job.data.waitingFor),
    ['retry', 'schedule', 'turn-in-queue']
  )
  t.match(jobs[0], {
    name: 'text',
    attempts: 1,
    failedReason: /^131000: \w/,
    opts: { attempts: 6 },
    data: { sender: SENDER, lane: 'normal', caller: 'operator' }
  })
  const [retry, , second] = jobs
  if (retry === undefined || second === undefined) throw new Error('no jobs')
  t.equal(retry.timestamp + (retry.delay ?? 0), Date.parse(retrying.nextRetryAt))
  t.ok(Math.abs(second.timestamp + (second.delay ?? 0) - Date.parse(later.expectedAt)) <= 2, 'it may go at the expectedAt of its response')
  t.match((await board.queue('failed')).jobs[0], {
    id: failed,
    attempts: 1,
    failedReason: /^131026: .*rejected/,
    stacktrace: [/^131026: /, /attempt 1: rejected 131026/]
  })
})

await t.test('a single job shows the state that its list shows', async t => {
  const node = await environment.start(t, still)
  const board = openBoard(node)
  const sent = (await node.send('+15550000012')).body.id
  const later = (await node.send('+15550000012', 'second')).body.id
  const failed = (await node.send(UNDELIVERABLE)).body.id
  const due = (await node.send('+15550000011', 'due', {}, queued)).body.id
  const states = await Promise.all([due, sent, later, failed].map(async id => (await board.job(id))?.status))
  t.strictSame(states, ['waiting', 'completed', 'delayed', 'failed'])
  t.equal(await board.job('nothing'), null)
  t.equal(await board.job(due.replace(SENDER, '999')), null, 'a sender that is not configured has no job')
  t.match((await board.get(`/api/queues/WHATSAPP/${failed}/logs`)).body, [/attempt 1: rejected 131026/])
})

await t.test('a message in flight is active, with the time of its grant', async t => {
  const node = await environment.start(t, { ...still, INLINE_WAIT_MS: '0' })
  const board = openBoard(node)
  const { body } = await node.send('+15557050010')
  t.match(body, { status: 'sending' })
  const [job] = (await board.queue('active')).jobs
  t.match(job, { id: body.id, data: { recipient: '…10' } })
  t.ok(job !== undefined && Math.abs(job.processedOn - job.timestamp) < 1000)
  t.equal((await board.job(body.id))?.status, 'active')
  await until('sent', async () => (await board.job(body.id))?.status === 'completed')
})

await t.test('pages list due heads in the order of their ready times, then the messages queued behind them', async t => {
  const node = await environment.start(t, still)
  const board = openBoard(node)
  const ids: string[] = []
  // Three messages to each of five recipients: the first of each is due, the others are an hour and two away.
  for (const text of ['one', 'two', 'three']) {
    for (let to = 0; to < 5; to++) ids.push((await node.send(`+1555000010${to}`, text, {}, queued)).body.id)
  }
  const urgent = (await node.send('+15550000109', 'now', { priority: 'urgent' }, queued)).body.id
  t.match((await board.queue()).counts, { waiting: 6, delayed: 10 })
  t.strictSame(await board.ids('waiting', 1, 4), [urgent, ...ids.slice(0, 3)], 'higher lanes first')
  t.strictSame(await board.ids('waiting', 2, 4), ids.slice(3, 5))
  const behind = [0, 1, 2, 3, 4].flatMap(to => [ids[5 + to], ids[10 + to]])
  t.strictSame([...await board.ids('delayed', 1, 4), ...await board.ids('delayed', 2, 4), ...await board.ids('delayed', 3, 4)], behind)
  t.match((await board.queue('delayed', 1, 4)).jobs.map(job => job.data.position), [2, 3, 2, 3])
  t.equal((await board.queue('delayed', 1, 4)).pagination.pageCount, 3)
})

await t.test('an overdue message behind a due head waits too', async t => {
  const node = await environment.start(t, { ...still, WHATSAPP_RATE_LIMIT_MS: '300' })
  const board = openBoard(node)
  for (const text of ['one', 'two', 'three', 'four']) await node.send('+15550000201', text, {}, queued)
  await until('three are due', async () => (await board.queue()).counts['waiting']! >= 3)
  const { jobs } = await board.queue('waiting')
  t.ok(jobs.length >= 3)
  t.strictSame(jobs.map(job => job.data.position), jobs.map((_, i) => i + 1))
})

await t.test('messages queued behind one in flight are delayed', async t => {
  const node = await environment.start(t, { ...still, INLINE_WAIT_MS: '0' })
  const board = openBoard(node)
  await node.send('+15557050010', 'slow')
  const behind = [await node.send('+15557050010', 'two'), await node.send('+15557050010', 'three')].map(({ body }) => body.id)
  t.match((await board.queue()).counts, { active: 1, delayed: 2 })
  t.strictSame(await board.ids('delayed'), behind)
})

await t.test('several senders are one queue, sender by sender', async t => {
  const senders = ['11', '22', '33'].map(id => ({ id, accessToken: 'token' }))
  const file = `${t.testdir({ 'senders.json': JSON.stringify(senders) })}/senders.json`
  const node = await environment.start(t, { ...still, WHATSAPP_SENDERS_FILE: file, WHATSAPP_ACCESS_TOKEN: '' })
  const board = openBoard(node)
  const ids: string[] = []
  for (const { id: sender } of senders) {
    for (let to = 0; to < 3; to++) ids.push((await node.send(`+1555000030${to}`, 'Hello', { sender }, queued)).body.id)
  }
  t.equal((await board.queue()).counts['waiting'], 9)
  t.strictSame([...await board.ids('waiting', 1, 4), ...await board.ids('waiting', 2, 4), ...await board.ids('waiting', 3, 4)], ids)
  await node.post('/senders/22/pause')
  t.match(await board.queue('paused'), { isPaused: false, counts: { waiting: 6, paused: 3 } }, 'one paused sender does not pause the queue')
  t.strictSame(await board.ids('paused'), ids.slice(3, 6))
  t.strictSame(await board.ids('waiting'), [...ids.slice(0, 3), ...ids.slice(6)])
  for (const sender of ['11', '33']) await node.post(`/senders/${sender}/pause`)
  t.match(await board.queue(), { isPaused: true, counts: { paused: 9 } })
})
