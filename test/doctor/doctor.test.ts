/** `sluice doctor`: each kind of damage is found, and repaired where that is safe; messages then reach WhatsApp. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createBus } from '../../src/events.js'
import { connect } from '../../src/redis/connect.js'
import { LAYOUT } from '../../src/redis/keys.js'
import { createDoctor, examine, readSettings, type Report } from '../../src/doctor/open.js'
import { kinds, type KindName } from '../../src/doctor/kinds.js'
import { createWorld, type World } from '../lua/support.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { createPrefix } from '../support/redis.js'
import { each, until } from '../support/until.js'
import { damagesElsewhere } from './damage-elsewhere.js'
import { damagesOfHolds } from './damage-holds.js'
import { damagesOfMessages, message, NUMBER, recipientOf } from './damage.js'

const damages = [...damagesOfMessages, ...damagesElsewhere, ...damagesOfHolds]

const environment = await createTestEnvironment(t, longStartWindow)
const redis = environment.redis.connect()
const connections = await connect(environment.redis.url, createBus())
t.teardown(connections.close)

async function runDoctor (prefix: string, repair: boolean): Promise<Report> {
  const { deps, close } = createDoctor(connections, readSettings({ KEY_PREFIX: prefix }), { onChecked: () => undefined })
  try {
    return await examine(deps, { waitMs: 1, repair })
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
  t.strictSame((await runDoctor(w.prefix, false)).findings, [])
})

const repairedWorlds: Array<{ name: string, w: World }> = []

for (const damage of damages) {
  await t.test(`${damage.name}: ${damage.finds.join(', ')}`, async t => {
    const w = await createSender()
    await damage.inflict(w)
    t.strictSame(kindsOf(await runDoctor(w.prefix, false)), damage.finds, 'is found')
    const repaired = await runDoctor(w.prefix, true)
    t.strictSame(kindsOf(repaired), damage.finds, 'is found again')
    const unrepaired = repaired.findings.filter(({ left }) => left.length > 0)
    t.strictSame(unrepaired.map(({ kind }) => kind).sort(), damage.leaves ?? [], 'says what it did not repair')
    t.strictSame(kindsOf(await runDoctor(w.prefix, false)), damage.leaves ?? [], 'is repaired')
    if (damage.isDelivered === true) repairedWorlds.push({ name: damage.name, w })
  })
}

await t.test('messages that the repair put back reach WhatsApp, once', async t => {
  // Each world becomes a sender of one gateway, since a start takes longer than all that follows.
  const prefix = createPrefix()
  const numberOf = (n: number): string => `${100_000_000_000_100 + n}`
  for (const [i, { w }] of repairedWorlds.entries()) {
    for (const key of await redis.keys(`{${w.prefix}:${NUMBER}}:*`)) {
      await redis.rename(key, key.replace(`{${w.prefix}:${NUMBER}}`, `{${prefix}:${numberOf(i)}}`))
    }
  }
  const file = join(environment.redis.dir, 'senders.json')
  writeFileSync(file, JSON.stringify(repairedWorlds.map((_, i) => ({ id: numberOf(i), accessToken: 'token' }))))
  await environment.start(t, {
    WHATSAPP_SENDERS_FILE: file,
    WHATSAPP_PHONE_NUMBER_ID: '',
    WHATSAPP_ACCESS_TOKEN: '',
    WHATSAPP_RETRY_SCHEDULE_MS: '200,200,200',
    WHATSAPP_RETRY_INTERVAL_MS: '100',
    UNKNOWN_HOLD_MS: '100'
  }, { prefix })
  await each(repairedWorlds, repairedWorlds.length, async ({ name, w }, i) => {
    await environment.arrivals(`+${recipientOf(w).slice(1)}`, 1, 20_000)
    await until(`${name}: it is settled`, async () => await redis.hlen(`{${prefix}:${numberOf(i)}}:backlog`) === 0)
    t.equal((await environment.arrivals(`+${recipientOf(w).slice(1)}`)).length, 1, name)
  })
  await until('nothing is left to find', async () => kindsOf(await runDoctor(prefix, false)).length === 0)
})
