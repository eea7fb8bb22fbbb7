import t from 'tap'
import type { Replies } from '../../src/redis/commands.js'
import { BOB, CARL, HOUR, START, world, type World } from './support.js'

const test = await world(t)
const counts = [
  'resumesMs',
  'queued',
  'due',
  'inFlight',
  'scheduled',
  'unknown',
  'unsettled',
  'oldestDueUs',
  'unattendedUs',
  'retrying',
  'pending',
  'resolved',
  'failed',
  'rejected',
  'exhausted',
  'expired',
  'unknownOutcome',
  'sentLast24h',
  'activeRateLimits',
  'callbacksWaiting',
  'callbacksSinceMs'
]

const inspect = async (w: World, limit = 1000): Promise<Replies['inspect-sender']> => await w.run('inspect-sender', { limit })

await test('an unused sender has only rules', async (t, w) => {
  const nothing = Object.fromEntries(counts.map(name => [name, 0]))
  const rules = { pairIntervalUs: 2_000_000, pairBurst: 1, perSecond: 1000, maxInFlight: 100, version: 1 }
  const others = { suspended: 0, awaiting: 0, windows: '', people: 0, reduced: '', ceiling: '', templateStop: '' }
  const rates = { rates: 0, templateRated: 0, categoryRated: 0 }
  const daily = { bulk: '', health: '', stopped: 0, daily: '', dailyUsed: 0, dailyPeople: 0, dailyWaiting: 0, ...rates }
  const idle = { state: 'active', reason: '', hasWorker: false, circuit: '', accepted: 0, unconfirmed: 0, ...others, ...daily }
  t.strictSame(await inspect(w), { ...nothing, ...rules, ...idle, status: 'sender', nowMs: w.ms() })
})

await test('each message is counted in its state', async (t, w) => {
  const end = async (key: string, settlement: string) => await w.settled(await w.grant({ key, recipient: `p1415555020${key}` }), settlement)
  await end('1', 'sent')
  await end('2', 'failed')
  await end('3', 'retry')
  await end('4', 'unknown')
  const late = await w.grant({ key: '5', recipient: 'p14155550205' })
  await w.settled(late, 'unknown')
  await w.receipt(late.id, 'wamid.5')
  await w.schedule({ key: '6', scheduledFor: w.ms() + HOUR })
  await w.grant({ key: '7', recipient: BOB })
  await w.queue({ key: '8', recipient: BOB })
  await w.queue({ key: '9', recipient: CARL, inline: false, lane: 3 })
  t.match(await inspect(w), {
    queued: 2,
    due: 1,
    inFlight: 1,
    scheduled: 1,
    unknown: 1,
    retrying: 1,
    pending: 1,
    resolved: 1,
    failed: 1,
    sentLast24h: 2,
    activeRateLimits: 6,
    unsettled: 6,
    oldestDueUs: START,
    hasWorker: true
  })
})

await test('due counts the heads whose ready time has passed, and the messages behind them that could have gone since', async (t, w) => {
  for (let i = 0; i < 5; i++) await w.queue({ key: `${i}`, inline: false })
  t.match(await inspect(w), { queued: 5, due: 1 })
  w.at(4000)
  t.match(await inspect(w), { queued: 5, due: 3, oldestDueUs: START })
  w.at(60_000)
  t.match(await inspect(w), { due: 5 })
})

await test('beyond its limit due is an estimate, and never more than the queued messages', async (t, w) => {
  for (let i = 0; i < 6; i++) {
    await w.queue({ key: `${i}`, recipient: `p1415555020${i}`, inline: false })
    await w.queue({ key: `${i} again`, recipient: `p1415555020${i}`, inline: false })
  }
  w.at(2000)
  t.match(await inspect(w, 2), { queued: 12, due: 12 })
})

await test('a paused or stopped sender returns the reason and until when', async (t, w) => {
  await w.run('pause', { state: 'paused', forMs: 60_000, reason: 'ops' })
  t.match(await inspect(w), { state: 'paused', reason: 'ops', resumesMs: w.ms() + 60_000 })
  await w.run('pause', { state: 'paused', forMs: '', reason: 'ops' })
  t.match(await inspect(w), { state: 'paused', resumesMs: 0 })
  await w.stop(1000)
  t.match(await inspect(w), { state: 'stopped', reason: '190', resumesMs: w.ms() + 1000 })
  await w.run('pause', { state: 'paused', forMs: 1000, reason: 'ops' })
  w.at(1000)
  t.match(await inspect(w), { state: 'active', resumesMs: 0 })
})

await test('sent counts the last 24 hours in steps of ten minutes', async (t, w) => {
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  w.at(23 * HOUR)
  await w.settled(await w.grant({ key: 'b' }), 'sent')
  t.match(await inspect(w), { sentLast24h: 2 })
  w.at(24 * HOUR)
  t.match(await inspect(w), { sentLast24h: 1 })
})

await test('a bucket whose TAT has passed causes no wait', async (t, w) => {
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  t.match(await inspect(w), { activeRateLimits: 1 })
  w.at(2000)
  t.match(await inspect(w), { activeRateLimits: 0 })
})

