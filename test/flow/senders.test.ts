/** Several senders on one node: what they share, what they do not, and how a reload adds, changes and removes them. */
import { writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { createBus } from '../../src/events.js'
import { createGate } from '../../src/parallel.js'
import { connect } from '../../src/redis/connect.js'
import { createStore } from '../../src/redis/store.js'
import { createSenderRegistry } from '../../src/sender-registry.js'
import { applySenders, writeUnwritten } from '../../src/sender-sync.js'
import type { SenderSettings } from '../../src/senders.js'
import { inspectSender } from '../../src/throttle/inspect.js'
import { post } from '../graph/support.js'
import { startApi } from '../support/api.js'
import { longStartWindow } from '../support/flow.js'
import { startNode, type Node } from '../support/gateway.js'
import { measureLag, recordStarts } from '../support/observe.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { pass, until } from '../support/until.js'

const redis = await startRedis(t)
const api = await startApi(t)
const ANN = '+15550000001'

interface RunningNode { node: Node, prefix: string, env: Record<string, string>, write: (entries: unknown) => void, file: string, dir: string }

const entry = (id: string, more: Record<string, unknown> = {}) => ({ id, accessToken: `token-${id}`, ...more })

async function start (t: Test, entries: Array<Record<string, unknown>>, env: Record<string, string> = {}): Promise<RunningNode> {
  const dir = t.testdir({ 'senders.json': JSON.stringify(entries) })
  const file = `${dir}/senders.json`
  const prefix = createPrefix()
  const all = { WHATSAPP_SENDERS_FILE: file, WHATSAPP_ACCESS_TOKEN: '', WHATSAPP_RATE_LIMIT_MS: '400', ...longStartWindow, ...env }
  const node = await startNode(t, { redisUrl: redis.url, apiUrl: api.url, prefix, env: all })
  return { node, prefix, env: all, dir, file, write: changed => writeFileSync(file, JSON.stringify(changed)) }
}

const settled = (node: Node, sender: string) => node.seen('attempt.settled').filter(one => one.sender === sender)
const worst = (values: number[]): number => Math.round(Math.max(0, ...values))

await t.test('one recipient of two senders is two pairs, each with its own order and pair rate', async t => {
  const { node } = await start(t, [entry('a1', { rules: { pairIntervalMs: 4000 } }), entry('a2', { rules: { pairIntervalMs: 4700 } })])
  const starts = recordStarts(t, api.url)
  for (const text of ['1', '2', '3']) {
    for (const sender of ['a1', 'a2']) {
      t.match(
        (await node.send(ANN, text, { sender })).body,
        text === '1' ? { status: 'sent' } : { status: 'queued', waitingFor: 'pair-rate' },
        `${sender} ${text}`
      )
    }
  }
  await until('all messages have arrived', () => api.asked('a1').length === 3 && api.asked('a2').length === 3)
  for (const [sender, intervalMs] of [['a1', 4000], ['a2', 4700]] as const) {
    const asked = api.asked(sender)
    t.strictSame(asked.map(({ text }) => text), ['1', '2', '3'])
    t.ok(asked.every(({ token }) => token === `token-${sender}`), 'each sender uses its own token')
    const gaps = starts.gaps(ANN, sender)
    t.equal(gaps.length, 2)
    t.ok(gaps.every(gap => gap >= intervalMs - 50), `${sender}: ${gaps.map(Math.round).join(', ')} ms apart`)
  }
  t.match((await node.send(ANN, 'by default', { idempotencyKey: 'k' })).body['id'], /^a1\./, 'the first sender is the default')
  t.match(
    (await node.send(ANN, 'by default', { idempotencyKey: 'k', sender: 'a2' })).body,
    { duplicate: false, id: /^a2\./ },
    'a key belongs to its sender'
  )
  t.match(await node.send(ANN, 'unknown', { sender: 'a3' }), { status: 404, body: { code: 'SENDER_UNKNOWN' } })
})

await t.test('a sender whose requests all hang does not slow down another', async t => {
  const { node } = await start(t, [entry('slow', { rules: { maxInFlight: 5 } }), entry('quick')], { SEND_TIMEOUT_MS: '14000' })
  const lagMs = measureLag(2000)
  const post = async (sender: string, from: number, count: number, more = {}) => await Promise.all(Array.from({ length: count }, async (_, i) =>
    await node.send(`+1555000${from + i}`, 'Hello', { sender }, more)))
  await post('quick', 1000, 20)
  await post('quick', 1100, 20, { prefer: 'respond-async' })
  const usual = await until(
    'the messages of quick are sent',
    () => settled(node, 'quick').length === 40 && settled(node, 'quick').map(({ lateMs }) => lateMs)
  )

  api.silence('slow')
  await post('slow', 2000, 45, { prefer: 'respond-async' })
  await until('slow has its maximum in flight', () => api.waiting('slow') === 5)
  const started = performance.now()
  for (let round = 0; round < 4; round++) {
    const inline = await post('quick', 3000 + 100 * round, 10)
    t.strictSame(inline.map(({ body }) => body['status']), Array.from({ length: 10 }, () => 'sent'))
    await post('quick', 4000 + 100 * round, 10, { prefer: 'respond-async' })
    await pass(300)
  }
  const late = await until(
    'quick is sent again',
    () =>
      settled(node, 'quick').length === 120 &&
      settled(node, 'quick')
        .slice(40)
        .map(({ lateMs }) => lateMs)
  )
  t.equal(api.waiting('slow'), 5, 'all the while the slow one was at its limit')
  t.equal(settled(node, 'slow').length, 0)
  t.ok(
    worst(late) < Math.max(250, 3 * worst(usual)) + lagMs(),
    `latest start ${worst(late)} ms, without the slow sender ${worst(usual)} ms, over ${worst([performance.now() - started])} ms`
  )
  api.speak('slow')
  await until('the messages of slow are sent', () => settled(node, 'slow').filter(({ settlement }) => settlement === 'sent').length === 45, 30_000)
})

await t.test('a reload adds, changes and removes senders without loss', async t => {
  const { node, write, prefix, env } = await start(t, [entry('b1'), entry('b2')])
  write([entry('b1', { rules: { pairIntervalMs: 900 } }), entry('b3')])
  for (const text of ['1', '2', '3']) await node.send(ANN, text, { sender: 'b2' })
  await node.reload()
  t.match(node.seen('senders.reloaded'), [{ total: 2, added: ['b3'], removed: ['b2'], renewed: [] }])
  t.match((await node.send(ANN, 'first', { sender: 'b3' })).body, { status: 'sent' }, 'an added one sends')
  t.match(await node.send(ANN, '4', { sender: 'b2' }), { status: 404, body: { code: 'SENDER_UNKNOWN' } }, 'a removed one accepts nothing')
  const rules = async (id: string) => (await node.get('/senders')).body['senders'].find((one: { id: string }) => one.id === id)?.rules
  t.match(await rules('b1'), { pairIntervalMs: 900 }, 'a changed rule applies')
  await until('what it had is sent', () => api.asked('b2').length === 3)
  await until('and then it is gone', () => node.seen('sender.removed').length === 1)
  t.equal(await rules('b2'), undefined)

  t.match(await node.put('/senders/b1/quota', { pairIntervalMs: 700 }), { status: 200 })
  await node.reload()
  t.match(await rules('b1'), { pairIntervalMs: 700 }, 'an operator\'s change applies until the settings change')

  await node.post('/senders/b3/pause')
  await node.send(ANN, 'second', { sender: 'b3' })
  write([entry('b1')])
  const other = await startNode(t, { redisUrl: redis.url, apiUrl: api.url, prefix, env })
  t.strictSame(other.seen('senders.unserved'), [{ senders: ['b3'] }], 'a node without this sender reports that it holds messages')
  await node.reload()
  await node.post('/senders/b3/resume')
  await until('the draining sender sends its message', () => api.asked('b3').length === 2)
})

await t.test('an invalid file changes nothing and is reported', async t => {
  const { node, write, file } = await start(t, [entry('c1'), entry('c2')])
  write([entry('c1'), { id: 'c3' }])
  await node.reload()
  // As it is while another process writes it.
  writeFileSync(file, JSON.stringify([entry('c1'), entry('c3')]).slice(0, 40))
  await node.reload()
  t.match(node.seen('senders.rejected'), [{ error: /entry 2 \("c3"\), accessToken: missing/ }, { error: /not valid JSON/ }])
  t.match((await node.send(ANN, 'on', { sender: 'c2' })).body, { status: 'sent' })
  t.match(await node.send(ANN, 'on', { sender: 'c3' }), { status: 404 })
})

await t.test('a reload while Redis is unavailable changes nothing at first, and everything once it is back', async t => {
  const own = await startRedis(t)
  const dir = t.testdir({ 'senders.json': JSON.stringify([entry('g1'), entry('g2')]) })
  const env = { WHATSAPP_SENDERS_FILE: `${dir}/senders.json`, WHATSAPP_ACCESS_TOKEN: '', ...longStartWindow }
  const node = await startNode(t, { redisUrl: own.url, apiUrl: api.url, env })
  const other = await startApi(t)
  const read = { messaging_product: 'whatsapp', status: 'read', message_id: 'wamid.A' }
  /** A request that needs no Redis shows which token and URL a sender has. */
  const forwardedTo = async (): Promise<string | undefined> => {
    const before = [api.asked('g1').length, other.asked('g1').length]
    t.match(await post(node, read, { path: '/v23.0/g1/messages' }), { status: 200 })
    const elsewhere = other.asked('g1').slice(before[1]).map(({ token }) => `other ${token}`)
    return [...api.asked('g1').slice(before[0]).map(({ token }) => token), ...elsewhere][0]
  }
  t.equal(await forwardedTo(), 'token-g1')

  await own.kill()
  const changed = [entry('g1', { accessToken: 'new', apiUrl: other.url, rules: { pairIntervalMs: 900 } }), entry('g3')]
  writeFileSync(`${dir}/senders.json`, JSON.stringify(changed))
  await node.reload()
  t.match(node.seen('senders.rejected'), [{ error: /repeated until Redis is available/ }])
  t.equal(await forwardedTo(), 'token-g1', 'token and URL are the former ones')
  await own.restart()
  await until('the reload is repeated', () => node.seen('senders.reloaded').length > 0, 20_000)
  t.match(node.seen('senders.reloaded'), [{ total: 2, added: ['g3'], removed: ['g2'], renewed: ['g1'] }])
  t.equal(node.seen('senders.rejected').length, 1, 'reported once')
  t.equal(await forwardedTo(), 'other new')
  t.match((await node.get('/senders')).body['senders'].find((one: { id: string }) => one.id === 'g1'), { rules: { pairIntervalMs: 900 } })
})

await t.test('a new token is used without a reload, and requests in flight end with the old one', async t => {
  const dir = t.testdir({ 'senders.json': '[{"id":"d1","accessTokenFile":"token"}]', token: 'old\n' })
  const env = { WHATSAPP_SENDERS_FILE: `${dir}/senders.json`, WHATSAPP_ACCESS_TOKEN: '', ...longStartWindow }
  const node = await startNode(t, { redisUrl: redis.url, apiUrl: api.url, env })
  api.silence('d1')
  await node.send(ANN, '1', {}, { prefer: 'respond-async' })
  await until('the request is in flight', () => api.waiting('d1') === 1)
  writeFileSync(`${dir}/token`, '\n')
  await until('an empty token file is reported', () => node.seen('senders.rejected').length > 0)
  writeFileSync(`${dir}/token`, 'new\n')
  await until('the new token is loaded', () => node.seen('senders.reloaded').some(({ renewed }) => renewed.includes('d1')))
  api.speak('d1')
  t.match((await node.send('+15550000002', '2')).body, { status: 'sent' })
  t.strictSame(api.asked('d1').map(({ token }) => token), ['old', 'new'])
  await until('both messages are settled', () => settled(node, 'd1').length === 2)
  t.ok(settled(node, 'd1').every(({ settlement }) => settlement === 'sent'))
  t.equal(node.seen('senders.rejected').length, 1, 'reported once')
})

await t.test('the token file of a draining sender is read until it is drained', async t => {
  const entries = [{ id: 'f1', accessTokenFile: 'f1' }, { id: 'f2', accessTokenFile: 'f2' }]
  const dir = t.testdir({ 'senders.json': JSON.stringify(entries), f1: 'old-1', f2: 'old-2' })
  const env = { WHATSAPP_SENDERS_FILE: `${dir}/senders.json`, WHATSAPP_ACCESS_TOKEN: '', ...longStartWindow }
  const node = await startNode(t, { redisUrl: redis.url, apiUrl: api.url, env })
  const renewals = (): string[] => node.seen('senders.reloaded').flatMap(({ renewed }) => renewed)
  await node.post('/senders/f2/pause')
  t.match((await node.send(ANN, 'paused', { sender: 'f2' })).body, { status: 'queued' })
  writeFileSync(`${dir}/senders.json`, JSON.stringify(entries.slice(0, 1)))
  await node.reload()
  writeFileSync(`${dir}/f1`, 'new-1')
  writeFileSync(`${dir}/f2`, 'new-2')
  await until('both are read', () => renewals().includes('f1') && renewals().includes('f2'))
  t.equal(node.seen('senders.reloaded').at(-1)?.total, 1, 'though it no longer counts')
  await node.reload()
  writeFileSync(`${dir}/f2`, 'newer-2')
  await until('the token is loaded after another reload', () => renewals().filter(id => id === 'f2').length === 2)
  await node.post('/senders/f2/resume')
  await until('the sender is removed', () => node.seen('sender.removed').length === 1, 15_000)
  t.strictSame(api.asked('f2').map(({ token }) => token), ['newer-2'])
  writeFileSync(`${dir}/f2`, 'newest-2')
  writeFileSync(`${dir}/f1`, 'newest-1')
  await until('the other one is read again', () => renewals().filter(id => id === 'f1').length === 2)
  t.equal(renewals().filter(id => id === 'f2').length, 2, 'and then its file is no longer read')
})

await t.test('the token file of the only sender of the settings is read as well', async t => {
  const dir = t.testdir({ token: 'old' })
  const env = { WHATSAPP_PHONE_NUMBER_ID: 'e1', WHATSAPP_ACCESS_TOKEN: '', WHATSAPP_ACCESS_TOKEN_FILE: `${dir}/token`, ...longStartWindow }
  const node = await startNode(t, { redisUrl: redis.url, apiUrl: api.url, env })
  await node.send(ANN, '1')
  writeFileSync(`${dir}/token`, 'new')
  await node.reload()
  await node.send('+15550000002', '2')
  t.strictSame(api.asked('e1').map(({ token }) => token), ['old', 'new'])
})

await t.test('rules that are written late do not overwrite those of a reload', async t => {
  const connections = await connect(redis.url, createBus())
  t.teardown(connections.close)
  const store = createStore(connections, { prefix: createPrefix(), leaseMs: 600 })
  const settings = (pairIntervalMs: number): SenderSettings => ({
    id: 's',
    name: null,
    daily: null,
    accessToken: '',
    accountId: null,
    accessTokenFile: null,
    apiUrl: '',
    appSecrets: [],
    onUnknown: null,
    rules: { pairIntervalMs, pairBurst: 1, perSecond: 80, maxInFlight: 10 }
  })
  let isFirst = true
  const slow: typeof store = {
    ...store,
    async run (name, scope, args) {
      if (name === 'quota' && isFirst) {
        isFirst = false
        await pass(300)
      }
      return await store.run(name, scope, args)
    }
  }
  const registry = createSenderRegistry([settings(1000)])
  const shared = { unwritten: new Set(['s']), serially: createGate(1) }
  const ofNode = { callbackCap: null, circuit: null, windowGapMs: null, bulkHoldMs: 0, readsCeilings: true }
  const deps = { store: slow, events: createBus(), registry, ...ofNode, ...shared }
  await Promise.all([writeUnwritten(deps), applySenders(deps, [settings(2000)])])
  t.equal((await inspectSender(store, 's')).rules.pairIntervalMs, 2000)
  t.equal(deps.unwritten.size, 0)
})
