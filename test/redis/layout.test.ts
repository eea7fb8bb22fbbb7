/** The version of the data layout, and nodes that find another version. */
import t from 'tap'
import { LAYOUT } from '../../src/redis/keys.js'
import { createTestEnvironment } from '../support/flow.js'
import { startNode } from '../support/gateway.js'
import { createPrefix } from '../support/redis.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t)
const redis = environment.redis.connect()

await t.test('a start writes the layout version', async t => {
  const node = await environment.start(t)
  t.equal(await redis.get(`{${node.prefix}}:layout`), String(LAYOUT))
})

await t.test('a node rejects data of a newer layout, with advice, and writes nothing', async t => {
  const prefix = createPrefix()
  await redis.set(`{${prefix}}:layout`, String(LAYOUT + 1))
  await t.rejects(startNode(t, { redisUrl: environment.redis.url, apiUrl: environment.sandbox.url, prefix }), {
    code: 'LAYOUT_NEWER',
    message: new RegExp(`has layout ${LAYOUT + 1}, and this version knows ${LAYOUT}: start the version that wrote it`)
  })
  t.same(await redis.keys(`*${prefix}*`), [`{${prefix}}:layout`])
  t.equal(await redis.get(`{${prefix}}:layout`), String(LAYOUT + 1))
  await redis.del(`{${prefix}}:layout`)
})

await t.test('data of an older layout is taken over, and its version is raised for older nodes', async t => {
  const prefix = createPrefix()
  await redis.set(`{${prefix}}:layout`, '0')
  t.teardown(async () => await redis.del(...await redis.keys(`*${prefix}*`)))
  await environment.start(t, {}, { prefix })
  t.equal(await redis.get(`{${prefix}}:layout`), String(LAYOUT))
})

await t.test('a running node writes the version again after Redis was emptied', async t => {
  const node = await environment.start(t)
  await redis.del(...await redis.keys(`*${node.prefix}*`))
  await node.send('+15550000001')
  t.equal(await until('the version is written again', async () => await redis.get(`{${node.prefix}}:layout`)), String(LAYOUT))
})
