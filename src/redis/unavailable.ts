import { SluiceError } from '../errors.js'

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
  return error instanceof SluiceError && REFUSED.test(String(error.facts.cause ?? ''))
}

/** Whether Redis cannot be used for now: no connection, no reply in time, or a reply that asks to retry (LOADING, NOREPLICAS, OOM, BUSY …). */
export function isUnavailable (error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof SluiceError) return error.code === 'UNAVAILABLE'
  if (error.name === 'ReplyError') return !isCallerError(error.message)
  return CLIENT_ERRORS.has(error.name) || CLIENT_SENTENCES.some(sentence => error.message.startsWith(sentence))
}
