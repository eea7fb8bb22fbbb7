/**
 * A key of another type, as only a foreign program writes it, stops a script in the middle of a message's writes. The doctor names the key.
 * Once it is deleted, the doctor repairs what is left, and every message that has a record goes on.
 */
import t from 'tap'
import { createBus } from '../../src/events.js'
import { createDoctor, examine, readSettings, type Report } from '../../src/doctor/open.js'
import { connect } from '../../src/redis/connect.js'
import { LAYOUT } from '../../src/redis/keys.js'
import { createWorld, type Granted, type World } from '../lua/support.js'
import { startRedis } from '../support/redis.js'
import { message, NUMBER } from './damage.js'

const server = await startRedis(t)
const redis = server.connect()
const connections = await connect(server.url, createBus())
t.teardown(connections.close)
const recipient = (at: number): string => `p1415555${6000 + at}`
const history = '{"attempt":1,"outcome":"retryable"}'

async function runDoctor (w: World, repair: boolean): Promise<Report> {
  const { deps, close } = createDoctor(connections, readSettings({ KEY_PREFIX: w.prefix }), { onChecked: () => undefined })
  try {
    return await examine(deps, { waitMs: 1, repair })
  } finally {
    await close()
  }
}

/** A sender with messages in every state. */
async function createSender (): Promise<{ w: World, grants: Granted[], ids: string[] }> {
  const w = createWorld(t, redis)
  w.now = Date.now() * 1000
  await w.rules()
  await w.redis.hset(w.key('sender'), { callbacks: '1', callbackCap: '100' })
  await redis.set(`{${w.prefix}}:layout`, LAYOUT)
  await redis.hset(`{${w.prefix}}:senders`, NUMBER, 1)
  await redis.zadd(`{${w.prefix}}:recovery-schedule`, 0, NUMBER)
  const grants: Granted[] = []
  for (let i = 0; i < 9; i++) grants.push(await w.grant(message(w, `g${i}`, { recipient: recipient(i) })))
  const settlements = ['retry', 'failed', 'unknown', 'sent'] as const
  for (const [i, settlement] of settlements.entries()) {
    await w.settled(grants[i]!, settlement, { reason: 'rejected', keepMs: 60_000, afterMs: 60_000, history })
  }
  const queued = await w.queue(message(w, 'q', { recipient: recipient(8) }))
  const scheduled = await w.schedule(message(w, 's', { recipient: recipient(9), scheduledFor: w.ms() + 60_000 }) as never)
  return { w, grants: grants.slice(4), ids: [...grants.slice(0, 4).map(({ id }) => id), queued, scheduled] }
}

/** Everything that a gateway calls for these messages. A call may fail. */
async function goOn (w: World, grants: Granted[], ids: string[]): Promise<number> {
  const settlements = ['sent', 'retry', 'failed', 'unknown', 'wait']
  const calls: Array<() => Promise<unknown>> = [
    ...grants.map((grant, i) => async () =>
      await w.settle(grant, settlements[i] ?? 'sent', { reason: 'rejected', keepMs: 60_000, afterMs: 60_000, history })),
    async () => await w.admit(message(w, 'new', { recipient: recipient(20) })),
    async () => await w.admit(message(w, 'more', { recipient: recipient(20) })),
    async () => await w.admit(message(w, 'later', { recipient: recipient(21), scheduledFor: w.ms() + 30_000 })),
    async () => await w.claimOnce(),
    ...ids.flatMap(id => [
      async () => await w.retry(id, { force: true, inline: false }),
      async () => await w.receipt(id, 'wamid.x', { attempt: 1, status: 'd' }),
      async () => await w.bounce(id, 'wamid.x'),
      async () => await w.cancel(id)
    ])
  ]
  let failed = 0
  for (const call of calls) await call().catch(() => { failed++ })
  return failed
}

/** What is in flight is left to recovery: it finds the leases once they have ended. */
async function recover (w: World): Promise<void> {
  w.now += 60_000_000
  const { leases } = await w.run('recover', { lost: '', limit: 100 })
  for (const grant of leases) await w.settle(grant, 'unknown', { startedUs: 250_000, afterMs: 600_000, history: '{"code":"LEASE_EXPIRED"}' })
  w.now -= 60_000_000
}

const { w: whole } = await createSender()
const names = (await redis.keys(whole.key('*'))).map(key => key.slice(whole.key('').length))
  .filter(name => !/^(?:msg|starts|index|accepted|activity|latest|sender$|drain-lease)/.test(name)).sort()

await t.test('there are keys to damage', async t => { t.ok(names.length > 15, names.join(' ')) })

for (const name of names) {
  await t.test(`${name} of another type: the doctor names it, and repairs what is left once it is deleted`, async t => {
    const { w, grants, ids } = await createSender()
    const isString = await redis.type(w.key(name)) === 'string'
    await redis.del(w.key(name))
    if (isString) await redis.lpush(w.key(name), 'foreign')
    else await redis.set(w.key(name), 'foreign')
    t.comment(`${await goOn(w, grants, ids)} calls failed`)
    t.ok((await runDoctor(w, false)).findings.some(({ kind }) => kind === 'unknown-key'), 'it is named')
    await redis.del(w.key(name))
    await runDoctor(w, true)
    await recover(w)
    // A repair may uncover what it hid.
    await runDoctor(w, true)
    await runDoctor(w, true)
    t.strictSame((await runDoctor(w, false)).findings.map(({ kind, examples }) => [kind, examples]), [])
    t.equal(await goOn(w, [], []), 0, 'no call fails any more')
  })
}
