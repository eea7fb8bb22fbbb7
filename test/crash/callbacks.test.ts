/** A node is killed at every step from a change to its callback: the receiver gets all callbacks, in order, each under one id. */
import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { nodeEnv, SENDER, keys } from '../support/gateway.js'
import { CALLBACK_SECRET, startReceiver } from '../support/receiver.js'
import { createPrefix } from '../support/redis.js'
import { createCaller, request } from '../support/request.js'
import { each, until } from '../support/until.js'
import { endChild, startGateway } from './child.js'

const environment = await createTestEnvironment(t, longStartWindow)
const receiver = await startReceiver(t)
const SECRET = 'app-secret-of-the-test'
const steps = [
  { point: 'settle:after', having: '^sent$' },
  { point: 'lease-callbacks:after' },
  { point: 'request:created', having: 'message\\.sent' },
  { point: 'request:written', having: 'message\\.sent' },
  { point: 'request:answered', having: 'message\\.sent' },
  { point: 'settle-callback:after' }
]
const callbackEnv = {
  CALLBACK_URL: receiver.url,
  CALLBACK_SECRET,
  CALLBACK_TIMEOUT_MS: '1500',
  CALLBACK_RETRY_MS: '100',
  WHATSAPP_APP_SECRET: SECRET,
  WHATSAPP_VERIFY_TOKEN: 'verify-me'
}
const WITHIN_MS = 60_000

await t.test('wherever a node ends that delivers callbacks, the receiver gets each one, in order, and recognizes a repeat', async t => {
  await each(steps, 3, async (step, i) => {
    const prefix = createPrefix()
    const env = nodeEnv({
      redisUrl: environment.redis.url,
      apiUrl: environment.sandbox.url,
      prefix,
      env: callbackEnv
    })
    const [to, key] = [`1555000050${i}`, `at-${step.point}`]
    const victim = startGateway({
      ...env,
      ACTS: JSON.stringify([{ ...step, action: 'kill' }]),
      REACHED_FILE: join(environment.redis.dir, `${prefix}.reached`)
    })
    t.teardown(async () => await endChild(victim))
    const post = createCaller(await victim.ready, keys.operator)
      .send(`+${to}`, 'Hello', { idempotencyKey: key })
      .catch(() => undefined) // its response may be lost with the node
    await until(`${step.point} is reached`, () => victim.end() === 'SIGKILL', WITHIN_MS)
    await post
    // In this process: a start takes longer than all that follows, and nothing ends this node.
    const { origin } = await environment.start(t, callbackEnv, { prefix })
    const [sent] = await environment.arrivals(to, 1)
    const status = { id: sent?.wamid, status: 'delivered', timestamp: '1750030073', biz_opaque_callback_data: sent?.opaque }
    const text = JSON.stringify({
      entry: [{ id: '1', changes: [{ field: 'messages', value: { metadata: { phone_number_id: SENDER }, statuses: [status] } }] }]
    })
    const headers = { 'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(text).digest('hex')}` }
    await until(
      'the status is accepted',
      async () => (await request(`${origin}/webhooks/whatsapp`, { method: 'POST', body: text, headers })).status === 200,
      WITHIN_MS
    )
    const types = (): string[] => receiver.received.filter(({ data }) => data['jobId'] === key).map(({ type }) => type)
    await until(`all callbacks are delivered after ${step.point}`, () => types().includes('message.delivered'), WITHIN_MS)
    t.strictSame([...new Set(types())], ['message.sent', 'message.delivered'], step.point)
    t.equal(types().lastIndexOf('message.sent'), types().indexOf('message.delivered') - 1, 'no older callback comes after a newer one')
    t.equal(
      new Set(receiver.received.filter(({ data }) => data['jobId'] === key).map(({ id }) => id)).size,
      2,
      'a repeat has the id of the first delivery'
    )
    await endChild(victim)
  })
  const repeats = receiver.received.length - receiver.accepted().length
  t.ok(repeats >= 1 && repeats <= 3, `${repeats} repeats: only callbacks that got a response and were not settled, or in flight`)
  t.strictSame(receiver.unsigned, [])
})
