/** A redis-server whose wall clock a test sets while it runs, by a library in front of the C library (redis-clock.c). */
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../contract/tree.js'
import { onPath, provide } from './provide.js'
import { startRedis, type Teardown, type TestRedis } from './redis.js'

export interface RedisClock {
  /** The redis-server to start. */
  bin: string
  /** Sets the clock: µs since the epoch, or from the real time. */
  set: (us: number) => void
  close: () => void
}

export interface ClockedRedis extends TestRedis {
  /** Sets the server's clock forward by so many ms; back, if it is negative. */
  step: (ms: number) => void
}

const library = join(root, '.data/clock/redis-clock.so')

/** Writes the server's program and the file of its clock into `dir`. Null where there is no C compiler. */
export async function createClock (dir: string, base: 'epoch' | 'real-time'): Promise<RedisClock | null> {
  await provide('redis')
  await provide('clock')
  if (process.platform !== 'linux' || !existsSync(library)) return null
  const clock = join(dir, 'clock')
  writeFileSync(clock, new BigInt64Array([0n, base === 'real-time' ? 1n : 0n]))
  // In place, since the server has mapped the file.
  const file = openSync(clock, 'r+')
  const bytes = Buffer.alloc(8)
  const server = onPath('redis-server') ?? onPath('valkey-server') ?? 'redis-server'
  const bin = join(dir, 'redis-server')
  // That thread of the allocator waits until a moment of this clock. Where no time passes it never waits, and takes a whole processor.
  const options = '--jemalloc-bg-thread no'
  writeFileSync(bin, `#!/bin/sh\nLD_PRELOAD='${library}' REDIS_CLOCK='${clock}' exec '${server}' "$@" ${options}\n`, { mode: 0o755 })
  return {
    bin,
    set (us) {
      bytes.writeBigInt64LE(BigInt(us))
      writeSync(file, bytes, 0, 8, 0)
    },
    close: () => closeSync(file)
  }
}

/** A server with the real time, until it is stepped. Null where there is no C compiler. */
export async function startClockedRedis (t: Teardown): Promise<ClockedRedis | null> {
  const clock = await clockOf(t, 'real-time')
  if (clock === null) return null
  let offsetMs = 0
  const redis = await startRedis(t, { bin: clock.bin })
  return Object.assign(redis, {
    step (ms: number) {
      offsetMs += ms
      clock.set(offsetMs * 1000)
    }
  })
}

export interface StoppedRedis extends TestRedis {
  /** Sets the server's clock, µs since the epoch. Between two calls no time passes for it, so a TTL ends exactly when the test says so. */
  setClock: (us: number) => void
}

/** Small hashes keep the order of their fields; larger ones are ordered by a random seed of each server. So one history is the same on each. */
export const IN_ORDER = ['hash', 'zset'].flatMap(type => [`--${type}-max-listpack-entries`, '1000000', `--${type}-max-listpack-value`, '1000000'])

/** A server without a time and an order of its own. Null where there is no C compiler. */
export async function startStoppedRedis (t: Teardown, us: number): Promise<StoppedRedis | null> {
  const clock = await clockOf(t, 'epoch')
  if (clock === null) return null
  clock.set(us)
  return Object.assign(await startRedis(t, { bin: clock.bin, extra: IN_ORDER }), { setClock: clock.set })
}

async function clockOf (t: Teardown, base: 'epoch' | 'real-time'): Promise<RedisClock | null> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-clock-'))
  const clock = await createClock(dir, base)
  t.teardown(() => {
    clock?.close()
    rmSync(dir, { recursive: true })
  })
  return clock
}
