/** Connections that drip, say nothing, or say too much: each is cut off in bounded time, while others are served. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { errors } from '../../src/errors.js'
import { connectionLimits } from '../../src/http/limits.js'
import { createGround } from '../support/flow.js'
import { keys, type Node } from '../support/gateway.js'
import { pass } from '../support/until.js'

const ground = await createGround(t)
/** Limits of a test that need not wait as long as a real caller may. */
const SHORT_MS = 700
const MOST_MS = SHORT_MS + connectionLimits.checkEveryMs + 1500

await t.test('the limits in force are those that are written down', async t => {
  const { server } = (await ground.start(t)).gateway.app
  t.match(server, {
    headersTimeout: connectionLimits.headersTimeoutMs,
    requestTimeout: connectionLimits.requestTimeoutMs,
    timeout: connectionLimits.silenceMs,
    keepAliveTimeout: connectionLimits.keepAliveMs,
    maxConnections: connectionLimits.connections
  })
  t.ok(connectionLimits.headersTimeoutMs < connectionLimits.requestTimeoutMs && connectionLimits.requestTimeoutMs <= 60_000)
})

await t.test('fifty connections that drip, stall or keep silent are cut off, and a caller among them is served at once', async t => {
  const node = await ground.start(t)
  Object.assign(node.gateway.app.server, { headersTimeout: SHORT_MS, requestTimeout: SHORT_MS })
  const head = `POST /api/v1/messages HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer ${keys.app}\r\n`
  const kinds: Record<string, [start: string, drop: string]> = {
    'drips its head': [head, 'x-a: b\r\n'],
    'drips its body': [`${head}content-type: application/json\r\ncontent-length: 100000\r\n\r\n`, ' '],
    'drips chunks': [`${head}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`, '1\r\n \r\n'],
    'stalls in its head': [head, ''],
    'says nothing': ['', '']
  }
  const slow = Object.entries(kinds).flatMap(([kind, [start, drop]]) => Array.from({ length: 10 }, async () => ({ kind, ...await drip(node, start, drop) })))
  const served: number[] = []
  for (let i = 0; i < 10; i++) {
    const began = performance.now()
    t.match(await node.send(`+1555000600${i}`), { status: 200 })
    served.push(performance.now() - began)
    await pass(100)
  }
  // One that came while this very machine stood still says nothing of them.
  const median = served.toSorted((a, b) => a - b)[5] ?? Infinity
  t.ok(median < 500, `others are served: ${served.map(Math.round).join(', ')} ms`)
  for (const { kind, answer, afterMs } of await Promise.all(slow)) {
    t.ok(afterMs < MOST_MS, `what ${kind} is cut off (${Math.round(afterMs)} ms)`)
    t.match(answer, /^HTTP\/1\.1 408 .*connection: close.*"code":"TOO_SLOW"/s)
  }
})

await t.test('what is no HTTP, or has too large a head, gets a problem document and is cut off', async t => {
  const node = await ground.start(t)
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
    const { answer, afterMs } = await drip(node, text, '')
    const [head = '', body = '{}'] = answer.split('\r\n\r\n')
    t.match(head, new RegExp(`^HTTP/1\\.1 ${errors[code][0]} .*content-type: application/problem\\+json`, 's'), JSON.stringify(text.slice(0, 60)))
    t.match(JSON.parse(body === '' ? '{}' : body), { code, status: errors[code][0] })
    t.ok(afterMs < connectionLimits.headersTimeoutMs / 2, 'at once')
  }
})

/** Writes `start`, then a drop every 50 ms until the other side has had enough; what it said, and when it ended. */
async function drip (node: Node, start: string, drop: string): Promise<{ answer: string, afterMs: number }> {
  const began = performance.now()
  const socket: Socket = connect(Number(new URL(node.origin).port), '127.0.0.1')
  let answer = ''
  socket.on('data', data => { answer += String(data) })
  socket.on('error', () => {})
  await once(socket, 'connect')
  if (start !== '') socket.write(start)
  const timer = drop === '' ? undefined : setInterval(() => socket.write(drop), 50)
  await once(socket, 'close')
  clearInterval(timer)
  return { answer, afterMs: performance.now() - began }
}
