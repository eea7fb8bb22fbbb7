/** Windows: a message that needs one is rejected, waits or is replaced only where the window is surely closed. */
import t from 'tap'
import type { Replies } from '../../src/redis/commands.js'
import { ANN, BOB, HOUR, START, world, type World } from './support.js'

const test = await world(t)
const DAY = 24 * HOUR
/** Length of a window, with the margin for clocks. */
const CLOSED = DAY + 300_000
const USER = 'uUS.13491208655302741918'
const history = '{"attempt":1,"code":"131047","reason":"rejected"}'

let keys = 0
const message = (plan: string, recipient = ANN): { key: string, recipient: string, template: string } =>
  ({ key: `k${++keys}`, recipient, template: `=${plan}` })
const check = async (w: World, gapMs: number | '' = HOUR): Promise<unknown> => await w.run('set-window-check', { gapMs })
async function webhook (w: World, acts = ''): Promise<Extract<Replies['record-windows'], { status: 'recorded' }>> {
  const reply = await w.run('record-windows', { acts })
  if (reply.status !== 'recorded') throw new TypeError(reply.status)
  return reply
}
const writes = async (w: World, recipient = ANN, agoMs = 0): Promise<ReturnType<typeof webhook>> =>
  await webhook(w, `${recipient} ${w.ms() - agoMs}`)
/** Webhooks come every half an hour, from the present moment on until `ms`. */
async function watch (w: World, ms: number): Promise<void> {
  for (let at = w.ms() - Math.floor(START / 1000); at < ms; at += HOUR / 2) {
    w.at(at)
    await webhook(w)
  }
  w.at(ms)
  await webhook(w)
}
const refuse = { bucket: 'window', afterMs: 60_000, code: '131047', history, reason: 'rejected' }
const waitingFor = async (w: World, id: string): Promise<object> => await w.run('inspect-message', { id }, id)

await test('without the check every message passes', async (t, w) => {
  t.strictSame(await w.run('record-windows', { acts: `${ANN} ${w.ms()}` }), { status: 'off' })
  t.match(await w.admit(message('r')), { status: 'granted' })
})

await test('the check begins once webhooks have come for a day', async (t, w) => {
  await check(w)
  t.match(await w.admit(message('r')), { status: 'granted' }, 'no webhook has come yet')
  await watch(w, CLOSED - 1000)
  t.match(await w.admit(message('r', BOB)), { status: 'granted' })
  w.at(CLOSED + 1000)
  t.match(await w.admit(message('r')), { status: 'rejected', code: 'WINDOW_CLOSED', waitUs: -1 })
  t.match(await w.admit({ key: 'plain', recipient: BOB }), { status: 'queued' }, 'a message that needs none is not affected')
})

await test('a person who writes opens the window for 24 hours and five minutes', async (t, w) => {
  await check(w)
  await watch(w, DAY)
  await writes(w, ANN, 1000)
  await watch(w, DAY + CLOSED - 1001)
  t.match(await w.admit(message('r')), { status: 'granted' })
  t.match(await w.run('inspect-recipient', { recipient: ANN, lane: 2 }), { window: 'unknown', actMs: w.ms() - CLOSED + 1 })
  w.at(DAY + CLOSED)
  t.match(await w.admit({ ...message('r'), recipient: BOB }), { status: 'rejected' })
  t.match(await w.admit(message('r')), { status: 'rejected', code: 'WINDOW_CLOSED', waitUs: 301_000_000 }, 'closed since 301 s')
  t.match(await w.run('inspect-recipient', { recipient: ANN, lane: 2 }), { window: 'closed' })
})

await test('a late webhook counts from when the person wrote', async (t, w) => {
  await check(w)
  await watch(w, 2 * DAY)
  await writes(w, ANN, DAY - HOUR)
  t.match(await w.run('inspect-recipient', { recipient: ANN, lane: 2 }), { window: 'open' })
  await watch(w, 2 * DAY + 2 * HOUR)
  t.match(await w.admit(message('r')), { status: 'rejected', code: 'WINDOW_CLOSED' })
})

await test('after a silence no window is closed for a day', async (t, w) => {
  await check(w)
  await watch(w, 2 * DAY)
  w.at(2 * DAY + HOUR + 1000)
  t.match(await w.admit(message('r')), { status: 'granted' }, 'during the silence')
  t.match(await webhook(w), { isGap: true })
  await watch(w, 2 * DAY + DAY)
  t.match(await w.admit(message('r', BOB)), { status: 'granted' })
  await watch(w, 3 * DAY + 2 * HOUR)
  t.match(await w.admit(message('r', BOB)), { status: 'rejected' })
})

