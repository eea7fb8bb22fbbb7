/** A redis-server whose clock a test sets while it runs, by a shim in front of the C library. It needs a C compiler. */
import { execFile } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { root } from '../contract/tree.js'
import { onPath, provide } from './provide.js'
import { startRedis, type Teardown, type TestRedis } from './redis.js'

export interface ClockedRedis extends TestRedis {
  /** Sets the server's clock forward by so many ms; back, if it is negative. */
  step: (ms: number) => void
}

/** Null where there is no C compiler. */
export async function startClockedRedis (t: Teardown): Promise<ClockedRedis | null> {
  const compiler = onPath('cc') ?? onPath('gcc') ?? onPath('clang')
  if (compiler === null) return null
  await provide('redis')
  const folder = mkdtempSync(join(tmpdir(), 'sluice-clock-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const shim = join(folder, 'clock-shim.so')
  await promisify(execFile)(compiler, ['-shared', '-fPIC', '-O1', '-o', shim, fileURLToPath(new URL('test/support/clock-shim.c', `file://${root}`))])

  const offsetFile = join(folder, 'offset')
  let offsetMs = 0
  const write = (): void => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(BigInt(offsetMs) * 1000n)
    // In place, since the server has mapped the file.
    const file = openSync(offsetFile, 'r+')
    writeSync(file, bytes, 0, 8, 0)
    closeSync(file)
  }
  writeFileSync(offsetFile, Buffer.alloc(8))
  const server = onPath('redis-server') ?? join(root, '.data/bin/redis-server')
  const bin = join(folder, 'redis-server')
  writeFileSync(bin, `#!/bin/sh\nCLOCK_OFFSET_FILE='${offsetFile}' LD_PRELOAD='${shim}' exec '${server}' "$@"\n`, { mode: 0o755 })
  const redis = await startRedis(t, { bin })
  return Object.assign(redis, {
    step (ms: number) {
      offsetMs += ms
      write()
    }
  })
}
