/** The rate at which a caller may post: counted once, whatever node and sender, by Redis's clock. */
import t from 'tap'
import type { Arguments } from '../../src/redis/commands.js'
import { createRun } from '../../src/redis/commands.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { strangers } from './layout.js'
import { START } from './support.js'

const redis = (await startRedis(t)).connect()

function createLimit () {
  const prefix = createPrefix()
  const run = createRun(redis, prefix)
  const base = { caller: 'shop', intervalUs: 100_000, burst: 3, want: 1 }
  const limit = async (ms: number, more: Partial<Arguments['limit-caller']> = {}): Promise<object> =>
    await run('limit-caller', { sender: '' }, { ...base, ...more, now: START + ms * 1000 })
  return { prefix, limit }
}

await t.test('a burst, then one in each interval', async t => {
  const { limit } = createLimit()
  t.match(await limit(0, { want: 2 }), { status: 'taken', accepted: 2, left: 1, waitUs: 0 })
  t.match(await limit(0, { want: 2 }), { accepted: 1, left: 0, waitUs: 100_000 }, 'a part of what is wanted')
  t.match(await limit(99), { accepted: 0, waitUs: 1000 }, 'a rejection takes nothing')
  t.match(await limit(100), { accepted: 1, left: 0, waitUs: 100_000 })
  t.match(await limit(1000, { want: 9 }), { accepted: 3 }, 'no more than the burst after a pause')
})

await t.test('callers do not share a rate, and the calls of one tick count one after the other', async t => {
  const { limit } = createLimit()
  const replies = await Promise.all([limit(0, { want: 2 }), limit(0, { caller: 'news', want: 3 }), limit(0, { want: 2 })])
  t.match(replies, [{ accepted: 2 }, { accepted: 3 }, { accepted: 1 }])
})

await t.test('a changed rate applies at once', async t => {
  const { limit } = createLimit()
  await limit(0, { want: 3 })
  t.match(await limit(0, { intervalUs: 1_000_000 }), { accepted: 1 }, 'what was posted before counts by its own rate')
  const slow = { intervalUs: 60_000_000, burst: 1 }
  t.match(await limit(10_000, slow), { accepted: 1, waitUs: 60_000_000 })
  t.match(await limit(10_000, { burst: 1 }), { accepted: 0, waitUs: 100_000 }, 'a slow rate of the past holds up nothing')
  t.match(await limit(10_100, { burst: 1 }), { accepted: 1 })
})

await t.test('what is over is removed', async t => {
  const { prefix, limit } = createLimit()
  await limit(0)
  await limit(0, { caller: 'news', want: 3 })
  t.equal(await redis.zcard(`{${prefix}}:caller-tat`), 2)
  t.strictSame(await strangers(redis, prefix), [], 'every key matches a row of lua/README.md')
  await limit(200, { caller: 'third' })
  t.strictSame(await redis.zrange(`{${prefix}}:caller-tat`, 0, '-1'), ['news', 'third'])
})
