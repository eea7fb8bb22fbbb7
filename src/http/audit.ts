import type { Events } from '../events.js'
import { globalKey } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import type { ApiDeps } from './api.js'

export type AuditEntry = Events['operator.action'][0]

/** Entries kept, about; older ones are in the log. */
const MAX_ENTRIES = 10_000

/** Records an operator's action: as an event for the log, and in a capped stream for `GET /audit`. */
export async function audit (deps: Pick<ApiDeps, 'store' | 'events'>, entry: AuditEntry): Promise<void> {
  deps.events.emit('operator.action', entry)
  const { redis, prefix } = deps.store
  const fields = Object.entries(entry).flatMap(([name, value]) => [name, String(value)])
  try {
    await redis.xadd(globalKey(prefix, 'audit'), 'MAXLEN', '~', MAX_ENTRIES, '*', ...fields)
  } catch (error) {
    // The action itself is done, and the log has it.
    deps.events.emit('unexpected-error', { location: 'audit', error })
  }
}

/** The latest entries, newest first. */
export async function listAudit (store: Store, limit: number): Promise<Array<AuditEntry & { at: string }>> {
  const entries = await store.redis.xrevrange(globalKey(store.prefix, 'audit'), '+', '-', 'COUNT', limit)
  return entries.map(([id, fields]) => {
    const pairs = Array.from({ length: fields.length / 2 }, (_, i) => [fields[2 * i], fields[2 * i + 1]])
    return { at: new Date(Number(id.split('-')[0])).toISOString(), ...Object.fromEntries(pairs) as AuditEntry }
  })
}
