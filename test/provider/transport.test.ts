/** Transport errors: before the start nothing was sent, after it the outcome is unknown. */
import t from 'tap'
import type { Socket } from 'node:net'
import { accepted, blockFor, closedPort, connectTo, grantFor, json, startApi, startResponder, startTcp } from './cloud-api.js'

const local = (port: number, protocol = 'http'): string => `${protocol}://127.0.0.1:${port}/v25.0`
const unsent = (code: string): object => ({ status: 'unsent', code, error: String, startedAfterMs: null, durationMs: 0 })
const unknown = (code: string): object => ({ status: 'unknown', code, error: String, startedAfterMs: Number, durationMs: Number })

/** Far below undici's own timeouts, and far above the delays of a busy machine. */
const IN_TIME_MS = 10_000

/** A connection handler that runs `then` when the first bytes of the request arrive. */
const onRequest = (then: (socket: Socket) => void) => (socket: Socket) => { socket.once('data', () => then(socket)) }

await t.test('before the start', async t => {
  await t.test('a refused connection', async t => {
    const port = await closedPort()
    t.match(await connectTo(t, local(port)).send(grantFor()), unsent('CONNECT_REFUSED'))
  })

  await t.test('a name that does not exist', async t => {
    t.match(await connectTo(t, 'http://graph.invalid/v25.0').send(grantFor()), unsent('DNS_FAILED'))
  })

  await t.test('a server without TLS', async t => {
    const { port } = await startTcp(t, onRequest(socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')))
    t.match(await connectTo(t, local(port, 'https')).send(grantFor()), unsent('TLS_FAILED'))
  })

  await t.test('a connection that breaks in the middle of the handshake', async t => {
    const { port } = await startTcp(t, onRequest(socket => socket.destroy()))
    t.match(await connectTo(t, local(port, 'https')).send(grantFor()), unsent('CONNECT_FAILED'))
  })

  await t.test('a handshake that never ends, also as the code of a later grant that gets no connection', async t => {
    const { port } = await startTcp(t, () => {})
    const provider = connectTo(t, local(port, 'https'), { sendTimeoutMs: 200 })
    t.match(await provider.send(grantFor({ withinMs: 60 })), unsent('NOT_STARTED'))
    t.match(await provider.send(grantFor()), unsent('CONNECT_TIMEOUT'))
    t.match(await provider.send(grantFor({ withinMs: 60 })), { ...unsent('CONNECT_TIMEOUT'), error: /Not started/ })
  })
})

await t.test('after the start', async t => {
  const cases: Array<[name: string, code: string, then: (socket: Socket) => void]> = [
    ['a connection reset before the response', 'RESET', socket => socket.resetAndDestroy()],
    ['a connection closed before the response', 'RESET', socket => socket.end()],
    ['a connection closed in the middle of the headers', 'RESET', socket => socket.end('HTTP/1.1 200 OK\r\ncontent-le')],
    ['a connection closed in the middle of the body', 'RESET', socket => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"mess')],
    ['a connection reset in the middle of an error response', 'RESET', socket => {
      socket.write('HTTP/1.1 400 No\r\ncontent-length: 99\r\n\r\n{"err', () => socket.resetAndDestroy())
    }],
    ['a response that is not HTTP', 'INVALID_RESPONSE', socket => socket.end('hello\r\n\r\n')],
    ['headers without end', 'INVALID_RESPONSE', socket => socket.write(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(20_000)}`)],
    ['a body with a malformed chunk', 'INVALID_RESPONSE', socket => socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n')],
    ['a 200 with an invalid body', 'INVALID_RESPONSE', socket => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\njunk')],
    ['a 502 with HTML', 'HTTP_502', socket => socket.end('HTTP/1.1 502 Bad\r\ncontent-type: text/html\r\ncontent-length: 9\r\n\r\n<h1>b</h1')]
  ]
  for (const [name, code, then] of cases) {
    await t.test(name, async t => {
      const { port } = await startTcp(t, onRequest(then))
      t.match(await connectTo(t, local(port)).send(grantFor()), unknown(code))
    })
  }

  await t.test('no response, within the timeout of the whole request', async t => {
    const { port } = await startTcp(t, onRequest(() => {}))
    const outcome = await connectTo(t, local(port), { sendTimeoutMs: 150 }).send(grantFor())
    t.match(outcome, unknown('HEADERS_TIMEOUT'))
    t.ok(outcome.durationMs >= 149 && outcome.durationMs < IN_TIME_MS, `${outcome.durationMs} ms`)
  })

  await t.test('a body that never ends, within the timeout of the whole request', async t => {
    const api = await startApi(t, res => {
      res.writeHead(200)
      const drip = setInterval(() => res.write(' '), 20)
      res.on('close', () => clearInterval(drip))
    })
    const outcome = await connectTo(t, api.url, { sendTimeoutMs: 150 }).send(grantFor())
    t.match(outcome, unknown('BODY_TIMEOUT'))
    t.ok(outcome.durationMs >= 149 && outcome.durationMs < IN_TIME_MS, `${outcome.durationMs} ms`)
  })

  await t.test('a response that arrived in time while the process was blocked', async t => {
    const provider = connectTo(t, local(await startResponder(t)), { sendTimeoutMs: 200, connections: 1 })
    t.match(await provider.send(grantFor()), { status: 'sent' }, 'with a connection to make')
    t.match(await provider.send(grantFor(), () => setImmediate(blockFor, 1500)), { status: 'sent' }, 'blocked for longer than the timeout')
  })

  await t.test('a body of more than a megabyte is not read to its end', async t => {
    let written = 0
    const api = await startApi(t, res => {
      const pour = (): void => {
        while (!res.destroyed && written < 50_000_000 && res.write(Buffer.alloc(65_536, ' '))) written += 65_536
        if (written >= 50_000_000) res.end()
      }
      res.writeHead(200).on('drain', pour)
      pour()
    })
    t.match(await connectTo(t, api.url).send(grantFor()), unknown('RESPONSE_TOO_LARGE'))
    t.ok(written < 20_000_000, `${written} bytes`)
  })
})

await t.test('a connection that the server closed while idle is not reused', async t => {
  const api = await startApi(t, res => json(res, 200, accepted))
  const provider = connectTo(t, api.url, { connections: 1 })
  t.match(await provider.send(grantFor()), { status: 'sent' })
  for (const socket of api.sockets) await new Promise<void>(resolve => socket.once('close', () => resolve()).end())
  t.match(await provider.send(grantFor()), { status: 'sent' })
  t.equal(api.sockets.size, 2)
})
