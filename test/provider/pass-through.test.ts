import t from 'tap'
import { closedPort, connectTo, grantFor, json, latch, sender, startApi, token } from './cloud-api.js'

const read = JSON.stringify({ messaging_product: 'whatsapp', status: 'read', message_id: 'wamid.A' })

await t.test('a request that is not a message is forwarded with our token, and Meta\'s response is returned', async t => {
  const api = await startApi(t, res => json(res, 200, { success: true }))
  const provider = connectTo(t, api.url)
  t.strictSame(await provider.pass('messages', read), { status: 'responded', httpStatus: 200, body: '{"success":true}' })
  t.match(api.seen, [{ url: `/v25.0/${sender}/messages`, headers: { authorization: `Bearer ${token}` }, body: JSON.parse(read) }])
})

await t.test('an error response is returned too, except for our token where it is quoted', async t => {
  const api = await startApi(t, res => json(res, 401, { error: { message: `Malformed access token ${token}`, code: 190 } }))
  t.strictSame(await connectTo(t, api.url).pass('messages', read),
    { status: 'responded', httpStatus: 401, body: '{"error":{"message":"Malformed access token [hidden]","code":190}}' })
})

await t.test('a response that is not JSON and a transport error become a code', async t => {
  const api = await startApi(t, res => res.writeHead(502, { 'content-type': 'text/html' }).end('<html>'))
  t.strictSame(await connectTo(t, api.url).pass('messages', read), { status: 'failed', code: 'HTTP_502' })
  const port = await closedPort()
  t.strictSame(await connectTo(t, `http://127.0.0.1:${port}/v25.0`).pass('messages', read), { status: 'failed', code: 'CONNECT_REFUSED' })
  const silent = await startApi(t, () => {})
  t.strictSame(await connectTo(t, silent.url, { sendTimeoutMs: 200 }).pass('messages', read), { status: 'failed', code: 'HEADERS_TIMEOUT' })
})

await t.test('forwarded requests that hang take no connection from a message', async t => {
  const end = latch()
  const api = await startApi(t, (res, { body }) => {
    if (body['status'] === undefined) json(res, 200, { messages: [{ id: 'wamid.B' }] })
    else end.opened.then(() => res.destroy()).catch(t.threw)
  })
  const provider = connectTo(t, api.url, { connections: 1 })
  const hanging = Array.from({ length: 20 }, async () => await provider.pass('messages', read))
  t.match(await provider.send(grantFor()), { status: 'sent' }, 'while none of them has ended')
  end.open()
  t.ok((await Promise.all(hanging)).every(({ status }) => status === 'failed'))
})

await t.test('closing waits for requests in flight and forwards no others', async t => {
  const received = latch()
  const release = latch()
  const api = await startApi(t, res => {
    received.open()
    release.opened.then(() => json(res, 200, { success: true })).catch(t.threw)
  })
  const provider = connectTo(t, api.url)
  const passing = provider.pass('messages', read)
  await received.opened
  const closed = provider.close()
  t.strictSame(await provider.pass('messages', read), { status: 'failed', code: 'SHUTTING_DOWN' })
  release.open()
  t.match(await passing, { status: 'responded' })
  await closed
})

await t.test('a message posted for /marketing_messages is sent there', async t => {
  const api = await startApi(t, res => json(res, 200, { messages: [{ id: 'wamid.C' }] }))
  const grant = grantFor({ edge: 'marketing_messages', message: { type: 'template', template: {} } })
  t.match(await connectTo(t, api.url).send(grant), { status: 'sent' })
  t.equal(api.seen[0]?.url, `/v25.0/${sender}/marketing_messages`)
})
