/** Small readers of headers, addresses, IDs and names: a value means one thing and is read as it was written, or it is refused. */
import fc from 'fast-check'
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import t from 'tap'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { readHeaderKey, readKey } from '../../src/admission/key.js'
import { parseKey } from '../../src/doctor/known-keys.js'
import { SluiceError } from '../../src/errors.js'
import { isGraphPath, matchEdge } from '../../src/graph/path.js'
import { findProblem } from '../../src/http/formats.js'
import { cleanUrl, prefixOf } from '../../src/http/paths.js'
import { prefersAsync } from '../../src/http/request.js'
import { formatAttemptName, parseAttemptName } from '../../src/message.js'
import { parseAddress } from '../../src/redis/address.js'
import { parseInfo } from '../../src/redis/info.js'
import { parseId, publicId, senderKey } from '../../src/redis/keys.js'
import { parseTemplate, spellTemplate } from '../../src/template-name.js'
import { readPage } from '../../src/templates/read.js'
import { decodeHttpBody } from '../../src/values/http-body.js'
import { parseHttpDate, parseRetryAfter } from '../../src/values/http-date.js'
import { findSigner } from '../../src/webhooks/verify.js'
import { seedOf } from '../support/seed.js'

const seed = seedOf('small parsers')
const fuzz = { seed, numRuns: Number(process.env['FUZZ_RUNS'] ?? 150) }
const anyText = fc.oneof(fc.string({ unit: 'binary', maxLength: 30 }), fc.string({ maxLength: 30 }))
const NOW = Date.UTC(2026, 10, 29, 12)

/** What a reader returns; undefined where it throws one of the errors that callers get. */
function read<Value> (reader: () => Value): Value | undefined {
  try {
    return reader()
  } catch (error) {
    if (error instanceof SluiceError && error.status < 500) return undefined
    if (error instanceof SluiceError && error.code === 'CONFIG_INVALID') return undefined
    throw error
  }
}

await t.test(`Retry-After is a number of seconds or an HTTP date, and nothing else (seed ${seed})`, async () => {
  const seconds = fc.integer({ min: 0, max: 4_000_000_000 })
  fc.assert(fc.property(seconds, s => {
    const ms = s * 1000
    const most = 366 * 86_400_000
    assert.equal(parseHttpDate(new Date(ms).toUTCString()), ms)
    assert.equal(parseRetryAfter(new Date(ms).toUTCString(), NOW), Math.min(Math.max(0, ms - NOW), most))
    assert.equal(parseRetryAfter(` ${s} `, NOW), Math.min(ms, most))
  }), fuzz)
  fc.assert(fc.property(anyText, text => {
    const ms = parseRetryAfter(text, NOW)
    return ms === undefined || (/^\s*\d+\s*$/.test(text) && Number.isSafeInteger(ms) && ms >= 0)
  }), fuzz)
  for (const text of ['soon 5', 'wait 120 seconds', '1.5', '-5', '1e3', '0x10', '2030-01-31T09:30:00Z', '01/12/2026', 'Mon, 31 Feb 2026 10:00:00']) {
    assert.equal(parseRetryAfter(text, NOW), undefined, text)
  }
  assert.equal(parseRetryAfter('9'.repeat(400), NOW), 366 * 86_400_000, 'a wait that has no end is not infinite')
  for (const text of ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994']) {
    assert.equal(parseHttpDate(text), Date.UTC(1994, 10, 6, 8, 49, 37), text)
  }
})

await t.test('a compressed body is read as it was, a damaged one as nothing', async () => {
  const codings: Record<string, (data: Buffer) => Buffer> = {
    gzip: data => gzipSync(data), br: data => brotliCompressSync(data), deflate: data => deflateSync(data), identity: data => data
  }
  fc.assert(fc.property(fc.string({ unit: 'binary' }).filter(text => text.isWellFormed()), fc.array(fc.constantFrom(...Object.keys(codings)), {
    maxLength: 3
  }), fc.boolean(), (text, applied, mark) => {
    const plain = text.replace(/^\ufeff/, '')
    const bytes = applied.reduce((data, coding) => codings[coding]?.(data) ?? data, Buffer.from(`${mark ? '\ufeff' : ''}${plain}`) as Buffer)
    assert.equal(decodeHttpBody(bytes, applied.length === 0 ? undefined : applied.join(', ').toUpperCase(), 1e6), plain)
  }), fuzz)
  assert.equal(decodeHttpBody(deflateRawSync(Buffer.from('x')), 'deflate', 100), 'x')
  assert.equal(decodeHttpBody(gzipSync(Buffer.from('x'.repeat(1000))), 'gzip', 100), null, 'larger than allowed')
  fc.assert(fc.property(fc.uint8Array(), fc.oneof(anyText, fc.constantFrom('gzip', 'br, gzip', 'deflate')), (bytes, applied) => {
    const text = decodeHttpBody(Buffer.from(bytes), applied, 1000)
    return text === null || typeof text === 'string'
  }), fuzz)
})

