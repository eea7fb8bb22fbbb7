import t from 'tap'
import { retryWhileUnavailable } from '../../src/redis/retry-while-unavailable.js'
import { startRedis } from '../support/redis.js'

const redis = await startRedis(t)

await t.test('what a start asks of a Redis that is too slow is asked again', async t => {
  const client = redis.connect({ commandTimeout: 200 })
  await retryWhileUnavailable(async () => await client.ping())
  await redis.connect().call('CLIENT', 'PAUSE', '900', 'ALL')
  let asked = 0
  t.equal(await retryWhileUnavailable(async () => {
    asked++
    return await client.ping()
  }), 'PONG')
  t.ok(asked > 1, `asked ${asked} times`)
})

await t.test('what Redis refuses for good is told at once', async t => {
  const client = redis.connect()
  let asked = 0
  await t.rejects(retryWhileUnavailable(async () => {
    asked++
    return await client.call('NO-SUCH-COMMAND')
  }), /unknown command/)
  t.equal(asked, 1)
})
