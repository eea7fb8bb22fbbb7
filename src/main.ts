import closeWithGrace from 'close-with-grace'
import { join } from 'node:path'
import { readConfig } from './config.js'
import type { Config } from './config.js'
import { SluiceError } from './errors.js'
import { createBus } from './events.js'
import type { Gateway } from './gateway.js'
import { createGateway } from './gateway.js'
import { createLog, tellEnd } from './metrics/log.js'
import { logEvents } from './metrics/logs.js'
import { classifyStatus } from './provider/classify.js'
import { explain } from './provider/codes.js'
import { createProviders } from './provider/providers.js'
import { startEmbeddedRedis } from './redis/embedded.js'
import { targetsOf, watchSenders } from './reload.js'
import { createSandbox } from './sandbox/sandbox.js'

/** What was started, in the order in which it started; ended in the reverse one. */
const running: Array<{ name: string, stop: () => Promise<void> }> = []

/** What SIGHUP does: the senders are read anew. Until they have been read a first time there is nothing to do. */
let reload = async (): Promise<void> => {}

/** Until the settings are read it takes what there is to tell. */
let log = createLog('info')

/** A line for people; the log is for machines. */
const say = (line: string): void => { process.stdout.write(`${line}\n`) }

async function start (): Promise<void> {
  const config = readConfig()
  log = createLog(config.LOG_LEVEL)
  const events = createBus()
  logEvents(events, log)
  const redisUrl = config.embeddedRedis ? await startRedis(config) : config.REDIS_URL
  const sandboxUrl = config.sandbox ? await findSandbox(config) : null
  const provider = createProviders(targetsOf(config.senders, sandboxUrl), config.SEND_TIMEOUT_MS)
  const gateway = await createGateway(config, { redisUrl, provider, explain, judge: classifyStatus, events, logger: log })
  running.push({ name: 'gateway', stop: gateway.close })
  const senders = watchSenders({ source: config, senders: config.senders, providers: provider, gateway, events, sandboxUrl })
  running.push({ name: 'senders', stop: async () => senders.close() })
  reload = senders.reload
  await listen(gateway, config)
  announce(config, gateway)
}

async function startRedis (config: Config): Promise<string> {
  const redis = await startEmbeddedRedis({ dir: join(config.DATA_DIR, 'redis'), onExit: () => { stop(1, 'the embedded Redis ended by itself') } })
  running.push({ name: 'redis', stop: redis.stop })
  say(`Redis     ${redis.url}  (embedded, data in ${join(config.DATA_DIR, 'redis')})`)
  return redis.url
}

async function findSandbox (config: Config): Promise<string> {
  const url = config.SANDBOX_URL === '' ? await startSandbox() : config.SANDBOX_URL
  say(`Sandbox   ${url}  (stands in for WhatsApp: nothing is really sent)`)
  return url
}

async function startSandbox (): Promise<string> {
  const sandbox = await createSandbox()
  running.push({ name: 'sandbox', stop: sandbox.close })
  return sandbox.url
}

async function listen (gateway: Gateway, config: Config): Promise<void> {
  try {
    await gateway.app.listen({ port: config.PORT, host: config.HOST })
  } catch (cause) {
    const taken = (cause as { code?: string }).code === 'EADDRINUSE'
    throw new SluiceError('SETUP_FAILED', { detail: taken ? `port ${config.PORT} is taken: set PORT to another, or end what listens there` : String(cause), cause })
  }
}

function announce (config: Config, gateway: Gateway): void {
  const address = gateway.app.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : config.PORT
  const url = `http://${config.HOST === '0.0.0.0' ? 'localhost' : config.HOST}:${port}`
  if (config.ROLE !== 'api') say(`Worker    one message per ${config.WHATSAPP_RATE_LIMIT_MS} ms and recipient, ${config.WHATSAPP_SENDER_RATE_PER_SECOND} a second in all; retries looked for every ${config.WHATSAPP_RETRY_INTERVAL_MS / 1000} s`)
  if (config.senders.length > 1) say(`Senders   ${config.senders.length}, by default ${config.senders[0]?.id ?? ''}  (${config.WHATSAPP_SENDERS_FILE}; SIGHUP reads it anew)`)
  for (const warning of [...config.warnings, ...gateway.findings]) say(`Note      ${warning}`)
  say(`Gateway   ${url}  (${config.ROLE}${config.API_KEYS.length === 0 ? ', open to this machine: no API_KEYS' : ''})`)
  if (config.ROLE === 'worker') return
  const auth = config.API_KEYS.length === 0 ? '' : " -H 'authorization: Bearer <key>'"
  say(`Try       curl -s ${url}/api/v1/messages${auth} -H 'content-type: application/json' -d '{"to":"+1234567890","message":"Hello"}'`)
}

async function stopAll (): Promise<void> {
  for (const part of running.splice(0).reverse()) await part.stop()
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
