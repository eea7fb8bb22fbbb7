/** The stack of docker-compose.yml, as far as it can be tested without Docker. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { ConfigSchema, readConfig } from '../../src/config.js'
import { checkDurability } from '../../src/redis/info.js'
import { createSandbox } from '../../src/sandbox/sandbox.js'
import { read } from '../contract/tree.js'
import { startNode } from '../support/gateway.js'
import { startRedis } from '../support/redis.js'
import { until } from '../support/until.js'
import { environmentOf, findInnerFaults, findReferenceFaults, findSchemaFaults, readCompose, readEnv, type Compose, type Service } from './compose.js'
import { imageEnv, run } from './image.js'

const image = imageEnv()
const env = await fillIn(t)
const compose = readCompose(env)
const ours = Object.entries(compose.services).filter(([, { build }]) => build !== undefined)

await t.test('the file conforms to the Compose specification, and the check finds deviations', async t => {
  t.strictSame(findSchemaFaults(compose), [])
  const broken = readCompose(
    env,
    read('docker-compose.yml')
      .replace('stop_grace_period: 30s', 'stop_grace_perod: 30s')
      .replace('service_healthy', 'healthy')
      .replace('user: redis', 'user: [redis]')
  )
  t.match(findSchemaFaults(broken).join('\n'), /\/services\/gateway .*stop_grace_perod[^]*\/services\/redis\/user must be string/)
  t.match(findSchemaFaults(broken).join('\n'), /condition must be equal to one of the allowed values/)
})

await t.test('every reference resolves, images are pinned, ports are on loopback', async t => {
  t.strictSame(findReferenceFaults(compose), [])
})

const faults: Array<[what: string, from: string, to: string, says: RegExp]> = [
  ['an unknown service', 'redis: { condition: service_healthy }', 'radis: { condition: service_healthy }', /gateway depends on radis/],
  ['a dependency on a profile that may be off', 'service_healthy, required: false', 'service_healthy', /gateway needs sandbox, which may be missing/],
  ['an unknown network', 'networks: [store]', 'networks: [shop]', /redis: network shop/],
  ['an unknown volume', '"redis:/data"', '"reddis:/data"', /redis: volume reddis/],
  ['a missing file', './haproxy.cfg', './haproksy.cfg', /balancer: volume .\/haproksy.cfg/],
  ['a port on all interfaces', 'ports: ["127.0.0.1:$', 'ports: ["0.0.0.0:$', /balancer: port 0.0.0.0:3000:8080/],
  ['an image that is not pinned', 'redis:7.4.9-alpine', 'redis:7-alpine', /redis: image redis:7-alpine/]
]
for (const [what, from, to, says] of faults) {
  await t.test(`the check finds ${what}`, async t => {
    t.match(findReferenceFaults(readCompose(env, read('docker-compose.yml').replace(from, to))).join('\n'), says)
  })
}

/** A container's port: published, the image's, or the default of its program. */
const listens = (name: string, { ports: [port] = [], command = [], build }: Service): number | undefined => {
  if (port !== undefined) return Number(port.split(':').at(-1))
  if (build !== undefined) return Number(command.includes('--port') ? command[command.indexOf('--port') + 1] : image['PORT'])
  return name === 'redis' ? 6379 : undefined
}

