import type { AdmissionSettings, Request } from './admit.js'
import { SluiceError } from '../errors.js'
import { senderKey } from '../redis/keys.js'
import { redisNowMs } from '../redis/server-clock.js'
import type { Store } from '../redis/store.js'
import { parseResult } from '../settlement/record.js'
import { chooseKey, digest, fingerprint } from './key.js'

/** What would become of a request now. `id`: of the message that was accepted with its key. */
export type Preview = { status: 'new', optedOut: boolean } | { status: 'duplicate' | 'reused', id: string, optedOut: boolean }

/**
 * What `admit` would find for requests of one sender: whether their keys are known, and whether their recipients have opted out of marketing.
 * Accepts nothing and writes nothing. Three commands of Redis, however many requests. An invalid request has its error.
 */
export async function preview (
  deps: { store: Store, admission: AdmissionSettings }, sender: string, requests: readonly Request[]
): Promise<Array<Preview | SluiceError>> {
  const { store: { redis, prefix }, admission: settings } = deps
  const rows = requests.map(request => identify(request, settings))
  const valid = rows.filter((row): row is Row => !(row instanceof SluiceError))
  if (valid.length === 0) return rows as SluiceError[]
  const optOutsKey = senderKey(prefix, sender, 'opt-outs')
  const [nowMs, records, optOuts] = await Promise.all([
    redisNowMs(redis, optOutsKey),
    redis.mget(valid.map(row => senderKey(prefix, sender, 'msg', { digest: row.digest }))),
    redis.hmget(optOutsKey, ...valid.map(row => row.recipient))
  ])
  const found = valid.entries()
  return rows.map(row => {
    if (row instanceof SluiceError) return row
    const [i] = found.next().value as [number, Row]
    return { ...repeatOf(records[i] ?? null, row, nowMs), optedOut: (optOuts[i] ?? null) !== null }
  })
}

interface Row { recipient: string, digest: string, fingerprint: string, windowMs: number }

function identify (request: Request, settings: AdmissionSettings): Row | SluiceError {
  try {
    const { sender, caller, recipient, message } = request
    const type = request.type ?? (typeof message === 'object' && typeof message['type'] === 'string' ? message['type'] : 'text')
    const { key, source } = chooseKey(request, recipient, type)
    return {
      recipient,
      digest: digest(sender, caller, key),
      fingerprint: fingerprint(sender, recipient, type, message),
      windowMs: source === 'derived' ? settings.derivedTtlMs : settings.idempotencyTtlMs
    }
  } catch (error) {
    if (error instanceof SluiceError) return error
    throw error
  }
}

/** As `repeat_of` of lua/include/repeat_of.lua decides. */
function repeatOf (text: string | null, row: Row, nowMs: number): { status: 'new' } | { status: 'duplicate' | 'reused', id: string } {
  if (text === null) return { status: 'new' }
  const [, generation = '', print = ''] = text.split(' ', 3)
  const result = parseResult(text)
  if (result !== null && nowMs >= Math.max(result.admittedAt + row.windowMs, result.settledAt + 60_000)) return { status: 'new' }
  return { status: print === row.fingerprint || print === '0' ? 'duplicate' : 'reused', id: `${row.digest}.${generation}` }
}
