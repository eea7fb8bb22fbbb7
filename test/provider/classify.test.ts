import fc from 'fast-check'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import t from 'tap'
import { classify } from '../../src/provider/classify.js'
import { decodeBody, type HttpResponse } from '../../src/provider/response.js'
import { accepted } from './cloud-api.js'

const response = (statusCode: number, body: unknown, headers: HttpResponse['headers'] = {}): HttpResponse =>
  ({ statusCode, headers, body: typeof body === 'string' ? body : JSON.stringify(body) })
const error = (members: object): object => ({ error: { message: 'm', ...members } })

await t.test('a response with a message id is a success, whatever else is missing', async t => {
  t.strictSame(classify(response(200, accepted)), { status: 'sent', providerMessageId: 'wamid.HBgLMTY1MDU1NTEyMzQ', recipientId: '16505551234' })
  t.strictSame(classify(response(200, { messages: [{ id: 'wamid.A', message_status: 'held_for_quality_assessment' }] })),
    { status: 'sent', providerMessageId: 'wamid.A', messageStatus: 'held_for_quality_assessment' })
  t.match(classify(response(202, { contacts: [{ user_id: 'US.1' }], messages: [{ id: 'gw' }] })), { status: 'sent', recipientId: 'US.1' })
})

await t.test('a success without a message id leaves the outcome unknown', async t => {
  for (const body of [
    '', 'OK', '<html>', 'null', '[]', '7', '{}', '{"success":true}',
    '{"messages":[]}', '{"messages":[{"id":""}]}', '{"messages":[{"id":5}]}', '{"messages":"x"}'
  ]) {
    t.match(classify(response(200, body)), { status: 'unknown', code: 'INVALID_RESPONSE' }, body)
  }
  t.match(classify(response(204, '')), { status: 'unknown' })
})

await t.test('the error code takes precedence over the HTTP status', async t => {
  t.match(classify(response(200, error({ code: 131056 }))), { status: 'limited', bucket: 'pair' })
  t.match(classify(response(500, error({ code: 3 }))), { status: 'sender-stopped' })
  t.match(classify(response(400, error({ code: '131056' }))), { status: 'limited', code: '131056' })
})

await t.test('subcode 33 of code 100 means that the sender does not exist', async t => {
  t.match(classify(response(400, error({ code: 100, error_subcode: 33 }))), { status: 'sender-stopped', code: '100/33' })
  t.match(classify(response(400, error({ code: 100, error_subcode: 2494055 }))), { status: 'rejected', code: '100' })
})

await t.test('every text of Meta\'s error is kept, each once', async t => {
  const members = { code: 100, message: 'Invalid parameter', error_user_title: 'Wrong number', error_user_msg: 'The country code is missing.' }
  t.match(classify(response(400, error(members))), { status: 'rejected', error: 'Invalid parameter: Wrong number: The country code is missing.' })
  t.match(classify(response(400, error({ code: 100, message: 'x', error_data: { details: 'y' }, error_user_msg: 'y' }))), { error: 'x: y' })
  t.match(classify(response(400, error({ code: 100, message: 'x', error_user_msg: { text: 'y' } }))), { error: 'x' })
})

await t.test('an unknown code is classified by is_transient and the HTTP status', async t => {
  t.match(classify(response(400, error({ code: 139999 }))), { status: 'rejected', code: '139999' })
  t.match(classify(response(400, error({ code: 139999, is_transient: true }))), { status: 'retryable', code: '139999' })
  t.match(classify(response(500, error({ code: 139999 }))), { status: 'retryable', code: '139999' })
  t.match(classify(response(429, error({ code: 139999 }))), { status: 'limited', bucket: 'sender-rate', code: '139999' })
  t.match(classify(response(401, error({ code: 139999 }))), { status: 'sender-stopped', code: '139999' })
  t.match(classify(response(200, error({ code: 139999 }))), { status: 'unknown', code: '139999' })
})

await t.test('without a code the HTTP status decides', async t => {
  const expected: Record<string, number[]> = {
    'sender-stopped': [301, 307, 401, 403, 404, 405, 407],
    rejected: [400, 409, 413, 414, 422],
    retryable: [425],
    limited: [429],
    unknown: [408, 499, 500, 502, 503, 504, 599]
  }
  for (const [outcome, status] of Object.entries(expected).flatMap(([name, list]) => list.map(one => [name, one] as const))) {
    for (const body of ['<html>no</html>', '', '{"error":"no"}', '{"error":{"message":"no"}}']) {
      t.match(classify(response(status, body)), { status: outcome, code: `HTTP_${status}` }, `${status} ${body}`)
    }
  }
  t.match(classify(response(500, error({ is_transient: true }))), { status: 'retryable', code: 'TRANSIENT' })
  t.match(classify(response(700, '')), { status: 'unknown' })
})

await t.test('details are read from an object and from a string', async t => {
  t.match(classify(response(400, error({ code: 100, error_data: { details: 'in here' } }))), { error: 'm: in here' })
  t.match(classify(response(400, error({ code: 100, error_data: 'in here' }))), { error: 'm: in here' })
  t.match(classify(response(400, error({ code: 100, error_data: 'm' }))), { error: 'm' })
  t.match(classify(response(400, { error: { code: 100 } })), { error: 'HTTP 400: Invalid parameter' })
})