await test('a message without a status for ten minutes is a gap, too', async (t, w) => {
  await check(w)
  await watch(w, 2 * DAY)
  const grant = await w.grant({ key: 'sent', recipient: BOB })
  await w.settled(grant, 'sent')
  w.at(2 * DAY + 600_000)
  t.match(await w.admit(message('r')), { status: 'rejected' })
  w.at(2 * DAY + 601_000)
  t.match(await w.admit(message('r')), { status: 'granted' })
  t.match(await webhook(w), { isGap: true })
  t.match(await webhook(w), { isGap: false })
})

await test('a person without a known number leaves the windows of all numbers in doubt', async (t, w) => {
  await check(w)
  await watch(w, 2 * DAY)
  await webhook(w, `${USER} ${w.ms()} ?p ${w.ms()}`)
  t.match(await w.admit(message('r')), { status: 'granted' })
  t.match(await w.admit(message('r', 'uUS.1')), { status: 'rejected' }, 'of user ids all are known')
})

await test('a message waits until its recipient writes, and others do not wait for it', async (t, w) => {
  await check(w)
  await watch(w, 2 * DAY)
  const first = await w.queue(message('w'))
  t.match(await waitingFor(w, first), { state: 'queued', waitUs: -1, waitingFor: 'window' })
  const second = await w.queue(message('w'))
  const template = await w.queue({ key: 'template', recipient: ANN, template: 'aaaaaaaaaaa' })
  const sent: string[] = []
  for (let step = 0; step < 4; step++) {
    for (const grant of (await w.claim()).grants) {
      sent.push(grant.id)
      await w.settled(grant, 'sent')
    }
    w.at(2 * DAY + step * 2000)
  }
  t.strictSame(sent, [template])
  t.equal(await w.redis.zcard(w.key('suspended')), 2)
  t.match(await waitingFor(w, first), { state: 'queued', waitUs: -1, waitingFor: 'window' })
  t.match(await w.run('inspect-sender', { limit: 10 }), { suspended: 0, awaiting: 2 })
  w.at(2 * DAY + 60_000)
  t.match(await writes(w, BOB), { released: 0 })
  t.match(await writes(w), { released: 2 })
  const younger = await w.queue(message('w'))
  for (let step = 1; step < 5; step++) {
    for (const grant of (await w.claim()).grants) {
      sent.push(grant.id)
      await w.settled(grant, 'sent')
    }
    w.at(2 * DAY + 60_000 + step * 2000)
  }
  t.strictSame(sent, [template, first, second, younger])
})

await test('as many messages wait for a person as its queue may have', async (t, w) => {
  await check(w)
  await watch(w, 2 * DAY)
  for (let count = 0; count < 3; count++) await w.queue({ ...message('w'), queueCap: 3 })
  for (let step = 0; step < 3; step++) await w.claim()
  t.match(await w.admit({ ...message('w'), queueCap: 3 }), { status: 'rejected', code: 'RECIPIENT_QUEUE_FULL' })
})

await test('a message is replaced where the window is closed, at admission and when it is granted', async (t, w) => {
  await check(w)
  await watch(w, 2 * DAY)
  t.match(await w.admit(message('o')), { status: 'granted', replaced: true })
  const later = await w.queue(message('o', ANN))
  w.at(2 * DAY + 2000)
  t.match((await w.claim()).claimed, [], 'the pair has a grant')
  t.equal(await w.state(later), 'queued')
  await writes(w, BOB)
  t.match(await w.admit(message('o', BOB)), { status: 'granted', replaced: false })
})

await test('a waiting message whose window closes fails, is replaced, or waits', async (t, w) => {
  await check(w)
  await watch(w, 2 * DAY)
  await writes(w)
  const ids = []
  for (const plan of ['r', 'o', 'w']) {
    ids.push(await w.schedule({ ...message(plan), scheduledFor: w.ms() + CLOSED + 1000, lifeMs: 9 * DAY }))
  }
  await watch(w, 2 * DAY + CLOSED + 2000)
  const reply = await w.run('claim', { drainRun: 'a1.1', want: 100, mode: 'keep', holder: 'a1:99', runId: 'run1', leaseMs: 60_000 })
  t.match(reply, { status: 'claimed', closed: [ids[0]], grants: [] })
  t.match(await w.cancel(ids[0] ?? '', 'closed' as 'cancelled'), { status: 'done' })
  t.equal(await w.state(ids[0] ?? ''), 'failed')
  const { claimed, grants: [grant] } = await w.claim()
  t.match(claimed, [{ id: ids[1], replaced: true }])
  if (grant === undefined) throw new TypeError('no grant')
  await w.settled(grant, 'sent')
  w.at(2 * DAY + CLOSED + 5000)
  t.match(await w.claim(), { grants: [] })
  t.match(await waitingFor(w, ids[2] ?? ''), { waitingFor: 'window' })
  t.match(await w.cancel(ids[2] ?? ''), { status: 'done' })
})

