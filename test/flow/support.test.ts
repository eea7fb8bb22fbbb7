/** Tasks of support and operators: find, acknowledge, change rules, read the audit trail. */
import t from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, keys } from '../support/gateway.js'
import { recordStarts } from '../support/observe.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const q = encodeURIComponent

await t.test('messages are found by recipient, key, provider id and tag, newest first, within the caller\'s rights', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '50' })
  const app = node.as(keys.app)
  const to = '+15550005001'
  const first = (await app.send(to, 'one', { metadata: { orderId: 'A-1', shop: 7 }, idempotencyKey: 'k1' })).body
  await until('the pair is free', async () => (await node.get(`/rate-limits/${to}`)).body['delayMs'] === 0)
  const second = (await node.as(keys.shop).send('1 (555) 000-5001', 'two', { metadata: { orderId: 'A-2', shop: 7 } })).body
  const find = async (query: string, by = node.as(keys.viewer)): Promise<string[]> => {
    const { status, body } = await by.get(`/messages?${query}`)
    t.equal(status, 200)
    return (body['messages'] as Array<{ id: string }>).map(message => message.id)
  }
  t.strictSame(await find(`recipient=${q(to)}`), [second['id'], first['id']])
  t.strictSame(await find(`recipient=${q(to)}&limit=1`), [second['id']])
  t.strictSame(await find('tag=orderId:A-1'), [first['id']])
  t.strictSame(await find('tag=shop:7'), [second['id'], first['id']])
  t.strictSame(await find(`tag=shop:7&recipient=${q('+15550005002')}`), [])
  t.strictSame(await find(`providerMessageId=${q(first['providerMessageId'])}`), [first['id']])
  t.strictSame(await find('idempotencyKey=k1'), [first['id']], 'a caller with the role read finds the keys of all callers')
  t.strictSame(await find('idempotencyKey=k1', node.as(keys.shop)), [], 'a sending caller finds only its own keys')
  t.strictSame(await find(`recipient=${q(to)}`, app), [first['id']])
  t.equal((await node.get('/messages')).status, 200, 'without a criterion the newest ones')
  t.match(await node.get('/messages?tag=nocolon'), { status: 400, body: { field: 'tag' } })
})

await t.test('a search with its terms in the body covers all senders, within the caller\'s rights', async t => {
  const senders = ['11', '22', '33'].map(id => ({ id, accessToken: 'token' }))
  const file = `${t.testdir({ 'senders.json': JSON.stringify(senders) })}/senders.json`
  const node = await environment.start(t, { WHATSAPP_SENDERS_FILE: file, WHATSAPP_ACCESS_TOKEN: '', WHATSAPP_RATE_LIMIT_MS: '60000' })
  const ids: string[] = []
  for (const { id: sender } of senders) {
    ids.unshift((await node.as(keys.app).send('+15550005301', `of ${sender}`, { sender, metadata: { orderId: 'B-1' } })).body['id'])
  }
  const find = async (body: object, by = node.as(keys.viewer)): Promise<string[]> => {
    const reply = await by.post('/messages/find', body)
    t.equal(reply.status, 200)
    return (reply.body['messages'] as Array<{ id: string }>).map(message => message.id)
  }
  t.strictSame(await find({ recipient: '+1 555 000 5301' }), ids, 'newest first')
  t.strictSame(await find({ tag: 'orderId:B-1', limit: 2 }), ids.slice(0, 2))
  t.strictSame(await find({ tag: 'orderId:B-1', sender: '22' }), ids.slice(1, 2))
  t.strictSame(await find({ tag: 'orderId:B-1' }, node.as(keys.app)), ids)
  t.strictSame(await find({ tag: 'orderId:B-1' }, node.as(keys.shop)), [], 'another caller finds nothing')
  t.equal((await node.post('/messages/find', {})).status, 200, 'without a criterion the newest ones')
  t.match(await node.post('/messages/find', { recipient: '12' }), { status: 400, body: { code: 'INVALID_RECIPIENT' } })
  t.match(await node.post('/rate-limits/find', { recipient: '+15550005301', sender: '22' }), {
    status: 200,
    body: { sender: '22', limited: true, waitingFor: 'pair-rate' }
  })
})

await t.test('a message shows who acknowledged its failure, and GET /caller shows the caller', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '1' })
  const id = (await node.send('+155601310260059', 'x')).body['id'] as string
  t.notOk('acknowledgedBy' in (await node.get(`/messages/${id}`)).body)
  await node.post(`/failures/${id}/acknowledge`, { note: 'called the customer' })
  t.match((await node.get(`/messages/${id}`)).body, { acknowledgedBy: 'operator', acknowledgedAt: /Z$/, note: 'called the customer' })
  await node.post(`/failures/${id}/retry`)
  t.notOk('acknowledgedBy' in (await node.get(`/messages/${id}`)).body, 'a new failure is not acknowledged')
  t.strictSame((await node.as(keys.viewer).get('/caller')).body, { name: 'viewer', role: 'read' })
  const { error } = (await node.get(`/messages/${id}`)).body
  t.strictSame((await node.as(keys.app).get('/codes/131026')).body, {
    code: '131026',
    title: 'Message undeliverable',
    explanation: error.explanation,
    remedy: error.remedy
  })
  t.match((await node.get('/codes/100%2F33')).body, { title: 'Object does not exist' })
})

