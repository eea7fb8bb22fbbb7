/** Slow, silent and oversized connections: each is closed in bounded time, while others are served. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { errors } from '../../src/error-codes.js'
import { connectionLimits } from '../../src/http/limits.js'
import { createTestEnvironment } from '../support/flow.js'
import { keys, type Node } from '../support/gateway.js'
import { pass } from '../support/until.js'

const environment = await createTestEnvironment(t)
/** Shorter than in production, so that the test does not wait as long. */
const SHORT_MS = 700
const MOST_MS = SHORT_MS + connectionLimits.checkEveryMs + 1500

await t.test('the server has the limits of connectionLimits', async t => {
  const { server } = (await environment.start(t)).gateway.app
  t.match(server, {
    headersTimeout: connectionLimits.headersTimeoutMs,
    requestTimeout: connectionLimits.requestTimeoutMs,
    timeout: connectionLimits.silenceMs,
    keepAliveTimeout: connectionLimits.keepAliveMs,
    maxConnections: connectionLimits.connections
  })
  t.ok(connectionLimits.headersTimeoutMs < connectionLimits.requestTimeoutMs && connectionLimits.requestTimeoutMs <= 60_000)
})

await t.test('fifty slow or silent connections are closed, and a caller among them is served at once', async t => {
  const node = await environment.start(t)
  Object.assign(node.gateway.app.server, { headersTimeout: SHORT_MS, requestTimeout: SHORT_MS })
  const head = `POST /api/v1/messages HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer ${keys.app}\r\n`
  const kinds: Record<string, [start: string, drop: string]> = {
    'sends headers byte by byte': [head, 'x-a: b\r\n'],
    'sends its body byte by byte': [`${head}content-type: application/json\r\ncontent-length: 100000\r\n\r\n`, ' '],
    'sends chunks of one byte': [`${head}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`, '1\r\n \r\n'],
    'stops in its headers': [head, ''],
    'sends nothing': ['', '']
  }
  const slow = Object.entries(kinds).flatMap(([kind, [start, drop]]) =>
    Array.from({ length: 10 }, async () => ({ kind, ...(await drip(node, start, drop)) }))
  )
  const served: number[] = []
  for (let i = 0; i < 10; i++) {
    const began = performance.now()
    t.match(await node.send(`+1555000600${i}`), { status: 200 })
    served.push(performance.now() - began)
    await pass(100)
  }
  // The median, because a pause of the machine can delay a single one.
  const median = served.toSorted((a, b) => a - b)[5] ?? Infinity
  t.ok(median < 500, `others are served: ${served.map(Math.round).join(', ')} ms`)
  for (const { kind, response, afterMs } of await Promise.all(slow)) {
    t.ok(afterMs < MOST_MS, `a connection that ${kind} is closed (${Math.round(afterMs)} ms)`)
    t.match(response, /^HTTP\/1\.1 408 .*connection: close.*"code":"TOO_SLOW"/s)
  }
})

await t.test('malformed HTTP and oversized headers get a problem document, and the connection is closed', async t => {
  const node = await environment.start(t)
  const line = 'GET /api/v1/stats HTTP/1.1\r\nhost: gateway\r\n'
  const cases: Array<[text: string, code: keyof typeof errors]> = [
    ['nonsense\r\n\r\n', 'INVALID_REQUEST'],
    ['GET /\x00 HTTP/1.1\r\n\r\n', 'INVALID_REQUEST'],
    [`${line}bad header\r\n\r\n`, 'INVALID_REQUEST'],
    [`${line}x: \x00\r\n\r\n`, 'INVALID_REQUEST'],
    [`${line}content-length: 5\r\ncontent-length: 6\r\n\r\n`, 'INVALID_REQUEST'],
    [`${line}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`, 'INVALID_REQUEST'],
    [`${line}x: ${'y'.repeat(connectionLimits.headBytes)}\r\n\r\n`, 'HEADERS_TOO_LARGE'],
    [`GET /${'y'.repeat(connectionLimits.headBytes)} HTTP/1.1\r\n\r\n`, 'HEADERS_TOO_LARGE']
  ]
  for (const [text, code] of cases) {
    const { response, afterMs } = await drip(node, text, '')
    const [head = '', body = '{}'] = response.split('\r\n\r\n')
    t.match(head, new RegExp(`^HTTP/1\\.1 ${errors[code].status} .*content-type: application/problem\\+json`, 's'), JSON.stringify(text.slice(0, 60)))
    t.match(JSON.parse(body === '' ? '{}' : body), { code, status: errors[code].status })
    t.ok(afterMs < connectionLimits.headersTimeoutMs / 2, 'at once')
  }
})

/** Writes `start`, then `drop` every 50 ms until the server closes the connection; returns the response and the time until then. */
async function drip (node: Node, start: string, drop: string): Promise<{ response: string, afterMs: number }> {
  const began = performance.now()
  const socket: Socket = connect(Number(new URL(node.origin).port), '127.0.0.1')
  let response = ''
  socket.on('data', data => { response += String(data) })
  socket.on('error', () => {})
  await once(socket, 'connect')
  if (start !== '') socket.write(start)
  const timer = drop === '' ? undefined : setInterval(() => socket.write(drop), 50)
  await once(socket, 'close')
  clearInterval(timer)
  return { response, afterMs: performance.now() - began }
}
