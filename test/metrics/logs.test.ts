/** What is logged, and that no number, text, key or token ever is. Lines of real runs are compared with their rows in log-lines.ts. */
import { connect } from 'node:net'
import t from 'tap'
import { createBus } from '../../src/events.js'
import { createLog, describeError } from '../../src/metrics/log.js'
import { createRepeats, logEvents } from '../../src/metrics/logs.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { keys, SENDER } from '../support/gateway.js'
import { startGatewayProcess } from '../support/process.js'
import { createPrefix } from '../support/redis.js'
import { fetchWithRetry } from '../support/request.js'
import { until } from '../support/until.js'
import { declaredRows } from './log-rows.js'

type Line = Record<string, unknown> & { msg: string, level: string }
const environment = await createTestEnvironment(t, longStartWindow)
const rows = declaredRows()
const fast = { LOG_LEVEL: 'trace', WHATSAPP_RATE_LIMIT_MS: '60', WHATSAPP_RETRY_SCHEDULE_MS: '50,50', WHATSAPP_RETRY_INTERVAL_MS: '100' }

await t.test('an error that repeats is logged once, then ever more rarely with a count, and again after a change', async t => {
  let now = 0
  const repeats = createRepeats(() => now)
  const logged: Array<[at: number, count: number]> = []
  for (; now < 200_000; now += 250) {
    const count = repeats.count('connect ECONNREFUSED')
    if (count !== null) logged.push([now, count])
  }
  t.strictSame(logged, [[0, 0], [10_000, 40], [30_000, 80], [70_000, 160], [150_000, 320]])
  t.equal(repeats.count('NOAUTH'), 0, 'another error')
  t.equal(repeats.count('NOAUTH'), null)
  repeats.clear()
  t.equal(repeats.count('connect ECONNREFUSED'), 0, 'connected in between')
})

await t.test('a connection that fails again and again has one line in the log', async t => {
  const lines: string[] = []
  const events = createBus()
  logEvents(events, createLog('info', { write: line => { lines.push(JSON.parse(line).msg as string) } }))
  for (let times = 0; times < 100; times++) events.emit('redis.lost', { error: 'connect ECONNREFUSED' })
  events.emit('redis.connected', { servers: 1 })
  events.emit('redis.lost', { error: 'connect ECONNREFUSED' })
  t.strictSame(lines, ['Redis connection error', 'Redis connected', 'Redis connection error'])
})

/** Collects the lines of a node, to compare their fields with the table of lines. */
function listen () {
  const texts: string[] = []
  const lines = (): Line[] => texts.map(text => JSON.parse(text) as Line)
  return { texts, lines, named: (msg: string) => lines().filter(line => line.msg === msg), more: { onLog: (line: string) => { texts.push(line) } } }
}

/** Lines without a row, or with other fields or another level than their row has. */
function mismatches (lines: Line[]): string[] {
  return lines.flatMap(({ time, pid, hostname, reqId, level, msg, ...facts }) => {
    if (msg.startsWith('Server listening at')) return []
    const row = rows.get(msg)
    if (row === undefined) return [`no row for "${msg}"`]
    const names = Object.keys(facts)
    return [
      ...level === row.level ? [] : [`"${msg}" is ${level} and not ${row.level}`],
      ...names.filter(name => !row.always.includes(name) && !row.sometimes.includes(name)).map(name => `"${msg}" has ${name} too`),
      ...row.always.filter(name => !names.includes(name)).map(name => `"${msg}" lacks ${name}`)
    ]
  })
}

