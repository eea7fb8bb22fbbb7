/** Templates that WhatsApp does not send now: their messages wait outside of the queues, and all others go on. */
import t from 'tap'
import type { Replies } from '../../src/redis/commands.js'
import { ANN, BOB, CARL, START, world, type Granted, type World } from './support.js'

const test = await world(t)
const PAUSED = 'order_ready'.slice(0, 11)
const OTHER = 'other_templ'
const name = 'order_ready en_us'
const code = `132015 ${name}`
const history = '{"attempt":1,"code":"132015","reason":"rejected"}'

let keys = 0
const message = (template = PAUSED, recipient = ANN): { key: string, recipient: string, template: string } =>
  ({ key: `k${++keys}`, recipient, template })

type Settled = Extract<Replies['settle'], { status: 'settled' }>
async function failByTemplate (w: World, grant: Granted, change: object = {}): Promise<Settled> {
  const reply = await w.settle(grant, 'stop', { bucket: 'template', coolMs: 0, code, history, reason: 'rejected', ...change })
  if (reply.status !== 'settled') throw new TypeError('stale')
  return reply
}
const mark = async (w: World, state: string, change: object = {}): Promise<string> => (await w.run('set-template', {
  template: PAUSED, state, code: state === 'approved' ? 'APPROVED' : 'PAUSED', name, atMs: '', untilMs: '', ...change
})).status
async function release (w: World): Promise<Extract<Replies['release-suspended'], { status: 'released' }>> {
  const reply = await w.run('release-suspended', { limit: 100 })
  if (reply.status !== 'released') throw new TypeError(reply.status)
  return reply
}
const waits = async (w: World, id: string): Promise<object> => await w.run('inspect-message', { id }, id)
const limits = async (w: World): Promise<string | null> => await w.redis.hget(w.key('sender'), 'limits')

await test('the code of a paused template gives the message back, and all messages of the template wait', async (t, w) => {
  const grant = await w.grant(message())
  const behind = await w.queue(message())
  t.match(await failByTemplate(w, grant), { settlement: 'wait', dueMs: 0, stopped: false })
  t.equal(await w.state(grant.id), 'queued')
  t.match(await w.admit(message(PAUSED, BOB)), { status: 'queued', waitUs: -1, waitingFor: 'template-paused' })
  t.match(await w.admit({ ...message(PAUSED, CARL), whenLimited: 'reject' }), { status: 'rejected', code: 'LIMITED', waitUs: -1 })
  t.match(await waits(w, behind), { state: 'queued', waitUs: -1, waitingFor: 'template-paused' })
  w.at(60_000)
  for (let step = 0; step < 3; step++) t.strictSame((await w.claim()).grants, [])
  t.equal(await w.redis.zcard(w.key('suspended')), 3)
  t.match(await waits(w, behind), { state: 'queued', waitUs: -1, waitingFor: 'template-paused' })
  t.equal(await w.redis.zcard(w.key('queue:normal')), 0, 'they are in no queue')
})

await test('other messages of the pair do not wait for the template', async (t, w) => {
  await mark(w, 'paused')
  const first = await w.queue(message())
  const text = await w.queue({ key: 'text', recipient: ANN })
  const other = await w.queue(message(OTHER))
  await w.claim()
  w.at(2000)
  t.match((await w.claim()).grants, [{ id: text }])
  t.equal(await w.redis.zcard(w.key('suspended')), 1)
  t.equal(await w.state(first), 'queued')
  t.equal(await w.state(other), 'queued')
})

await test('once it is approved, its messages are sent in the order of acceptance, ahead of younger ones', async (t, w) => {
  await mark(w, 'paused')
  const ids = [await w.queue(message()), await w.queue(message())]
  for (let step = 0; step < 3; step++) await w.claim()
  t.equal(await w.redis.zcard(w.key('suspended')), 2)
  w.at(5000)
  const younger = await w.grant({ key: 'younger', recipient: ANN })
  const last = await w.queue({ key: 'last', recipient: ANN })
  await w.settled(younger, 'sent')
  t.equal(await mark(w, 'approved'), 'written')
  t.match(await release(w), { count: 2, rejected: [], isDone: true })
  t.equal(await limits(w), null, 'scripts look at templates no longer')
  const order = []
  for (let ms = 8000; ms < 20_000; ms += 2000) {
    w.at(ms)
    for (const grant of (await w.claim()).grants) {
      order.push(grant.id)
      await w.settled(grant, 'sent')
    }
  }
  t.strictSame(order, [...ids, last])
})

await test('a rejected template is refused, and its waiting messages are named to be failed', async (t, w) => {
  await mark(w, 'paused')
  const id = await w.queue(message())
  await w.claim()
  t.match(await w.cancel(id, 'rejected' as 'cancelled'), { status: 'alive' }, 'as long as it is only paused, nothing fails')
  await mark(w, 'rejected')
  t.match(await w.admit(message()), { status: 'rejected', code: 'TEMPLATE_REJECTED' })
  t.match(await w.admit({ ...message(), scheduledFor: w.ms() + 60_000 }), { status: 'rejected', code: 'TEMPLATE_REJECTED' })
  t.match(await release(w), { count: 0, rejected: [id] })
  t.match(await w.cancel(id, 'rejected' as 'cancelled'), { status: 'done' })
  t.equal(await w.state(id), 'failed')
  t.equal(await w.redis.zcard(w.key('suspended')), 0)
})

