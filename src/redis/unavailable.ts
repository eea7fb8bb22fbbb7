import { setTimeout as sleep } from 'node:timers/promises'
import { backoffMs } from '../values/backoff.js'
import { SluiceError } from '../errors.js'
import type { Bus } from '../events.js'

/** Error replies that are caused by the script or the command. With any other error the same command may succeed later. */
const CALLER_ERROR = /^(ERR|WRONGTYPE|CROSSSLOT)\b/
/** Messages of ERR replies while Redis starts or has no connection left. */
const TEMPORARY = /loading|max number of clients/i
/** Classes of ioredis for a lost connection. */
const CLIENT_ERRORS = new Set(['MaxRetriesPerRequestError', 'ClusterAllFailedError'])
/**
 * For the rest ioredis throws a plain Error, or an AbortError, a name that other libraries use as well. Only the message identifies it.
 * test/redis/unavailable.test.ts provokes each with the real client.
 */
const CLIENT_SENTENCES = [
  "Stream isn't writeable",
  'Connection is closed',
  'Command timed out',
  'Command aborted due to connection close',
  "Cluster isn't ready",
  'Cluster is ended',
  'Too many Cluster redirections',
  'None of startup nodes is available'
]

/** Whether Redis refuses a command because of the command itself. Then a repeat is refused as well. */
export function isCallerError (message: string): boolean {
  return CALLER_ERROR.test(message) && !TEMPORARY.test(message)
}

/** Whether the Redis user has no permission (docs/redis.md has the rules that it needs). Of a command in a script the reply is an ERR. */
export function isForbidden (error: Error): boolean {
  return /^(NOPERM|ERR The user executing the script can't) /.test(error.message)
}

/** Error replies of a server, and errors of the client, to a command that did not run. */
const REFUSED = /^(LOADING|MASTERDOWN|READONLY|CLUSTERDOWN|NOREPLICAS|OOM|MISCONF|BUSY|NOAUTH|Stream isn't writeable|Cluster isn't ready)/

/** Whether a script call certainly did not run: Redis refused it, or the client had no connection to send it on. */
export function isRefused (error: unknown): boolean {
  if (!(error instanceof SluiceError)) return false
  const { cause } = error.facts
  return typeof cause === 'string' && REFUSED.test(cause)
}

/** Whether Redis cannot be used for now: no connection, no reply in time, or a reply that asks to retry (LOADING, NOREPLICAS, OOM, BUSY …). */
export function isUnavailable (error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof SluiceError) return error.code === 'UNAVAILABLE'
  if (error.name === 'ReplyError') return !isCallerError(error.message)
  return CLIENT_ERRORS.has(error.name) || CLIENT_SENTENCES.some(sentence => error.message.startsWith(sentence))
}

/** Reports an error that ended an operation: as an outage where Redis was unavailable, otherwise as one that no code expects. */
export function reportError (events: Bus, location: string, error: unknown): void {
  if (isUnavailable(error)) events.emit('redis.lost', { error: messageOf(error) })
  else events.emit('unexpected-error', { location, error })
}

const WITHIN_MS = 30_000
/** How long a start waits for a replica to become the master, as in a failover. */
const READONLY_MS = 3000
const BACKOFF = { firstMs: 100, longestMs: 500 }

/** Repeats a call while Redis is unavailable, and rethrows the last error after `withinMs`. `onError` gets every error, and may throw another. */
export async function retryWhileUnavailable<Result> (
  call: () => Promise<Result>, { withinMs = WITHIN_MS, onError = () => {} }: { withinMs?: number, onError?: (error: unknown) => void } = {}
): Promise<Result> {
  const deadline = performance.now() + withinMs
  for (let retry = 0; ; retry++) {
    try {
      return await call()
    } catch (error) {
      onError(error)
      if (!isUnavailable(error) || performance.now() > deadline) throw error
      await sleep(backoffMs(retry, BACKOFF))
    }
  }
}

/**
 * Repeats a call of a start for 30 s: where many processes start at once a reply may take longer than the command timeout, and a process that
 * gives up and is restarted only adds load. Throws UNAVAILABLE with the last reason after that, and CONFIG_INVALID with Redis's own words where
 * it refuses the user, the database or all writes.
 */
export async function atStart<Result> (call: () => Promise<Result>, withinMs = WITHIN_MS): Promise<Result> {
  const readonlyUntil = performance.now() + READONLY_MS
  try {
    return await retryWhileUnavailable(call, {
      withinMs,
      onError (error) {
        const refusal = findRefusal(error)
        if (refusal !== null && !(refusal.startsWith('READONLY') && performance.now() < readonlyUntil)) throw refusedByRedis(refusal)
      }
    })
  } catch (error) {
    if (!isUnavailable(error)) throw error
    const reason = messageOf(error instanceof SluiceError ? error.facts.detail ?? error.facts.cause ?? error : error)
    throw new SluiceError('UNAVAILABLE', { detail: `Redis could not be used for ${withinMs / 1000} s: ${reason}`, cause: error })
  }
}

const OF_USER = /^(NOPERM|WRONGPASS|NOAUTH|ERR (The user executing the script can't|AUTH |Client sent AUTH|wrong number of arguments for 'auth'))/
const OF_DATABASE = /^ERR (DB index|invalid DB|SELECT )/

/** The reply by which Redis refuses this user or this database; null for any other error. It will not change by itself. */
export function findRefusal (error: unknown): string | null {
  // A script's error has the reply as its cause, that of a cluster within it.
  const message = `${error instanceof SluiceError ? messageOf(error.facts.cause ?? '') : ''} ${messageOf(error)}`
  const found = /(?:NOPERM|WRONGPASS|NOAUTH|READONLY|ERR) [^]*/.exec(message)?.[0] ?? ''
  return OF_USER.test(found) || OF_DATABASE.test(found) || found.startsWith('READONLY') ? found : null
}

/** The CONFIG_INVALID of a refusal. */
export function refusedByRedis (refusal: string): SluiceError {
  return new SluiceError('CONFIG_INVALID', { field: 'REDIS_URL', detail: `REDIS_URL: Redis refuses: ${refusal} (${adviceOn(refusal)})` })
}

function adviceOn (refusal: string): string {
  if (refusal.startsWith('READONLY')) return 'it is a replica: name the master, or the sentinels'
  if (OF_DATABASE.test(refusal)) return 'the number after the last / is the database'
  if (/^NOPERM|^ERR The user/.test(refusal)) return 'docs/redis.md has the permissions that the user needs'
  return 'check user and password'
}

function messageOf (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/**
 * Runs `work` every `ms`, never twice at once. An error is reported, and the next run comes; of an outage of Redis the first error is reported.
 * `stop` waits for a run in progress.
 */
export function every (ms: number, events: Bus, location: string, work: () => Promise<void>): { stop: () => Promise<void> } {
  let running: Promise<void> | null = null
  let isOutage = false
  async function run (): Promise<void> {
    try {
      await work()
      isOutage = false
    } catch (error) {
      if (!isOutage || !isUnavailable(error)) reportError(events, location, error)
      isOutage = isUnavailable(error)
    }
  }
  const timer = setInterval(() => { running ??= run().finally(() => { running = null }) }, ms)
  return {
    async stop () {
      clearInterval(timer)
      await running
    }
  }
}