await t.test('no log line of a busy flow contains a number, a text, a key or a token, and each matches its row', async t => {
  const { texts, lines, more } = listen()
  const node = await environment.start(t, { ...fast, WHATSAPP_ACCESS_TOKEN: 'EAAsecrettoken', SEND_TIMEOUT_MS: '2000', UNKNOWN_HOLD_MS: '100' }, more)
  const text = 'Your code is 493817'
  const people = ['15550008001', '155621310000801', '15560131026', '15558400011', '15558200011', '15550008002']
  // Due after the timeout of the message that never gets a response.
  await node.send('+15550008002', `${text} later`, { scheduledFor: Date.now() + 2000, idempotencyKey: 'order 4938170' })
  await Promise.all(people.map(async to => await node.send(`+${to}`, text, { metadata: { patient: 'Jane Doe' } })))
  await Promise.all(Array.from({ length: 5 }, async (_, i) => await node.send('+15550008001', `${text} ${i}`)))
  await node.send('+15550008002', `${text} other`, { idempotencyKey: 'order 4938170' })
  await node.post(`/senders/${SENDER}/pause`)
  await node.send('+15550008005', `${text} never`, { whenLimited: 'reject' })
  await node.send('+15550008005', `${text} later`)
  await node.post(`/senders/${SENDER}/resume`)
  await node.get('/rate-limits/+15550008001')
  await node.del('/rate-limits/+15550008001')
  await node.get('/messages?recipient=%2B15550008001')
  await node.get('/messages/order%204938170')
  await node.get('/failures?recipient=%2B15560131026')
  await node.get('/nowhere/15550008001?to=15550008001')
  await node.send('+1555000800', text, { unknown: true })
  await node.as('a-wrong-key-that-is-secret').send('+15550008003', text)
  await node.send('US.13491208655302741918', text)
  await until('all messages are settled', async () => (await node.get('/stats')).body['senders']?.[0]?.unsettled === 0)
  await environment.sandbox.control('POST', 'faults', { recipient: '*', sender: SENDER, times: 1, kind: 'code', code: 190 })
  await node.send('+15550008004', text)
  await node.post(`/senders/${SENDER}/resume`)
  await node.close()

  t.ok(texts.length > 60, `${texts.length} lines`)
  const secrets = [
    ...people,
    '15550008004',
    '15550008005',
    '1349120865530',
    '5550008',
    '493817',
    'Jane Doe',
    'EAAsecrettoken',
    'a-wrong-key',
    ...Object.values(keys)
  ]
  for (const secret of secrets) {
    t.same(
      texts.filter(line => line.includes(secret)),
      [],
      `nothing of ${secret}`
    )
  }
  t.strictSame([...new Set(mismatches(lines()))], [])
  const logged = new Set(lines().map(({ msg }) => msg))
  for (const msg of [
    'request',
    'message granted',
    'message throttled: queued',
    'message throttled: rejected',
    'message scheduled',
    'message rejected: idempotency key reused',
    'attempt sent',
    'attempt failed: retry scheduled',
    'attempt failed: no retry left',
    'attempt unknown: held until its retry or end',
    'recovery: unknown outcome decided',
    'retry run',
    'sender stopped',
    'sender active again',
    'operator action'
  ]) {
    t.ok(logged.has(msg), `there is a line "${msg}"`)
  }
})

await t.test('a request is one line with caller, route and result; the line of a probe has the level debug', async t => {
  const { lines, named, more } = listen()
  const node = await environment.start(t, fast, more)
  await node.as(keys.viewer).get('/rate-limits/+15550008301?sender=111')
  await node.as(keys.viewer).send('+15550008301')
  await node.as().get('/stats')
  await fetch(`${node.origin}/health/live`)
  await fetch(`${node.origin}/metrics`)
  await fetchWithRetry(`${node.origin}/nowhere`)
  t.match(
    (await fetchWithRetry(`${node.origin}/api/v1/messages/%zz15550008301`)).headers.get('x-request-id'),
    /./,
    'requests that the router rejects have an id too'
  )
  const logged = await until('all requests are logged', () => {
    const found = lines().filter(({ route, code }) => route !== undefined && code !== 'OVERLOADED')
    return found.length >= 7 && found
  })
  t.match(logged, [
    {
      msg: 'request',
      level: 'info',
      method: 'GET',
      route: '/api/v1/rate-limits/:recipient',
      status: 200,
      caller: 'viewer',
      bytes: Number,
      durationMs: Number
    },
    {
      msg: 'request',
      level: 'info',
      method: 'POST',
      route: '/api/v1/messages',
      status: 403,
      caller: 'viewer',
      code: 'FORBIDDEN',
      requestBytes: Number
    },
    { msg: 'request', level: 'info', route: '/api/v1/stats', status: 401, code: 'UNAUTHENTICATED', caller: undefined },
    { msg: 'probe request', level: 'debug', route: '/health/live', status: 200 },
    { msg: 'probe request', level: 'debug', route: '/metrics' },
    { msg: 'request', route: 'unknown', status: 404, code: 'NOT_FOUND' },
    { msg: 'request', route: 'unknown', status: 400, code: 'INVALID_REQUEST' }
  ])
  t.equal(logged.length, 7, 'no request has a second line')
  t.strictSame(named('request failed').filter(({ code }) => code !== 'OVERLOADED'), [])
})