await t.test('containers refer to each other correctly: names, networks, ports and mounts', async t => {
  const whole = {
    ...compose,
    services: Object.fromEntries(
      Object.entries(compose.services).map(([name, service]) => [name, { ...service, environment: environmentOf(service, env) }])
    )
  }
  t.strictSame(findInnerFaults(whole, listens), [])
  t.match(whole.services['gateway']?.environment, { REDIS_URL: 'redis://redis:6379', SANDBOX_URL: 'http://sandbox:4000/v25.0' })
  t.ok(
    compose.services['prometheus']?.volumes?.some(volume => volume.includes(':/etc/prometheus/alerts/rules.yml')),
    'prometheus.yml names it relative to its own folder'
  )
  t.match(read('grafana/prometheus.yml'), /rule_files:\n {2}- alerts\/rules\.yml\n/)
  const broken = [
    ['networks: [front, store]', 'networks: [front]'],
    ['redis://redis:6379', 'redis://redis:6380'],
    ['redis://redis:6379', 'redis://radis:6379'],
    [':/var/lib/grafana/dashboards', ':/var/lib/grafana2']
  ] as const
  const said = broken.flatMap(([from, to]) => findInnerFaults(readCompose(env, read('docker-compose.yml').replace(from, to)), listens))
  t.match([...new Set(said)].sort(), [
    'gateway: radis:6379 is not a service',
    'gateway: redis does not listen on 6380',
    'gateway: redis is in no network of its own',
    'grafana: nothing is mounted at /var/lib/grafana/dashboards',
    'worker: radis:6379 is not a service',
    'worker: redis does not listen on 6380',
    'worker: redis is in no network of its own'
  ])
})

await t.test('missing or empty keys and passwords give a sentence that says what to set', async t => {
  const { API_KEYS: _, ...noKeys } = env
  t.throws(() => readCompose(noKeys), { message: /API_KEYS: set it in \.env/ })
  t.throws(() => readCompose({ ...env, GRAFANA_ADMIN_PASSWORD: '' }), { message: /GRAFANA_ADMIN_PASSWORD: set it in \.env/ })
})

