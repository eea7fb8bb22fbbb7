/** The image, as far as it can be tested without Docker: its stages are built on this machine, and the result runs as in production. */
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { validate } from 'dockerfile-utils'
import t, { type Test } from 'tap'
import { readConfig } from '../../src/config.js'
import { root } from '../contract/tree.js'
import { startCommand, type Program } from '../support/process.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { createCaller } from '../support/request.js'
import { build, parse, run, sentToDocker, type Image } from './image.js'

interface Locked { dev?: boolean, optional?: boolean, devOptional?: boolean }

const text = await readFile(join(root, 'Dockerfile'), 'utf8')
const key = '0123456789abcdef'

await t.test('the Dockerfile is well formed, and the check finds errors', async t => {
  t.strictSame(validate(text), [])
  t.match(validate(text.replace('COPY lua lua', 'COPPY lua lua')), [{ message: /Unknown instruction: COPPY/ }])
  t.match(validate(text.replace('--interval=', '--intervall=')), [{ message: /Unknown flag: intervall/ }])
})

await t.test('all stages have the same base image, pinned by its version', async t => {
  const bases = [...new Set(parse(text).filter(({ word }) => word === 'FROM').map(({ rest }) => rest.split(' ')[0]))]
  t.match(bases, [/^node:24\.\d+\.\d+-bookworm-slim$/])
})

await t.test('only what the Dockerfile copies is sent to Docker', async t => {
  const copied = parse(text)
    .filter(({ word, rest }) => word === 'COPY' && !rest.startsWith('--from'))
    .flatMap(({ rest }) => rest.split(' ').slice(0, -1))
  t.strictSame((await sentToDocker(root)).sort(), [...new Set(copied)].sort())
})

/** Takes npm and the compiler most of a minute, so CI runs it with `IMAGE=1` only. */
const skip = process.env['CI'] !== undefined && process.env['IMAGE'] === undefined && 'IMAGE=1 npm test -- test/deploy/image.test.ts builds it'

await t.test('the image that the stages build', { skip }, async t => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-image-'))
  t.teardown(async () => await rm(folder, { recursive: true, force: true }))
  const image = await build(root, folder, seed)
  const place = join(image.root, image.workdir)

  await t.test('the image contains what the gateway needs and nothing else', async t => {
    t.strictSame((await readdir(place)).sort(), ['dist', 'lua', 'node_modules', 'package.json'])
    const { packages } = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> }
    const isLeftOut = ({ dev, optional, devOptional }: Locked): boolean => (dev ?? optional ?? devOptional) === true
    const wrong = Object.keys(packages).filter(path => existsSync(join(place, path, 'package.json')) === isLeftOut(packages[path] ?? {}))
    t.strictSame(wrong, [], 'each package of the lock file is there, except optional ones and those for development')
    t.comment(`${(await run(['du', '-sm', place], '/')).split('\t')[0]} MB beside the base image`)
  })

  await t.test('nothing in it is compiled for one platform', async t => {
    t.equal(await run(['find', place, '-name', '*.node'], '/'), '')
  })

  await t.test('the image does not run as root, and its stop signal is one that the gateway handles', async t => {
    t.match(image, { user: '1000:1000', stopSignal: 'SIGTERM' })
    t.equal(image.command[0], 'node', 'without a shell or npm in between, which would not forward the signal')
  })

  const redis = await startRedis(t)
  const settings = { PORT: '0', REDIS_URL: redis.url, KEY_PREFIX: createPrefix(), API_KEYS: `app:${key}:admin`, SANDBOX: '1', HOST: '127.0.0.1' }

  await t.test('without keys it does not start, nor without a token or the sandbox', async t => {
    const { API_KEYS: _, HOST: __, ...open } = settings
    t.throws(() => readConfig({ ...image.env, ...open }), { message: /without API_KEYS it listens on loopback only/ })
    t.throws(() => readConfig({ ...image.env, ...settings, SANDBOX: '' }), { message: /WHATSAPP_ACCESS_TOKEN: production needs it/ })
  })

  await t.test('in production it sends, is healthy, writes nothing into its own folder, and shuts down gracefully', async t => {
    const before = await run(['find', place, '-printf', '%p %s %T@\n'], '/')
    const gateway = await start(t, image, settings, /"url":"(http:[^"]+)".*"gateway started"/)
    const caller = createCaller(gateway.found, key)
    t.match(await caller.send('+15550000001'), { status: 200, body: { status: 'sent', sandbox: true } })

    const healthy = async (): Promise<string> => await run(image.healthcheck, place, { ...image.env, PORT: new URL(gateway.found).port })
    t.equal(await healthy(), '')
    t.equal(await gateway.end(image.stopSignal as NodeJS.Signals), 0)
    t.equal(await run(['find', place, '-printf', '%p %s %T@\n'], '/'), before)
    await t.rejects(healthy(), 'no longer healthy')
  })

  await t.test('the same image runs the sandbox', async t => {
    const sandbox = await start(t, { ...image, command: ['node', 'dist/sandbox/main.js'] }, {}, /^(http:\/\/\S+)/m)
    const shares = { ...settings, KEY_PREFIX: createPrefix(), SANDBOX_URL: sandbox.found }
    const shared = await start(t, image, shares, /"url":"(http:[^"]+)".*"gateway started"/)
    await createCaller(shared.found, key).send('+15550000002')
    const seen = await (await fetch(new URL('/_sandbox/messages', sandbox.found))).json() as unknown
    t.match(seen, { messages: [{ recipient: '+15550000002' }] }, 'a gateway with SANDBOX_URL sends there')

    await redis.stop()
    await t.rejects(run(image.healthcheck, place, { ...image.env, PORT: new URL(shared.found).port }), 'without Redis it is not healthy')
  })
})

/** The image's command with its environment and these settings, as `docker run --env` would start it. */
async function start (t: Pick<Test, 'teardown'>, image: Image, settings: Record<string, string>, ready: RegExp): Promise<Program> {
  return await startCommand(t, image.command, { cwd: join(image.root, image.workdir), env: { ...image.env, ...settings } }, ready)
}

/**
 * Like a cached layer: npm finds the packages, corrects what differs from the lock file, and removes what is left out. Their files are
 * shared with this repository's by hard links. npm replaces files instead of writing into them, except for its own list.
 */
async function seed (workdir: string): Promise<void> {
  if (existsSync(join(workdir, 'node_modules'))) return
  const link = ['cp', '-a', '--link', 'node_modules', workdir]
  await run(link, root).catch(async () => await run(link.filter(word => word !== '--link'), root))
  await run(['cp', '--remove-destination', 'node_modules/.package-lock.json', join(workdir, 'node_modules')], root)
}
