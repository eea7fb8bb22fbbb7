/** Graceful shutdown: a node completes the requests it has begun and rejects new ones. */
import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { keys } from '../support/gateway.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)

await t.test('a node that shuts down completes open requests, and responds 503 to new ones on an open connection', async t => {
  const node = await environment.start(t, { SHUTDOWN_GRACE_MS: '20000' })
  const slow = node.send('+15557010010')
  await environment.arrivals('+15557010010', 1)

  // Half a request, so that the connection is not idle when the shutdown begins.
  const socket = connect(Number(new URL(node.origin).port), '127.0.0.1')
  let response = ''
  socket.on('data', data => { response += String(data) })
  await once(socket, 'connect')
  socket.write('POST /api/v1/messages HTTP/1.1\r\nhost: gateway\r\n')
  await until('the node has the first half', async () => await connections(node.gateway.app.server) >= 2)
  const closedAt = performance.now()
  const closed = node.close()
  const body = '{"to":"+15550005001","message":"too late"}'
  socket.write(`authorization: Bearer ${keys.app}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
  await once(socket, 'close')
  t.match(response, /^HTTP\/1\.1 503 /)
  t.match(response, /retry-after: 1\r\n/i)
  t.match(response, /content-type: application\/problem\+json/i)
  t.match(response, '"code":"SHUTTING_DOWN"')

  t.match(await slow, { status: 200, body: { status: 'sent' } }, 'the open request is completed')
  await closed
  const tookMs = performance.now() - closedAt
  t.ok(tookMs < 10_000, `it ends with the last response, although callers keep their connections open (${Math.round(tookMs)} ms)`)
  t.equal((await environment.arrivals('+15550005001')).length, 0)
})

await t.test('a node that shuts down completes its sends, and another node continues', async t => {
  const one = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '300' })
  const two = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '300' }, { prefix: one.prefix })
  for (const text of ['1', '2', '3', '4']) await one.send('+15550005002', text)
  await one.close()
  t.same((await environment.arrivals('+15550005002', 4)).map(arrival => arrival.body?.text?.body), ['1', '2', '3', '4'])
  t.same([...one.seen('attempt.stale'), ...two.seen('attempt.stale'), ...two.seen('recovery.found')], [], 'recovery had nothing to do')
})

async function connections (server: { getConnections: (callback: (error: Error | null, count: number) => void) => void }): Promise<number> {
  return await new Promise((resolve, reject) => server.getConnections((error, count) => error === null ? resolve(count) : reject(error)))
}
