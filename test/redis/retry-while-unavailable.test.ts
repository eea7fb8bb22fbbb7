import t from 'tap'
import { retryWhileUnavailable } from '../../src/redis/retry-while-unavailable.js'
import { startRedis } from '../support/redis.js'

const redis = await startRedis(t)

await t.test('a call that Redis does not answer in time is repeated', async t => {
  const client = redis.connect({ commandTimeout: 200 })
  await retryWhileUnavailable(async () => await client.ping())
  await redis.connect().call('CLIENT', 'PAUSE', '900', 'ALL')
  let calls = 0
  t.equal(await retryWhileUnavailable(async () => {
    calls++
    return await client.ping()
  }), 'PONG')
  t.ok(calls > 1, `${calls} calls`)
})

await t.test('an error reply that blames the command is not repeated', async t => {
  const client = redis.connect()
  let calls = 0
  await t.rejects(retryWhileUnavailable(async () => {
    calls++
    return await client.call('NO-SUCH-COMMAND')
  }), /unknown command/)
  t.equal(calls, 1)
})
