/** A production node writes JSON lines only, whatever Node and libraries print: with the built program and a real Redis. */
import t from 'tap'
import { startProgram, type Program } from '../support/process.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { until } from '../support/until.js'

const redis = await startRedis(t)

/** Runs before the program, in its process: each signal prints on paths of its own. */
const preload = `${t.testdir({
  'preload.mjs': `
    process.on('SIGWINCH', () => {
      console.log('printed by log of "+4915112345678"')
      console.warn('printed by warn')
      console.error(new Error('printed by error'))
      console.trace('printed by trace')
      process.emitWarning('warned', 'DeprecationWarning')
    })
    process.on('SIGURG', () => { setImmediate(() => { throw new Error('thrown outside of a promise') }) })
    process.on('SIGIO', () => { Promise.reject(new Error('rejected without a handler')) })
  `
})}/preload.mjs`

async function startNode (t: Parameters<typeof startProgram>[0], env: Record<string, string> = {}): Promise<Program> {
  return await startProgram(t, 'main.js', {
    NODE_ENV: 'production',
    NODE_OPTIONS: `--import=${preload}`,
    REDIS_URL: redis.url,
    SANDBOX: '1',
    KEY_PREFIX: createPrefix(),
    API_KEYS: 'app:key-of-32-characters-or-more-0001:admin',
    PORT: '0',
    ...env
  }, /"gateway started"/)
}

/** Fails at a line that is not JSON. */
function linesOf (program: Program): Array<Record<string, string>> {
  const complete = program.output().split('\n').slice(0, -1)
  return complete.map(line => JSON.parse(line) as Record<string, string>)
}

const textsOf = (program: Program): string[] => linesOf(program).filter(({ msg }) => msg === 'library printed a message').map(({ text = '' }) => text)

/** Waits until the process has ended by itself, and returns its last line. */
async function endOf (node: Program): Promise<string | undefined> {
  await until('the process ends', async () => linesOf(node).some(({ msg }) => msg === 'unexpected error: process exits'))
  t.equal(await node.end('SIGTERM'), 1)
  return linesOf(node).at(-1)?.['msg']
}

await t.test('a warning of ioredis, and a rejection without a handler, are lines of the log', async t => {
  // ioredis warns of a password that is not needed.
  const node = await startNode(t, { REDIS_URL: redis.url.replace('redis://', 'redis://:secret-of-redis@') })
  await until('it has warned', async () => textsOf(node).some(text => /does not require a password/.test(text)))
  t.notMatch(node.output(), /secret-of-redis/)
  process.kill(node.pid, 'SIGIO')
  t.equal(await endOf(node), 'unexpected error: process exits')
})

await t.test('console, warnings and errors outside of a promise are lines of the log', async t => {
  const node = await startNode(t)
  process.kill(node.pid, 'SIGWINCH')
  await until('the warning is logged', async () => linesOf(node).some(({ msg }) => msg === 'warning of Node.js'))
  const texts = textsOf(node)
  for (const name of ['log', 'warn', 'error', 'trace']) t.ok(texts.some(text => text.includes(`printed by ${name}`)), name)
  t.notMatch(node.output(), /4915112345678/)
  process.kill(node.pid, 'SIGURG')
  t.equal(await endOf(node), 'unexpected error: process exits')
})
