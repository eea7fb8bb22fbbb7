/** The balancer of docker-compose.yml in front of real gateways, with a name server instead of Docker's. Needs a `haproxy`. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { read } from '../contract/tree.js'
import { keys, nodeEnv } from '../support/gateway.js'
import { freePort, startCommand, startProgram, type Program } from '../support/process.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { createCaller } from '../support/request.js'
import { until } from '../support/until.js'
import { run } from './image.js'

const missing = await run(['haproxy', '-v'], '/').then(() => false, () => 'haproxy is not installed')

await t.test('callers reach a gateway that is ready, and get 503 where none is', { skip: missing }, async t => {
  const redis = await startRedis(t)
  const prefix = createPrefix()
  const port = await freePort()
  const start = async (host: string): Promise<Program> =>
    await startProgram(
      t,
      'main.js',
      nodeEnv({ redisUrl: redis.url, apiUrl: 'http://127.0.0.1:9/v25.0', prefix, env: { HOST: host, PORT: String(port), ROLE: 'api' } }),
      /^Gateway {3}(http:\/\/\S+)/m
    )
  // Like containers: the same port, and an address each.
  const addresses = ['127.0.0.2', '127.0.0.3']
  const names = await startNameServer(t, addresses)
  const balancer = createCaller(await startBalancer(t, { names, port }), keys.operator)
  const ask = async (): Promise<number> => (await balancer.get('/stats')).status

  const none = await balancer.get('/stats')
  t.match(none, { status: 503, body: { code: 'UNAVAILABLE', status: 503 } })
  t.equal(none.headers.get('retry-after'), '1')
  t.match(none.headers.get('content-type'), 'application/problem+json')

  const gateways = await Promise.all(addresses.map(start))
  await until('a gateway responds through the balancer', async () => await ask() === 200)

  await t.test('a gateway that ends gets no more requests', async t => {
    await gateways[0]!.end('SIGTERM')
    await until('the other one responses', async () => await ask() === 200)
    for (let count = 0; count < 20; count++) t.equal(await ask(), 200)
    await gateways[1]!.end('SIGTERM')
    await until('none is left', async () => await ask() === 503)
  })

  await t.test('a gateway that starts gets requests', async t => {
    await start('127.0.0.2')
    await until('it responds through the balancer', async () => await ask() === 200)
  })
})

/** HAProxy with haproxy.cfg, except for ports and name server. */
async function startBalancer (t: Pick<Test, 'teardown'>, { names, port }: { names: number, port: number }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-balancer-'))
  t.teardown(async () => await rm(folder, { recursive: true, force: true }))
  const own = await freePort()
  await writeFile(
    join(folder, 'haproxy.cfg'),
    read('haproxy.cfg')
      .replace('bind :8080', `bind 127.0.0.1:${own}`)
      .replace('gateway:3000', `gateway:${port}`)
      .replace('parse-resolv-conf', `nameserver test 127.0.0.1:${names}`)
  )
  await startCommand(t, ['haproxy', '-db', '-V', '-f', 'haproxy.cfg'], { cwd: folder, env: {} }, /^/)
  const origin = `http://127.0.0.1:${own}`
  await until('the balancer listens', async () => await fetch(origin).then(() => true, () => false))
  return origin
}

/** Responds to every query for IPv4 addresses with these. Returns its port. */
async function startNameServer (t: Pick<Test, 'teardown'>, addresses: string[]): Promise<number> {
  const socket = createSocket('udp4')
  socket.on('message', (query, { port, address }) => {
    let end = 12
    while (query[end] !== 0) end += query[end]! + 1
    const question = query.subarray(12, end + 5)
    const isA = question.readUInt16BE(question.length - 4) === 1
    const records = isA ? addresses.map(one => Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...one.split('.').map(Number)])) : []
    const head = Buffer.from([query[0]!, query[1]!, 0x81, 0x80, 0, 1, 0, records.length, 0, 0, 0, 0])
    socket.send(Buffer.concat([head, question, ...records]), port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.teardown(() => socket.close())
  return socket.address().port
}