await t.test('the variables of the file and of .env.example are the same', async t => {
  const passed = ours.flatMap(([, { environment }]) => Object.entries(environment ?? {}).filter(([, value]) => value === null).map(([name]) => name))
  const used = new Set([...read('docker-compose.yml').matchAll(/\$\{(\w+)/g)].map(([, name = '']) => name))
  const named = [...read('.env.example').matchAll(/^#?([A-Z_]+)=/gm)].map(([, name = '']) => name)
  t.strictSame(named.filter(name => name !== 'COMPOSE_PROFILES' && !used.has(name) && !passed.includes(name)), [])
  t.strictSame([...used, ...passed].filter(name => !named.includes(name)), [])
  for (const [name, { environment = {} }] of ours.filter(([name]) => name !== 'sandbox')) {
    const settings = named.filter(setting => setting in ConfigSchema.properties)
    t.strictSame(settings.filter(setting => !(setting in environment)), [], `${name} gets every setting of .env.example`)
  }
})

await t.test('gateway and worker accept their settings, with the sandbox and without', async t => {
  for (const [name, service] of ours.filter(([name]) => name !== 'sandbox')) {
    t.strictSame(Object.keys(service.environment ?? {}).filter(setting => !(setting in ConfigSchema.properties)), [], name)
    const config = readConfig({ ...image, ...environmentOf(service, env) })
    t.match(
      config,
      { ROLE: name === 'gateway' ? 'api' : 'worker', sandbox: true, embeddedRedis: false, SANDBOX_URL: 'http://sandbox:4000/v25.0' },
      name
    )
    const { SANDBOX: _, SANDBOX_URL: __, ...rest } = env
    t.match(
      readConfig({ ...image, ...environmentOf(service, { ...rest, WHATSAPP_ACCESS_TOKEN: 'EAAtoken' }) }),
      { sandbox: false, embeddedRedis: false },
      name
    )
    t.throws(() => readConfig({ ...image, ...environmentOf(service, rest) }), {
      message: /WHATSAPP_ACCESS_TOKEN: production needs it \(or SANDBOX=1\)/
    })
  }
})

await t.test('a container has more time to stop than the gateway needs', async t => {
  for (const [name, { stop_grace_period: grace = '10s' }] of ours) {
    t.ok(Number(/^(\d+)s$/.exec(grace)?.[1]) * 1000 >= readConfig({}).SHUTDOWN_GRACE_MS + 5000, name)
  }
})

await t.test('gateway and worker can be scaled: they have no fixed container name or published port', async t => {
  for (const name of ['gateway', 'worker']) {
    t.notHas(compose.services[name], { container_name: String })
    t.notHas(compose.services[name], { ports: Array })
  }
})

await t.test('only gateway and worker share a network with Redis', async t => {
  const near = Object.entries(compose.services).filter(([, { networks }]) => networks?.includes('store')).map(([name]) => name)
  t.strictSame(near.sort(), ['gateway', 'redis', 'worker'])
  t.match(compose.networks, { store: { internal: true } })
})

await t.test('Redis with its command line is durable, and its health check detects whether it responds', async t => {
  const redis = await startByCommand(t, compose)
  t.strictSame(await checkDurability(redis.client), [])
  t.strictSame(await redis.client.config('GET', 'appendfsync'), ['appendfsync', 'everysec'])
  t.strictSame(await redis.client.config('GET', 'hz'), ['hz', '100'])
  t.strictSame(await redis.client.config('GET', 'maxmemory'), ['maxmemory', String(1024 ** 3)])
  const [, program = '', ...words] = compose.services['redis']?.healthcheck?.test ?? []
  const check = async (): Promise<string> => await run([program, '-p', String(redis.port), ...words], '/')
  t.equal(await check(), 'PONG\n')
  await redis.stop()
  await t.rejects(check())
})

await t.test('the health check of the sandbox succeeds while it responds', async t => {
  const sandbox = await createSandbox()
  const [, ...words] = compose.services['sandbox']?.healthcheck?.test ?? []
  const check = async (): Promise<string> => await run(words.map(word => word.replace(':4000', `:${sandbox.port}`)), '/')
  t.equal(await check(), '')
  await sandbox.close()
  await t.rejects(check())
})

await t.test('balancer, Prometheus and health check use ports and paths that gateway and sandbox serve', async t => {
  const { command = [], healthcheck } = compose.services['sandbox'] ?? {}
  t.equal(new URL(env['SANDBOX_URL'] ?? '').port, command[command.indexOf('--port') + 1])
  t.match(healthcheck?.test.join(' '), `127.0.0.1:${command[command.indexOf('--port') + 1]}/`)
  t.match(read('grafana/prometheus.yml'), new RegExp(`names: \\[gateway, worker\\][^]*port: ${image['PORT'] ?? ''}`))
  t.match(read('haproxy.cfg'), new RegExp(`gateway:${image['PORT'] ?? ''}\\b`))

  const redis = await startRedis(t)
  const node = await startNode(t, { redisUrl: redis.url, apiUrl: 'http://127.0.0.1:9/v25.0' })
  const [, path = ''] = /httpchk GET (\S+)/.exec(read('haproxy.cfg')) ?? []
  t.equal((await fetch(`${node.origin}${path}`)).status, 200)
})

/** The .env that the first command of docs/deploying.md makes from .env.example. */
async function fillIn (t: Pick<Test, 'teardown'>): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-env-'))
  t.teardown(async () => await rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, '.env.example'), read('.env.example'))
  const [, command = 'false'] = /```sh\n(sed [^]*?)\ndocker /.exec(read('docs/deploying.md')) ?? []
  await run(['sh', '-ec', command], folder)
  return readEnv(await run(['cat', '.env'], folder))
}

/** redis-server as Compose starts it, except for port, address and data directory. */
async function startByCommand (t: Pick<Test, 'teardown'>, compose: Compose) {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-redis-'))
  const [program = '', ...words] = compose.services['redis']?.command ?? []
  const port = 21_000 + Math.floor(Math.random() * 8000)
  const server = spawn(program, [...words, '--bind', '127.0.0.1', '--port', String(port), '--dir', folder], { stdio: 'ignore' })
  const client = new Redis({ host: '127.0.0.1', port, retryStrategy: () => 20 })
  client.on('error', () => {})
  const stop = async (): Promise<void> => {
    client.disconnect()
    if (server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    server.kill('SIGTERM')
    await ended
  }
  t.teardown(async () => {
    await stop()
    await rm(folder, { recursive: true, force: true })
  })
  await until('redis-server responds', async () => client.status === 'ready')
  return { client, port, stop }
}