await t.test('Retry-After extends a cool-down to at most twice its length and never shortens it', async t => {
  const coolDown = (code: number, headers: HttpResponse['headers']): unknown => {
    const outcome = classify(response(400, error({ code }), headers))
    return outcome.status === 'limited' ? outcome.coolDownMs : undefined
  }
  t.equal(coolDown(131056, { 'retry-after': '8' }), 8_000)
  t.equal(coolDown(131056, { 'retry-after': '0' }), 6_000)
  t.equal(coolDown(131056, { 'retry-after': '3600' }), 12_000)
  t.equal(coolDown(131056, { 'retry-after': 'soon' }), 6_000)
  t.equal(coolDown(131056, { 'retry-after': '-5' }), 6_000)
  t.equal(coolDown(131056, { 'retry-after': ['9', '1'] }), 9_000)
  const at = 'Mon, 23 Nov 2026 12:00:00 GMT'
  t.equal(coolDown(131057, { date: at, 'retry-after': 'Mon, 23 Nov 2026 12:01:30 GMT' }), 90_000, 'by Meta\'s clock')
  t.equal(coolDown(131057, { date: at, 'retry-after': 'Mon, 23 Nov 2026 11:00:00 GMT' }), 60_000)
  t.equal(coolDown(131057, { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() }), 120_000, 'by our clock')
  t.match(classify(response(429, '', { 'retry-after': '15' })), { status: 'limited', bucket: 'sender-rate', coolDownMs: 15_000 })
  t.match(classify(response(429, '')), { coolDownMs: 10_000 })
})

await t.test('any response has an outcome of bounded size, and is a success only with a message id', async t => {
  const runs = Number(process.env['FUZZ_RUNS'] ?? 500)
  const maxBytes = 4096
  const scalar = fc.oneof(fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null))
  const odd = fc.oneof(scalar, fc.array(scalar), fc.dictionary(fc.string(), scalar))
  const members = fc.record({
    code: fc.oneof(odd, fc.constantFrom(0, 4, 100, 190, 131056, '131056', 1e300, -1, 'constructor', '__proto__')),
    error_subcode: fc.oneof(odd, fc.constant(33)),
    message: odd,
    error_data: fc.oneof(odd, fc.record({ details: odd })),
    error_user_msg: odd,
    is_transient: odd
  }, { requiredKeys: [] })
  const message = fc.oneof(odd, fc.record({ id: fc.oneof(odd, fc.constant('wamid.A')), message_status: odd }, { requiredKeys: [] }))
  const like = fc.record({
    messages: fc.oneof(odd, fc.array(message)),
    contacts: fc.oneof(odd, fc.array(fc.record({ wa_id: odd, user_id: odd }))),
    error: fc.oneof(odd, members)
  }, { requiredKeys: [] })
  const body = fc.oneof(
    like.map(value => Buffer.from(JSON.stringify(value))),
    fc.json().map(text => Buffer.from(text)),
    fc.uint8Array({ maxLength: 300 }).map(Buffer.from),
    fc.integer({ min: 1, max: 3 * maxBytes }).map(length => Buffer.alloc(length, ' '))
  )
  const coding = fc.constantFrom('identity', 'gzip', 'x-gzip', 'GZIP', 'br', 'deflate', 'zstd', '', 'gzip, br', ',,', 'constructor')
  const compress = fc.constantFrom<(data: Buffer) => Buffer>(data => data, gzipSync, brotliCompressSync, deflateSync, deflateRawSync)
  const headers = fc.record({
    'content-encoding': fc.oneof(coding, fc.array(coding, { maxLength: 3 })),
    'retry-after': fc.oneof(fc.string(), fc.array(fc.string()), fc.nat().map(String)),
    date: fc.string()
  }, { requiredKeys: [] })
  const status = fc.integer({ min: 200, max: 599 })
  fc.assert(fc.property(status, headers, body, compress, fc.nat({ max: 20 }), (statusCode, headers, bytes, compressed, cut) => {
    const sent = compressed(bytes)
    const text = decodeBody([sent.subarray(0, cut), sent.subarray(cut)], headers, maxBytes)
    if (text === null) return
    // What is not valid UTF-8 is replaced by a character of three bytes.
    const isBounded = Buffer.byteLength(text) <= 3 * Math.max(maxBytes, sent.length)
    const outcome = classify({ statusCode, headers, body: text })
    let id: unknown
    try {
      id = JSON.parse(text).messages[0].id
    } catch {}
    const hasId = typeof id === 'string' && id !== '' && statusCode < 300
    const waits = Object.entries(outcome).filter(([name]) => name.endsWith('Ms'))
    return isBounded && (outcome.status === 'sent') === hasId &&
      (outcome.status === 'sent' || /^[\w/]{1,20}$/.test(outcome.code)) && waits.every(([, value]) => Number(value) >= 0)
  }), { numRuns: runs })
  t.pass(`${runs} responses`)
})
