/** Errors are problem documents with a stable code, and the invalid field if there is one. */
import t, { type Test } from 'tap'
import { errors } from '../../src/errors.js'
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

await t.test('bodies that are not JSON, too large, or of another content type', async t => {
  const post = async (body: string, type = 'application/json') => await request(`${node.origin}/api/v1/messages`, {
    method: 'POST', body, headers: { authorization: `Bearer ${keys.operator}`, 'content-type': type }
  })
  isProblem(t, await post('{"to": "+1555'), 'INVALID_REQUEST')
  isProblem(t, await post('{"__proto__": {"role": "admin"}, "to": "+15550006001", "message": "x"}'), 'INVALID_REQUEST')
  isProblem(t, await post(JSON.stringify({ ...good, metadata: { text: 'x'.repeat(300_000) } })), 'TOO_LARGE')
  isProblem(t, await post('to=1', 'application/x-www-form-urlencoded'), 'INVALID_REQUEST')
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
  isProblem(t, await node.put('/messages', good), 'NOT_FOUND')
  isProblem(t, await node.del('/stats'), 'NOT_FOUND')
  isProblem(t, await node.get('/messages/never-used'), 'NOT_FOUND')
  isProblem(t, await node.get(`/messages/${SENDER}.AAAAAAAAAAAAAAAAAAAAAA.19999999999`), 'NOT_FOUND')
  isProblem(t, await node.get('/messages/222.AAAAAAAAAAAAAAAAAAAAAA.19999999999'), 'SENDER_UNKNOWN')
  isProblem(t, await node.get(`/messages/${encodeURIComponent('ü'.repeat(128))}`), 'NOT_FOUND')
  isProblem(t, await node.get(`/messages/${'x'.repeat(301)}`), 'INVALID_REQUEST')
  isProblem(t, await node.get(`/messages/${'x'.repeat(2000)}`), 'INVALID_REQUEST')
  isProblem(t, await request(`${node.origin}/api/v1/messages/%ff`), 'INVALID_REQUEST')
})

await t.test('query parameters are converted to their types, and the error names an invalid one', async t => {
  t.match(await node.get('/failures?limit=5&due=true'), { status: 200, body: { failures: [] } }, '"5" is 5 and "true" is true')
  for (const [query, field] of [
    ['limit=0', 'limit'],
    ['limit=many', 'limit'],
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
  const refused = await node.send('+15550006010', '3', { whenLimited: 'reject' })
  isProblem(t, refused, 'LIMITED')
  const waitS = Number(refused.headers.get('retry-after'))
  t.ok(waitS > 90 && waitS <= secondsOf(second), `${waitS} s`)
  t.equal(refused.headers.get('ratelimit-policy'), '"pair";q=1;w=60')
})

function isProblem (t: Pick<Test, 'match'>, { status, headers, body }: Reply, code: keyof typeof errors): void {
  const { status: expected, title } = errors[code]
  t.match([status, body], [expected, { type: `urn:sluice:error:${code}`, title, status: expected, code }])
  t.match(headers.get('content-type'), /^application\/problem\+json/)
}
