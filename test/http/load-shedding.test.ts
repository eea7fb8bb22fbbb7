/**
 * A node that rejects every request, and callers that retry at once. The work of one tick of its event loop is bounded: within a tick nothing
 * of Redis is read and no timer runs.
 */
import { Worker } from 'node:worker_threads'
import Fastify from 'fastify'
import t from 'tap'
import { handleErrors, sendProblem } from '../../src/http/problem.js'
import { shedLoad } from '../../src/http/load-shedding.js'
import { createBus } from '../../src/events.js'
import { until } from '../support/until.js'

/** More sockets than libuv polls at once, so that it would poll again within the tick. */
const CALLERS = 1500

const callers = `
  const { connect } = require('node:net')
  const { parentPort, workerData } = require('node:worker_threads')
  const ask = 'GET /api/v1/stats HTTP/1.1\\r\\nhost: gateway\\r\\n\\r\\n'
  let connected = 0
  const sockets = []
  for (let i = 0; i < ${CALLERS}; i++) {
    const socket = connect(workerData, '127.0.0.1', () => { if (++connected === ${CALLERS}) parentPort.postMessage('all') })
    socket.on('error', () => undefined)
    socket.on('data', () => socket.write(ask))
    sockets.push(socket)
  }
  parentPort.on('message', () => sockets.forEach(socket => socket.write(ask)))`

await t.test('a tick handles each caller a few times at most, however fast callers retry', async t => {
  const app = Fastify()
  handleErrors(app, createBus(), sendProblem)
  let inTick = 0
  let decided = 0
  let mostDecided = 0
  let most = 0
  let total = 0
  app.addHook('onRequest', (_request, _reply, done) => {
    if (inTick++ === 0) setImmediate(() => { inTick = decided = 0 })
    total++
    most = Math.max(most, inTick)
    done()
  })
  shedLoad(app, () => {
    mostDecided = Math.max(mostDecided, ++decided)
    return 1000
  })
  app.get('/api/v1/stats', async () => 'never')
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const worker = new Worker(callers, { eval: true, workerData: port })
  t.teardown(async () => {
    await worker.terminate()
    app.server.closeAllConnections()
    await app.close()
  })
  await new Promise(resolve => worker.once('message', resolve))
  worker.postMessage('ask')
  await until('callers have retried several times', () => total > 5 * CALLERS, 60_000)
  t.ok(most <= 2 * CALLERS, `at most ${most} arrived in one tick`)
  t.ok(mostDecided <= 600, `at most ${mostDecided} were decided on in one tick`)
})
