/** The errors of the Graph surface: those of the table in docs/drop-in.md, in Meta's shape. */
import { once } from 'node:events'
import { connect } from 'node:net'
import Fastify from 'fastify'
import t from 'tap'
import { errors, type ErrorCode } from '../../src/error-codes.js'
import { SluiceError } from '../../src/errors.js'
import { sendGraphError } from '../../src/graph/error.js'
import { lines } from '../contract/tree.js'
import { createTestEnvironment } from '../support/flow.js'
import { keys, SENDER } from '../support/gateway.js'
import { fetchWithRetry } from '../support/request.js'
import { until } from '../support/until.js'
import { graphError, post, text } from './support.js'

const rows = lines('docs/drop-in.md').flatMap(line => {
  const [, status = '', code = '', rest = ''] = /^\| (\d{3}) \| ([^|]+) \| (.*) \|$/.exec(line) ?? []
  return [...rest.matchAll(/`([A-Z_]+)`/g)].map(([, name = '']) => ({ name, status: Number(status), code }))
})

async function responseTo (error: SluiceError): Promise<{ status: number, headers: Record<string, unknown>, error: Record<string, any> }> {
  const app = Fastify()
  app.get('/', (_, reply) => sendGraphError(reply, error))
  const { statusCode, headers, body } = await app.inject('/')
  return { status: statusCode, headers, ...JSON.parse(body) as { error: Record<string, any> } }
}

await t.test('the table has existing codes only', async t => {
  t.ok(rows.length > 15)
  t.same(rows.filter(({ name }) => !(name in errors)), [])
})

for (const { name, status, code } of rows) {
  await t.test(name, async t => {
    const rejection = { code: '131026', explanation: 'Why.' }
    const response = await responseTo(
      new SluiceError(name as ErrorCode, { detail: 'Details', ...(name === 'PROVIDER_REJECTED' ? { extra: { error: rejection } } : {}) })
    )
    t.equal(response.status, status)
    const [, number = '131026', subcode] = /^(\d+)(?:, subcode (\d+))?$/.exec(code) ?? []
    t.match(response.error, {
      code: Number(number),
      message: String,
      type: 'OAuthException',
      error_data: { messaging_product: 'whatsapp', details: new RegExp(`^${name}: \\S`) }
    })
    t.equal(response.error['error_subcode'], subcode === undefined ? undefined : Number(subcode))
  })
}

