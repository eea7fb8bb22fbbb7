/** The health of a number is read from WhatsApp: a known cause stops what it concerns, is shown in Meta's words, and ends by itself. */
import t from 'tap'
import type { Test } from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, type Node } from '../support/gateway.js'
import { until } from '../support/until.js'

const ACCOUNT = '102290129340398'
const environment = await createTestEnvironment(t, {
  ...longStartWindow, THROUGHPUT_POLL_MS: '86400000', WHATSAPP_BUSINESS_ACCOUNT_ID: ACCOUNT, WHATSAPP_RATE_LIMIT_MS: '50'
})
const { sandbox } = environment
const redis = environment.redis.connect()

type Health = Array<{ entity: string, canSend: string, code?: number }>
const blocked = (code: number, entity = 'WABA'): Health => [{ entity, canSend: 'BLOCKED', code }]
const say = async (health: Health): Promise<unknown> => await sandbox.control('PUT', 'settings', { health })
const senderOf = async (node: Node): Promise<Record<string, any>> => (await node.get('/senders')).body['senders'][0]
const untilRead = async (node: Node, state: string): Promise<Record<string, any>> =>
  await until(`the health is ${state}`, async () => { const sender = await senderOf(node); return sender['health'].state === state && sender })
const template = async (node: Node, to: string): Promise<Record<string, any>> => (await node.post('/messages', {
  to, type: 'template', message: { name: 'order_ready', language: { code: 'en_US' } }, deduplicate: false
})).body

/** On a busy machine it is sent after the response. */
async function sent (node: Node, { id }: Record<string, any>): Promise<void> {
  await until('it is sent', async () => (await node.get(`/messages/${id}`)).body['status'] === 'sent')
}

async function start (t: Test, health: Health, env: Record<string, string> = {}): Promise<Node> {
  await say(health)
  t.teardown(async () => {
    await say([])
    await sandbox.control('DELETE', 'faults', {})
  })
  return await environment.start(t, env)
}

/** The time of the next read has come. Returns how far away it was. */
async function readNow (node: Node): Promise<number> {
  const [reads, account] = [`{${node.prefix}}:account-reads`, `number:${SENDER}`]
  const keys = await redis.keys(`*${node.prefix}*account-reads`)
  const key = keys[0] ?? reads
  const due = Number(await redis.zscore(key, account))
  await redis.zadd(key, 1, account)
  return due - Date.now()
}
const untilReadAfter = async (node: Node, readAt: string): Promise<Record<string, any>> =>
  await until('it is read again', async () => { const sender = await senderOf(node); return sender['health'].readAt > readAt && sender })

await t.test('a banned account stops the sender, is read again soon, and resumes by itself', async t => {
  const node = await start(t, blocked(141_014))
  t.match(await untilRead(node, 'blocked'), {
    state: 'stopped',
    reason: 'HEALTH_141014',
    resumesAt: String,
    templates: { state: 'active' },
    health: {
      readAt: String,
      problems: [{ entity: 'WABA', state: 'blocked', id: ACCOUNT, errors: [{ code: 141_014, description: /banned/, solution: /Appeal/ }] }]
    }
  })
  t.match(node.seen('sender.stopped'), [{ sender: SENDER, code: 'HEALTH_141014' }])
  const { id, waitingFor } = (await node.send('+15550007001', 'waits')).body
  t.equal(waitingFor, 'sender-stopped')
  await say([])
  const inMs = await until('the next read is known', async () => { const ms = await readNow(node); return ms > 0 && ms })
  t.ok(inMs <= 300_000, `the next read is in ${inMs} ms`)
  t.match(await untilRead(node, 'available'), { state: 'active', reason: null, health: { problems: [] } })
  await until('it is sent', async () => (await node.get(`/messages/${id}`)).body['status'] === 'sent')
  t.equal(node.seen('sender.resumed').length, 1)
})