await t.test('without an index messages are found by idempotency key only', async t => {
  const node = await environment.start(t, { FIND_WITHIN_MS: '0' })
  const { body } = await node.send('+15550005003', 'one', { idempotencyKey: 'k2' })
  t.equal((await node.get('/messages?idempotencyKey=k2')).body['messages'][0].id, body['id'])
  t.equal((await node.get('/messages?tag=a:b')).status, 400)
  t.equal((await environment.redis.connect().keys(`{${node.prefix}:*index*`)).length, 0)
})

await t.test('failures are acknowledged one by one or by filter, with actor and note', async t => {
  const node = await environment.start(t)
  const id = (await node.send('+155601310260051', 'x')).body['id'] as string
  await node.send('+155601310260052', 'x')
  await node.send('+155601310260053', 'x')
  t.match((await node.post(`/failures/${id}/acknowledge`, { note: 'called the customer' })).body, { id, acknowledgedBy: 'operator' })
  t.match((await node.post('/failures/acknowledge', {})).body, { acknowledged: 2, more: false })
  t.match((await node.post('/failures/acknowledge', {})).body, { acknowledged: 0, more: false })
  const { failures } = (await node.get('/failures?status=FAILED')).body as { failures: Array<Record<string, unknown>> }
  t.strictSame(failures.map(failure => failure['acknowledgedBy']), ['operator', 'operator', 'operator'])
  t.equal((await node.post('/failures/111.AAAAAAAAAAAAAAAAAAAAAA.18c2f3a4b5c/acknowledge', {})).status, 404)
  t.match((await node.get('/audit')).body['entries'].map((action: { action: string, detail?: string }) => [action.action, action.detail]), [
    ['acknowledge', undefined], ['acknowledge', undefined], ['acknowledge', 'called the customer']
  ])
})

await t.test('many failures that are due together are retried at the sender rate', async t => {
  const node = await environment.start(t, {
    WHATSAPP_RETRY_SCHEDULE_MS: '100,600000',
    WHATSAPP_RETRY_INTERVAL_MS: '500',
    WHATSAPP_SENDER_RATE_PER_SECOND: '300',
    WHATSAPP_RATE_LIMIT_MS: '10',
    START_WITHIN_MS: '250'
  })
  await node.post('/workers/retry/stop')
  await environment.sandbox.control('POST', 'faults', { recipient: '*', times: 400, kind: 'code', code: 131000 })
  await node.post('/messages/batch', Array.from({ length: 400 }, (_, i) => ({ to: `+1555001${String(i).padStart(4, '0')}`, message: 'x' })))
  await until('all have failed once', async () => (await node.get('/stats')).body['deliveryFailures']?.pending === 400, 20_000)
  const starts = recordStarts(t, environment.sandbox.url)
  await node.post('/workers/retry/start')
  await until('all are resolved', async () => (await node.get('/stats')).body['deliveryFailures']?.resolved === 400, 20_000)
  const at = starts.of().map(start => start.at)
  t.equal(at.length, 400)
  const most = Math.max(...at.map((moment, i) => at.filter((other, j) => j >= i && other < moment + 1000).length))
  // Grants keep the rate; a start may come START_WITHIN_MS after its grant, so a second of starts contains at most 1.25 s of grants.
  t.ok(most <= 375, `${most} in the fullest second`)
})

await t.test('a changed quota applies from the next grant, on every node, and keeps the spacing of earlier sends', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '3000' })
  const other = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '3000' }, { prefix: node.prefix })
  const to = '+15550005100'
  const starts = recordStarts(t, environment.sandbox.url)
  await node.send(to, '1')
  await node.post('/messages/batch', ['2', '3', '4'].map(message => ({ to, message })))
  t.match((await node.put(`/senders/${SENDER}/quota`, { pairIntervalMs: 500 })).body, { pairIntervalMs: 500, pairBurst: 1, version: 2 })
  await environment.arrivals(to, 4)
  const gaps = starts.gaps(to)
  t.ok((gaps[0] ?? 0) >= 2950, `the second message waited by the old rule: ${gaps.map(Math.round).join(', ')}`)
  t.ok(gaps.slice(1).every(gap => gap >= 450 && gap < 2500), `the others follow the new rule: ${gaps.map(Math.round).join(', ')}`)
  t.equal((await other.get('/senders')).body['senders'][0].rules.pairIntervalMs, 500)
  await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '3000' }, { prefix: node.prefix })
  t.match((await node.get('/senders')).body['senders'][0].rules, { pairIntervalMs: 500, version: 2 }, 'a start with the old settings changes nothing')
  t.match(await node.put(`/senders/${SENDER}/quota`, { perSecond: 0 }), { status: 400, body: { field: 'perSecond' } })
  t.match(await node.put(`/senders/${SENDER}/quota`, {}), { status: 400 })
  t.match((await node.put(`/senders/${SENDER}/quota`, { perSecond: 40 })).body, { pairIntervalMs: 500, perSecond: 40, version: 3 })
})

await t.test('the rules are written again after Redis was emptied, and the next message is sent', async t => {
  const node = await environment.start(t)
  const redis = environment.redis.connect()
  // A round of recovery may write the rules again before the request.
  const refused = await until('a request fails without rules', async () => {
    await redis.del(`{${node.prefix}:${SENDER}}:sender`)
    const reply = await node.send('+15550005200', 'x', { deduplicate: false })
    return reply.status >= 400 && reply
  })
  t.match(refused, { status: 503, body: { code: 'UNAVAILABLE' } })
  await until('the rules are back', async () => (await node.send('+15550005200', 'x')).status === 200)
})
