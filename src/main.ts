import closeWithGrace from 'close-with-grace'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { isProduction, readConfig } from './config.js'
import type { Config } from './config.js'
import { SluiceError } from './errors.js'
import { createBus } from './events.js'
import type { Gateway } from './gateway.js'
import { createGateway } from './gateway.js'
import { createLog, logCrash, logPrinted } from './metrics/log.js'
import { flushLog } from './metrics/log-output.js'
import { logEvents } from './metrics/logs.js'
import { readPolicyFile } from './provider/policy-file.js'
import { checkSenders } from './provider/preflight.js'
import { startEmbeddedRedis } from './redis/embedded.js'
import type { Sandbox } from './sandbox/sandbox.js'
import { createSandbox } from './sandbox/sandbox.js'
import { createStartOutput } from './start-output.js'

/** Started parts, in the order of their start; stopped in reverse order. */
const running: Array<{ name: string, stop: () => Promise<void> }> = []

/** SIGHUP reloads senders and policy. Nothing to do before they are first read. */
let reload = async (): Promise<void> => {}

const output = createStartOutput(isProduction())

/** Replaced once the settings are read. */
let log = createLog('info')

async function start (): Promise<void> {
  const config = readConfig(undefined, randomBytes(16).toString('hex'), ({ POLICY_FILE: path }) => readPolicyFile(path))
  log = createLog(config.LOG_LEVEL)
  output.use(log)
  const events = createBus()
  logEvents(events, log)
  const redisUrl = config.embeddedRedis ? await startRedis(config) : config.REDIS_URL
  const sandbox = config.sandbox && config.SANDBOX_URL === '' ? await startSandbox() : null
  const sandboxUrl = config.sandbox ? sandbox?.url ?? config.SANDBOX_URL : null
  if (sandboxUrl !== null) output.sandbox(sandboxUrl)
  const gateway = await createGateway(config, { redisUrl, sandboxUrl, events, logger: log })
  running.push({ name: 'gateway', stop: gateway.close })
  reload = gateway.reload
  await listen(gateway, config)
  if (config.ROLE !== 'worker') {
    const webhookSecret = config.WHATSAPP_APP_SECRET.split(',')[0] ?? ''
    sandbox?.configure({ webhookSecret, webhookUrl: `${addressOf(gateway, config)}/webhooks/whatsapp` })
  }
  for (const note of [...config.warnings, ...gateway.findings]) output.note(note)
  output.started(config, addressOf(gateway, config))
  if (config.WHATSAPP_START_CHECK) preflight(config, gateway)
}

/** Nothing waits for it: a node also starts while WhatsApp is unreachable. */
function preflight (config: Config, { providers, policy }: Gateway): void {
  const stopping = new AbortController()
  running.push({ name: 'sender check', stop: async () => stopping.abort() })
  checkSenders({ providers, policy, senders: config.senders, signal: stopping.signal }).then(result => {
    if (!stopping.signal.aborted) output.checked(result, config.sandbox)
  }, stop)
}

async function startRedis (config: Config): Promise<string> {
  const onExit = (): void => stop(new SluiceError('SETUP_FAILED', { detail: 'the embedded Redis exited unexpectedly' }))
  const redis = await startEmbeddedRedis({ dir: join(config.DATA_DIR, 'redis'), onExit })
  running.push({ name: 'redis', stop: redis.stop })
  output.redis(redis.url, join(config.DATA_DIR, 'redis'))
  return redis.url
}

async function startSandbox (): Promise<Sandbox> {
  const sandbox = await createSandbox()
  running.push({ name: 'sandbox', stop: sandbox.close })
  return sandbox
}

async function listen (gateway: Gateway, config: Config): Promise<void> {
  try {
    await gateway.app.listen({ port: config.PORT, host: config.HOST })
  } catch (cause) {
    const taken = (cause as { code?: string }).code === 'EADDRINUSE'
    const detail = taken ? `port ${config.PORT} is in use: set PORT to another one, or stop the process that listens there` : String(cause)
    throw new SluiceError('SETUP_FAILED', { detail, cause })
  }
}

function addressOf (gateway: Gateway, config: Config): string {
  const address = gateway.app.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : config.PORT
  return `http://${config.HOST === '0.0.0.0' ? 'localhost' : config.HOST}:${port}`
}

async function stopAll (): Promise<void> {
  try {
    for (const part of running.splice(0).reverse()) await part.stop()
  } finally {
    await flushLog(process.stdout)
  }
}

/** Ends the process after a fatal error. */
function stop (error: unknown): void {
  output.failed(error)
  const end = (): never => process.exit(1)
  stopAll().then(end, end)
}

if (isProduction()) logPrinted(() => log)
process.on('SIGHUP', () => { reload().catch(() => undefined) })
const onCrash = {
  onSecondError: (error: unknown) => logCrash(log, error),
  logger: { error: (error: unknown) => logCrash(log, error instanceof Error ? error : new SluiceError('INTERNAL', { detail: String(error) })) }
}
// The delay is longer than SHUTDOWN_GRACE_MS at most settings; a second signal ends the process at once.
closeWithGrace({ delay: 60_000, skip: ['SIGHUP'], ...onCrash }, async ({ signal, err }) => {
  if (err !== undefined) logCrash(log, err)
  if (signal !== undefined) output.stopping(signal)
  await stopAll()
})

start().catch(stop)