await t.test('a payment problem stops templates alone', async t => {
  const node = await start(t, blocked(141_006))
  t.match(await untilRead(node, 'blocked'), { state: 'active', templates: { state: 'stopped', reason: 'HEALTH_141006', until: String } })
  t.match(await template(node, '+15550007101'), { status: 'queued', waitingFor: 'templates-stopped' })
  await sent(node, (await node.send('+15550007102', 'a reply')).body)
  await say([])
  await until('the next read is known', async () => await readNow(node) > 0)
  t.match((await untilRead(node, 'available'))['templates'].state, /ending|active/)
})

for (const [what, health, state] of [
  ['a limited number', [{ entity: 'PHONE_NUMBER', canSend: 'LIMITED', code: 141_014 }], 'limited'],
  ['a business that is not verified', blocked(141_010, 'BUSINESS'), 'blocked'],
  ['a blocked app', blocked(141_014, 'APP'), 'blocked'],
  ['calls that are blocked', blocked(138_024), 'available'],
  ['a part that is not known', blocked(141_014, 'CATALOG'), 'available'],
  ['a state that is not known', [{ entity: 'WABA', canSend: 'FROZEN', code: 141_014 }], 'available']
] as Array<[string, Health, string]>) {
  await t.test(`${what} stops nothing`, async t => {
    const node = await start(t, health)
    t.match(await untilRead(node, state), { state: 'active', templates: { state: 'active' } })
    await sent(node, (await node.send('+15550007201', `text of ${what}`)).body)
    await sent(node, await template(node, '+15550007202'))
    t.equal(node.seen('sender.stopped').length + node.seen('templates.stopped').length, 0)
  })
}

await t.test('a read that fails stops nothing and resumes nothing', async t => {
  await sandbox.control('POST', 'faults', { recipient: 'node', kind: 'code', code: 200 })
  const node = await start(t, blocked(141_014))
  await until('a read has failed', () => node.seen('ceiling.unread').length > 0)
  t.match(await senderOf(node), { state: 'active', health: { state: 'unknown', readAt: null } })
  await sent(node, (await node.send('+15550007301', 'it goes on')).body)
  await sandbox.control('DELETE', 'faults', {})
  await until('the next read is known', async () => await readNow(node) > 0)
  await untilRead(node, 'blocked')
  await sandbox.control('POST', 'faults', { recipient: 'node', kind: 'reset-before' })
  await say([])
  const before = node.seen('ceiling.unread').length
  await until('the next read is known', async () => await readNow(node) > 0)
  await until('a read has failed', () => node.seen('ceiling.unread').length > before)
  t.match(await senderOf(node), { state: 'stopped', reason: 'HEALTH_141014', health: { state: 'blocked' } })
})

await t.test('a sender that an operator resumed stays so while the same cause lasts, on two nodes', async t => {
  const node = await start(t, blocked(131_031))
  const other = await environment.start(t, {}, { prefix: node.prefix })
  await untilRead(node, 'blocked')
  const stops = (): number => node.seen('sender.stopped').length + other.seen('sender.stopped').length
  for (const one of [node, other]) t.match(await senderOf(one), { state: 'stopped', reason: 'HEALTH_131031' })
  t.equal(stops(), 1, 'one of them stops it')
  const { readAt } = (await senderOf(node))['health']
  await other.post(`/senders/${SENDER}/resume`, {})
  await until('the next read is known', async () => await readNow(node) > 0)
  t.match(await untilReadAfter(node, readAt), { state: 'active', health: { state: 'blocked' } })
  t.match(await senderOf(other), { state: 'active', health: { state: 'blocked' } })
  await sent(node, (await node.send('+15550007401', 'it goes on')).body)
  t.equal(stops(), 1)
})

await t.test('with HEALTH_STATUS=show it is shown, and stops nothing', async t => {
  const node = await start(t, blocked(141_014), { HEALTH_STATUS: 'show' })
  t.match(await untilRead(node, 'blocked'), { state: 'active', reason: null, health: { problems: [{ entity: 'WABA' }] } })
})

await t.test('a start that reads no node forgets the health and ends its stop', async t => {
  const first = await start(t, blocked(141_014))
  await untilRead(first, 'blocked')
  await first.close()
  const second = await environment.start(t, { THROUGHPUT_POLL_MS: '0' }, { prefix: first.prefix })
  t.match(await senderOf(second), { state: 'active', health: { state: 'unknown', problems: [] } })
})
