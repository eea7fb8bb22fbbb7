import type { Client } from './client.js'
import { countMissing, serversOf } from './client.js'

/** The fields of an INFO reply. */
export type Info = ReadonlyMap<string, string>

/** `# Section` lines are skipped. */
export function parseInfo (info: string): Info {
  const fields = new Map<string, string>()
  for (const line of info.split(/\r?\n/)) {
    const colon = line.indexOf(':')
    if (colon > 0 && !line.startsWith('#')) fields.set(line.slice(0, colon), line.slice(colon + 1))
  }
  return fields
}

export interface MemoryUse {
  usedBytes: number
  /** Share of maxmemory in use; 0 without a limit. */
  ratio: number
}

export function memoryUse (info: Info): MemoryUse {
  const usedBytes = Number(info.get('used_memory') ?? 0)
  const limitBytes = Number(info.get('maxmemory') ?? 0)
  return { usedBytes, ratio: limitBytes === 0 ? 0 : usedBytes / limitBytes }
}

/** Settings of Redis that would lose messages, one sentence each, whatever the number of servers that have it; none if all is well. */
export async function checkDurability (redis: Client): Promise<string[]> {
  const infos = (await readInfos(redis)).flatMap(info => info === null ? [] : [parseInfo(info)])
  return [...new Set(infos.flatMap(findings))]
}

/** The INFO reply of each server that takes writes; null for one that does not respond. Throws if none responds. */
export async function readInfos (redis: Client): Promise<Array<string | null>> {
  const errors: unknown[] = []
  const infos = await Promise.all(serversOf(redis).map(async server => await server.info().catch((error: unknown) => {
    errors.push(error)
    return null
  })))
  if (errors.length > 0 && errors.length === infos.length) throw errors[0]
  return [...infos, ...Array.from({ length: countMissing(redis) }, () => null)]
}

function findings (info: Info): string[] {
  const found: string[] = []
  const version = info.get('redis_version')?.split('.')[0] ?? '0'
  if (Number(version) < 7) found.push(`Redis ${version} is too old: 7.0 or newer is needed`)
  if (info.get('aof_enabled') !== '1') found.push('Redis keeps no append-only file: a restart loses messages (set appendonly yes)')
  const policy = info.get('maxmemory_policy') ?? 'noeviction'
  if (policy !== 'noeviction') found.push(`Redis evicts keys (${policy}): messages may vanish (set maxmemory-policy noeviction)`)
  return found
}
