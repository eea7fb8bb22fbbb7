/** With REDIS_WAIT_REPLICAS no 2xx confirms what no replica has: an operator or Meta acts on it, and does not repeat it. */
import { createHmac } from 'node:crypto'
import t from 'tap'
import { startSandbox } from '../sandbox/support.js'
import { longStartWindow } from '../support/flow.js'
import { SENDER, startNode } from '../support/gateway.js'
import { startRedis } from '../support/redis.js'
import { request, type Reply } from '../support/request.js'
import { until } from '../support/until.js'

const SECRET = 'app-secret-of-the-test'
const master = await startRedis(t)
const replica = await startRedis(t, { extra: ['--replicaof', '127.0.0.1', String(master.port)] })
const admin = replica.connect()
await until('the replica has caught up', async () => /master_link_status:up/.test(await admin.info('replication')))
const sandbox = await startSandbox(t, { enforcePair: false, throughputPerSecond: null })
const node = await startNode(t, {
  redisUrl: master.url,
  apiUrl: sandbox.url,
  env: {
    ...longStartWindow,
    REDIS_WAIT_REPLICAS: '1',
    WHATSAPP_APP_SECRET: SECRET,
    WHATSAPP_VERIFY_TOKEN: 'verify-me',
    WHATSAPP_RETRY_INTERVAL_MS: '600000'
  }
})

async function webhook (field: string, value: unknown): Promise<Reply> {
  const body = JSON.stringify({
    object: 'whatsapp_business_account',
    entry: [{ id: '1', changes: [{ field, value: { metadata: { phone_number_id: SENDER }, ...value as object } }] }]
  })
  const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`
  return await request(`${node.origin}/webhooks/whatsapp`, {
    method: 'POST', body, headers: { 'x-hub-signature-256': signature, 'content-type': 'application/json' }
  })
}

const ANN = '+15550007001'
const status = { id: 'wamid.unknown', status: 'delivered', timestamp: '1764000000', recipient_id: '15550007001' }
const preference = { wa_id: '15550007002', category: 'marketing_messages', value: 'stop', timestamp: 1764000000 }
/** Each can be repeated. */
const actions: Record<string, () => Promise<Reply>> = {
  'an opt-out': async () => await node.put(`/opt-outs/${ANN}`, {}),
  'an opt-in': async () => await node.del(`/opt-outs/${ANN}`),
  'changed rules': async () => await node.put(`/senders/${SENDER}/quota`, { pairIntervalMs: 1900 }),
  'a pause': async () => await node.post(`/senders/${SENDER}/pause`, {}),
  'a resumption': async () => await node.post(`/senders/${SENDER}/resume`),
  'a cleared pair rate': async () => await node.del(`/rate-limits/${ANN}`),
  'an erasure': async () => await node.del(`/recipients/${ANN}`),
  'a stop of the retry worker': async () => await node.post('/workers/retry/stop'),
  'a start of the retry worker': async () => await node.post('/workers/retry/start'),
  'a status by webhook': async () => await webhook('messages', { statuses: [status] }),
  'a preference by webhook': async () => await webhook('user_preferences', { user_preferences: [preference] })
}

for (const [name, act] of Object.entries(actions)) {
  await t.test(`${name} is confirmed once a replica has it`, async t => {
    process.kill(replica.pid, 'SIGSTOP')
    try {
      t.match(await act(), { status: 503, body: { code: 'UNAVAILABLE' } }, 'not while the replica is silent')
    } finally {
      process.kill(replica.pid, 'SIGCONT')
    }
    // A replica that was stopped, or shares its core with other tests, may be late.
    await until('it is confirmed', async () => {
      const { status } = await act()
      if (status !== 503) t.equal(status, 200)
      return status !== 503
    })
  })
}