await t.test('an idempotency key is read as written, from the header as from the field', async () => {
  const printable = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map(code => String.fromCharCode(code)), minLength: 1, maxLength: 256 })
  fc.assert(fc.property(fc.oneof(printable, anyText), key => {
    const isValid = /^[\x20-\x7e]{1,256}$/.test(key) && key.trim() === key
    assert.equal(read(() => readKey(key)), isValid ? key : undefined)
    if (!isValid) return
    if (!/["\\]/.test(key)) assert.equal(read(() => readHeaderKey(`"${key}"`)), key)
    if (!key.startsWith('"')) assert.equal(read(() => readHeaderKey(key)), key)
  }), fuzz)
})

const digest = fc.stringMatching(/^[A-Za-z0-9_-]{22}$/)
const generation = fc.stringMatching(/^[0-9a-f]{8,14}$/)
const sender = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/)

await t.test('IDs and names of attempts are read back, and no other text is one', async () => {
  fc.assert(fc.property(sender, digest, generation, fc.integer({ min: 1, max: 999_999 }), anyText, (sender, digest, generation, attempt, more) => {
    const id = `${digest}.${generation}`
    assert.deepEqual(parseId(publicId(sender, id)), { sender, digest, id })
    assert.deepEqual(parseAttemptName(formatAttemptName({ id, attempt })), { id, attempt })
    const isOther = more !== '' && !/^[\da-f]+$/.test(more)
    if (isOther) assert.deepEqual([parseId(publicId(sender, id) + more), parseAttemptName(`${id}.${attempt}${more}`)], [null, null])
    assert.deepEqual([parseId(more), parseAttemptName(more)], [null, null])
  }), fuzz)
})

await t.test('a template is read back from its spelling, and a page of templates leaves out only what it cannot read', async () => {
  const plain = fc.stringMatching(/^[a-z0-9_]{1,40}$/)
  const language = fc.stringMatching(/^[a-z]{2}(_[a-z]{2})?$/)
  const good = fc.record({ name: plain, language, status: fc.constantFrom('APPROVED', 'paused') })
  const bad = fc.oneof(fc.jsonValue(), fc.record({ name: fc.constantFrom('a b', 'a\nb', '', 7), language, status: fc.constant('APPROVED') }))
  fc.assert(fc.property(fc.array(fc.oneof(good.map(entry => ({ entry, isGood: true })), bad.map(entry => ({ entry, isGood: false })))), entries => {
    const page = readPage(JSON.stringify({ data: entries.map(({ entry }) => entry) }))
    const expected = entries.flatMap(({ entry, isGood }) => isGood ? [entry as { name: string, language: string, status: string }] : [])
    assert.deepEqual(page?.statuses, expected.map(({ name, language, status }) => [spellTemplate({ name, language }), status.toUpperCase()]))
    for (const [spelling] of page?.statuses ?? []) assert.equal(spellTemplate(parseTemplate(spelling)), spelling)
  }), fuzz)
  fc.assert(fc.property(anyText, text => { readPage(text) }), fuzz)
})

await t.test('user and password of REDIS_URL arrive as they were meant, and no error shows them', async () => {
  const secret = fc.string({ unit: 'grapheme', minLength: 8, maxLength: 24 }).filter(text => text.isWellFormed())
  const host = fc.constantFrom('localhost', '10.0.0.1', '[::1]', 'redis.example')
  fc.assert(fc.property(secret, fc.integer({ min: 1, max: 65_535 }), fc.nat(15), host, fc.boolean(), (password, port, db, host, isEncoded) => {
    const written = isEncoded ? encodeURIComponent(password) : password
    const address = read(() => parseAddress(`redis://:${written}@${host}:${port}/${db}`))
    // Unescaped, only a % may mean something else; a line break is in no URL.
    if (!isEncoded && /[%\n\r\u2028\u2029]/.test(password)) return
    assert.deepEqual(address, { kind: 'server', options: { host: host.replace(/[[\]]/g, ''), port, db, password } })
  }), fuzz)
  fc.assert(fc.property(secret, fc.constantFrom('redis', 'rediss', 'redis+cluster', 'http', ''), anyText, (password, scheme, rest) => {
    try {
      parseAddress(`${scheme}://:${password}@${rest}`)
    } catch (error) {
      assert.ok(error instanceof SluiceError && error.code === 'CONFIG_INVALID')
      assert.ok(!String(error).includes(password))
    }
  }), fuzz)
  for (const port of ['0', '65536', '99999', '1e3', '-1']) assert.equal(read(() => parseAddress(`redis://localhost:${port}`)), undefined, port)
})

