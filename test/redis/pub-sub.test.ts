import t from 'tap'
import { createBus } from '../../src/events.js'
import { connect } from '../../src/redis/connect.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { recordRejections } from '../support/observe.js'
import { until } from '../support/until.js'

const redis = await startRedis(t)
const admin = redis.connect()
const rejections = recordRejections(t)

await t.test('a channel that was refused for a while is received again, without an unhandled rejection', async t => {
  const bus = createBus()
  const reported: string[] = []
  bus.on('unexpected-error', ({ location, error }) => reported.push(`${location}: ${String(error)}`))
  const { subscribe, close } = await connect(redis.url, bus)
  t.teardown(close)
  const channel = createPrefix()
  const wait: string[] = []
  await subscribe(channel, message => wait.push(message))
  await admin.publish(channel, 'one')
  await until('the message is received', () => wait.length === 1)

  await admin.acl('SETUSER', 'default', 'resetchannels')
  await admin.client('KILL', 'TYPE', 'PUBSUB')
  await until('joining again was refused', async () => Number(/errorstat_NOPERM:count=(\d+)/.exec(await admin.info('errorstats'))?.[1] ?? 0) > 0)
  await until('the missing permission is reported', () => reported.length > 0)
  t.match(reported, [RegExp(`^subscription to ${channel}: .*NOPERM`)])
  await admin.acl('SETUSER', 'default', 'allchannels')
  await until('messages are received again', async () => await admin.publish(channel, 'two') > 0 && wait.includes('two'))
  t.same(rejections, [])
})

await t.test('a subscription survives a restart of Redis', async t => {
  const { subscribe, close } = await connect(redis.url, createBus())
  t.teardown(close)
  const channel = createPrefix()
  const wait: string[] = []
  await subscribe(channel, message => wait.push(message))
  await redis.kill()
  await redis.restart()
  await until('the message is received', async () => await admin.publish(channel, 'back') > 0 && wait.includes('back'))
  t.same(rejections, [])
})
