/** `sluice doctor`: each kind of damage is found, and repaired where that is safe; messages then reach WhatsApp. */
import t from 'tap'
import { LAYOUT } from '../../src/redis/layout.js'
import { examine, openDoctor, type Report } from '../../src/doctor/open.js'
import { kinds, type KindName } from '../../src/doctor/kinds.js'
import { createWorld, type World } from '../lua/support.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { each, until } from '../support/until.js'
import { damages, message, NUMBER, recipientOf } from './damage.js'

const environment = await createTestEnvironment(t, longStartWindow)
const redis = environment.redis.connect()
const { redis: server } = environment

async function look (prefix: string, repair: boolean): Promise<Report> {
  const { deps, close } = await openDoctor({ redisUrl: server.url, prefix, onChecked: () => undefined })
  try {
    return await examine(deps, { waitMs: 20, repair })
  } finally {
    await close()
  }
}

const kindsOf = ({ findings }: Report): string[] => findings.map(({ kind }) => kind).sort()

/** A world in real time, whose sender is registered as a start does it. */
async function createSender (): Promise<World> {
  const w = createWorld(t, redis)
  w.now = Date.now() * 1000
  await w.rules()
  await redis.set(`{${w.prefix}}:layout`, LAYOUT)
  await redis.hset(`{${w.prefix}}:senders`, NUMBER, 1)
  await redis.zadd(`{${w.prefix}}:recovery-schedule`, 0, NUMBER)
  return w
}

await t.test('every kind of finding is provoked here', async t => {
  const provoked = new Set(damages.flatMap(({ finds }) => finds))
  t.strictSame(Object.keys(kinds).filter(kind => !provoked.has(kind as KindName)), [])
})

await t.test('a sender with messages in every state has no finding', async t => {
  const w = await createSender()
  const grant = await w.grant(message(w, 'in flight'))
  await w.queue(message(w, 'queued'))
  await w.schedule({ ...message(w, 'scheduled'), scheduledFor: w.ms() + 60_000 })
  for (const [key, settlement] of [['retry', 'retry'], ['failed', 'failed'], ['unknown', 'unknown'], ['sent', 'sent']] as const) {
    const other = await w.grant(message(w, key, { recipient: `p1415555020${settlement.length}` }))
    await w.settled(other, settlement, { reason: 'rejected', keepMs: 60_000 })
    w.now += 10_000_000
  }
  await w.run('clear', { recipient: grant.recipient })
  t.strictSame((await look(w.prefix, false)).findings, [])
})

const repairedWorlds: Array<{ name: string, w: World }> = []

for (const damage of damages) {
  await t.test(`${damage.name}: ${damage.finds.join(', ')}`, async t => {
    const w = await createSender()
    await damage.inflict(w)
    t.strictSame(kindsOf(await look(w.prefix, false)), damage.finds, 'is found')
    const repaired = await look(w.prefix, true)
    t.strictSame(kindsOf(repaired), damage.finds, 'is found again')
    const unrepaired = repaired.findings.filter(({ left }) => left.length > 0)
    t.strictSame(unrepaired.map(({ kind }) => kind).sort(), damage.leaves ?? [], 'says what it did not repair')
    t.strictSame(kindsOf(await look(w.prefix, false)), damage.leaves ?? [], 'is repaired')
    if (damage.isDelivered === true) repairedWorlds.push({ name: damage.name, w })
  })
}

await t.test('messages that the repair put back reach WhatsApp, once', async t => {
  await each(repairedWorlds, 4, async ({ name, w }) => {
    await environment.start(t, {
      WHATSAPP_PHONE_NUMBER_ID: NUMBER,
      WHATSAPP_RETRY_SCHEDULE_MS: '200,200,200',
      WHATSAPP_RETRY_INTERVAL_MS: '100',
      UNKNOWN_HOLD_MS: '100'
    }, { prefix: w.prefix })
    await environment.arrivals(`+${recipientOf(w).slice(1)}`, 1, 20_000)
    await until(`${name}: nothing is left to find`, async () => kindsOf(await look(w.prefix, false)).length === 0)
    await until(`${name}: it is settled`, async () => await redis.hlen(w.key('backlog')) === 0)
    t.equal((await environment.arrivals(`+${recipientOf(w).slice(1)}`)).length, 1, name)
  })
})
