import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import t from 'tap'
import { createWhatsAppProvider } from '../../src/provider/whatsapp.js'
import { accepted, connectTo, grantFor, json, latch, sender, startApi, startTcp, token } from './cloud-api.js'

await t.test('a grant becomes one request to the messages edge of its sender', async t => {
  const api = await startApi(t, res => json(res, 200, accepted))
  t.match(await connectTo(t, api.url).send(grantFor()),
    { status: 'sent', providerMessageId: 'wamid.HBgLMTY1MDU1NTEyMzQ', recipientId: '16505551234' })
  t.match(api.seen, [{
    method: 'POST',
    url: `/v25.0/${sender}/messages`,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: { to: '+16505551234', text: { body: 'hi' }, biz_opaque_callback_data: 'k7Qp0d.1764000000000.2' }
  }])
})

await t.test('a URL may have a path before the version and slashes after it', async t => {
  const api = await startApi(t, res => json(res, 200, accepted))
  await connectTo(t, `http://127.0.0.1:${api.port}/gw/v26.0//`).send(grantFor())
  t.match(api.seen, [{ url: `/gw/v26.0/${sender}/messages` }])
})

await t.test('characters outside ASCII arrive unchanged', async t => {
  const api = await startApi(t, res => json(res, 200, accepted))
  await connectTo(t, api.url).send(grantFor({ message: 'naïve 😀 日本' }))
  t.match(api.seen, [{ body: { text: { body: 'naïve 😀 日本' } } }])
})

await t.test('a response in chunks, after an informational response, is read as one', async t => {
  const api = await startApi(t, res => {
    res.writeEarlyHints({ link: '</a>; rel=preload' })
    res.writeHead(200)
    for (const piece of JSON.stringify(accepted).match(/.{1,7}/g) ?? []) res.write(piece)
    res.end()
  })
  t.match(await connectTo(t, api.url).send(grantFor()), { status: 'sent', providerMessageId: 'wamid.HBgLMTY1MDU1NTEyMzQ' })
})

const text = JSON.stringify(accepted)
const compressed: Array<[what: string, coding: string, body: Buffer | string]> = [
  ['gzip', 'gzip', gzipSync(text)],
  ['gzip by its old name', 'X-GZip', gzipSync(text)],
  ['Brotli', 'br', brotliCompressSync(text)],
  ['deflate', 'deflate', deflateSync(text)],
  ['deflate without its header', 'deflate', deflateRawSync(text)],
  ['two codings', 'gzip, br', brotliCompressSync(gzipSync(text))],
  ['identity', 'identity', text],
  ['a byte order mark', 'identity', `\uFEFF${text}`],
  ['a compressed byte order mark', 'gzip', gzipSync(`\uFEFF${text}`)]
]

await t.test('a compressed response is read, although none was asked for', async t => {
  for (const [what, coding, body] of compressed) {
    const api = await startApi(t, res => res.writeHead(200, { 'content-encoding': coding }).end(body))
    t.match(await connectTo(t, api.url).send(grantFor()), { status: 'sent', providerMessageId: 'wamid.HBgLMTY1MDU1NTEyMzQ' }, what)
    t.match(api.seen, [{ headers: { 'accept-encoding': 'identity' } }], what)
    t.match(await connectTo(t, api.url).pass('messages', '{"status":"read"}'), { status: 'responded', body: text }, `${what}, forwarded`)
  }
})

await t.test('a compressed error is read, and one that cannot be decompressed is classified by its status', async t => {
  const refusal = gzipSync(JSON.stringify({ error: { code: 131026, message: 'm' } }))
  const bodies: Array<[number, Buffer]> = [
    [400, refusal], [400, refusal.subarray(0, 20)], [200, Buffer.from('no gzip')], [200, gzipSync(' '.repeat(2_000_000))]
  ]
  const api = await startApi(t, res => {
    const [status, body] = bodies[api.seen.length - 1] ?? [500, '']
    res.writeHead(status, { 'content-encoding': 'gzip' }).end(body)
  })
  const provider = connectTo(t, api.url)
  t.match(await provider.send(grantFor()), { status: 'rejected', code: '131026' })
  t.match(await provider.send(grantFor()), { status: 'rejected', code: 'HTTP_400' })
  t.match(await provider.send(grantFor()), { status: 'unknown', code: 'INVALID_RESPONSE' })
  t.match(await provider.send(grantFor()), { status: 'unknown', code: 'RESPONSE_TOO_LARGE' }, 'a small body that decompresses to two megabytes')
})

await t.test('connections are reused and never exceed the limit', async t => {
  const api = await startApi(t, res => json(res, 200, accepted))
  const provider = connectTo(t, api.url, { connections: 3 })
  for (let round = 0; round < 3; round++) {
    const outcomes = await Promise.all(Array.from({ length: 12 }, () => provider.send(grantFor())))
    t.ok(outcomes.every(outcome => outcome.status === 'sent'))
  }
  t.equal(api.seen.length, 36)
  t.equal(api.sockets.size, 3)
})

