/** A real redis-server whose wall clock is a file, and one connection to it. */
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { startEmbeddedRedis } from '../../src/redis/embedded.js'
import { loadScripts } from '../../src/redis/scripts.js'
import { keepLedger, ledgerOf, sizeOf } from '../prove/ledger.js'
import { createClock, IN_ORDER } from '../support/redis-clock.js'
import type { Teardown } from '../support/redis.js'

export interface SimulatedServer {
  redis: Redis
  /** Sets its wall clock, µs since the epoch. */
  setClock: (us: number) => void
  /** The append-only file, and its end. */
  ledger: () => { file: string, end: number }
}

/** Null where the clock of Redis cannot be set. */
export async function startServer (t: Teardown, clockUs: number): Promise<SimulatedServer | null> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-simulation-'))
  const clock = await createClock(dir, 'epoch')
  if (clock === null) {
    rmSync(dir, { recursive: true })
    return null
  }
  clock.set(clockUs)
  const socket = join(dir, 'redis.sock')
  const server = await startEmbeddedRedis({
    dir,
    bin: clock.bin,
    hz: 10,
    extra: [
      ...keepLedger,
      '--appendfsync', 'no', '--unixsocket', socket, ...IN_ORDER
    ]
  })
  const redis = new Redis({ path: socket })
  for (const { lua } of loadScripts()) await redis.script('LOAD', lua)
  t.teardown(async () => {
    redis.disconnect()
    await server.kill()
    clock.close()
    rmSync(dir, { recursive: true, force: true })
  })
  return {
    redis,
    setClock: clock.set,
    ledger () {
      const found = ledgerOf(dir) ?? ''
      return { file: found, end: existsSync(found) ? sizeOf(found) : statSync(dir).size }
    }
  }
}
