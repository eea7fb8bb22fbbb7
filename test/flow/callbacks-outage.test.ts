/** Callbacks while their receiver is down, rejects some, or hangs: what waits is bounded, and what can be delivered is. */
import { createHmac } from 'node:crypto'
import t from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, type Node } from '../support/gateway.js'
import { CALLBACK_SECRET, startReceiver, type ReceivedCallback } from '../support/receiver.js'
import { request, type Reply } from '../support/request.js'
import { until } from '../support/until.js'

const OTHER = '222'
const SECRET = 'app-secret-of-the-test'
const environment = await createTestEnvironment(t, longStartWindow)
const redis = environment.redis.connect()
const file = `${t.testdir({
  'senders.json': JSON.stringify([SENDER, OTHER].map(id => ({ id, accessToken: 'token', appSecrets: [SECRET] })))
})}/senders.json`
const env = {
  CALLBACK_SECRET,
  CALLBACK_RETRY_MS: '500',
  WHATSAPP_SENDERS_FILE: file,
  WHATSAPP_ACCESS_TOKEN: '',
  WHATSAPP_VERIFY_TOKEN: 'verify-me',
  WHATSAPP_RATE_LIMIT_MS: '50'
}

let recipients = 0

/** Sends messages to as many new recipients; returns their public ids. */
async function sendMany (node: Node, sender: string, count: number, metadata: Record<string, unknown> = {}): Promise<string[]> {
  const messages = Array.from({ length: count }, () => ({ to: `+1555${2_000_000 + recipients++}`, sender, message: 'Hello', metadata }))
  const { status, body } = await node.post('/messages/batch', { messages })
  if (status >= 300) throw new Error(`status ${status}: ${JSON.stringify(body)}`)
  return (body['results'] as Array<{ id: string }>).map(({ id }) => id)
}

const isPoison = ({ data }: Pick<ReceivedCallback, 'data'>): boolean => data['metadata']?.poison === true
const keyOf = (node: Node, name: string, sender = SENDER): string => `{${node.prefix}:${sender}}:${name}`
const dropped = (node: Node): number => node.seen('callbacks.dropped').reduce((sum, { count }) => sum + count, 0)

