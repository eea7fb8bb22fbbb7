/** Errors are problem documents with a stable code, and the invalid field if there is one. */
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { errors } from '../../src/error-codes.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { keys, SENDER } from '../support/gateway.js'
import { request, type Reply } from '../support/request.js'

const environment = await createTestEnvironment(t, longStartWindow)
/** An interval much longer than three requests take on a slow machine. */
const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '60000' })
const to = '+15550006001'
const good = { to, message: 'Hello' }

interface Case { what: string, body: unknown, headers?: Record<string, string>, code?: keyof typeof errors, field?: string | undefined }

const wrong: Case[] = [
  { what: 'no body', body: undefined, field: 'to' },
  { what: 'an empty object', body: {}, field: 'to' },
  { what: 'no message', body: { to }, field: 'message' },
  { what: 'an array', body: [good] },
  { what: 'null', body: null, field: 'to' },
  { what: 'an unknown field', body: { ...good, priorty: 'urgent' }, field: 'priorty' },
  { what: 'a number as recipient', body: { ...good, to: 15550006001 }, field: 'to' },
  { what: 'an empty recipient', body: { ...good, to: '' }, field: 'to' },
  { what: 'a recipient with too few digits', body: { ...good, to: '123456' }, code: 'INVALID_RECIPIENT', field: 'to' },
  { what: 'a recipient with too many digits', body: { ...good, to: '1234567890123456' }, code: 'INVALID_RECIPIENT', field: 'to' },
  { what: 'a recipient with letters', body: { ...good, to: '+1555CALLNOW' }, code: 'INVALID_RECIPIENT', field: 'to' },
  { what: 'a recipient of other digits', body: { ...good, to: '+١٥٥٥٠٠٠٦٠٠١' }, code: 'INVALID_RECIPIENT', field: 'to' },
  { what: 'a recipient with a line break', body: { ...good, to: '+1555000\n6001:x' }, code: 'INVALID_RECIPIENT', field: 'to' },
  { what: 'a business-scoped user id', body: { ...good, to: 'US.13491208655302741918' }, code: 'RECIPIENT_IS_USER_ID', field: 'to' },
  { what: 'an empty text', body: { ...good, message: '' }, field: 'message' },
  { what: 'a text of 4,097 characters', body: { ...good, message: 'x'.repeat(4097) }, field: 'message' },
  { what: 'a number as message', body: { ...good, message: 7 }, field: 'message' },
  { what: 'an empty object as message', body: { ...good, message: {} }, field: 'message' },
  { what: 'a type in capitals', body: { ...good, type: 'Text' }, field: 'type' },
  { what: 'metadata that is not an object', body: { ...good, metadata: 'order 7' }, field: 'metadata' },
  { what: 'a boolean as text', body: { ...good, deduplicate: 'false' }, field: 'deduplicate' },
  { what: 'a number as text', body: { ...good, expiresInMs: '5000' }, field: 'expiresInMs' },
  { what: 'a lifetime below a second', body: { ...good, expiresInMs: 10 }, field: 'expiresInMs' },
  { what: 'an unknown priority', body: { ...good, priority: 'high' }, field: 'priority' },
  { what: 'an unknown policy', body: { ...good, onUnknown: 'ignore' }, field: 'onUnknown' },
  { what: 'an unknown whenLimited', body: { ...good, whenLimited: 'drop' }, field: 'whenLimited' },
  { what: 'an invalid timestamp', body: { ...good, scheduledFor: 'tomorrow noon' }, field: 'scheduledFor' },
  { what: 'an unknown sender', body: { ...good, sender: '222' }, code: 'SENDER_UNKNOWN', field: 'sender' },
  { what: 'a sender with a brace', body: { ...good, sender: '1}1' }, field: 'sender' },
  { what: 'a key of 257 characters', body: { ...good, idempotencyKey: 'k'.repeat(257) }, field: 'idempotencyKey' },
  { what: 'a key beyond ASCII', body: { ...good, idempotencyKey: 'clé' }, code: 'INVALID_KEY', field: 'idempotencyKey' },
  {
    what: 'a header key that is too long',
    body: good,
    headers: { 'idempotency-key': 'k'.repeat(300) },
    code: 'INVALID_KEY',
    field: 'Idempotency-Key'
  },
  { what: 'an empty header key', body: good, headers: { 'idempotency-key': '""' }, code: 'INVALID_KEY', field: 'Idempotency-Key' }
]

