/** Drain jobs: at most one waits for each sender, also where there are more senders than workers, and none blocks its sender. */
import { Worker } from 'bullmq'
import t from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER } from '../support/gateway.js'
import { pass, until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const client = environment.redis.connect()

await t.test('with more busy senders than workers, at most one job of each sender waits', async t => {
  const senders = Array.from({ length: 12 }, (_, i) => `s${i}`)
  const file = `${t.testdir({ 'senders.json': JSON.stringify(senders.map(id => ({ id, accessToken: 'token' }))) })}/senders.json`
  const node = await environment.start(t, {
    WHATSAPP_SENDERS_FILE: file, WHATSAPP_ACCESS_TOKEN: '', WORKER_CONCURRENCY: '2', WHATSAPP_SENDER_RATE_PER_SECOND: '1'
  })
  const to = (n: number): string => `+1555001${String(n).padStart(4, '0')}`
  for (const sender of senders) {
    await node.post('/messages/batch', Array.from({ length: 40 }, (_, i) => ({ to: to(i), message: 'x', sender })))
  }
  let most = 0
  const deadline = performance.now() + 12_000
  while (performance.now() < deadline) {
    const ids = await client.lrange(`{${node.prefix}}:WHATSAPP-drain:wait`, 0, -1)
    const jobs = await Promise.all(ids.map(async id => await client.hget(`{${node.prefix}}:WHATSAPP-drain:${id}`, 'data')))
    for (const data of jobs) most = Math.max(most, jobs.filter(other => data !== null && other === data).length)
    await pass(100)
  }
  t.equal(most, 1)
})

await t.test('a job that its node took before it died does not block its sender', async t => {
  const poster = await environment.start(t, { ROLE: 'api' })
  const connection = environment.redis.connect({ maxRetriesPerRequest: null })
  const dead = new Worker('WHATSAPP-drain', null, { connection, prefix: `{${poster.prefix}}` })
  t.teardown(async () => await dead.close(true))
  const { body } = await poster.send('+15550020001', 'Hello', {}, { prefer: 'respond-async' })
  t.match(await until('the job', async () => await dead.getNextJob('token')), { data: { sender: SENDER } })
  const takenAt = performance.now()
  const worker = await environment.start(t, {}, { prefix: poster.prefix })
  await until('it is sent', async () => (await worker.get(`/messages/${body['id']}`)).body['status'] === 'sent')
  t.comment(`${Math.round(performance.now() - takenAt)} ms after the job was taken`)
})
