/**
 * `npm run pack:check`: packs the package, installs it in an empty project, and checks it with publint and attw. Then its client and
 * command line run against a gateway, on Node 20, 22 and 24 from npm. Ends within five minutes.
 */
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { pack } from '../../bin/pack.mjs'

const VERSIONS = ['20.20.2', '22.23.3', '24.21.0']
const API_KEY = 'check-key-0123456789'
const root = fileURLToPath(new URL('../../', import.meta.url))
const work = mkdtempSync(join(tmpdir(), 'sluice-check-'))
const app = join(work, 'app')

const CLIENT = `
import { SluiceClient } from '@sluice-gateway/client'
const client = new SluiceClient({ baseUrl: process.env.SLUICE_URL, apiKey: process.env.SLUICE_API_KEY })
const sent = await client.sendMessage(process.argv[2], 'Hello')
const { status } = await client.getMessage(sent.id)
// A status of the sandbox may come before the question.
if (!sent.immediate || !['sent', 'delivered', 'read'].includes(status)) throw new Error(JSON.stringify({ sent, status }))
`
const COMMONJS = `
const { SluiceClient, SluiceClientError } = require('@sluice-gateway/client')
const isError = new SluiceClientError('TIMEOUT', 'x') instanceof Error
if (typeof SluiceClient !== 'function' || !isError) throw new Error('require does not return the exports')
`
/** Runs a command, two minutes at most, and returns its output; throws with the output if it fails. */
function run (program, args, { cwd = app, env = {} } = {}) {
  const stdio = ['ignore', 'pipe', 'pipe']
  return execFileSync(program, args, { cwd, env: { ...process.env, NO_COLOR: '1', ...env }, encoding: 'utf8', timeout: 120_000, stdio })
}

/** The folder with the executable of a Node version. */
function provideNode (version) {
  if (process.versions.node === version) return join(process.execPath, '..')
  const folder = join(work, version)
  mkdirSync(folder)
  const library = `node-${process.platform}-${process.arch}`
  run('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', `${library}@${version}`], { cwd: folder })
  return join(folder, 'node_modules', library, 'bin')
}

async function startGateway () {
  const child = spawn(process.execPath, [join(root, 'dist/main.js')], {
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      HOST: '127.0.0.1',
      DATA_DIR: join(work, 'data'),
      LOG_LEVEL: 'silent',
      API_KEYS: `check:${API_KEY}:admin`
    },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const [, origin] = /^Gateway {3}(http:\/\/\S+)/.exec(line) ?? []
    if (origin !== undefined) return { child, origin }
  }
  throw new Error('the gateway did not start')
}

const mb = kb => `${(kb / 1000).toFixed(1)} MB`
let gateway
try {
  const { path, size, unpackedSize } = pack(work)
  console.log(`packed: ${Math.round(size / 1000)} kB, ${Math.round(unpackedSize / 1000)} kB unpacked`)
  mkdirSync(app)
  writeFileSync(join(app, 'package.json'), '{"type":"module"}')
  run('npm', ['install', '--no-audit', '--no-fund', path])
  const manifest = /(^|node_modules\/)(@[^/]+\/)?[^/@.]+\/package\.json$/
  const packages = readdirSync(join(app, 'node_modules'), { recursive: true, encoding: 'utf8' }).filter(name => manifest.test(name)).length
  console.log(`installed: ${packages} packages, ${mb(Number(run('du', ['-sk', 'node_modules']).split('\t')[0]))}`)

  run(join(root, 'node_modules/.bin/publint'), ['run', path, '--strict'], { cwd: root })
  const { problems = [] } = await checkPackage(createPackageFromTarballData(readFileSync(path)))
  if (problems.length > 0) throw new Error(`are the types wrong: ${JSON.stringify(problems)}`)
  console.log('publint and attw report no problem')

  gateway = await startGateway()
  writeFileSync(join(app, 'client.mjs'), CLIENT)
  writeFileSync(join(app, 'commonjs.cjs'), COMMONJS)
  for (const [i, version] of VERSIONS.entries()) {
    const bin = provideNode(version)
    const env = { PATH: `${bin}:${process.env.PATH}`, SLUICE_URL: gateway.origin, SLUICE_API_KEY: API_KEY }
    const actual = run('node', ['--version'], { env }).trim()
    if (actual !== `v${version}`) throw new Error(`Node ${actual} runs instead of ${version}`)
    run('node', ['commonjs.cjs'], { env })
    run('node', ['client.mjs', `+155500090${i}0`], { env })
    const { immediate } = JSON.parse(run(join(app, 'node_modules/.bin/sluice'), ['send', `+155500090${i}1`, 'Hello', '--json'], { env }))
    if (immediate !== true) throw new Error('the command line did not send')
    console.log(`Node ${version}: client and command line have sent a message`)
  }
} finally {
  if (gateway !== undefined) {
    gateway.child.kill('SIGTERM')
    await once(gateway.child, 'exit')
  }
  rmSync(work, { recursive: true, force: true })
}