for (const { what, body, headers, code = 'INVALID_REQUEST', field } of wrong) {
  await t.test(`POST /messages with ${what} is ${code}`, async t => {
    const reply = await node.post('/messages', body, headers)
    isProblem(t, reply, code)
    if (field !== undefined) t.match(reply.body['field'], field.startsWith('Idem') ? field : new RegExp(`^${field}(\\.|$)`))
  })
}

const button = (title: string): object => ({ type: 'reply', reply: { id: 'a', title } })
const interactive = { type: 'button', body: { text: 'Well?' }, action: { buttons: [button('Yes')] } }
const badContent: Array<[what: string, post: object, field: string, detail: RegExp]> = [
  ['a text of type template', { message: 'hello_world', type: 'template' }, 'type', /hello_world.*"language"/],
  ['a text of an unknown type', { message: 'x', type: 'bogus' }, 'type', /leave type out/],
  ['two types', { message: { type: 'image', image: { id: '1' } }, type: 'text' }, 'type', /message\.type, which is image/],
  ['a type without its object', { message: { type: 'template' } }, 'message.template', /is required/],
  ['the bare content of an interactive message', { message: interactive }, 'message.button', /"type": "interactive"/],
  ['a template without a type', { message: { name: 'n', language: { code: 'en' } } }, 'message.body', /"type": "template"/],
  ['a template without a language', { message: { name: 'n' }, type: 'template' }, 'message.language', /is required/],
  ['a language without a code', { message: { type: 'template', template: { name: 'n', language: 'en' } } }, 'message.template.language', /an object/],
  ['an image by id and link', { message: { type: 'image', image: { id: 1, link: 'https://test/1' } } }, 'message.image.link', /excludes id/],
  ['a link that is none', { message: { type: 'video', video: { link: 'test/1' } } }, 'message.video.link', /form/],
  ['a reaction to nothing', { message: { type: 'reaction', reaction: { emoji: 'x' } } }, 'message.reaction.message_id', /is required/],
  ['a place north of the pole', { message: { latitude: 91, longitude: 0 }, type: 'location' }, 'message.latitude', /from -90 to 90/],
  ['contacts without a name', { message: { contacts: [{}] }, type: 'contacts' }, 'message.contacts.0.name', /is required/],
  ['a long title', { message: { ...interactive, action: { buttons: [button('x'.repeat(21))] } }, type: 'interactive' },
    'message.action.buttons.0.reply.title', /at most 20 characters; it has 21/]
]
for (const [what, post, field, detail] of badContent) {
  await t.test(`${what} is rejected before it is queued`, async t => {
    const reply = await node.post('/messages', { to, ...post })
    isProblem(t, reply, 'INVALID_REQUEST')
    t.equal(reply.body['field'], field)
    t.match(reply.body['detail'], detail)
  })
}

await t.test('all problems of a body come at once, with what is allowed and what was meant', async t => {
  const { body, headers } = await node.post('/messages', { phone: to, text: 'Hi', priority: 'high', expires_in_ms: 5, deduplicate: 'no', colour: 1 })
  t.match(body['errors'].map(({ field, hint }: Record<string, unknown>) => [field, hint]), [
    ['phone', 'did you mean to?'],
    ['text', 'did you mean message?'],
    ['expires_in_ms', 'did you mean expiresInMs?'],
    ['colour', undefined],
    ['deduplicate', undefined],
    ['priority', 'did you mean urgent?']
  ])
  t.match(body['errors'].at(-1), { value: 'high', allowed: ['urgent', 'normal', 'bulk'], detail: 'must be one of urgent, normal or bulk' })
  t.match(body['errors'].find(({ field }: { field: string }) => field === 'colour')?.allowed, /idempotencyKey/)
  t.equal(body['requestId'], headers.get('x-request-id'))
  const both = await node.post('/messages', { to: '12', group: 'a', message: { type: 'text', text: {} }, type: 7, metadata: [] })
  t.match(both.body['errors'].map(({ field }: { field: string }) => field), ['group', 'to', 'type', 'metadata', 'message.text.body'])
  const many = await node.post('/messages', { ...good, ...Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`x${n}`, 1])) })
  t.equal(many.body['errors'].length, 20, 'at most')
  const long = await node.post('/messages', { ...good, priority: 'x'.repeat(1000) })
  t.equal(long.body['errors'][0].value.length, 81)
  const recipient = await node.post('/messages', { ...good, to: 'Anna' })
  t.match(recipient.body['errors'], [{ field: 'to', detail: /digits/ }], 'also where a check finds one problem only')
  t.equal((await node.post('/messages', [good])).body['detail'], 'body must be an object, not a list (a list goes to /messages/batch)')
  t.notMatch(JSON.stringify([body, both.body, recipient.body]), /Anna|15550006001|Hi/, 'and neither number nor text')
})

