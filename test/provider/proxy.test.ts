/** Requests through a real proxy with CONNECT. The API has a name that only the proxy resolves. */
import t from 'tap'
import { createEndpoint } from '../../src/callbacks/post.js'
import { accepted, closedPort, connectTo, grantFor, json, startApi, startTcp, token } from './cloud-api.js'
import { startProxy } from './connect-proxy.js'

const through = (url: string, noProxy = '') => ({ httpProxy: url, httpsProxy: '', noProxy })

await t.test('messages and forwarded requests reach an API that only the proxy reaches, and connections are reused', async t => {
  const api = await startApi(t, res => json(res, 200, accepted))
  const proxy = await startProxy(t)
  const proxies = through(proxy.url.replace('//', '//us%40er:p%3Aw@'))
  const provider = connectTo(t, `http://graph.test:${api.port}/v25.0`, { proxies, connections: 1 })
  for (let round = 0; round < 3; round++) t.match(await provider.send(grantFor()), { status: 'sent', startedAfterMs: Number })
  t.match(await provider.pass('messages', '{"status":"read"}'), { status: 'responded' })
  t.equal(api.seen.length, 4)
  t.match(api.seen, [{ headers: { host: `graph.test:${api.port}`, authorization: `Bearer ${token}` } }])
  t.equal(proxy.connects.length, 2, 'one for messages and one for forwarded requests')
  const credentials = `Basic ${Buffer.from('us@er:p:w').toString('base64')}`
  t.match(proxy.connects, [{ url: `graph.test:${api.port}`, headers: { 'proxy-authorization': credentials } }])
  t.notMatch(JSON.stringify(proxy.connects.map(({ headers }) => headers)), token, 'the proxy does not see the token')
})

await t.test('TLS is spoken with the API, through the tunnel', async t => {
  let hello: Buffer | undefined
  const { port } = await startTcp(t, socket => socket.once('data', data => {
    hello = data
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
  }))
  const proxy = await startProxy(t)
  const proxies = { httpProxy: '', httpsProxy: proxy.url, noProxy: '' }
  t.match(await connectTo(t, `https://graph.test:${port}/v25.0`, { proxies }).send(grantFor()), { status: 'unsent', code: 'TLS_FAILED' })
  t.equal(hello?.[0], 0x16, 'a TLS handshake')
  t.ok(hello?.includes('graph.test'), 'with the name of the API')
})

await t.test('hosts of NO_PROXY and this machine are reached directly', async t => {
  const api = await startApi(t, res => json(res, 200, accepted))
  const proxy = await startProxy(t)
  t.match(await connectTo(t, api.url, { proxies: through(proxy.url) }).send(grantFor()), { status: 'sent' })
  for (const noProxy of ['graph.invalid', '.invalid', '*']) {
    const outcome = await connectTo(t, 'http://graph.invalid/v25.0', { proxies: through(proxy.url, noProxy) }).send(grantFor())
    t.match(outcome, { status: 'unsent', code: 'DNS_FAILED' }, noProxy)
  }
  t.strictSame(proxy.connects, [])
})

await t.test('a proxy that refuses, is away or does not respond sends nothing, and no message uses up an attempt', async t => {
  const send = async (url: string) =>
    await connectTo(t, 'http://graph.test/v25.0', { proxies: through(url), sendTimeoutMs: 1500 }).send(grantFor())
  for (const status of [403, 407, 502]) {
    const outcome = await send((await startProxy(t, status)).url)
    t.match(outcome, { status: 'unsent', code: 'PROXY_REFUSED', error: new RegExp(`Refused by the proxy: .*${status}`), startedAfterMs: null })
  }
  t.match(await send(`http://127.0.0.1:${await closedPort()}`), { status: 'unsent', code: 'CONNECT_REFUSED' })
  t.match(await send((await startProxy(t, 0)).url), { status: 'unsent' })
})

await t.test('callbacks use the proxy too', async t => {
  const api = await startApi(t, res => res.writeHead(204).end())
  const proxy = await startProxy(t)
  const endpoint = createEndpoint(`http://receiver.test:${api.port}/hook?a=1`, { withinMs: 5000, connections: 2, proxies: through(proxy.url) })
  t.teardown(endpoint.close)
  t.match(await endpoint.post({ 'webhook-id': 'a' }, '{}'), { status: 'accepted' })
  t.match(api.seen, [{ url: '/hook?a=1', headers: { 'webhook-id': 'a', host: `receiver.test:${api.port}` } }])
  t.equal(proxy.connects.length, 1)
})