async function postWebhook (node: Node, changes: unknown[]): Promise<Reply> {
  const body = JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: '1', changes }] })
  const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`
  return await request(`${node.origin}/webhooks/whatsapp`, { method: 'POST', body, headers: { 'x-hub-signature-256': signature } })
}

const change = (value: Record<string, unknown>): unknown => ({ field: 'messages', value: { metadata: { phone_number_id: SENDER }, ...value } })
const inbound = change({ messages: [{ from: '15550000901', id: 'wamid.in', type: 'text', text: { body: 'yes' } }] })

/** A message that was sent, and the change of Meta's webhook by which it is delivered. */
async function sendOne (node: Node, to: string): Promise<{ id: string, delivered: unknown }> {
  const { body } = await node.send(to, 'Hello', { sender: SENDER })
  const [arrival] = await environment.arrivals(to, 1)
  await until('it is sent', async () => (await node.get(`/messages/${String(body['id'])}`)).body['status'] === 'sent')
  const status = { id: arrival?.wamid, status: 'delivered', timestamp: '1750030073', biz_opaque_callback_data: arrival?.opaque }
  return { id: String(body['id']), delivered: change({ statuses: [status] }) }
}

await t.test('while the receiver is down no more than CALLBACK_CAP messages wait; the oldest are dropped, counted and logged', async t => {
  const [CAP, COUNT] = [50, 400]
  const receiver = await startReceiver(t)
  receiver.respond(() => 503)
  const lines: string[] = []
  const node = await environment.start(t, { ...env, CALLBACK_URL: receiver.url, CALLBACK_CAP: String(CAP) }, { onLog: line => lines.push(line) })
  await sendMany(node, SENDER, COUNT)
  const waiting = async (): Promise<[outbox: number, messages: number]> =>
    await Promise.all([redis.llen(keyOf(node, 'outbox')), redis.hlen(keyOf(node, 'callbacks'))])
  await until('all are sent', async () => {
    const [outbox, messages] = await waiting()
    if (outbox > CAP || messages > CAP) throw new Error(`${outbox} changes and ${messages} messages wait`)
    return node.seen('attempt.settled').filter(({ settlement }) => settlement === 'sent').length === COUNT
  }, 60_000)
  await until('the outbox is moved', async () => (await waiting())[0] === 0)
  await until('all others are dropped', () => dropped(node) === COUNT - CAP)
  t.strictSame(await waiting(), [0, CAP])
  receiver.respond(() => 204)
  await until('the rest is delivered', () => receiver.accepted().length === CAP, 30_000)
  t.ok(lines.some(line => line.includes('callbacks dropped: outbox full')))
  const { body: metrics } = await request(`${node.origin}/metrics`)
  t.match(metrics['text'], new RegExp(`^sluice_callbacks_total\\{.*result="dropped"\\} ${COUNT - CAP}$`, 'm'))
})

await t.test('a long outbox does not refuse a webhook: its statuses are taken, and its inbound message is relayed', async t => {
  const receiver = await startReceiver(t)
  // Nothing moves the outbox on a node without workers.
  const node = await environment.start(t, { ...env, ROLE: 'api', CALLBACK_URL: receiver.url })
  const { id, delivered } = await sendOne(node, '+15550001901')
  const [first = ''] = await redis.lrange(keyOf(node, 'outbox'), 0, 0)
  for (let n = 0; n < 101; n++) await redis.rpush(keyOf(node, 'outbox'), ...Array.from({ length: 1000 }, () => first))
  t.equal((await postWebhook(node, [delivered, inbound])).status, 200)
  t.equal((await node.get(`/messages/${id}`)).body['status'], 'delivered')
  t.match(await redis.lrange(keyOf(node, 'outbox'), -2, -1), [/ d /, / whatsapp\.inbound /])
})

await t.test('where Redis refuses what is to be relayed, the statuses of the same webhook are taken', async t => {
  const receiver = await startReceiver(t)
  const node = await environment.start(t, { ...env, ROLE: 'api', CALLBACK_URL: receiver.url })
  const { id, delivered } = await sendOne(node, '+15550001902')
  await redis.config('SET', 'maxmemory', '1')
  try {
    t.equal((await postWebhook(node, [inbound, delivered])).status, 503, 'Meta repeats it')
  } finally {
    await redis.config('SET', 'maxmemory', '0')
  }
  t.equal((await node.get(`/messages/${id}`)).body['status'], 'delivered')
})

await t.test('a hundred rejected callbacks delay no others, of the same sender or of another', async t => {
  const receiver = await startReceiver(t)
  receiver.respond(callback => isPoison(callback) ? 400 : 204)
  const node = await environment.start(t, { ...env, CALLBACK_URL: receiver.url })
  await sendMany(node, SENDER, 100, { poison: true })
  await until('each is rejected', () => new Set(receiver.received.map(({ id }) => id)).size >= 100, 30_000)
  const good = [...await sendMany(node, SENDER, 5), ...await sendMany(node, OTHER, 5)]
  await until('the others are delivered', () => good.every(id => receiver.accepted(id).length === 1), 30_000)
  receiver.respond(() => 204)
  await until('the rejected ones are delivered on their own schedule', () => receiver.accepted().length === 110, 60_000)
})

await t.test('callbacks that hang do not block others, of the same sender or of another', async t => {
  const receiver = await startReceiver(t)
  receiver.respond(callback => isPoison(callback) ? null : 204)
  const node = await environment.start(t, { ...env, CALLBACK_URL: receiver.url, CALLBACK_TIMEOUT_MS: '10000' })
  await sendMany(node, SENDER, 100, { poison: true })
  await until('some hang', () => receiver.received.length >= 30, 30_000)
  const others = await sendMany(node, OTHER, 5)
  await until('those of the other sender are delivered', () => others.every(id => receiver.accepted(id).length === 1), 30_000)
  t.notOk(node.seen('callback.attempted').some(({ result }) => result !== 'delivered'), 'before the first one timed out')
  const own = await sendMany(node, SENDER, 5)
  await until('those of the same sender are delivered', () => own.every(id => receiver.accepted(id).length === 1), 90_000)
})

await t.test('statuses of messages that another system sends fill no limit for good, and do not hold up recovery', async t => {
  const receiver = await startReceiver(t)
  const PARKED = 100_000
  const quickly = { UNKNOWN_HOLD_MS: '500', UNKNOWN_OUTCOME: 'fail', SEND_TIMEOUT_MS: '500' }
  const node = await environment.start(t, { ...env, ...quickly, CALLBACK_URL: receiver.url })
  for (let n = 0; n < PARKED; n += 1000) {
    const names = Array.from({ length: 1000 }, (_, i) => `${String(n + i).padStart(22, 'x')}:read`)
    const status = (name: string): string => `${Date.now()} ${JSON.stringify({ wamid: `wamid.${name}`, kind: 'read', atMs: 0 })}`
    await redis.hset(keyOf(node, 'parked-bodies'), Object.fromEntries(names.map(name => [name, status(name)])))
    await redis.zadd(keyOf(node, 'parked'), ...names.flatMap(name => [1, name]))
  }
  t.equal((await postWebhook(node, [change({ statuses: [{ id: 'wamid.foreign', status: 'read', timestamp: '1750030073' }] })])).status, 200)
  t.equal(await redis.zcard(keyOf(node, 'parked')), PARKED)
  t.match(node.seen('webhook.status'), [{ result: 'dropped', kind: 'read' }, { result: 'parked' }])
  await until('recovery looks for their messages', async () => (await redis.zcount(keyOf(node, 'parked'), 2, '+inf')) > 200, 30_000)
  const { body } = await node.send('+15558400031', 'Hello', { sender: SENDER })
  const stateOf = async (id: unknown): Promise<unknown> => (await node.get(`/messages/${String(id)}`)).body['status']
  await until('a message of unknown outcome fails after its hold', async () => await stateOf(body['id']) === 'failed', 30_000)
})
