import t from 'tap'
import { dueFailures } from '../../src/failure/due.js'
import { senderKey } from '../../src/redis/keys.js'
import type { Store } from '../../src/redis/store.js'
import { createPrefix, startRedis } from '../support/redis.js'

const redis = (await startRedis(t)).connect()

/** Failures as [id, due time, number in the queue]. */
async function storeWith (failures: Array<[id: string, dueMs: number, number: number]>): Promise<Store> {
  const prefix = createPrefix()
  for (const [id, dueMs, number] of failures) {
    await redis.zadd(senderKey(prefix, '1', 'failures'), dueMs, id)
    await redis.hset(senderKey(prefix, '1', 'backlog'), id, `p14155550101 2${number} 18bd50bc400 0 1 0\n["web","Hello","n"]`)
  }
  return { prefix, redis } as unknown as Store
}

async function dueIds (store: Store, until: number, limit: number): Promise<string[]> {
  return (await dueFailures(store, ['1'], until, limit)).map(({ id }) => id)
}

await t.test('failures come by due time, and those of one due time in the order of acceptance', async t => {
  const store = await storeWith([['d', 1000, 7], ['a', 2000, 12], ['b', 2000, 3], ['c', 2000, 105], ['e', 3000, 1], ['f', 9000, 2]])
  t.strictSame(await dueIds(store, 5000, 100), ['d', 'b', 'a', 'c', 'e'])
  t.strictSame(await dueIds(store, Infinity, 100), ['d', 'b', 'a', 'c', 'e', 'f'])
})

await t.test('the limit does not separate failures of one due time', async t => {
  const store = await storeWith([['a', 2000, 12], ['b', 2000, 11], ['c', 2000, 10], ['d', 3000, 1]])
  t.strictSame(await dueIds(store, Infinity, 2), ['c', 'b', 'a'])
  t.strictSame(await dueIds(store, 1000, 2), [])
})

await t.test('a failure that is settled meanwhile does no harm', async t => {
  const store = await storeWith([['a', 2000, 12], ['b', 2000, 11]])
  await redis.hdel(senderKey(store.prefix, '1', 'backlog'), 'a')
  t.strictSame(new Set(await dueIds(store, Infinity, 10)), new Set(['a', 'b']))
})