await t.test('bodies that are not JSON, too large, or of another content type', async t => {
  const post = async (body: string, type = 'application/json') => await request(`${node.origin}/api/v1/messages`, {
    method: 'POST', body, headers: { authorization: `Bearer ${keys.operator}`, 'content-type': type }
  })
  isProblem(t, await post('{"to": "+1555'), 'INVALID_REQUEST')
  isProblem(t, await post('{"__proto__": {"role": "admin"}, "to": "+15550006001", "message": "x"}'), 'INVALID_REQUEST')
  t.match((await post('7')).body, { detail: 'body must be an object, not a number', errors: { length: 1 } })
  const utf16 = await request(`${node.origin}/api/v1/messages`, {
    method: 'POST',
    body: Buffer.from(JSON.stringify(good), 'utf16le'),
    headers: { authorization: `Bearer ${keys.operator}`, 'content-type': 'application/json' }
  })
  t.equal(utf16.body['detail'], 'the body is not UTF-8; its bytes are UTF-16')
  isProblem(t, await post(JSON.stringify({ ...good, metadata: { text: 'x'.repeat(300_000) } })), 'TOO_LARGE')
  isProblem(t, await post(`${'{"a":['.repeat(20_000)}`), 'INVALID_REQUEST')
  for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'text/json', 'application/xml']) {
    const reply = await post(JSON.stringify(good), type)
    isProblem(t, reply, 'UNSUPPORTED_MEDIA_TYPE')
    t.match(reply.body, { field: 'Content-Type', detail: `send uncompressed JSON with "Content-Type: application/json"; Content-Type is ${type}` })
    t.equal(reply.headers.get('accept'), 'application/json')
  }
  const compressed = await request(`${node.origin}/api/v1/messages`, {
    method: 'POST',
    body: gzipSync(JSON.stringify(good)),
    headers: { authorization: `Bearer ${keys.operator}`, 'content-type': 'application/json', 'content-encoding': 'gzip' }
  })
  isProblem(t, compressed, 'UNSUPPORTED_MEDIA_TYPE')
  t.match([compressed.body['detail'], compressed.headers.get('accept-encoding')], [/Content-Encoding is gzip/, 'identity'])
})

await t.test('a request without a body may declare a body of type JSON', async t => {
  const ask = async (method: string, path: string) => await request(`${node.origin}/api/v1${path}`, {
    method, headers: { authorization: `Bearer ${keys.operator}`, 'content-type': 'application/json' }
  })
  t.equal((await ask('DELETE', `/recipients/${encodeURIComponent(to)}`)).status, 200)
  const reply = await ask('POST', '/messages')
  isProblem(t, reply, 'INVALID_REQUEST')
  t.equal(reply.body['field'], 'to')
})