await test('a message fails only while its window is closed', async (t, w) => {
  await check(w)
  await watch(w, 2 * DAY)
  const id = await w.schedule({ ...message('r'), scheduledFor: w.ms() + 1000 })
  t.match(await w.cancel(id, 'closed' as 'cancelled'), { status: 'done' })
  const other = await w.schedule({ ...message('r', BOB), scheduledFor: w.ms() + 1000 })
  await writes(w, BOB)
  t.match(await w.cancel(other, 'closed' as 'cancelled'), { status: 'alive' })
})

await test('131047 closes a window that was assumed to be open', async (t, w) => {
  await check(w)
  await webhook(w)
  const grant = await w.grant(message('w'))
  t.match(await w.settle(grant, 'stop', refuse), { settlement: 'wait' })
  t.match((await w.claim()).grants, [], 'it waits, although webhooks have come for a moment only')
  t.match(await waitingFor(w, grant.id), { waitingFor: 'window', state: 'queued' })
  const failing = await w.grant(message('r', BOB))
  t.match(await w.settle(failing, 'stop', refuse), { settlement: 'failed' })
  w.at(3000)
  t.match(await w.admit(message('r', BOB)), { status: 'rejected', code: 'WINDOW_CLOSED' }, 'and webhooks have come since')
  await writes(w)
  t.match((await w.claim()).grants, [{ id: grant.id }])
})

await test('131047 for a person who has written is repeated once, and then it counts', async (t, w) => {
  await check(w)
  await writes(w)
  const grant = await w.grant(message('r'))
  t.match(await w.settle(grant, 'stop', refuse), { settlement: 'retry', dueMs: w.ms() + 60_000 })
  w.at(60_000)
  const holder = 'r1:1'
  t.match(await w.retry(grant.id, { holder }), { status: 'granted', attempt: 2 })
  t.match(await w.settle({ ...grant, attempt: 2, holder }, 'stop', refuse), { settlement: 'failed' })
  t.match(await w.run('inspect-recipient', { recipient: ANN, lane: 2 }), { window: 'closed', actMs: 0 })
})

await test('131047 of a replaced or unmarked message fails it', async (t, w) => {
  await check(w)
  const grant = await w.grant({ key: 'reaction', recipient: ANN })
  t.match(await w.settle(grant, 'stop', refuse), { settlement: 'failed' })
})

await test('131047 by webhook has a message wait that may, and fails any other', async (t, w) => {
  await check(w)
  await webhook(w)
  for (const [plan, recipient, status] of [['w', ANN, 'retry'], ['r', BOB, 'failed']] as const) {
    const grant = await w.grant(message(plan, recipient))
    await w.settled(grant, 'sent', { resultSuffix: 'web wamid.1', keepMs: 900_000 })
    t.match(await w.bounce(grant.id, 'wamid.1', { bucket: 'window', code: '131047', reason: 'rejected', afterMs: 1000 }), { status })
    if (plan !== 'w') continue
    w.at(1000)
    await w.retry(grant.id)
    w.at(5000)
    t.match(await w.claim(), { grants: [] })
    t.match(await waitingFor(w, grant.id), { waitingFor: 'window' })
  }
})

await test('after a restart of Redis no window is closed, since acts may be lost', async (t, w) => {
  await check(w)
  await watch(w, 2 * DAY)
  await w.grant({ key: 'run', recipient: BOB })
  t.match(await w.admit(message('r')), { status: 'rejected' })
  t.match(await w.admit({ ...message('r'), runId: 'run2' }), { status: 'queued', waitingFor: 'cool-down' })
})

await test('an erased person leaves no trace, and no window looks closed for it', async (t, w) => {
  await check(w)
  await watch(w, 2 * DAY)
  await writes(w)
  t.match(await w.run('erase-pair', { recipient: ANN }), { status: 'erased', count: 1 })
  t.strictSame(await w.redis.zrange(w.key('windows'), '0', '-1'), ['?p'])
  t.match(await w.admit(message('r')), { status: 'granted' })
})

await test('old acts are pruned, and what waits is released once nothing is checked', async (t, w) => {
  await check(w)
  await watch(w, 2 * DAY)
  await writes(w, BOB)
  await watch(w, 4 * DAY)
  const id = await w.queue(message('w'))
  await w.claim()
  w.at(4 * DAY + 1000)
  await w.run('prune', { retentionMs: DAY, cap: 10, limit: 10 })
  t.equal(await w.redis.zcard(w.key('windows')), 0)
  t.match(await w.run('release-suspended', { limit: 10 }), { count: 0, isDone: true })
  await check(w, '')
  t.equal(await w.redis.hget(w.key('sender'), 'limits'), null)
  t.match(await w.run('release-suspended', { limit: 10 }), { count: 1 })
  w.at(4 * DAY + 5000)
  t.match((await w.claim()).grants, [{ id }])
})
