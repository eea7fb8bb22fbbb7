/** Which calls this node has to ask for again, since their reply was lost, and for how long. */
import t from 'tap'
import { createBus } from '../../src/events.js'
import { connect } from '../../src/redis/connect.js'
import { createLostHolders } from '../../src/redis/lost-holders.js'
import { createStore } from '../../src/redis/store.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { pass, until } from '../support/until.js'

await t.test('a holder is remembered until Redis has replied, however long that takes', async t => {
  const lost = createLostHolders({ forMs: 20 })
  lost.add('111', 'a:1')
  lost.add('111', 'a:2')
  lost.add('222', 'a:3')
  await pass(40)
  t.strictSame([...lost.list()], [['111', ['a:1', 'a:2']], ['222', ['a:3']]], 'Redis is away: nothing is forgotten')
  lost.markChecked(['a:1', 'a:2'])
  t.strictSame(lost.list().get('111'), ['a:1', 'a:2'], 'a call that Redis runs late is found by a later look')
  await until('the time is over', () => lost.list().size === 1)
  t.strictSame([...lost.list()], [['222', ['a:3']]])
})

await t.test('above its bound the oldest holders are forgotten', async t => {
  const lost = createLostHolders({ most: 2 })
  for (const holder of ['a:1', 'a:2', 'a:3']) lost.add('111', holder)
  t.strictSame(lost.list().get('111'), ['a:2', 'a:3'])
})

await t.test('calls that never ran crowd out none that may have', async t => {
  const redis = await startRedis(t)
  const connections = await connect(redis.url, createBus())
  t.teardown(connections.close)
  const store = createStore(connections, { prefix: createPrefix(), leaseMs: 30_000 })
  const claim = async (): Promise<unknown> => await store.granting('111', async terms =>
    await store.run('claim', { sender: '111' }, { drainRun: 'a.1', want: 1, mode: 'keep', ...terms }))

  process.kill(redis.pid, 'SIGSTOP')
  await t.rejects(claim(), { code: 'UNAVAILABLE' }, 'no reply in time')
  await redis.kill()
  const mayHaveRun = store.lost.list().get('111')
  t.match(mayHaveRun, [`${store.node}:1`])
  await until('the connection is known as lost', async () => connections.scripts.status !== 'ready')
  for (let i = 0; i < 50; i++) await t.rejects(claim(), { code: 'UNAVAILABLE' })
  t.strictSame(store.lost.list().get('111'), mayHaveRun)
})
