import { serversOf } from '../redis/client.js'
import { globalKey, LAYOUT } from '../redis/keys.js'
import { isUnavailable } from '../redis/unavailable.js'
import type { Area, DoctorDeps, Candidate } from './area.js'
import { ask } from './area.js'
import { parseKey } from './known-keys.js'
import { checkMessages } from './messages.js'

/** Approximate number of keys that one SCAN call visits, and keys that are checked at a time. */
const SCAN_PAGE = 1000
const PAGE = 200
/** TTL of a key that has lost its own; the longest of a key that is no part of a message is that of dead letters. */
const TTL_MS = 86_400_000

/** What a search of all keys has met. `broken`: senders with a key of another type, whose other keys cannot be checked. */
export interface Met { senders: Set<string>, broken: Set<string> }

const candidate = (kind: string, target: string, sender: string, detail?: string): Candidate =>
  ({ area: 'keys', kind, sender, target, ...(detail === undefined ? {} : { detail }) })

/** Searches all keys of the prefix, on all servers, page by page, and the layout number. */
export async function * searchKeys (deps: DoctorDeps, met: Met): AsyncGenerator<Candidate[]> {
  const [global, perSender] = [`{${deps.prefix}}:`, `{${deps.prefix}:`]
  let isEmpty = true
  for (const server of serversOf(deps.redis)) {
    let cursor = '0'
    do {
      const [next, found] = await ask(deps, async () => await server.scan(cursor, 'MATCH', `{${deps.prefix}*`, 'COUNT', SCAN_PAGE))
      const keys = found.filter(key => key.startsWith(global) || key.startsWith(perSender))
      isEmpty &&= keys.length === 0
      for (let i = 0; i < keys.length; i += PAGE) {
        const checked = await Promise.all(keys.slice(i, i + PAGE).map(async key => await checkKey(deps, key, met)))
        deps.onChecked(checked.length)
        yield checked.flat()
      }
      cursor = next
    } while (cursor !== '0')
  }
  if (!isEmpty) yield await checkLayout(deps)
}

async function checkKey (deps: DoctorDeps, key: string, met: Met): Promise<Candidate[]> {
  const { sender, name, part, known } = parseKey(deps.prefix, key)
  if (known === 'bullmq') return []
  if (known === null) return [candidate('unknown-key', key, sender)]
  if (sender !== '') met.senders.add(sender)
  if (name === 'msg') return await checkMark(deps, key, sender, part)
  const [type, ttl] = await ask(deps, async () => await Promise.all([deps.redis.type(key), deps.redis.pttl(key)]))
  if (type === 'none') return []
  if (type !== known.type) {
    if (sender !== '') met.broken.add(sender)
    return [candidate('unknown-key', key, sender, `a ${type} instead of a ${known.type}`)]
  }
  return known.hasTtl && ttl === -1 ? [candidate('key-without-ttl', key, sender)] : []
}

/** An idempotency record. Only a suspicious one is checked as a whole: there are as many as messages in a day. */
async function checkMark (deps: DoctorDeps, key: string, sender: string, digest: string): Promise<Candidate[]> {
  try {
    const [text, ttl] = await ask(deps, async () => await Promise.all([deps.redis.getrange(key, 0, 20), deps.redis.pttl(key)]))
    const [, letter = '', generation] = /^(\w) ([0-9a-f]+) /.exec(text) ?? []
    if (text === '') return []
    if (generation === undefined) return [candidate('unknown-key', key, sender, 'no idempotency record')]
    return letter === 'w' || ttl === -1 ? await checkMessages(deps, sender, [{ id: `${digest}.${generation}` }]) : []
  } catch (error) {
    if (isUnavailable(error)) throw error
    return [candidate('unknown-key', key, sender, 'not a string')]
  }
}

async function checkLayout (deps: DoctorDeps): Promise<Candidate[]> {
  const layout = await ask(deps, async () => await deps.redis.get(globalKey(deps.prefix, 'layout')))
  if (layout === String(LAYOUT)) return []
  return [candidate('wrong-layout', globalKey(deps.prefix, 'layout'), '', `${layout ?? 'none'} instead of ${LAYOUT}`)]
}

/** Single keys: their name, type and TTL. */
export const keys: Area = {
  async * search () { /* searchKeys finds them, once for all senders */ },
  async recheck (deps, _, candidates) {
    const checked = await Promise.all(candidates.map(async one => {
      const met: Met = { senders: new Set(), broken: new Set() }
      const found = one.kind === 'wrong-layout' ? await checkLayout(deps) : await checkKey(deps, one.target, met)
      const isThere = one.kind !== 'unknown-key' || await ask(deps, async () => await deps.redis.exists(one.target)) === 1
      return isThere && found.some(({ kind }) => kind === one.kind) ? [one] : []
    }))
    return checked.flat()
  },
  async repair (deps, { kind, target }) {
    if (kind === 'wrong-layout') return { status: 'left', why: 'start the version that wrote it' }
    if (kind === 'unknown-key') return { status: 'left', why: 'unknown content' }
    // One command that changes nothing where the key has a TTL by now.
    const changed = await ask(deps, async () => await deps.redis.pexpire(target, TTL_MS, 'NX'))
    return { status: changed === 1 ? 'repaired' : 'gone' }
  }
}
