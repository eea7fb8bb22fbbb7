import { request } from 'node:http'
import t from 'tap'
import { failureOf, startSandbox } from './support.js'

await t.test('a rule applies to a recipient as often as its times', async t => {
  const { send, control } = await startSandbox(t)
  const rule = { recipient: '+1 650 555 1234', times: 2, kind: 'code', code: 131026 }
  t.match(await control('POST', 'faults', rule), { status: 201, body: { times: 2, sender: '*' } })
  t.equal((await send('16505551234')).body.error?.code, 131026)
  t.equal((await send('16505550000')).status, 200)
  t.equal((await send('+16505551234')).body.error?.code, 131026)
  t.equal((await send('16505551234')).status, 200)
  t.same((await control('GET', 'faults')).body, { faults: [] })
})

await t.test('the most specific rule applies first: pair, recipient, sender, all, then the test number', async t => {
  const { send, control } = await startSandbox(t)
  const add = (sender: string, recipient: string, code: number): Promise<unknown> =>
    control('POST', 'faults', { sender, recipient, kind: 'code', code, times: 1 })
  await add('*', '*', 1)
  await add('111', '*', 2)
  await add('*', '15560131026', 3)
  await add('111', '15560131026', 4)
  await add('222', '15560131026', 5)
  const codes: Array<number | undefined> = []
  for (let n = 0; n < 5; n++) codes.push((await send('15560131026')).body.error?.code)
  t.same(codes, [4, 3, 2, 1, 131026])
})

await t.test('a rule sets status, delay and connection fault', async t => {
  const { send, control } = await startSandbox(t)
  await control('POST', 'faults', { recipient: '15550000001', kind: 'code', code: 131056, httpStatus: 429 })
  await control('POST', 'faults', { recipient: '15550000002', kind: 'slow', delayMs: 60 })
  await control('POST', 'faults', { recipient: '15550000003', kind: 'accept-reset', times: 1 })
  t.match(await send('15550000001'), { status: 429, body: { error: { code: 131056 } } })
  const startedAt = performance.now()
  t.equal((await send('15550000002')).status, 200)
  t.ok(performance.now() - startedAt >= 59)
  t.match(await failureOf(send('15550000003')), /ECONNRESET|UND_ERR_SOCKET/)
  await control('DELETE', 'faults')
  t.equal((await send('15550000001')).status, 200)
})

await t.test('a reset-before rule for a sender cuts the connection before the body arrives', async t => {
  const { control, url, seen } = await startSandbox(t)
  await control('POST', 'faults', { sender: '111', recipient: '*', kind: 'reset-before', times: 1 })
  const code = await new Promise(resolve => {
    const message = request(`${url}/111/messages`, { method: 'POST', headers: { 'content-length': 500 } })
    message.once('error', (error: NodeJS.ErrnoException) => { resolve(error.code) })
    message.flushHeaders()
  })
  t.equal(code, 'ECONNRESET')
  t.match(await seen(), [{ sender: '111', recipient: null, body: null, outcome: 'reset', fault: 'reset-before' }])
})

await t.test('an invalid rule or setting is rejected', async t => {
  const { control } = await startSandbox(t)
  for (const rule of [
    null, {}, { recipient: '*' }, { recipient: '*', kind: 'meteor' }, { recipient: '*', kind: 'code', times: 0 },
    { recipient: '*', kind: 'code', code: 'x' }, { recipient: '*', kind: 'html', httpStatus: 99 },
    { recipient: '*', kind: 'slow', delayMs: -1 }, { recipient: '*', kind: 'hang', delay: 5 }
  ]) t.equal((await control('POST', 'faults', rule)).status, 400, JSON.stringify(rule))
  for (const change of [[1], { latencyms: 1 }, { pairBurst: 0 }, { latencyMs: 5, throughputPerSecond: 0 }]) {
    t.equal((await control('PUT', 'settings', change)).status, 400, JSON.stringify(change))
  }
  t.match((await control('GET', 'settings')).body, { latencyMs: 0, pairIntervalMs: 6000, pairBurst: 45 })
  t.equal((await control('GET', 'weather')).status, 404)
})

await t.test('records can be queried by recipient, sender, sequence and limit', async t => {
  const { send, post, seen } = await startSandbox(t)
  await send('15550000001', 'a')
  await send('15550000002', 'b')
  await post({ messaging_product: 'whatsapp', to: '15550000001', text: { body: 'c' } }, { path: '/222/messages' })
  const texts = async (query: string): Promise<Array<string | undefined>> =>
    (await seen(query)).map(({ body }) => body?.text?.body)
  t.same(await texts(''), ['a', 'b', 'c'])
  t.same(await texts('?recipient=15550000001'), ['a', 'c'])
  t.same(await texts('?recipient=15550000001&sender=222'), ['c'])
  t.same(await texts('?since=1'), ['b', 'c'])
  t.same(await texts('?limit=1'), ['c'])
})

await t.test('the oldest records are dropped, counts continue, and a clear keeps only the sequence', async t => {
  const { send, seen, control } = await startSandbox(t, { maxRecords: 3 })
  for (const n of ['1', '2', '3', '4', '5']) await send(`1555000000${n}`)
  await send('15560131026')
  t.same((await seen()).map(({ seq }) => seq), [4, 5, 6])
  t.match((await control('GET', 'messages?limit=0')).body, {
    messages: [], lastSeq: 6, counts: { accepted: 5, rejected: 1, dropped: 0 }
  })
  await control('DELETE', 'messages')
  t.match((await control('GET', 'messages')).body, { messages: [], lastSeq: 6, counts: { accepted: 0 } })
  await send('15550000001')
  t.same((await seen()).map(({ seq }) => seq), [7])
})

await t.test('latency is added to every response and can be changed while the sandbox runs', async t => {
  const { send, control } = await startSandbox(t, { latencyMs: 50 })
  const startedAt = performance.now()
  await send('15550000001')
  t.ok(performance.now() - startedAt >= 49)
  t.match(await control('PUT', 'settings', { latencyMs: 0 }), { status: 200, body: { latencyMs: 0 } })
})

await t.test('a number\'s node says its health, and what is not available sends all the same', async t => {
  const { url, send, control } = await startSandbox(t)
  const read = async (): Promise<unknown> =>
    await (await fetch(`${url}/111?fields=health_status`, { headers: { authorization: 'Bearer token' } })).json()
  t.match(await read(), {
    id: '111', health_status: { can_send_message: 'AVAILABLE', entities: [{ entity_type: 'PHONE_NUMBER', id: '111' }, {}, {}, {}] }
  })
  const health = [{ entity: 'WABA', canSend: 'BLOCKED', code: 141_006 }, { entity: 'BUSINESS', canSend: 'LIMITED' }]
  await control('PUT', 'settings', { health })
  t.match(await read(), {
    health_status: {
      can_send_message: 'BLOCKED',
      entities: [
        { can_send_message: 'AVAILABLE' },
        { entity_type: 'WABA', can_send_message: 'BLOCKED', errors: [{ error_code: 141_006, error_description: String, possible_solution: String }] },
        { entity_type: 'BUSINESS', can_send_message: 'LIMITED' },
        { can_send_message: 'AVAILABLE' }
      ]
    }
  })
  t.equal((await send('16505550000')).status, 200)
  t.match(await control('PUT', 'settings', { health: [{ entity: 'WABA' }] }), { status: 400 })
})