await t.test('a rejection by WhatsApp keeps its text and has our explanation', async t => {
  const { error } = await responseTo(
    new SluiceError('PROVIDER_REJECTED', { detail: '(#131026) Message undeliverable', extra: { error: { code: '131026', explanation: 'Why.' } } })
  )
  t.match(error, { message: '(#131026) Message undeliverable', error_data: { details: 'PROVIDER_REJECTED: Why.' } })
  t.match((await responseTo(new SluiceError('PROVIDER_REJECTED', { extra: { error: { code: '100/33' } } }))).error, { code: 100, error_subcode: 33 })
  for (const code of ['HTTP_413', 'REQUEST_INVALID', '']) {
    const { error } = await responseTo(new SluiceError('PROVIDER_REJECTED', { extra: { error: { code } } }))
    t.match([error['code'], error['message']], [100, /^\(#100\) /], `${code} is not a number`)
  }
})

await t.test('details of an internal error are not sent', async t => {
  const { error } = await responseTo(new SluiceError('INTERNAL', { detail: 'secret' }))
  t.notMatch(JSON.stringify(error), /secret/)
})

await t.test('a temporary error has Retry-After and is_transient', async t => {
  const { headers, error } = await responseTo(new SluiceError('BACKLOG_FULL', { retryAfterMs: 1200 }))
  t.equal(headers['retry-after'], '2')
  t.equal(error['is_transient'], true)
})

const environment = await createTestEnvironment(t)
/** On a busy machine grants would expire, and messages would wait that should be sent at once. */
const start: typeof environment.start = async (t, env = {}, more = {}) => await environment.start(t, { START_WITHIN_MS: '5000', ...env }, more)
/** No waiting message is sent within a test. */
const slow = { WHATSAPP_RATE_LIMIT_MS: '60000' }

await t.test('an invalid recipient is rejected', async t => {
  const node = await start(t)
  t.match(await post(node, text('US.13491208655302741918')), { status: 400, body: graphError(131009, /^RECIPIENT_IS_USER_ID: /) })
  t.match(await post(node, text('12')), { status: 400, body: graphError(131009, /^INVALID_RECIPIENT: /) })
  t.match(await post(node, { ...text(undefined), recipient: 'unknown' }), { status: 400, body: graphError(131009, /^INVALID_RECIPIENT: /) })
  t.match(await post(node, { type: 'text', text: { body: 'x' } }), {
    status: 400,
    body: graphError(100, /^INVALID_REQUEST: to: is required/)
  })
})

await t.test('authentication errors have Meta\'s codes', async t => {
  const node = await start(t)
  for (const key of ['', 'wrong-key-0123456789']) {
    t.match(await post(node, text('15550011100'), { key }), { status: 401, body: graphError(190, /^UNAUTHENTICATED: /) })
  }
  for (const edge of ['messages', 'marketing_messages']) {
    const path = `/v23.0/${SENDER}/${edge}`
    t.match(await post(node, text('15550011100'), { key: keys.viewer, path }), { status: 403, body: graphError(10, /^FORBIDDEN: /) })
    t.match(await post(node, text('15550011100'), { key: '', path }), { status: 401 })
  }
  t.match(await post(node, text('15550011100'), { path: '/v23.0/999/messages' }), {
    status: 404,
    body: { error: { ...(graphError(100, /^SENDER_UNKNOWN: /)['error'] as object), error_subcode: 33 } }
  })
  t.match(
    await post(node, text('15550011100'), { key: '', path: `/111/messages?access_token=${keys.app}` }),
    { status: 200 },
    'the query may have the key, as with Meta'
  )
  t.match(await post(node, text('15550011100'), { key: '', path: '/111/messages?access_token=wrong-key-0123456789' }), { status: 401 })
})

await t.test('content that WhatsApp surely rejects is rejected as WhatsApp does, and what is not known here passes', async t => {
  const node = await start(t)
  const envelope = { messaging_product: 'whatsapp', to: '15550011300' }
  const button = (title: string): object => ({ reply: { id: 'a', title } })
  for (const [message, code, details] of [
    [{ type: 'template', template: { name: 'n' } }, 100, /^INVALID_REQUEST: template\.language: is required/],
    [{ type: 'template' }, 131008, /^INVALID_REQUEST: template: is required/],
    [{ text: { body: '' } }, 100, /^INVALID_REQUEST: text\.body: must not be empty/],
    [{ type: 'image', image: { id: '1', link: 'https://test/1' } }, 131009, /image\.link: excludes id/],
    [{ type: 'TEXT', text: { body: 5 } }, 100, /text\.body: must be a text, not a number/],
    [
      { type: 'interactive', interactive: { type: 'button', body: { text: 'x' }, action: { buttons: [button('x'.repeat(21))] } } },
      131009, /action\.buttons\.0\.reply\.title: must have at most 20 characters; it has 21/
    ]
  ] as const) {
    t.match(await post(node, { ...envelope, ...message }), { status: 400, body: graphError(code, details) }, JSON.stringify(message).slice(0, 60))
  }
  const tooLong = await post(node, text('15550011300', 'x'.repeat(4097)))
  t.equal(tooLong.body['error'].message, '(#100) Param text[\'body\'] must be at most 4096 characters long.')
  t.equal((await environment.sandbox.seen()).filter(({ recipient }) => recipient === '15550011300').length, 0)
  const future = { type: 'hologram', hologram: { url: 'x', new: null }, text: null }
  t.match(await post(node, { ...envelope, ...future }), { status: 200 })
  t.match((await environment.arrivals('15550011300', 1))[0]?.body, future)
})

await t.test('every error on such a path has Meta\'s shape', async t => {
  const node = await start(t)
  t.match(await post(node, '{"to":'), { status: 400, body: graphError(100, /^INVALID_REQUEST: /) })
  t.match(await post(node, '[1]'), { status: 400, body: graphError(100, /^INVALID_REQUEST: /) })
  t.match(await post(node, ''), { status: 400, body: graphError(100, /^INVALID_REQUEST: /) })
  t.match(await post(node, text('15550011200'), { headers: { 'content-type': 'text/xml' } }), {
    status: 415,
    body: graphError(100, /^UNSUPPORTED_MEDIA_TYPE: /)
  })
  for (const wrong of [
    { messaging_product: 'sms' },
    { recipient_type: 'crowd' },
    { type: 5 },
    { to: {} },
    { biz_opaque_callback_data: 'x'.repeat(513) }
  ]) {
    t.match(
      await post(node, text('15550011200', 'x', wrong)),
      { status: 400, body: graphError(100, /^INVALID_REQUEST: /) },
      JSON.stringify(wrong).slice(0, 40)
    )
  }
  t.match(await post(node, text('15550011200', 'x'.repeat(300_000))), { status: 413, body: graphError(100, /^TOO_LARGE: /) })
  for (const [method, path] of [
    ['GET', '/v23.0/111/messages'],
    ['GET', '/v23.0/111?fields=health_status'],
    ['POST', '/v23.0/111/media'],
    ['POST', '/gw/111/media'],
    ['GET', '/111?fields=health_status'],
    ['DELETE', '/gw/v23.0/111']
  ] as const) {
    const response = await fetchWithRetry(node.origin + path, { method })
    t.match([response.status, await response.json()], [404, graphError(100, /^NOT_FOUND: no route with this path /)], `${method} ${path}`)
  }
  t.match(
    await post(node, text('1'), { path: '/v23.0/%zz/messages' }),
    { status: 400, body: graphError(100, /^INVALID_REQUEST: /) },
    'also errors of the router'
  )
})

await t.test('full queues have Meta\'s codes', async t => {
  const node = await start(t, { ...slow, MAX_QUEUE_PER_RECIPIENT: '1', MAX_BACKLOG_PER_SENDER: '2' })
  for (let i = 0; i < 2; i++) await post(node, text('15550011300'))
  const pair = await post(node, text('15550011300'))
  t.match(pair, { status: 429, body: graphError(131056, /^RECIPIENT_QUEUE_FULL: /) })
  t.ok(Number(pair.headers.get('retry-after')) > 50)
  for (let i = 0; i < 2; i++) await post(node, text('15550011301'))
  await post(node, text('15550011302'))
  t.match(await post(node, text('15550011302')), { status: 429, body: graphError(130429, /^BACKLOG_FULL: /) })
})

await t.test('a node that shuts down rejects requests in Meta\'s shape', async t => {
  const node = await start(t)
  const socket = connect(Number(new URL(node.origin).port), '127.0.0.1')
  let response = ''
  socket.on('data', data => { response += String(data) })
  // Half a request, so that the connection is not idle when the shutdown begins.
  socket.write('POST /v23.0/111/messages HTTP/1.1\r\nhost: gateway\r\n')
  await until(
    'the node has the first half',
    async () => await new Promise(resolve => node.gateway.app.server.getConnections((_, count) => resolve(count)))
  )
  const closing = node.close()
  socket.write('content-length: 0\r\n\r\n')
  await once(socket, 'close')
  await closing
  t.match(response, /^HTTP\/1\.1 503 /)
  t.match(response, /retry-after: 1\r\n/i)
  t.match(JSON.parse(response.slice(response.indexOf('{'))), graphError(131016, /^SHUTTING_DOWN: /))
})

await t.test('a rejection by WhatsApp keeps its code and text, also in a repeat', async t => {
  const node = await start(t, { WHATSAPP_RATE_LIMIT_MS: '1' })
  for (const code of [131026, 131047, 131051, 132001]) {
    const named = { headers: { 'idempotency-key': `rejected-${code}` } }
    const first = await post(node, text(`15560${code}`), named)
    t.match(first, { status: 400, body: graphError(code, /^PROVIDER_REJECTED: [A-Z]/) })
    t.match(first.body['error'].message, new RegExp(`^\\(#${code}\\) `))
    const again = await post(node, text(`15560${code}`), named)
    t.match([again.status, again.body['error'].code, again.headers.get('idempotent-replayed')], [400, code, 'true'])
    t.equal(again.headers.get('sluice-message-id'), first.headers.get('sluice-message-id'))
    t.match(await node.get(`/messages/${first.headers.get('sluice-message-id')}`), { body: { status: 'failed' } })
  }
})

await t.test('a repeat for a cancelled message is an error', async t => {
  const node = await start(t, slow)
  await post(node, text('15550010400'))
  const named = { headers: { 'idempotency-key': 'late' } }
  const { body } = await post(node, text('15550010400'), named)
  await node.del(`/messages/${body['messages'][0].id}`)
  t.match(await post(node, text('15550010400'), named), { status: 422, body: graphError(131043, /^ENDED_UNSENT: the message is cancelled/) })
})

await t.test('a request that cannot be forwarded fails, and is not repeated', async t => {
  const node = await start(t, { WHATSAPP_API_URL: 'http://127.0.0.1:9/v25.0' })
  const { status, headers, body } = await post(node, { messaging_product: 'whatsapp', status: 'read', message_id: 'wamid.A' })
  t.match([status, body], [503, graphError(131016, /^PROVIDER_UNAVAILABLE: CONNECT_REFUSED/)])
  t.equal(headers.get('retry-after'), '1')
})