await t.test('a webhook is signed by a secret, or by none', async () => {
  const secrets = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 3 })
  fc.assert(fc.property(fc.uint8Array(), secrets, anyText, fc.nat(), (bytes, secrets, other, index) => {
    const body = Buffer.from(bytes)
    const secret = secrets[index % secrets.length] ?? ''
    const hex = createHmac('sha256', secret).update(body).digest('hex')
    assert.equal(findSigner(body, `sha256=${hex}`, secrets), secret)
    assert.equal(findSigner(body, `sha256=${hex.toUpperCase()}`, secrets), secret)
    for (const header of [other, undefined, `sha256=${hex}0`, `sha1=${hex}`, `sha256=${hex.slice(2)}`]) {
      assert.equal(findSigner(body, header, secrets), null)
    }
  }), fuzz)
})

await t.test('a path keeps its parts, whatever its slashes, and an empty one never makes it another path', async () => {
  const part = fc.oneof(fc.constant(''), fc.constantFrom('retry', 'acknowledge', 'find'), fc.stringMatching(/^[A-Za-z0-9%._~-]{1,8}$/))
  const slashes = fc.constantFrom('/', '//', '///')
  fc.assert(fc.property(slashes, slashes, slashes, fc.array(part, { minLength: 1, maxLength: 3 }), fc.boolean(), (a, b, c, parts, hasQuery) => {
    const [resource, ...rest] = ['failures', ...parts]
    const clean = cleanUrl({ url: `${a}api${b}v1${c}${[resource, ...rest].join('/')}${hasQuery ? '?x=//' : ''}` })
    const expected = `/api/v1/${[resource, ...rest].join('/')}`
    // One slash at the end is left out.
    assert.equal(clean, `${expected.endsWith('/') && !expected.endsWith('//') ? expected.slice(0, -1) : expected}${hasQuery ? '?x=//' : ''}`)
  }), fuzz)
  fc.assert(fc.property(anyText, text => {
    const url = `/${text}`
    matchEdge(url)
    isGraphPath(url)
    assert.equal(typeof cleanUrl({ url }), 'string')
    assert.match(prefixOf({ headers: { 'x-forwarded-prefix': text } }), /^(\/[A-Za-z0-9._~-]+)*$/)
  }), fuzz)
  const edge = fc.constantFrom('messages', 'marketing_messages')
  fc.assert(fc.property(sender, edge, fc.array(fc.stringMatching(/^[a-z]{1,5}$/)), (sender, edge, prefix) => {
    if (/^v\d+(\.\d+)?$/.test(sender)) return
    const path = `${['', ...prefix].join('/')}/v25.0/${sender}/${edge}`
    if (/^\/(admin|docs|health|metrics|webhooks|console)\//.test(path)) return
    assert.deepEqual(matchEdge(path), { sender, edge })
  }), fuzz)
})

await t.test('keys of Redis and replies of INFO are read for any text', async () => {
  fc.assert(fc.property(sender, fc.constantFrom('backlog', 'failures'), anyText, (sender, name, text) => {
    const key = parseKey('wa', senderKey('wa', sender, name))
    assert.deepEqual([key.sender, key.name], [sender, name])
    parseKey('wa', text)
    parseInfo(text)
  }), fuzz)
})

await t.test('a cursor is one of a page before, or refused', async () => {
  const sets = fc.constantFrom('retries', 'failures', 'begun', 'failed', 'resolved')
  const cursor = fc.tuple(sets, fc.integer(), fc.string(), fc.integer()).map(parts => Buffer.from(JSON.stringify(parts)).toString('base64url'))
  fc.assert(fc.property(cursor, text => findProblem('failures-cursor', text) === null), fuzz)
  const junk = fc.oneof(anyText, fc.jsonValue().map(value => Buffer.from(JSON.stringify(value)).toString('base64url')))
  fc.assert(fc.property(junk, text => findProblem('failures-cursor', text)?.code === 'INVALID_REQUEST'), fuzz)
  fc.assert(fc.property(fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 67n }).map(String), anyText), text => {
    const isScan = /^\d{1,20}$/.test(text) && BigInt(text) < 2n ** 64n
    return (findProblem('opt-outs-cursor', text) === null) === isScan
  }), fuzz)
})

await t.test('Prefer asks for an asynchronous response by this word alone', async () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}(=[a-z0-9]{1,8})?$/).filter(text => text !== 'respond-async')
  const others = fc.array(word, { maxLength: 4 })
  fc.assert(fc.property(others, others, fc.constantFrom('respond-async', 'Respond-Async', 'RESPOND-ASYNC'), fc.constantFrom(',', ', ', ';'),
    (before, after, wanted, between) => {
      assert.equal(prefersAsync([...before, wanted, ...after].join(between)), true)
      assert.equal(prefersAsync([...before, ...after].join(between)), false)
      assert.equal(prefersAsync([...before, `${wanted}x`, `x-${wanted}`, `${wanted}=1`, ...after].join(between)), false)
    }), fuzz)
  assert.equal(prefersAsync(undefined), false)
})
