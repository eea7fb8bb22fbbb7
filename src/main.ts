import closeWithGrace from 'close-with-grace'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { readConfig } from './config.js'
import type { Config } from './config.js'
import { SluiceError } from './errors.js'
import { createBus } from './events.js'
import type { Gateway } from './gateway.js'
import { createGateway } from './gateway.js'
import { createLog, tellEnd } from './metrics/log.js'
import { written } from './metrics/log-output.js'
import { logEvents } from './metrics/logs.js'
import { readPolicyFile } from './provider/policy-file.js'
import { createPolicy } from './provider/policy.js'
import { createProviders } from './provider/providers.js'
import { startEmbeddedRedis } from './redis/embedded.js'
import { targetsOf, watchSenders } from './reload.js'
import type { Sandbox } from './sandbox/sandbox.js'
import { createSandbox } from './sandbox/sandbox.js'

/** What was started, in the order in which it started; ended in the reverse one. */
const running: Array<{ name: string, stop: () => Promise<void> }> = []

/** What SIGHUP does: senders and policy are read anew. Until they have been read a first time there is nothing to do. */
let reload = async (): Promise<void> => {}

/** Until the settings are read it takes what there is to tell. */
let log = createLog('info')

/** A line for people; the log is for machines. */
const say = (line: string): void => { process.stdout.write(`${line}\n`) }

async function start (): Promise<void> {
  const config = readConfig(undefined, randomBytes(16).toString('hex'))
  log = createLog(config.LOG_LEVEL)
  const policy = createPolicy(readPolicyFile(config.POLICY_FILE))
  const events = createBus()
  logEvents(events, log)
  const redisUrl = config.embeddedRedis ? await startRedis(config) : config.REDIS_URL
  const sandbox = config.sandbox && config.SANDBOX_URL === '' ? await startSandbox() : null
  const sandboxUrl = config.sandbox ? sandbox?.url ?? config.SANDBOX_URL : null
  if (sandboxUrl !== null) say(`Sandbox   ${sandboxUrl}  (stands in for WhatsApp: nothing is really sent)`)
  const provider = createProviders(targetsOf(config.senders, sandboxUrl), config.SEND_TIMEOUT_MS, policy)
  const gateway = await createGateway(config, { redisUrl, provider, policy, events, logger: log })
  running.push({ name: 'gateway', stop: gateway.close })
  const senders = watchSenders({ source: config, senders: config.senders, policy, policyFile: config.POLICY_FILE, providers: provider, gateway, events, sandboxUrl })
  running.push({ name: 'senders', stop: async () => senders.close() })
  reload = senders.reload
  await listen(gateway, config)
  if (config.ROLE !== 'worker') sandbox?.configure({ webhookSecret: config.WHATSAPP_APP_SECRET.split(',')[0] ?? '', webhookUrl: `${addressOf(gateway, config)}/webhooks/whatsapp` })
  announce(config, addressOf(gateway, config), gateway.findings)
}

async function startRedis (config: Config): Promise<string> {
  const redis = await startEmbeddedRedis({ dir: join(config.DATA_DIR, 'redis'), onExit: () => { stop(1, 'the embedded Redis ended by itself') } })
  running.push({ name: 'redis', stop: redis.stop })
  say(`Redis     ${redis.url}  (embedded, data in ${join(config.DATA_DIR, 'redis')})`)
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
    throw new SluiceError('SETUP_FAILED', { detail: taken ? `port ${config.PORT} is taken: set PORT to another, or end what listens there` : String(cause), cause })
  }
}

function addressOf (gateway: Gateway, config: Config): string {
  const address = gateway.app.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : config.PORT
  return `http://${config.HOST === '0.0.0.0' ? 'localhost' : config.HOST}:${port}`
}

function announce (config: Config, url: string, findings: readonly string[]): void {
  if (config.ROLE !== 'api') say(`Worker    one message per ${config.WHATSAPP_RATE_LIMIT_MS} ms and recipient, ${config.WHATSAPP_SENDER_RATE_PER_SECOND} a second in all; retries looked for every ${config.WHATSAPP_RETRY_INTERVAL_MS / 1000} s`)
  if (config.senders.length > 1) say(`Senders   ${config.senders.length}, by default ${config.senders[0]?.id ?? ''}  (${config.WHATSAPP_SENDERS_FILE}; SIGHUP reads it anew)`)
  for (const warning of [...config.warnings, ...findings]) say(`Note      ${warning}`)
  say(`Gateway   ${url}  (${config.ROLE}${config.API_KEYS.length === 0 ? ', open to this machine: no API_KEYS' : ''})`)
  if (config.ROLE === 'worker') return
  say(`Console   ${url}/console  (why somebody has not got a message; the queue: ${url}/admin/queues)`)
  const auth = config.API_KEYS.length === 0 ? '' : " -H 'authorization: Bearer <key>'"
  say(`Try       curl -s ${url}/api/v1/messages${auth} -H 'content-type: application/json' -d '{"to":"+1234567890","message":"Hello"}'`)
}

async function stopAll (): Promise<void> {
  try {
    for (const part of running.splice(0).reverse()) await part.stop()
  } finally {
    await written(process.stdout)
  }
}

/** Ends the process after an error that leaves nothing to go on with. */
function stop (code: number, sentence: string): void {
  process.stderr.write(`${sentence}\n`)
  const end = (): never => process.exit(code)
  stopAll().then(end, end)
}

// Longer than SHUTDOWN_GRACE_MS at most settings; a second signal ends at once.
process.on('SIGHUP', () => { reload().catch(() => undefined) })
const last = {
  onSecondError: (error: unknown) => tellEnd(log, error),
  logger: { error: (what: unknown) => tellEnd(log, what instanceof Error ? what : new SluiceError('INTERNAL', { detail: String(what) })) }
}
closeWithGrace({ delay: 60_000, skip: ['SIGHUP'], ...last }, async ({ signal, err }) => {
  if (err !== undefined) tellEnd(log, err)
  if (signal !== undefined) say(`${signal}: closing`)
  await stopAll()
})

start().catch((error: unknown) => {
  const known = error instanceof SluiceError && error.code !== 'INTERNAL'
  stop(1, known ? `${error.code}: ${error.message}` : String(error instanceof Error ? error.stack : error))
})
