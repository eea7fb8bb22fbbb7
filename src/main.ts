import closeWithGrace from 'close-with-grace'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { readConfig } from './config.js'
import type { Config } from './config.js'
import { SluiceError } from './errors.js'
import { createBus } from './events.js'
import type { Gateway } from './gateway.js'
import { createGateway } from './gateway.js'
import { createLog, logCrash } from './metrics/log.js'
import { flushLog } from './metrics/log-output.js'
import { logEvents } from './metrics/logs.js'
import { readPolicyFile } from './provider/policy-file.js'
import { createPolicy } from './provider/policy.js'
import { createProviders } from './provider/providers.js'
import { startEmbeddedRedis } from './redis/embedded.js'
import { targetsOf, watchSenders } from './reload.js'
import type { Sandbox } from './sandbox/sandbox.js'
import { createSandbox } from './sandbox/sandbox.js'

/** Started parts, in the order of their start; stopped in reverse order. */
const running: Array<{ name: string, stop: () => Promise<void> }> = []

/** SIGHUP reloads senders and policy. Nothing to do before they are first read. */
let reload = async (): Promise<void> => {}

/** Replaced once the settings are read. */
let log = createLog('info')

/** Prints a line for the operator; the log is for machines. */
const print = (line: string): void => { process.stdout.write(`${line}\n`) }

async function start (): Promise<void> {
  const config = readConfig(undefined, randomBytes(16).toString('hex'))
  log = createLog(config.LOG_LEVEL)
  const policy = createPolicy(readPolicyFile(config.POLICY_FILE))
  const events = createBus()
  logEvents(events, log)
  const redisUrl = config.embeddedRedis ? await startRedis(config) : config.REDIS_URL
  const sandbox = config.sandbox && config.SANDBOX_URL === '' ? await startSandbox() : null
  const sandboxUrl = config.sandbox ? sandbox?.url ?? config.SANDBOX_URL : null
  if (sandboxUrl !== null) print(`Sandbox   ${sandboxUrl}  (replaces WhatsApp: nothing is really sent)`)
  const provider = createProviders(targetsOf(config.senders, sandboxUrl), config.SEND_TIMEOUT_MS, policy)
  const gateway = await createGateway(config, { redisUrl, provider, policy, events, logger: log })
  running.push({ name: 'gateway', stop: gateway.close })
  const senders = watchSenders({
    source: config, senders: config.senders, policy, policyFile: config.POLICY_FILE, providers: provider, gateway, events, sandboxUrl
  })
  running.push({ name: 'senders', stop: async () => senders.close() })
  reload = senders.reload
  await listen(gateway, config)
  if (config.ROLE !== 'worker') {
    const webhookSecret = config.WHATSAPP_APP_SECRET.split(',')[0] ?? ''
    sandbox?.configure({ webhookSecret, webhookUrl: `${addressOf(gateway, config)}/webhooks/whatsapp` })
  }
  announce(config, addressOf(gateway, config), gateway.findings)
}

async function startRedis (config: Config): Promise<string> {
  const redis = await startEmbeddedRedis({ dir: join(config.DATA_DIR, 'redis'), onExit: () => { stop(1, 'the embedded Redis exited unexpectedly') } })
  running.push({ name: 'redis', stop: redis.stop })
  print(`Redis     ${redis.url}  (embedded, data in ${join(config.DATA_DIR, 'redis')})`)
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

function announce (config: Config, url: string, findings: readonly string[]): void {
  if (config.ROLE !== 'api') {
    const rates = `one message per ${config.WHATSAPP_RATE_LIMIT_MS} ms and recipient, ${config.WHATSAPP_SENDER_RATE_PER_SECOND} per second in all`
    print(`Worker    ${rates}; retry worker every ${config.WHATSAPP_RETRY_INTERVAL_MS / 1000} s`)
  }
  if (config.senders.length > 1) {
    print(`Senders   ${config.senders.length}, default ${config.senders[0]?.id ?? ''}  (${config.WHATSAPP_SENDERS_FILE}; SIGHUP reloads it)`)
  }
  for (const warning of [...config.warnings, ...findings]) print(`Note      ${warning}`)
  print(`Gateway   ${url}  (${config.ROLE}${config.API_KEYS.length === 0 ? ', open to this machine: no API_KEYS' : ''})`)
  if (config.ROLE === 'worker') return
  print(`Console   ${url}/console  (why a message has not arrived; the queue: ${url}/admin/queues)`)
  const auth = config.API_KEYS.length === 0 ? '' : " -H 'authorization: Bearer <key>'"
  print(`Try       curl -s ${url}/api/v1/messages${auth} -H 'content-type: application/json' -d '{"to":"+1234567890","message":"Hello"}'`)
}

async function stopAll (): Promise<void> {
  try {
    for (const part of running.splice(0).reverse()) await part.stop()
  } finally {
    await flushLog(process.stdout)
  }
}

/** Ends the process after a fatal error. */
function stop (code: number, message: string): void {
  process.stderr.write(`${message}\n`)
  const end = (): never => process.exit(code)
  stopAll().then(end, end)
}

process.on('SIGHUP', () => { reload().catch(() => undefined) })
const onCrash = {
  onSecondError: (error: unknown) => logCrash(log, error),
  logger: { error: (error: unknown) => logCrash(log, error instanceof Error ? error : new SluiceError('INTERNAL', { detail: String(error) })) }
}
// The delay is longer than SHUTDOWN_GRACE_MS at most settings; a second signal ends the process at once.
closeWithGrace({ delay: 60_000, skip: ['SIGHUP'], ...onCrash }, async ({ signal, err }) => {
  if (err !== undefined) logCrash(log, err)
  if (signal !== undefined) print(`${signal}: shutting down`)
  await stopAll()
})

start().catch((error: unknown) => {
  const known = error instanceof SluiceError && error.code !== 'INTERNAL'
  stop(1, known ? `${error.code}: ${error.message}` : String(error instanceof Error ? error.stack : error))
})
