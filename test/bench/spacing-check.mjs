#!/usr/bin/env node
/**
 * The cost of the spacing check in Redis: time and bytes per start, in a loop within one script.
 *
 *     npm run build && node test/bench/spacing-check.mjs [rounds, 60]
 */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { startEmbeddedRedis } from '../../dist/redis/embedded.js'

const rounds = Number(process.argv[2] ?? 60)
const STARTS = 10_000
const dir = await mkdtemp(join(tmpdir(), 'sluice-spacing-check-'))
const server = await startEmbeddedRedis({ dir })
const redis = new Redis(server.url)
const include = name => readFileSync(new URL(`../../lua/include/${name}.lua`, import.meta.url), 'utf8')

const loop = inside => `${include('numbers')}
${include('spacing_check')}
local sender = { version = '1', pair_rate = { interval = 2000000, burst = 1 } }
local time = redis.call('TIME')
local now, sum = tonumber(time[1]) * 1000000 + tonumber(time[2]), 0
for i = 1, ${STARTS} do
  local key = '{wa:100000000000001}:starts:p1555' .. (1000000 + i)
  ${inside}
end
return sum`
const checking = loop(`local run, life, early = check_spacing(redis.call('GET', key), sender, now + i)
  redis.call('SET', key, run, 'PX', life)
  sum = sum + #early`)
const idle = loop('sum = sum + #key')

async function usOf (lua) {
  await redis.config('RESETSTAT')
  await redis.eval(lua, 0)
  return Number(/cmdstat_eval:calls=1,usec=(\d+)/.exec(await redis.info('commandstats'))[1]) / STARTS
}

const costs = []
for (let round = 0; round < rounds; round++) {
  await redis.flushall()
  costs.push(await usOf(checking) - await usOf(idle))
}
costs.sort((a, b) => a - b)
await redis.eval(checking, 0)
const bytes = await redis.memory('USAGE', '{wa:100000000000001}:starts:p15551000001')
console.log(
  `${costs[0].toFixed(1)} µs a start (median of ${rounds}: ${costs[Math.floor(rounds / 2)].toFixed(1)}), ` +
    `${bytes} bytes a pair while its interval lasts`
)
redis.disconnect()
await server.stop()
await rm(dir, { recursive: true })
