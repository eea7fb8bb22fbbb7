/** What only the node itself can restore: grants of its own lost calls, and its settings after Redis was emptied. */
import t from 'tap'
import { createTestEnvironment } from '../support/flow.js'
import { SENDER, keys } from '../support/gateway.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t)

await t.test('a node of role api gives back a grant whose reply was lost', async t => {
  const node = await environment.start(t, { ROLE: 'api' })
  const app = node.as(keys.app)
  // Redis must have the script already: a call that has to load it first would never be made.
  await app.send('+15550006000', 'x')
  // Redis continues only after the node's timeout, and then executes the call.
  const redis = environment.redis.connect()
  await redis.client('PAUSE', 60_000, 'WRITE')
  t.match(await app.send('+15550006001', 'x', { idempotencyKey: 'lost' }), { status: 503, body: { code: 'UNAVAILABLE' } })
  await redis.client('UNPAUSE')
  const { body } = await until('the message is queued again', async () => {
    const response = await app.get('/messages/lost')
    return response.body['status'] === 'queued' && response
  })
  t.equal(body['attemptCount'], 0, 'no attempt is used up')
  t.match(node.seen('recovery.found'), [{ sender: SENDER, kind: 'lost-grant' }])
})

await t.test('after Redis was emptied the rules and both schedules are written again within a round', async t => {
  const node = await environment.start(t, { SEND_TIMEOUT_MS: '300', LEASE_MS: '5600', WHATSAPP_RETRY_INTERVAL_MS: '1000' })
  await environment.redis.connect().flushall()
  await until('retries are scheduled again', async () => typeof (await node.get('/workers/retry')).body['nextRunAt'] === 'string', 20_000)
  await until('the retry worker has run', async () => typeof (await node.get('/workers/retry')).body['lastRunAt'] === 'string', 20_000)
  t.equal((await node.get('/senders')).status, 200)
  const { body } = await node.send('+15550006002')
  await until('a message is sent', async () => (await node.get(`/messages/${body['id']}`)).body['status'] === 'sent')
})
