/** The lane bulk waits while WhatsApp accepts messages and reports no status of them; in doubt it does not. */
import t from 'tap'
import { ANN, BOB, CARL, world, type Granted, type World } from './support.js'

const test = await world(t)
const MINUTE = 60_000
const MOST_MS = 4 * 60 * MINUTE
const KEEP_MS = 15 * MINUTE
const START_MS = 1_700_000_123_456
/** The lane of `admit`. */
const [URGENT, NORMAL, BULK] = [1, 2, 3] as const

const watch = async (w: World, mostMs = MOST_MS): Promise<object> => await w.run('watch-statuses', { mostMs })
const bulkOf = async (w: World): Promise<string | null> => await w.redis.hget(w.key('sender'), 'bulkHold')
let keys = 0
let people = 0

/** Accepted messages to other people, each a webhook is due for. */
async function send (w: World, count: number): Promise<Granted[]> {
  const grants: Granted[] = []
  // In another millisecond than a check before.
  w.now += 1000
  for (let i = 0; i < count; i++) {
    const grant = await w.grant({ key: `sent${++keys}`, recipient: `p1415556${1000 + ++people}` })
    await w.settled(grant, 'sent', { keepMs: KEEP_MS, resultSuffix: `web wamid.${grant.id}` })
    grants.push(grant)
  }
  return grants
}
const report = async (w: World, grants: Granted[]): Promise<void> => {
  for (const { id } of grants) await w.receipt(id, `wamid.${id}`, { status: 'd' })
}
/** The next of the checks every 30 s since `from`. */
const nextCheck = (w: World, from = 0): number => from + (Math.floor((w.ms() - START_MS - from) / 30_000) + 1) * 30_000
/** Checks every 30 s until `ms`, as recovery does; returns the changes. */
async function watchUntil (w: World, ms: number, mostMs = MOST_MS): Promise<string[]> {
  const changes: string[] = []
  for (let at = nextCheck(w); at <= ms; at += 30_000) {
    w.at(at)
    const { change = '' } = await watch(w, mostMs) as { change?: string }
    if (change !== '') changes.push(`${change} ${at / MINUTE}`)
  }
  return changes
}

/** Statuses come for the first messages, and for those of the next minutes none does. */
async function startOutage (w: World): Promise<void> {
  await watch(w)
  w.at(30_000)
  await report(w, await send(w, 30))
  t.strictSame(await watchUntil(w, 4 * MINUTE), [], 'statuses come')
  await send(w, 60)
}

const FIELDS = ['limits', 'statuses', 'statusesSeen', 'bulkHold']
const stored = async (w: World): Promise<Array<string | null>> => await w.redis.hmget(w.key('sender'), ...FIELDS)

await test('without webhooks nothing is written', async (t, w) => {
  t.strictSame(await w.run('watch-statuses', { mostMs: '' }), { status: 'off', change: '' })
  await send(w, 1)
  t.strictSame(await stored(w), [null, null, null, null])
})

await test('without the setting statuses are counted, and nothing waits', async (t, w) => {
  await watch(w, 0)
  w.at(30_000)
  await report(w, await send(w, 60))
  t.match(await watchUntil(w, 4 * MINUTE, 0), [])
  await send(w, 60)
  t.strictSame(await watchUntil(w, 8 * MINUTE, 0), [])
  t.match(await w.run('inspect-sender', { limit: 10 }), { accepted: 120, unconfirmed: 60, bulk: '' })
  t.match(await stored(w), [null, String, null, null])
})

/** Both were wrong while the messages of ten minutes counted as if they had been spread evenly over them. */
await test('a burst neither hides an outage nor is taken for one', async (t, w) => {
  const spanEnd = 600_000 - (w.ms() % 600_000)
  const counts = async (): Promise<object> => await w.run('inspect-sender', { limit: 10 })
  w.at(spanEnd)
  await watch(w, 0)
  w.at(spanEnd + 30_000)
  await report(w, await send(w, 400))
  await watchUntil(w, spanEnd + 5 * MINUTE, 0)
  await send(w, 50)
  await watchUntil(w, spanEnd + 14 * MINUTE, 0)
  t.match(await counts(), { accepted: 50, unconfirmed: 50 }, 'the burst was before')
  w.at(spanEnd + 39.5 * MINUTE)
  await watch(w, 0)
  const burst = await send(w, 400)
  await report(w, burst.slice(40))
  await watchUntil(w, spanEnd + 51 * MINUTE, 0)
  t.match(await counts(), { accepted: 400, unconfirmed: 40 }, 'all of it counts until it leaves the 10 minutes')
})

