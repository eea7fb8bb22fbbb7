/** A redis-server under callgrind, which counts its instructions: the same figures under any load, on any machine with the same build. */
import { execFile } from 'node:child_process'
import { chmodSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { startEmbeddedRedis } from '../../../dist/redis/embedded.js'
import { onPath } from '../../../bin/kit.mjs'
import { scratch } from './process.mjs'

const run = promisify(execFile)

/** Whether this machine can count: valgrind is there (`node bin/setup.mjs valgrind`). */
export const canCount = () => onPath('valgrind') !== undefined && onPath('vgdb') !== undefined

/** Starts a server without persistence. `count` returns the thousand instructions that the server ran during some work. */
export async function startCountedRedis () {
  const dir = scratch()
  const bin = join(dir, 'counted-redis')
  const out = join(dir, 'count')
  // The wrapper that setup.mjs writes starts two small programs before it becomes redis-server.
  const valgrind = `valgrind --tool=callgrind --trace-children=yes --trace-children-skip=*/dirname,*/readlink --callgrind-out-file=${out}`
  writeFileSync(bin, `#!/bin/sh\ncase "$1" in --version) exec redis-server "$1" ;; esac\nexec ${valgrind} "$(command -v redis-server)" "$@"\n`)
  chmodSync(bin, 0o755)
  const server = await startEmbeddedRedis({ dir, hz: 1, bin, extra: ['--appendonly', 'no', '--dynamic-hz', 'no'] })
  const client = new Redis(server.url)
  const control = async command => await run('vgdb', [`--pid=${server.pid}`, ...command.split(' ')])
  const info = await client.info('server')
  const of = field => new RegExp(`^${field}:(\\S+)`, 'm').exec(info)?.[1] ?? '?'
  let dumps = 0
  return {
    url: server.url,
    client,
    /** Another build has other figures. */
    build: `${of('redis_version')} ${of('redis_build_id')}`,
    async count (work) {
      await control('zero')
      await work()
      await control('dump')
      const total = /^(?:totals|summary): (\d+)/m.exec(readFileSync(`${out}.${++dumps}`, 'utf8'))?.[1]
      if (total === undefined) throw new Error(`callgrind wrote no total: ${readdirSync(dir).join(', ')}`)
      return Number(total) / 1000
    },
    async stop () {
      client.disconnect()
      await server.kill()
    }
  }
}
