/** One attempt to deliver a callback, over real connections. */
import t from 'tap'
import { createEndpoint } from '../../src/callbacks/post.js'
import { blockFor, startResponder, startTcp } from '../provider/cloud-api.js'

function connectTo (port: number, withinMs: number) {
  const endpoint = createEndpoint(`http://127.0.0.1:${port}/hook`, { withinMs, connections: 1 })
  t.teardown(endpoint.close)
  return endpoint
}

await t.test('a response that arrived in time while the process was blocked counts', async t => {
  const { post } = connectTo(await startResponder(t), 1000)
  t.match(await post({}, '{}'), { status: 'accepted' }, 'with a connection to make')
  const posted = post({}, '{}')
  setImmediate(() => setImmediate(blockFor, 2500))
  t.match(await posted, { status: 'accepted' }, 'blocked for longer than the timeout')
})

await t.test('a receiver that does not respond has no more time than the timeout', async t => {
  const { port } = await startTcp(t, () => {})
  t.match(await connectTo(port, 100).post({}, '{}'), { status: 'failed', code: 'TIMEOUT', durationMs: Number })
})

await t.test('the status counts where the body does not end, and the slot is free after the timeout', async t => {
  const { port } = await startTcp(t, socket => socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nthank')))
  const posted = await connectTo(port, 100).post({}, '{}')
  t.match(posted, { status: 'accepted' })
})