await t.test('a request id leads to the message id, and the message id leads to its outcome', async t => {
  const { named, lines, more } = listen()
  const node = await environment.start(t, fast, more)
  const post = async (id: string): Promise<{ header: string | null, body: { id: string } }> => {
    const reply = await fetchWithRetry(`${node.origin}/api/v1/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.app}`, 'content-type': 'application/json', 'x-request-id': id },
      body: JSON.stringify({ to: '+15550008401', message: `Hello ${id}` })
    })
    return { header: reply.headers.get('x-request-id'), body: await reply.json() as { id: string } }
  }
  const first = await post('checkout-77:a.b_c')
  t.equal(first.header, 'checkout-77:a.b_c')
  const attempt = await until('the message is sent', () => named('attempt sent')[0])
  t.match(named('request')[0], { requestId: 'checkout-77:a.b_c', caller: 'app', id: first.body.id })
  await node.get(`/messages/${first.body.id}`)
  await node.post('/messages/batch', [{ to: '+15550008402', message: 'one of many' }])
  await fetchWithRetry(`${node.origin}/v25.0/${SENDER}/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${keys.app}`, 'content-type': 'application/json' },
    body: JSON.stringify({ messaging_product: 'whatsapp', to: '15550008403', type: 'text', text: { body: 'Hello' } })
  })
  const requests = await until('all requests are logged', () => named('request').length === 4 && named('request'))
  t.equal(requests[1]?.['id'], first.body.id, 'a look-up logs the id of its message')
  t.equal(requests[2]?.['id'], undefined, 'a batch logs no single id')
  t.equal(
    requests[3]?.['id'],
    named('message granted').find(({ requestId }) => requestId === requests[3]?.['requestId'])?.['id'] ?? 'none',
    'the drop-in surface logs the id too'
  )
  t.match(named('message granted')[0], { requestId: 'checkout-77:a.b_c', id: first.body.id, caller: 'app', sender: SENDER })
  t.match(attempt, { id: first.body.id, caller: 'app', sender: SENDER, attempt: 1, recipient: '…01' })

  for (const bad of ['two words', 'x'.repeat(65), '{"a":1}', '']) {
    const { header } = await post(bad)
    t.match(header, /^[0-9a-f-]{36}$/, `a new one in place of "${bad}"`)
    t.ok(lines().some(({ requestId, msg }) => requestId === header && msg.startsWith('message ')))
  }
})

await t.test('a request whose caller resets the connection is logged with status 499', async t => {
  const { named, more } = listen()
  const node = await environment.start(t, { ...fast, INLINE_WAIT_MS: '10000' }, more)
  const socket = connect(Number(new URL(node.origin).port), '127.0.0.1')
  const body = JSON.stringify({ to: '+15557020010', message: 'Hello' })
  socket.write(
    `POST /api/v1/messages HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${keys.app}\r\ncontent-type: application/json\r\n` +
      `content-length: ${body.length}\r\n\r\n${body}`
  )
  await until('the message is accepted', () => named('message granted').length === 1)
  // A caller that only ends its side may still read the response.
  socket.resetAndDestroy()
  t.match(await until('the request is logged', () => named('request')[0]), {
    status: 499,
    route: '/api/v1/messages',
    caller: 'app',
    requestBytes: body.length
  })
})

await t.test('the log line of a failed script does not contain the command with the message', async t => {
  const { texts, named, lines, more } = listen()
  const node = await environment.start(t, fast, more)
  await environment.redis.connect().set(`{${node.prefix}:${SENDER}}:backlog`, 'no hash')
  t.match(await node.send('+15550008101', 'Your code is 493817'), { status: 500, body: { code: 'INTERNAL' } })
  t.match((await node.post('/messages/batch', [{ to: '+15550008101', message: 'Your code is 493817' }])).body['results'][0], { httpStatus: 500 })
  t.match(
    named('request failed').filter(({ code }) => code !== 'OVERLOADED'),
    [{ level: 'error', status: 500, code: 'INTERNAL', route: '/api/v1/messages' }]
  )
  t.ok(
    texts.some(line => line.includes('WRONGTYPE')),
    'the cause is logged'
  )
  for (const secret of ['5550008101', '493817']) {
    t.same(
      texts.filter(line => line.includes(secret)),
      [],
      `nothing of ${secret}`
    )
  }
  t.strictSame([...new Set(mismatches(lines()))], [])
})

await t.test('quoted values are removed from a logged error, and the description stays', async t => {
  const caught = (run: () => unknown): Record<string, unknown> => {
    try { run() } catch (error) { return describeError(error) }
    return {}
  }
  const parsed = caught(() => JSON.parse('Your code is 493817'))
  t.match(parsed, { type: 'SyntaxError', stack: /logs\.test/ })
  t.notMatch(JSON.stringify(parsed), /493817|Your code/)
  const checked = caught(() => Buffer.from(493817 as never, { toString: () => 'Hello' } as never))
  t.match(checked, { code: 'ERR_INVALID_ARG_TYPE' })
  t.notMatch(JSON.stringify(checked), /493817/)
  t.match(caught(() => (undefined as unknown as { name: string }).name), { message: "Cannot read properties of undefined (reading 'name')" })
  t.match(describeError('+15550008101 said "Hello"'), { message: '[number] said "…"' })
})

await t.test('an uncaught error ends the node, and is logged with its stack and without its message', async t => {
  const bomb = "process.on('SIGWINCH', () => { Promise.reject(new TypeError('Your code is ' + (493800 + 17))) })"
  const program = await startGatewayProcess(t, {
    redisUrl: environment.redis.url,
    apiUrl: environment.sandbox.url,
    prefix: createPrefix(),
    env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(bomb)}`, LOG_LEVEL: 'fatal' }
  })
  t.equal(await program.end('SIGWINCH'), 1)
  const logged = program.output().split('\n').filter(text => text.startsWith('{')).map(text => JSON.parse(text) as Line)
  t.equal(logged.length, 1)
  t.match(logged[0], { level: 'fatal', msg: 'unexpected error: process exits', error: { type: 'TypeError', stack: /^at process/ } })
  t.notMatch(program.output(), /493817/)
})
