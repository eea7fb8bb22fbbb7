import t from 'tap'
import { redisNowMs } from '../../src/redis/server-clock.js'
import { checkDurability, memoryUse, parseInfo } from '../../src/redis/info.js'
import { startRedis } from '../support/redis.js'

const redis = await startRedis(t)
const client = redis.connect()

await t.test('every field of a real INFO reply is parsed, and section titles are not fields', async t => {
  const info = parseInfo(await client.info())
  t.match(info.get('redis_version'), /^\d+\.\d+\.\d+$/)
  t.match(info.get('executable'), /^\//, 'also one whose value may hold a colon')
  t.strictSame([...info.keys()].filter(field => !/^[a-zA-Z]\w*$/.test(field)), [])
})

await t.test('memory use is a share of maxmemory, and 0 without a limit', async t => {
  t.match(memoryUse(parseInfo(await client.info('memory'))), { usedBytes: Number, ratio: 0 })
  t.match(memoryUse(parseInfo('# Memory\r\nused_memory:30\r\nmaxmemory:40\r\n')), { usedBytes: 30, ratio: 0.75 })
})

await t.test('settings that would lose messages are reported', async t => {
  t.teardown(async () => await client.config('SET', 'maxmemory-policy', 'noeviction', 'appendonly', 'yes'))
  await client.config('SET', 'maxmemory-policy', 'allkeys-lru', 'appendonly', 'no')
  t.match(await checkDurability(client), [/append-only file/, /evicts keys \(allkeys-lru\)/])
})

await t.test('the time of Redis is in whole ms', async t => {
  const [before] = await client.time()
  const nowMs = await redisNowMs(client, 'any')
  t.ok(Number.isInteger(nowMs) && nowMs >= Number(before) * 1000 && nowMs < (Number(before) + 60) * 1000)
})
