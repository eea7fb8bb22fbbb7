/** The file of API keys of a soak: its callers, and keys that are exchanged while messages are posted with them. */
import { createHash } from 'node:crypto'
import { renameSync, writeFileSync } from 'node:fs'
import type { Random } from '../property/random.js'
import { keys } from '../support/gateway.js'
import { pass } from '../support/until.js'
import { monotonicNow, type Fact, type Rules } from './history.js'

export interface KeyOptions {
  path: string
  callers: NonNullable<Rules['callers']>
  /** Origins of the nodes that accept messages. */
  origins: () => string[]
  /** Has all nodes read the file at once, rather than within 2 s. */
  reload: () => void
  record: (fact: Fact) => void
}

/** A node that starts may have read the file before, and reads it again within 2 s. */
const READ_WITHIN_MS = 5000
const TRY_TIMEOUT_MS = 2500

export function createKeys ({ path, callers, origins, reload, record }: KeyOptions) {
  let count = 0
  const newKey = (name: string): string => `${name}-${++count}-`.padEnd(24, 'k')
  const current = new Map(Object.keys(callers).map(name => [name, newKey(name)]))

  /** `more`: a second key of a caller. */
  function write (more: Record<string, string> = {}): void {
    const hashed = (key: string): string => `sha256:${createHash('sha256').update(key).digest('hex')}`
    const own = Object.entries(callers).map(([name, { perSecond, burst, backlog }]) => ({
      name,
      role: 'send',
      keys: [hashed(current.get(name) ?? ''), ...(more[name] === undefined ? [] : [hashed(more[name])])],
      ...(Number.isFinite(perSecond) ? { rate: { perSecond, burst } } : { weight: 2 }),
      ...(Number.isFinite(backlog) ? { backlog } : {})
    }))
    writeFileSync(`${path}.new`, JSON.stringify([{ name: 'operator', role: 'admin', keys: [keys.operator] }, ...own]))
    // A node may start at any moment, and must find a whole file.
    renameSync(`${path}.new`, path)
  }

  async function tryKey (origin: string, key: string): Promise<number> {
    const signal = AbortSignal.timeout(TRY_TIMEOUT_MS)
    const headers = { authorization: `Bearer ${key}` }
    return await fetch(`${origin}/api/v1/messages/unknown`, { headers, signal }).then(({ status }) => status, () => 0)
  }

  /** Whether every node that accepts messages has read the file; false if the time is over before. */
  async function areRead (key: string, isRefused: boolean, isOver: () => boolean): Promise<boolean> {
    // A node that does not respond, or has no Redis, may not have read it.
    const isKnown = (status: number): boolean => isRefused ? status === 401 : status >= 200 && status < 429 && status !== 401
    for (let times = 0; times < 2;) {
      if (isOver()) return false
      const all = await Promise.all(origins().map(async origin => await tryKey(origin, key)))
      if (all.length > 0 && all.every(isKnown)) {
        times++
        await pass(READ_WITHIN_MS)
      } else {
        times = 0
        await pass(500)
      }
    }
    return true
  }

  write()
  return {
    keyOf: (name: string) => (): string => current.get(name) ?? '',
    /** Exchanges keys, one after the other, and tries those that have left the file; resolves when the time is over. */
    async exchange (random: Random, isOver: () => boolean): Promise<void> {
      while (!isOver()) {
        await pass(random.int(1000, 5000))
        const name = random.pick(Object.keys(callers))
        const [former, next] = [current.get(name) ?? '', newKey(name)]
        write({ [name]: next })
        if (random.chance(0.5)) reload()
        if (!await areRead(next, false, isOver)) return
        current.set(name, next)
        // Requests with the former one get their responses first.
        await pass(2 * TRY_TIMEOUT_MS)
        write()
        if (random.chance(0.5)) reload()
        if (!await areRead(former, true, isOver)) return
        for (const origin of origins()) {
          const status = await tryKey(origin, former)
          if (status > 0 && status < 500 && status !== 429) record({ fact: 'key-tried', at: monotonicNow(), caller: name, status })
        }
      }
    }
  }
}