await test('unacknowledged failures are counted by reason, for a day', async (t, w) => {
  const fail = async (key: string, reason: string): Promise<string> => {
    const grant = await w.grant({ key, recipient: `p1415555030${key}` })
    await w.settled(grant, 'failed', { reason })
    return grant.id
  }
  await fail('1', 'rejected')
  await fail('2', 'exhausted')
  w.at(HOUR)
  const seen = await fail('3', 'exhausted')
  const reopened = await fail('4', 'unknown')
  const tried = await w.grant({ key: '5', recipient: BOB, lifeMs: HOUR })
  await w.settled(tried, 'retry')
  w.at(2 * HOUR)
  await w.cancel(tried.id, 'expired')
  t.match(await inspect(w), { failed: 5, rejected: 1, exhausted: 2, expired: 1, unknownOutcome: 1 })
  await w.run('acknowledge', { id: seen, history: '{"acknowledgedBy":"ops"}' }, seen)
  await w.retry(reopened, { force: true })
  t.match(await inspect(w), { failed: 4, rejected: 1, exhausted: 1, expired: 1, unknownOutcome: 0 })
  w.at(24 * HOUR + 1)
  t.match(await inspect(w), { failed: 4, rejected: 0, exhausted: 0, expired: 1 })
})

await test('unattendedUs counts from the last grant while pairs are ready and no drain run has the lease', async (t, w) => {
  await w.queue({ key: 'a', recipient: BOB, inline: false })
  w.at(1000)
  t.match(await inspect(w), { due: 1, hasWorker: true, unattendedUs: START }, 'a requested drain run has no lease yet')
  await w.claim({ want: 0 })
  t.match(await inspect(w), { due: 1, unattendedUs: 0 }, 'a drain run has the lease')
  await w.redis.del(w.key('drain-lease'))
  t.match(await inspect(w), { due: 1, hasWorker: false, unattendedUs: START })
  await w.queue({ key: 'b', recipient: CARL, inline: false })
  w.at(3000)
  await w.claim({ want: 1 })
  await w.redis.del(w.key('drain-lease'))
  w.at(4000)
  t.match(await inspect(w), { due: 1, unattendedUs: START + 3_001_000 }, 'one sender interval of 1 ms after the grant')
  await w.run('pause', { state: 'paused', forMs: 10_000, reason: 'ops' })
  t.match(await inspect(w), { due: 1, unattendedUs: 0 }, 'a paused sender needs no drain run')
  w.at(15_000)
  t.match(await inspect(w), { due: 1, unattendedUs: START + 14_000_000 }, 'from the time at which it resumed')
})

await test('a scheduled message whose time has passed needs a drain run too', async (t, w) => {
  await w.schedule({ key: 'a', scheduledFor: w.ms() + 5000 })
  t.match(await inspect(w), { scheduled: 1, unattendedUs: 0 })
  w.at(6000)
  t.match(await inspect(w), { scheduled: 1, unattendedUs: (Math.floor(START / 1000) + 5000) * 1000 })
})

await test('waiting callbacks are counted, with the age of the first', async (t, w) => {
  await w.redis.hset(w.key('sender'), 'callbacks', '1')
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'sent')
  t.match(await inspect(w), { callbacksWaiting: 1, callbacksSinceMs: w.ms() })
  const since = w.ms()
  const lease = { limit: 1, retryLimit: 1, probe: '', leaseMs: 1000, moveLimit: 10 }
  await w.run('lease-callbacks', lease)
  w.at(500)
  await w.receipt(grant.id, 'wamid.1', { status: 'd', attempt: 1 })
  t.match(await inspect(w), { callbacksWaiting: 2, callbacksSinceMs: since }, 'one message, and until the next lease also what came since')
  await w.run('settle-callback', {
    subject: grant.id,
    leaseEnd: since + 1000,
    delivered: true,
    afterMs: 0,
    giveUpMs: 1000,
    leaseMs: 1000,
    cap: 1,
    keepMs: 1000
  })
  t.match(await inspect(w), { callbacksWaiting: 1, callbacksSinceMs: w.ms() })
})

await test('a sender without rules is reported as such, and inspecting changes nothing', async (t, w) => {
  await w.queue({ key: 'a', inline: false })
  const before = await w.dump()
  await inspect(w)
  t.strictSame(await w.dump(), before)
  await w.redis.del(w.key('sender'))
  t.strictSame(await w.run('inspect-sender', { limit: 10 }), { status: 'no_rules' })
})

await test('accepted messages without a status are those of 2 to 12 minutes ago', async (t, w) => {
  const watch = async (ms: number): Promise<unknown> => {
    w.at(ms)
    await w.run('watch-statuses', { mostMs: 0 })
    const reply = await inspect(w)
    return reply.status === 'sender' && [reply.accepted, reply.unconfirmed]
  }
  t.strictSame(await watch(0), [0, 0])
  w.at(20_000)
  for (let number = 0; number < 4; number++) {
    await w.settled(await w.grant({ key: `s${number}`, recipient: `p1415555030${number}` }), 'sent', { keepMs: 900_000 })
  }
  t.strictSame(await watch(30_000), [0, 0], 'a status may still come')
  t.strictSame(await watch(149_000), [0, 0])
  t.strictSame(await watch(150_000), [4, 4], 'between two checks, the last one two minutes ago')
  t.strictSame(await watch(720_000), [4, 4], 'in whichever ten minutes that was')
  t.strictSame(await watch(721_000), [0, 0], 'the check before them is more than 12 minutes ago')
})
