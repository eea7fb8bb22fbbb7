import t from 'tap'
import { startCallbackDispatcher } from '../../src/callbacks/dispatcher.js'
import { createBus } from '../../src/events.js'
import { standardPolicy } from '../../src/provider/policy.js'
import { createRun, type Run } from '../../src/redis/commands.js'
import type { Store } from '../../src/redis/store.js'
import { world } from '../lua/support.js'
import { until } from '../support/until.js'

const FAST = '222'
const test = await world(t)

await test('a sender whose server does not respond delays the callbacks of no other', async (t, w) => {
  await w.redis.hset(w.key('sender'), { callbacks: '1', callbackCap: '100' })
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  const slow = /:(\d+)\}/.exec(w.key('outbox'))?.[1] ?? ''
  const outboxOf = (sender: string): string => w.key('outbox').replace(slow, sender)
  await w.redis.copy(outboxOf(slow), outboxOf(FAST))
  await w.redis.hset(`{${w.prefix}}:senders`, { [slow]: '1', [FAST]: '1' })
  const runScript = createRun(w.redis, w.prefix)
  let respond = (): void => {}
  const response = new Promise<void>(resolve => { respond = resolve })
  const run: Run = async (name, at, args) => {
    if (at.sender === slow && name === 'lease-callbacks') await response
    return await runScript(name, at, args)
  }
  const events = createBus()
  const posted: string[] = []
  events.on('callback.attempted', ({ sender }) => posted.push(sender))
  const dispatcher = startCallbackDispatcher({
    store: { prefix: w.prefix, redis: w.redis, run } as unknown as Store,
    events,
    explain: standardPolicy.explain,
    endpoint: { post: async () => ({ status: 'accepted', durationMs: 1 }), close: async () => undefined },
    callbacks: { keys: [Buffer.alloc(32, 1)], leaseMs: 6000, retryMs: 500, giveUpMs: 60_000 }
  })
  dispatcher.wake(slow)
  dispatcher.wake(FAST)
  await until('the other one is called back', () => posted.includes(FAST))
  t.strictSame(posted, [FAST])
  respond()
  await until('so is the slow one, once its server responds', () => posted.includes(slow))
  await dispatcher.close()
  await w.redis.del(...await w.redis.keys(`{${w.prefix}*}:*`))
})