await test('a message whose failure is reported counts as one with a status', async (t, w) => {
  await watch(w)
  w.at(30_000)
  const all = await send(w, 60)
  for (const { id } of all.slice(0, 40)) await w.bounce(id, `wamid.${id}`, { afterMs: '' })
  await watchUntil(w, 4 * MINUTE)
  t.match(await w.run('inspect-sender', { limit: 10 }), { accepted: 60, unconfirmed: 20 })
})

await test('bulk waits once most messages have no status, and goes on once they have', async (t, w) => {
  await startOutage(w)
  const silent = await send(w, 5)
  t.strictSame(await watchUntil(w, 12 * MINUTE), ['begun 6.5'])
  t.match(await w.run('inspect-sender', { limit: 10 }), { bulk: /^\d+ \d+ \d+ \d+ 6\d$/ }, '65 of 95 have none')
  t.match(await w.admit({ key: 'a', recipient: ANN, lane: BULK }), { status: 'queued', waitUs: -1, waitingFor: 'outage' })
  t.match(await w.admit({ key: 'b', recipient: BOB, lane: NORMAL }), { status: 'granted' })
  t.match(await w.admit({ key: 'c', recipient: CARL, lane: URGENT }), { status: 'granted' })
  const rejected = await w.admit({ key: 'd', recipient: 'p14155550109', lane: BULK, whenLimited: 'reject' })
  t.match(rejected, { status: 'rejected', code: 'LIMITED', waitUs: -1 })
  await report(w, silent)
  t.match(await watch(w), { change: '' }, '60 of 95 have none')
  t.ok(await bulkOf(w))
  w.at(16.5 * MINUTE)
  t.match(await watch(w), { change: 'ended' }, 'too few messages were accepted 2 to 12 minutes ago')
  t.equal(await bulkOf(w), null)
  t.notMatch(await w.redis.hget(w.key('sender'), 'limits'), 'bulk')
  t.match((await w.claim({ want: 5 })).grants, [{ recipient: ANN }])
})

await test('late statuses end it at once', async (t, w) => {
  await watch(w)
  w.at(30_000)
  await report(w, await send(w, 30))
  await watchUntil(w, 4 * MINUTE)
  const silent = await send(w, 60)
  t.strictSame(await watchUntil(w, 8 * MINUTE), ['begun 6.5'])
  await w.queue({ key: 'a', recipient: ANN, lane: BULK })
  await w.redis.del(w.key('drain-lease'))
  await report(w, silent)
  t.match(await watch(w), { change: 'ended', percent: 0, wakeHint: 'enqueue' })
})

await test('only messages with a status within the last day are evidence that webhooks come here', async (t, w) => {
  await watch(w)
  w.at(30_000)
  await send(w, 60)
  t.strictSame(await watchUntil(w, 12 * MINUTE), [], 'none has ever come')
  await report(w, await send(w, 60))
  t.strictSame(await watchUntil(w, 16 * MINUTE), [])
  const DAY = 24 * 60 * MINUTE
  w.at(DAY + 26 * MINUTE)
  await watch(w)
  w.at(DAY + 26.5 * MINUTE)
  await send(w, 60)
  t.strictSame(await watchUntil(w, DAY + 36 * MINUTE), [], 'they came a day ago')
})

await test('with few messages nothing waits', async (t, w) => {
  await watch(w)
  w.at(30_000)
  await report(w, await send(w, 30))
  await watchUntil(w, 14 * MINUTE)
  await send(w, 19)
  t.strictSame(await watchUntil(w, 26 * MINUTE), [])
  await send(w, 20)
  t.strictSame(await watchUntil(w, 30 * MINUTE), ['begun 28.5'])
})

await test('a message in ten seconds goes as a probe, also one that is due in no other lane', async (t, w) => {
  await startOutage(w)
  await watchUntil(w, 7 * MINUTE)
  for (let n = 0; n < 5; n++) await w.queue({ key: `bulk${n}`, recipient: `p1415557000${n}`, lane: BULK })
  const start = 7 * MINUTE + 10_000
  w.at(start)
  const first = await w.claim({ want: 10 })
  t.equal(first.grants.length, 1)
  t.equal(first.next, w.now + 10_000_000, 'the drain run comes back for the next probe')
  w.at(start + 9999)
  t.strictSame((await w.claim({ want: 10 })).grants, [])
  const other = await w.queue({ key: 'normal', recipient: BOB, inline: false })
  t.match((await w.claim({ want: 10 })).grants, [{ id: other }], 'other lanes go on')
  w.at(start + 10_000)
  t.equal((await w.claim({ want: 10 })).grants.length, 1)
  w.at(start + 60_000)
  t.equal((await w.claim({ want: 10 })).grants.length, 1, 'probes do not add up')
})