await t.test('unknown paths and methods without a route', async t => {
  isProblem(t, await node.get('/nothing'), 'NOT_FOUND')
  isProblem(t, await request(`${node.origin}/nothing`), 'NOT_FOUND')
  for (const [reply, allow] of [
    [await node.put('/messages', good), 'GET, HEAD, POST'],
    [await node.del('/stats'), 'GET, HEAD'],
    [await node.post('/messages/some-key'), 'DELETE, GET, HEAD, PATCH'],
    [await request(`${node.origin}/webhooks/whatsapp`, { method: 'DELETE' }), 'GET, HEAD, POST'],
    [await request(`${node.origin}/health/live`, { method: 'POST' }), 'GET, HEAD'],
    [await request(`${node.origin}/`, { method: 'POST' }), 'GET, HEAD'],
    [await request(`${node.origin}/console`, { method: 'PUT' }), 'GET, HEAD']
  ] as const) {
    isProblem(t, reply, 'METHOD_NOT_ALLOWED')
    t.equal(reply.headers.get('allow'), allow)
  }
  for (const [path, meant] of [
    ['/api/v1/message', '/api/v1/messages'], ['/messages', '/api/v1/messages'], ['/api/v1/api/v1/messages', '/api/v1/messages'],
    ['/API/V1/messages', '/api/v1/messages'], ['/v1/failures', ''], ['/api/v1/nothing-like-it', '']
  ] as const) {
    const { status, body } = await request(node.origin + path, { method: 'POST' })
    t.equal(status, 404, path)
    t.equal(/did you mean ([^?]+)\?/.exec(JSON.stringify(body))?.[1] ?? '', meant, path)
  }
  isProblem(t, await node.get('/messages/never-used'), 'NOT_FOUND')
  isProblem(t, await node.get(`/messages/${SENDER}.AAAAAAAAAAAAAAAAAAAAAA.19999999999`), 'NOT_FOUND')
  isProblem(t, await node.get('/messages/222.AAAAAAAAAAAAAAAAAAAAAA.19999999999'), 'SENDER_UNKNOWN')
  isProblem(t, await node.get(`/messages/${encodeURIComponent('ü'.repeat(128))}`), 'NOT_FOUND')
  isProblem(t, await node.get(`/messages/${'x'.repeat(301)}`), 'INVALID_REQUEST')
  isProblem(t, await node.get(`/messages/${'x'.repeat(2000)}`), 'INVALID_REQUEST')
  isProblem(t, await request(`${node.origin}/api/v1/messages/%ff`), 'INVALID_REQUEST')
})

await t.test('a 404 says what was looked for, how long it is kept, and where to look; it repeats neither id nor key', async t => {
  const detailOf = async (reply: Promise<Reply>): Promise<string> => String((await reply).body['detail'])
  const id = `${SENDER}.AAAAAAAAAAAAAAAAAAAAAA.19999999999`
  const kept = 'results are kept for 7 days, failures for 30 days'
  t.equal(await detailOf(node.get(`/messages/${id}`)), `no message has this id; ${kept}. POST /api/v1/messages/find searches by recipient`)
  t.match(await detailOf(node.del('/messages/key-15550006001')), new RegExp(`no message with this idempotency key to the sender ${SENDER}; ${kept}`))
  t.notMatch(await detailOf(node.get('/messages/key-15550006001')), '15550006001')
  for (const reply of [
    node.post(`/failures/${id}/acknowledge`), node.post('/failures/nonsense/retry'),
    node.get('/campaigns/no'), node.get('/jobs/cancel-0000000000000000')
  ]) t.match(await detailOf(reply), /\b(no|not)\b.*\b(id|name)\b/)
})

await t.test('slashes too many, and / itself', async t => {
  for (const path of ['/api/v1/stats/', '//api/v1/stats', '/api//v1//stats', '/api/v1/stats/?x=//']) {
    const { status } = await request(node.origin + path, { headers: { authorization: `Bearer ${keys.operator}` } })
    t.equal(status, 200, path)
  }
  t.equal((await request(`${node.origin}/webhooks/whatsapp/`)).status, 403, 'which is the response without a token')
  t.match(await request(`${node.origin}/`), { status: 200, body: { name: 'sluice', links: { api: '/api/v1', console: '/console/' } } })
  const page = await request(`${node.origin}/`, { headers: { accept: 'text/html,*/*' } })
  t.match(page.body['text'], /<a href="docs\/">documentation<\/a>.*<a href="console\/">/)
})

await t.test('a path with an empty ID is no path of all', async t => {
  for (const path of ['/failures//retry', '/failures//acknowledge', '/senders//pause', '/failures///retry']) {
    const { status } = await request(`${node.origin}/api/v1${path}`, { method: 'POST', headers: { authorization: `Bearer ${keys.operator}` } })
    t.ok(status === 400 || status === 404, `${path}: ${status}`)
  }
})

