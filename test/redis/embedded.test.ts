import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Redis } from 'ioredis'
import t from 'tap'
import { SluiceError } from '../../src/errors.js'
import { startEmbeddedRedis } from '../../src/redis/embedded.js'
import { startRedis } from '../support/redis.js'

async function makeDir (t: { teardown: (fn: () => unknown) => void }): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-embedded-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  return dir
}

/** Alive, and not a zombie whose parent has not read its exit code. */
function isAlive (pid: number): boolean {
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}

await t.test('the server listens on loopback, keeps an append-only file and evicts nothing', async t => {
  const redis = (await startRedis(t)).connect()
  const [, settings] = await Promise.all([
    redis.ping(), redis.config('GET', 'bind', 'appendonly', 'appendfsync', 'save', 'maxmemory-policy', 'hz')])
  const pairs = settings as string[]
  const given = Object.fromEntries(pairs.flatMap((name, i) => i % 2 === 0 ? [[name, pairs[i + 1]]] : []))
  t.strictSame(given, {
    bind: '127.0.0.1', appendonly: 'yes', appendfsync: 'everysec', save: '', 'maxmemory-policy': 'noeviction', hz: '100',
  })
})

await t.test('data survives a stop and a crash', async t => {
  const redis = await startRedis(t, { appendfsync: 'always', extra: ['--maxmemory', '64mb'] })
  const client = redis.connect()
  t.match(await client.config('GET', 'maxmemory'), ['maxmemory', '67108864'])
  await client.set('a', '1')
  await redis.restart()
  t.equal(await client.get('a'), '1')
  await client.set('b', '2')
  const before = redis.pid
  await redis.kill()
  await redis.restart()
  t.not(redis.pid, before)
  t.strictSame(await client.mget('a', 'b'), ['1', '2'])
})

await t.test('an unexpected exit is reported, with the last log lines', async t => {
  let report = (_log: string[]): void => {}
  const reported = new Promise<string[]>(resolve => { report = resolve })
  const redis = await startRedis(t, { onExit: end => report(end.log) })
  process.kill(redis.pid, 'SIGTERM')
  t.match((await reported).join('\n'), /ready to exit/)
})

await t.test('a requested exit is not reported', async t => {
  const dir = await makeDir(t)
  const first = await startEmbeddedRedis({ dir, onExit: () => t.fail('reported') })
  await first.stop()
  await first.stop()
  t.notOk(isAlive(first.pid))
  const second = await startEmbeddedRedis({ dir, onExit: () => t.fail('reported') })
  await second.kill()
  t.notOk(isAlive(second.pid))
})

await t.test('a missing program is a setup error that says what to do', async t => {
  const dir = await makeDir(t)
  await t.rejects(startEmbeddedRedis({ dir, bin: '/nowhere/redis-server' }),
    { code: 'SETUP_FAILED', message: /tried \/nowhere\/redis-server \(not found\).*install Redis/ })
})

await t.test('a server that exits early is a setup error with its last log lines', async t => {
  const dir = await makeDir(t)
  await t.rejects(startEmbeddedRedis({ dir, extra: ['--nonsense', '1'] }),
    { code: 'SETUP_FAILED', message: /before it was ready[^]*nonsense/ })
})

await t.test('a given port in use is a setup error; without a given port a free one is found', async t => {
  const dir = await makeDir(t)
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const { port } = other.address() as AddressInfo
  await t.rejects(startEmbeddedRedis({ dir, port }), { code: 'SETUP_FAILED', message: /Address already in use/ })
  const redis = await startEmbeddedRedis({ dir })
  t.not(redis.port, port)
  await redis.stop()
})

await t.test('a second server on the same directory is rejected while the owner of the first is alive', async t => {
  const redis = await startRedis(t)
  const error = await startEmbeddedRedis({ dir: redis.dir }).catch(error => error)
  t.ok(error instanceof SluiceError)
  t.match(error, { code: 'SETUP_FAILED', message: new RegExp(`in use: process ${process.pid} runs`) })
  t.ok(isAlive(redis.pid))
})

await t.test('a server whose owner is gone is ended before a new one uses its directory', async t => {
  const dir = await makeDir(t)
  const former = await startEmbeddedRedis({ dir })
  const client = new Redis(former.port)
  await client.set('a', '1')
  client.disconnect()
  // As after a crash of the owner: another process's number stands beside the server's.
  await writeFile(join(dir, 'owner.pid'), '999999\n')
  const redis = await startEmbeddedRedis({ dir })
  t.notOk(isAlive(former.pid))
  const after = new Redis(redis.port)
  t.equal(await after.get('a'), '1')
  after.disconnect()
  await redis.stop()
})

await t.test('a pid file that names another program does not end that program', async t => {
  const dir = await makeDir(t)
  const bystander = spawn('sleep', ['60'], { cwd: dir })
  t.teardown(() => bystander.kill())
  await writeFile(join(dir, 'redis.pid'), `${bystander.pid}\n`)
  const redis = await startEmbeddedRedis({ dir })
  t.ok(isAlive(bystander.pid ?? 0))
  t.equal(Number(await readFile(join(dir, 'redis.pid'), 'utf8')), redis.pid)
  await redis.stop()
})

await t.test('the server ends with its owner, however that ends', { skip: process.platform !== 'linux' && 'needs setpriv' }, async t => {
  const dir = await makeDir(t)
  const script = `
    import { startEmbeddedRedis } from ${JSON.stringify(new URL('../../src/redis/embedded.ts', import.meta.url).href)}
    const redis = await startEmbeddedRedis({ dir: ${JSON.stringify(dir)} })
    process.stdout.write(String(redis.pid))`
  const owner = spawn(process.execPath, ['--import=tsx', '--input-type=module', '--eval', script],
    { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(owner.stdout, 'data')
  const pid = Number(line)
  t.ok(isAlive(pid))
  owner.kill('SIGKILL')
  while (isAlive(pid)) await setTimeout(5)
  t.equal(existsSync(join(dir, 'redis.pid')), false, 'ended in order')
})
