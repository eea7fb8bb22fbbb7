/**
 * Corking uses ioredis's `stream`, which its typings mark as internal (docs/decisions/0058-only-public-interfaces.md). A proxy in a thread
 * counts what arrives while this thread is still in the same tick.
 */
import { Worker } from 'node:worker_threads'
import { once } from 'node:events'
import type { Redis } from 'ioredis'
import t from 'tap'
import { createClient } from '../../src/redis/client.js'
import { corkWrites, flush } from '../../src/redis/end-of-tick.js'
import { startRedis, type Teardown } from '../support/redis.js'
import { until } from '../support/until.js'

const redis = await startRedis(t)

const PROXY = `
  const { connect, createServer } = require('node:net')
  const { parentPort, workerData: { port, arrived } } = require('node:worker_threads')
  const counter = new Int32Array(arrived)
  const proxy = createServer({ noDelay: true }, socket => {
    const server = connect(port, '127.0.0.1')
    socket.on('data', chunk => {
      Atomics.add(counter, 0, chunk.length)
      Atomics.notify(counter, 0)
    })
    socket.pipe(server).pipe(socket)
    for (const one of [socket, server]) one.on('error', () => { socket.destroy(); server.destroy() })
  }).listen(0, '127.0.0.1', () => parentPort.postMessage(proxy.address().port))
`

interface Counted {
  client: Redis
  /** Whether bytes of the client arrive before this tick ends. Blocks the thread until they do, or for `forMs`. */
  arrives: (forMs: number) => boolean
}

async function createCounted (t: Teardown): Promise<Counted> {
  const counter = new Int32Array(new SharedArrayBuffer(4))
  const proxy = new Worker(PROXY, { eval: true, workerData: { port: redis.port, arrived: counter.buffer } })
  const [port] = await once(proxy, 'message') as [number]
  const client = createClient({ kind: 'server', options: { host: '127.0.0.1', port } }, 'fail-fast') as Redis
  t.teardown(async () => {
    client.disconnect()
    await proxy.terminate()
  })
  await until('it is connected', async () => client.status === 'ready')
  let seen = Atomics.load(counter, 0)
  const arrives = (forMs: number): boolean => {
    Atomics.wait(counter, 0, seen, forMs)
    const before = seen
    seen = Atomics.load(counter, 0)
    return seen > before
  }
  return { client, arrives }
}

await t.test('commands of one tick are written at its end, and flush writes them at once', async t => {
  const { client, arrives } = await createCounted(t)
  const plain = client.echo('x')
  t.ok(arrives(10_000), 'without a cork a command arrives at once')

  const replies = ['a', 'b', 'c'].map(async text => {
    corkWrites(client)
    return await client.echo(text)
  })
  t.notOk(arrives(100), 'corked commands wait')
  t.strictSame(await Promise.all([plain, ...replies]), ['x', 'a', 'b', 'c'])
  arrives(0)

  corkWrites(client)
  const flushed = client.echo('d')
  flush(client)
  t.ok(arrives(10_000), 'flushed commands arrive within the tick')
  t.equal(await flushed, 'd')
})

await t.test('a client without a connection has nothing to cork', async t => {
  const client = createClient({ kind: 'server', options: { host: '127.0.0.1', port: 1 } }, 'fail-fast') as Redis
  client.on('error', () => undefined)
  t.teardown(() => client.disconnect())
  t.doesNotThrow(() => {
    corkWrites(client)
    flush(client)
  })
})