await t.test('the name of the scheme is read in any case, and the error distinguishes a missing key from an unknown one', async t => {
  const ask = async (authorization: string) =>
    await request(`${node.origin}/api/v1/stats`, { headers: authorization === '' ? {} : { authorization } })
  for (const scheme of ['bearer', 'BEARER', 'Bearer']) t.equal((await ask(`${scheme} ${keys.operator}`)).status, 200, scheme)
  for (const [header, detail] of [['', /no header/], [keys.operator, /does not begin with "Bearer"/], ['Bearer unknown-key', /not known/]] as const) {
    const reply = await ask(header)
    isProblem(t, reply, 'UNAUTHENTICATED')
    t.match(reply.body['detail'], detail)
  }
  t.match((await node.as(keys.viewer).send(to)).body['detail'], /role send or admin; yours has the role read/)
})

await t.test('a client that ends its side of the connection after the request gets its response', async t => {
  const socket = connect(Number(new URL(node.origin).port), '127.0.0.1')
  socket.end(`GET /api/v1/caller HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${keys.operator}\r\n\r\n`)
  let response = ''
  for await (const chunk of socket) response += String(chunk)
  t.match(response, /^HTTP\/1\.1 200 /)
})

await t.test('query parameters are converted to their types, and the error names an invalid one', async t => {
  t.match(await node.get('/failures?limit=5&due=true'), { status: 200, body: { failures: [] } }, '"5" is 5 and "true" is true')
  for (const [query, field] of [
    ['limit=0', 'limit'],
    ['limit=many', 'limit'],
    ['limit=0x10', 'limit'],
    ['limit=1e2', 'limit'],
    ['limit=%205', 'limit'],
    ['limit=5&limit=6', 'limit'],
    ['status=BROKEN', 'status'],
    ['due=perhaps', 'due'],
    ['stauts=FAILED', 'stauts'],
    ['sender=a%7Db', 'sender']
  ]) {
    const reply = await node.get(`/failures?${query}`)
    isProblem(t, reply, 'INVALID_REQUEST')
    t.equal(reply.body['field'], field)
  }
  isProblem(t, await node.get('/failures?recipient=unknown'), 'INVALID_RECIPIENT')
  isProblem(t, await node.get('/rate-limits/unknown'), 'INVALID_RECIPIENT')
  isProblem(t, await node.get('/failures?cursor=nonsense'), 'INVALID_REQUEST')
})

await t.test('no invalid request reached WhatsApp or left data in Redis', async t => {
  t.equal((await environment.sandbox.seen()).length, 0)
  t.match((await node.get('/stats')).body, { throttling: { activeRateLimits: 0 }, senders: [{ unsettled: 0, queued: 0 }] })
  // Periodic jobs may fail on a busy machine; requests do not cause that.
  t.same(node.seen('unexpected-error').filter(({ location }) => !location.startsWith('job ')), [])
})

await t.test('responses have the rule of the pair in headers', async t => {
  const secondsOf = ({ headers }: Reply): number => Number(/^"pair";r=0;t=(\d+)$/.exec(headers.get('ratelimit') ?? '')?.[1])
  const first = await node.send('+15550006010', '1')
  t.equal(first.headers.get('ratelimit-policy'), '"pair";q=1;w=60')
  t.ok(secondsOf(first) > 30 && secondsOf(first) <= 60, `${secondsOf(first)} s`)
  const second = await node.send('+15550006010', '2')
  t.ok(secondsOf(second) > 90 && secondsOf(second) <= 120, `a further message would wait for both: ${secondsOf(second)} s`)
  const rejected = await node.send('+15550006010', '3', { whenLimited: 'reject' })
  isProblem(t, rejected, 'LIMITED')
  const waitS = Number(rejected.headers.get('retry-after'))
  t.ok(waitS > 90 && waitS <= secondsOf(second), `${waitS} s`)
  t.equal(rejected.headers.get('ratelimit-policy'), '"pair";q=1;w=60')
})

function isProblem (t: Pick<Test, 'match'>, { status, headers, body }: Reply, code: keyof typeof errors): void {
  const { status: expected, title } = errors[code]
  t.match([status, body], [expected, { type: `urn:sluice:error:${code}`, title, status: expected, code }])
  t.match(headers.get('content-type'), /^application\/problem\+json/)
}