await test('probes beside callers with fair shares', async (t, w) => {
  await startOutage(w)
  await watchUntil(w, 7 * MINUTE)
  for (let n = 0; n < 6; n++) await w.queue({ key: `bulk${n}`, recipient: `p1415557000${n}`, lane: BULK, caller: n % 2 === 0 ? 'shop' : 'crm' })
  t.match(await w.redis.hget(w.key('sender'), 'limits'), /bulk.*shares/)
  w.at(7 * MINUTE + 10_000)
  t.equal((await w.claim({ want: 10 })).grants.length, 1)
  const { grants, next } = await w.claim({ want: 10 })
  t.strictSame([grants, next], [[], w.now + 10_000_000])
  t.match(await w.run('inspect-sender', { limit: 10 }), { oldestDueUs: 0, unattendedUs: 0 }, 'held messages are not late')
})

await test('recovery starts a drain run for the next probe, and not before', async (t, w) => {
  await startOutage(w)
  await watchUntil(w, 7 * MINUTE)
  await w.queue({ key: 'bulk', recipient: ANN, lane: BULK })
  w.at(7 * MINUTE + 10_000)
  await w.claim({ want: 10 })
  await w.queue({ key: 'bulk2', recipient: BOB, lane: BULK })
  await w.redis.del(w.key('drain-lease'))
  const recover = async (): Promise<object> => await w.run('recover', { lost: '', limit: 10 })
  t.match(await recover(), { wakeHint: '' })
  w.at(7 * MINUTE + 18_000)
  t.match(await recover(), { wakeHint: 'enqueue' })
})

await test('the hold ends after its time, or by an operator, and begins again only after statuses have come', async (t, w) => {
  for (const end of ['time', 'operator'] as const) {
    const from = w.ms() - START_MS
    await w.run('watch-statuses', { mostMs: 5 * MINUTE })
    w.at(from + 30_000)
    await report(w, await send(w, 60))
    const check = async (ms: number): Promise<unknown> => {
      let last
      for (let at = nextCheck(w, from); at <= from + ms; at += 30_000) {
        w.at(at)
        const { change = '' } = await w.run('watch-statuses', { mostMs: 5 * MINUTE }) as { change?: string }
        if (change !== '') last = change
      }
      return last
    }
    await check(4 * MINUTE)
    await send(w, 200)
    t.equal(await check(7 * MINUTE), 'begun')
    if (end === 'operator') t.match(await w.run('pause', { state: 'active', forMs: '', reason: '' }), { hadHold: true })
    t.equal(await check(14 * MINUTE), end === 'time' ? 'ended' : undefined)
    await send(w, 200)
    t.equal(await check(24 * MINUTE), undefined, 'no status has come')
    w.at(from + 60 * MINUTE)
  }
})

await test('the setting is switched off', async (t, w) => {
  await startOutage(w)
  t.strictSame(await watchUntil(w, 7 * MINUTE), ['begun 6.5'])
  t.match(await watch(w, 0), { status: 'watched', change: 'ended' })
  t.match(await stored(w), [null, String, null, null])
})

await test('webhooks are switched off', async (t, w) => {
  await startOutage(w)
  t.strictSame(await watchUntil(w, 7 * MINUTE), ['begun 6.5'])
  t.strictSame(await w.run('watch-statuses', { mostMs: '' }), { status: 'off', change: 'ended' })
  t.strictSame(await stored(w), [null, null, null, null])
})

await test('a retry of a bulk message waits, too, and others do not wait for it', async (t, w) => {
  await startOutage(w)
  const grant = await w.grant({ key: 'retry', recipient: ANN, lane: BULK })
  await w.settled(grant, 'retry', { afterMs: 1000 })
  await watchUntil(w, 7 * MINUTE)
  t.match(await w.retry(grant.id), { status: 'queued' })
  for (let n = 0; n < 25; n++) {
    // Every twentieth slot goes to bulk first.
    t.match(await w.admit({ key: `n${n}`, recipient: `p1415558${1000 + n}` }), { status: 'granted' })
  }
})
