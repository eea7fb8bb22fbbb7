/** Messages of a sender that no node serves any more: they cannot be sent, and end as expired. */
import t from 'tap'
import { createTestEnvironment } from '../support/flow.js'
import { createPrefix } from '../support/redis.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t)
const client = environment.redis.connect()

await t.test('after a restart without a sender, its messages expire', async t => {
  const prefix = createPrefix()
  const env = (ids: string[]): Record<string, string> => ({
    WHATSAPP_SENDERS_FILE: `${t.testdir({ 'senders.json': JSON.stringify(ids.map(id => ({ id, accessToken: 'token' }))) })}/senders.json`,
    WHATSAPP_ACCESS_TOKEN: ''
  })
  const before = await environment.start(t, env(['stays', 'goes']), { prefix })
  await before.post('/senders/goes/pause')
  for (const expiresInMs of [2000, 3_600_000]) await before.send('+15550020001', `for ${expiresInMs} ms`, { sender: 'goes', expiresInMs })
  await before.close()

  const after = await environment.start(t, env(['stays']), { prefix })
  const backlog = async (): Promise<number> => await client.hlen(`{${prefix}:goes}:backlog`)
  t.equal(await backlog(), 2)
  await until('housekeeping finds the first as expired', async () => {
    await client.hset(`{${prefix}}:runs`, 'housekeeping', 0)
    return await backlog() === 1
  }, 20_000)
  t.match(after.seen('message.closed'), [{ sender: 'goes', state: 'expired' }])
})
