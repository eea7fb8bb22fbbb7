/** A real redis-server whose wall clock is a file, and one connection to it. */
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { startEmbeddedRedis } from '../../src/redis/embedded.js'
import { loadScripts } from '../../src/redis/scripts.js'
import { keepLedger, ledgerOf, sizeOf } from '../prove/ledger.js'
import { onPath, provide } from '../support/provide.js'
import type { Teardown } from '../support/redis.js'

export interface SimulatedServer {
  redis: Redis
  /** Sets its wall clock, µs since the epoch. */
  setClock: (us: number) => void
  /** The append-only file, and its end. */
  ledger: () => { file: string, end: number }
}

const library = fileURLToPath(new URL('../../.data/clock/clock.so', import.meta.url))

/** Null where Redis cannot have a virtual clock. */
export async function startServer (t: Teardown, clockUs: number): Promise<SimulatedServer | null> {
  await provide('redis')
  await provide('clock')
  if (process.platform !== 'linux' || !existsSync(library)) return null
  const dir = mkdtempSync(join(tmpdir(), 'sluice-simulation-'))
  const clock = join(dir, 'clock')
  const bin = join(dir, 'redis-server')
  writeFileSync(clock, Buffer.alloc(8))
  const file = openSync(clock, 'r+')
  const bytes = Buffer.alloc(8)
  const setClock = (us: number): void => {
    bytes.writeBigInt64LE(BigInt(us))
    writeSync(file, bytes, 0, 8, 0)
  }
  setClock(clockUs)
  const program = onPath('redis-server') ?? onPath('valkey-server') ?? 'redis-server'
  writeFileSync(bin, `#!/bin/sh\nLD_PRELOAD="${library}" VIRTUAL_CLOCK="${clock}" exec "${program}" "$@"\n`, { mode: 0o755 })
  const socket = join(dir, 'redis.sock')
  const server = await startEmbeddedRedis({
    dir,
    bin,
    hz: 10,
    extra: [
      ...keepLedger,
      '--appendfsync', 'no', '--unixsocket', socket,
      // Small hashes keep the order of their fields; larger ones are ordered by a random seed of each server.
      ...['hash', 'zset'].flatMap(type => [`--${type}-max-listpack-entries`, '1000000', `--${type}-max-listpack-value`, '1000000'])
    ]
  })
  const redis = new Redis({ path: socket })
  for (const { lua } of loadScripts()) await redis.script('LOAD', lua)
  t.teardown(async () => {
    redis.disconnect()
    await server.kill()
    closeSync(file)
    rmSync(dir, { recursive: true, force: true })
  })
  return {
    redis,
    setClock,
    ledger () {
      const found = ledgerOf(dir) ?? ''
      return { file: found, end: existsSync(found) ? sizeOf(found) : statSync(dir).size }
    }
  }
}