await test('a template that WhatsApp does not find is checked, and the message fails the second time', async (t, w) => {
  const missing = { coolMs: 90_000, code: `132001 ${name}`, history: '{"attempt":1,"code":"132001","reason":"rejected"}' }
  t.match(await failByTemplate(w, await w.grant(message()), missing), { settlement: 'wait' })
  w.at(10_000)
  t.strictSame((await w.claim()).grants, [], 'it waits for its status')
  w.at(90_001)
  t.match(await release(w), { count: 1 }, 'but not longer than that: a read that fails stops nothing')
  const [again] = (await w.claim()).grants
  t.match(await failByTemplate(w, again!, missing), { settlement: 'failed' })
})

await test('a disabled template fails its message, and the next are refused', async (t, w) => {
  const grant = await w.grant(message())
  const disabled = { bucket: 'template', code: `132016 ${name}`, history, reason: 'rejected' }
  t.match(await w.settle(grant, 'failed', disabled), { settlement: 'failed' })
  t.match(await w.admit(message(PAUSED, BOB)), { status: 'rejected', code: 'TEMPLATE_REJECTED' })
})

await test('a message without a known template is never given back for it', async (t, w) => {
  const grant = await w.grant({ key: 'plain' })
  t.match(await failByTemplate(w, grant), { settlement: 'failed' })
  t.equal(await w.redis.exists(w.key('templates')), 0)
})

await test('older evidence changes nothing', async (t, w) => {
  w.at(10_000)
  await mark(w, 'paused')
  t.equal(await mark(w, 'approved', { atMs: Math.floor(START / 1000) + 5000 }), 'unchanged')
  t.match(await w.admit(message()), { waitingFor: 'template-paused' })
  w.at(20_000)
  await mark(w, 'paused', { code: '132015' })
  t.match(await w.redis.hget(w.key('templates'), PAUSED), /^paused \d+ 0 132015 /)
  await mark(w, 'checking')
  t.match(await w.redis.hget(w.key('templates'), PAUSED), /^paused /, 'a check decides nothing about what is decided')
})

await test('a retry that is due waits for its template as well', async (t, w) => {
  const grant = await w.grant(message())
  await w.settled(grant, 'retry', { afterMs: 1000, history: '{"attempt":1}' })
  await mark(w, 'paused')
  w.at(5000)
  t.match(await w.retry(grant.id), { status: 'queued' })
  t.strictSame((await w.claim()).grants, [])
  t.match(await waits(w, grant.id), { waitingFor: 'template-paused' })
})

await test('a message that waits for its template can be cancelled, expires, and is settled by a receipt', async (t, w) => {
  const grant = await w.grant(message())
  await w.settled(grant, 'unknown', { afterMs: 1000, history: '{"attempt":1}' })
  await mark(w, 'paused')
  const ids = [await w.queue(message(PAUSED, BOB)), await w.queue({ ...message(PAUSED, CARL), lifeMs: 10_000 })]
  w.at(2000)
  await w.settle({ ...grant, holder: '' }, 'retry', { afterMs: 0, history: '{"attempt":1}' })
  t.match(await w.retry(grant.id), { status: 'queued' })
  for (let step = 0; step < 3; step++) await w.claim()
  t.equal(await w.redis.zcard(w.key('suspended')), 3)
  t.match(await w.cancel(ids[0]!), { status: 'done' })
  t.match(await w.receipt(grant.id, 'wamid.1', { attempt: 1, resultSuffix: 'web wamid.1' }), { status: 'sent' })
  w.at(10_001)
  t.match(await w.cancel(ids[1]!, 'expired'), { status: 'done' })
  t.equal(await w.redis.zcard(w.key('suspended')), 0)
})

await test('an accepted message that fails later with the code pauses its template and is retried', async (t, w) => {
  const grant = await w.grant(message())
  await w.settled(grant, 'sent', { keepMs: 900_000, resultSuffix: 'web wamid.2' })
  t.match(await w.bounce(grant.id, 'wamid.2', { bucket: 'template', code: '132015', template: name, coolMs: 0 }), { status: 'retry' })
  t.match(await w.admit(message(PAUSED, BOB)), { waitingFor: 'template-paused' })
})

await test('no more than a thousand templates are written', async (t, w) => {
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`t${String(at).padStart(10, '0')}`, `paused ${START} 0 PAUSED n en`]))
  await w.redis.hset(w.key('templates'), many)
  t.equal(await mark(w, 'paused'), 'unchanged')
  t.match(await failByTemplate(w, await w.grant(message())), { settlement: 'failed' }, 'so that it is not sent again and again')
})
