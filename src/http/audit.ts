import type { Events } from '../events.js'
import { globalKey } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import type { ApiDeps } from './api.js'

export type AuditEntry = Events['operator.action'][0]

/** Acts kept, about; older ones are in the log. */
const KEEP = 10_000

/** Notes who did what by hand: as an event for the log, and in a capped stream for `GET /audit`. */
export async function audit (deps: Pick<ApiDeps, 'store' | 'events'>, done: AuditEntry): Promise<void> {
  deps.events.emit('operator.action', done)
  const { redis, prefix } = deps.store
  const fields = Object.entries(done).flatMap(([name, value]) => [name, String(value)])
  try {
    await redis.xadd(globalKey(prefix, 'audit'), 'MAXLEN', '~', KEEP, '*', ...fields)
  } catch (error) {
    // The act itself is done; the log has it.
    deps.events.emit('unexpected-error', { location: 'audit', error })
  }
}

/** The latest acts, newest first. */
export async function listAudit (store: Store, limit: number): Promise<Array<Record<string, string>>> {
  const entries = await store.redis.xrevrange(globalKey(store.prefix, 'audit'), '+', '-', 'COUNT', limit)
  return entries.map(([id, fields]) => {
    const told: Record<string, string> = { at: new Date(Number(id.split('-')[0])).toISOString() }
    for (let i = 0; i < fields.length; i += 2) told[fields[i] ?? ''] = fields[i + 1] ?? ''
    return told
  })
}
