import type { Client } from './client.js'
import { serversOf } from './client.js'

/**
 * What of the settings of Redis would lose messages, in plain sentences; none where all is well. Each is said once, whatever the number of
 * servers that have it so.
 */
export async function checkDurability (redis: Client): Promise<string[]> {
  const infos = await Promise.all(serversOf(redis).map(async server => await server.info()))
  return [...new Set(infos.flatMap(findings))]
}

function findings (info: string): string[] {
  const found: string[] = []
  const version = /^redis_version:(\d+)\./m.exec(info)?.[1] ?? '0'
  if (Number(version) < 7) found.push(`Redis ${version} is too old: 7.0 or newer is needed`)
  if (!/^aof_enabled:1/m.test(info)) found.push('Redis keeps no append-only file: a restart loses messages (set appendonly yes)')
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'noeviction'
  if (policy !== 'noeviction') found.push(`Redis evicts keys (${policy}): messages may vanish (set maxmemory-policy noeviction)`)
  return found
}