await t.test('an error response is read to its end, so that its connection is reused', async t => {
  const api = await startApi(t, res => json(res, 500, { error: { code: 131000, message: 'x'.repeat(100_000) } }))
  const provider = connectTo(t, api.url, { connections: 1 })
  for (let i = 0; i < 3; i++) {
    const outcome = await provider.send(grantFor())
    t.ok(outcome.status === 'retryable' && outcome.error.length === 500)
  }
  t.equal(api.sockets.size, 1)
})

await t.test('Retry-After of a real response sets the cool-down', async t => {
  const api = await startApi(t, res => json(res, 400, { error: { code: 131056, message: 'm' } }, { 'retry-after': '9' }))
  t.match(await connectTo(t, api.url).send(grantFor()), { status: 'limited', bucket: 'pair', coolDownMs: 9_000 })
})

await t.test('a redirect is not followed, so the token goes nowhere else', async t => {
  const elsewhere = await startApi(t, res => json(res, 200, accepted))
  const api = await startApi(t, res => res.writeHead(307, { location: elsewhere.url }).end())
  t.match(await connectTo(t, api.url).send(grantFor()), { status: 'sender-stopped', code: 'HTTP_307' })
  t.equal(elsewhere.seen.length, 0)
})

await t.test('no outcome contains the token or the recipient', async t => {
  const text = `Malformed access token ${token} for +16505551234 (16505551234), Authorization: Bearer ${token}`
  const bodies: unknown[] = [
    { error: { code: 190, message: text } }, { error: { code: 131026, message: 'm', error_data: { details: text } } },
    { error: { code: 100, message: 'm', error_data: text } }, { error: { message: text } }, text
  ]
  const api = await startApi(t, (res, seen) => json(res, 400, bodies[api.seen.length - 1]))
  const provider = connectTo(t, api.url)
  for (const body of bodies) {
    const outcome = JSON.stringify(await provider.send(grantFor()))
    t.notMatch(outcome, token, JSON.stringify(body))
    t.notMatch(outcome, '6505551234')
  }
  t.equal(api.seen.length, bodies.length)
  const broken = await startTcp(t, socket => socket.resetAndDestroy())
  t.notMatch(JSON.stringify(await connectTo(t, `http://127.0.0.1:${broken.port}`).send(grantFor())), token)
})

await t.test('a message that cannot be encoded as JSON is rejected and does not throw', async t => {
  const api = await startApi(t, res => json(res, 200, accepted))
  t.match(await connectTo(t, api.url).send(grantFor({ message: { n: 1n } })), { status: 'rejected', code: 'REQUEST_INVALID', startedAfterMs: null })
})

await t.test('closing waits for requests in flight, and no request starts after it', async t => {
  const busy = latch()
  const release = latch()
  const api = await startApi(t, res => {
    busy.open()
    release.opened.then(() => json(res, 200, accepted), t.threw)
  })
  const provider = connectTo(t, api.url, { connections: 1 })
  const sending = provider.send(grantFor())
  const waiting = provider.send(grantFor({ withinMs: 50 }))
  await busy.opened
  const closing = provider.close()
  t.match(await provider.send(grantFor()), { status: 'unsent', code: 'SHUTTING_DOWN' })
  t.match(await waiting, { status: 'unsent', code: 'NOT_STARTED' })
  release.open()
  t.match(await sending, { status: 'sent' })
  await closing
  await provider.close()
  t.equal(api.seen.length, 1)
})

await t.test('closing does not wait for a connection that never comes', async t => {
  const silent = await startTcp(t, () => {})
  const url = `https://127.0.0.1:${silent.port}`
  const provider = createWhatsAppProvider({ url, accessToken: token, phoneNumberId: sender, sendTimeoutMs: 60_000, connections: 1 })
  t.match(await provider.send(grantFor({ withinMs: 30 })), { status: 'unsent', code: 'NOT_STARTED' })
  const closing = performance.now()
  await provider.close()
  // A connect times out after ten seconds.
  t.ok(performance.now() - closing < 5000)
})

await t.test('invalid options are rejected, and the error does not contain the token', async t => {
  const good = { url: 'http://127.0.0.1:1/v25.0', accessToken: token, phoneNumberId: sender, sendTimeoutMs: 100, connections: 1 }
  for (const bad of [
    { url: 'graph.facebook.com' }, { url: 'ftp://a/' }, { url: 'https://a/v25.0?access_token=x' }, { url: 'https://u:p@a/' },
    { accessToken: '' }, { accessToken: `${token}\n` }
  ]) {
    t.throws(() => createWhatsAppProvider({ ...good, ...bad }), { code: 'CONFIG_INVALID', message: new RegExp(`^(?!.*${token})`) })
  }
})
