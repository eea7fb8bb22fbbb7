/** A node that was out of reach for longer than its lease reports what it knows for certain: that counts more than the expired lease. */
import type { Test } from 'tap'
import t from 'tap'
import type { Arguments, Replies } from '../../src/redis/commands.js'
import { ANN, HOUR, START, tail, world, type Granted, type World } from './support.js'

const test = await world(t)

const LOST = '{"attempt":1,"outcome":"unknown","code":"LEASE_EXPIRED"}'

/** A grant whose lease has expired, as recovery settles it. */
async function expire (w: World, grant: Granted, afterMs = 60_000): Promise<void> {
  await w.settled(grant, 'unknown', { afterMs, code: 'LEASE_EXPIRED', startedUs: 250_000, history: LOST })
}

/** Ends the hold of an unknown outcome as its policy does. */
async function decide (w: World, { id, recipient, attempt }: Granted, settlement: 'retry' | 'failed'): Promise<void> {
  await w.settled({ id, recipient, attempt, holder: '' }, settlement, { startedUs: '', afterMs: 0, reason: settlement === 'failed' ? 'unknown' : '' })
}

async function late (w: World, grant: Granted, settlement: string, change: Partial<Arguments['settle-late']> = {}): Promise<Replies['settle-late']> {
  const { id, attempt, holder } = grant
  return await w.run('settle-late', {
    id,
    attempt,
    holder,
    settlement,
    afterMs: 300_000,
    bucket: '',
    coolMs: 0,
    code: '',
    pairHits: 0,
    resultSuffix: tail(),
    history: `{"attempt":1,"outcome":"${settlement}"}`,
    reason: settlement === 'failed' ? 'rejected' : '',
    ...change
  }, id)
}

/** The places that an unknown outcome may be in, by policy, and how it gets there. */
const places: Record<string, (w: World, grant: Granted) => Promise<void>> = {
  'on hold': async () => {},
  'to be retried by policy': async (w, grant) => await decide(w, grant, 'retry'),
  'queued again by policy': async (w, grant) => {
    await decide(w, grant, 'retry')
    await w.retry(grant.id, { inline: false })
  },
  'FAILED by policy': async (w, grant) => await decide(w, grant, 'failed')
}

for (const [place, bring] of Object.entries(places)) {
  await test(`${place}: a rejection ends it as rejected`, async (t, w) => {
    const grant = await begin(w, bring)
    const reply = await late(w, grant, 'failed')
    t.match(reply, place === 'FAILED by policy' ? { status: 'explained' } : { status: 'settled', settlement: 'failed' })
    t.equal(await w.state(grant.id), 'failed')
    t.equal((await w.redis.zscore(w.key('unacknowledged'), grant.id))?.slice(0, 1), '1', 'the reason is the rejection')
    t.match(await w.redis.hget(w.key('failure-records'), grant.id), / 1 0\n.*\n\d+ {.*LEASE_EXPIRED"}(\n.*)*\n\d+ {"attempt":1,"outcome":"failed"}$/)
    t.equal(await w.redis.hlen(w.key('backlog')), 0)
    t.equal(await w.redis.zcard(w.key('queue:normal')), 0)
    await repeats(t, w, grant, 'failed')
  })

  await test(`${place}: a retryable refusal is retried by the schedule`, async (t, w) => {
    const grant = await begin(w, bring)
    t.match(await late(w, grant, 'retry'), { status: 'settled', settlement: 'retry', dueMs: w.ms() + 300_000 })
    t.equal(await w.state(grant.id), 'retrying')
    t.equal(await w.redis.exists(w.key('retries')), 0)
    t.match(await w.redis.hget(w.key('backlog'), grant.id), /^p14155550101 21 [0-9a-f]{11} \d+ 1 0\n/, 'one attempt is used up')
    await repeats(t, w, grant, 'retry')
    w.at(HOUR)
    t.match(await w.retry(grant.id), { status: 'granted', attempt: 2 })
  })

  await test(`${place}: a rate limit uses up no attempt, and the message keeps its number`, async (t, w) => {
    const grant = await begin(w, bring)
    await w.queue({ key: 'younger', inline: false })
    const younger = await w.ready()
    t.match(await late(w, grant, 'wait', { bucket: 'pair', coolMs: 6000, pairHits: 2 }), { status: 'settled', settlement: 'wait', dueMs: 0 })
    t.equal(await w.state(grant.id), 'queued')
    t.match(await w.redis.hget(w.key('backlog'), grant.id), /^p14155550101 21 [0-9a-f]{11} \d+ 0 0 3\n/, 'no attempt, and the third limit in a row')
    t.equal(await w.tat(), w.now + 6_000_000)
    t.match([younger?.[0], await w.ready()], ['normal', ['normal', w.now + 6_000_000]], 'the cool-down holds the pair')
    await repeats(t, w, grant, 'wait')
    w.now += 6_000_000
    t.match((await w.claim()).grants, [{ id: grant.id, attempt: 1 }])
  })
}

await test('a retry that ends late is listed as pending only while it goes on', async (t, w) => {
  for (const [i, settlement] of (['failed', 'retry', 'wait'] as const).entries()) {
    for (const decision of [null, 'retry', 'failed'] as const) {
      const grant = await w.grant({ key: `${settlement} ${decision}`, recipient: `p1415555${i}${decision?.length ?? 0}00` })
      await w.settled(grant, 'retry', { afterMs: 0, history: '{"attempt":1,"outcome":"retryable"}' })
      w.now += 60_000_000
      t.match(await w.retry(grant.id, { holder: 'b2:1' }), { status: 'granted', attempt: 2 })
      const retry = { ...grant, attempt: 2, holder: 'b2:1' }
      await expire(w, retry)
      if (decision !== null) await decide(w, retry, decision)
      const reply = await late(w, retry, settlement)
      t.equal(reply.status, settlement === 'failed' && decision === 'failed' ? 'explained' : 'settled')
      const isListed = await w.redis.zscore(w.key('retries'), grant.id) !== null
      t.equal(isListed, settlement === 'wait', `${settlement} after ${decision}`)
      await w.cancel(grant.id, 'cancelled')
    }
  }
})

for (const [settlement, place] of [['failed', 'failed'], ['retry', 'failures'], ['wait', 'queue:normal']] as const) {
  await test(`a message that waits for its template no longer does after a late ${settlement}`, async (t, w) => {
    const template = 'order_ready'
    const grant = await w.grant({ key: 'a', template })
    w.at(60_000)
    await expire(w, grant)
    await decide(w, grant, 'retry')
    await w.retry(grant.id, { inline: false })
    await w.run('set-template', { template, state: 'paused', code: 'PAUSED', name: 'order_ready en', atMs: '', untilMs: '' })
    w.at(120_000)
    t.strictSame((await w.claim()).grants, [])
    t.equal(await w.redis.zcard(w.key('suspended')), 1)
    t.match(await late(w, grant, settlement), { status: 'settled', settlement })
    t.equal(await w.redis.exists(w.key('suspended')), 0)
    t.equal(await w.redis.zcard(w.key(place)), 1)
    await repeats(t, w, grant, settlement)
  })
}

/** A message that was granted, lost with its lease, and brought to a place. */
async function begin (w: World, bring: (w: World, grant: Granted) => Promise<void>): Promise<Granted> {
  const grant = await w.grant({ key: 'a' })
  w.at(60_000)
  await expire(w, grant)
  w.at(120_000)
  await bring(w, grant)
  return grant
}

/** A call whose reply was lost is repeated, and must find nothing to do. */
async function repeats (t: Test, w: World, grant: Granted, settlement: string): Promise<void> {
  const before = await w.dump()
  t.strictSame(await late(w, grant, settlement), { status: 'stale' })
  t.strictSame(await w.dump(), before)
}

await test('once another attempt is out, or was settled, nothing changes', async (t, w) => {
  const grant = await begin(w, places['to be retried by policy']!)
  const { attempt } = await w.retry(grant.id, { holder: 'b2:1' }) as { attempt: number }
  t.equal(attempt, 2)
  await unchanged('in flight')
  await w.settled({ ...grant, attempt: 2, holder: 'b2:1' }, 'unknown', { history: '{"attempt":2}' })
  await unchanged('unknown again')
  await w.settled({ ...grant, attempt: 2, holder: '' }, 'failed', { reason: 'unknown', history: '{"attempt":2}' })
  await unchanged('FAILED')

  async function unchanged (when: string): Promise<void> {
    const before = await w.dump()
    for (const settlement of ['failed', 'retry', 'wait', 'stop']) t.strictSame(await late(w, grant, settlement), { status: 'stale' }, when)
    t.strictSame(await w.dump(), before)
  }
})

await test('only the holder of the expired lease can correct it, and only an expired lease', async (t, w) => {
  const grant = await begin(w, places['on hold']!)
  const timedOut = await w.grant({ key: 'timed out', recipient: 'p14155550109' })
  await w.settled(timedOut, 'unknown', { code: 'HEADERS_TIMEOUT', history: '{"attempt":1,"code":"HEADERS_TIMEOUT"}' })
  const before = await w.dump()
  t.strictSame(await late(w, { ...grant, holder: 'a1:99' }, 'failed'), { status: 'stale' })
  t.strictSame(await late(w, { ...grant, attempt: 2 }, 'failed'), { status: 'stale' })
  t.strictSame(await late(w, timedOut, 'failed'), { status: 'stale' })
  t.strictSame(await w.dump(), before)
})

await test('a failure that an operator has acknowledged, and one that has expired, stay as they are', async (t, w) => {
  const grant = await begin(w, places['FAILED by policy']!)
  await w.run('acknowledge', { id: grant.id, history: '{"acknowledgedBy":"ops"}' })
  const before = await w.dump()
  t.strictSame(await late(w, grant, 'wait'), { status: 'stale' })
  t.strictSame(await w.dump(), before)
})

await test('a success that a webhook has reported stays', async (t, w) => {
  const grant = await begin(w, places['on hold']!)
  t.match(await w.receipt(grant.id, 'wamid.9', { attempt: 1 }), { status: 'sent' })
  t.strictSame(await late(w, grant, 'failed'), { status: 'stale' })
  t.equal(await w.state(grant.id), 'sent')
})

await test('a refusal of the sender stops it, and the message keeps its place', async (t, w) => {
  const grant = await begin(w, places['on hold']!)
  t.match(await late(w, grant, 'stop', { bucket: 'sender', coolMs: 60_000, code: '190', reason: 'rejected' }),
    { status: 'settled', settlement: 'wait', stopped: true })
  t.equal(await w.redis.hget(w.key('sender'), 'status'), 'stopped')
  t.equal(await w.state(grant.id), 'queued')
  t.match(await w.redis.hget(w.key('backlog'), grant.id), /^p14155550101 21 [0-9a-f]{11} \d+ 0 1\n/, 'it stopped its sender once')
})

await test('a message that waits behind another keeps the ready time of its pair', async (t, w) => {
  const grant = await begin(w, places['on hold']!)
  await w.queue({ key: 'urgent', lane: 1, inline: false })
  const ready = await w.ready()
  w.now += 5000
  t.match(await late(w, grant, 'wait'), { status: 'settled', wakeHint: '' })
  t.strictSame(await w.ready(), ready)
  t.equal(ready?.[1], START + 120_000_000)
})

await test('the text of a message cannot pass for an expired lease', async (t, w) => {
  const grant = await w.grant({ key: 'a', holder: 'a1:77', payload: '["web","1700000000000:lease=a1:77 {}","n"]' })
  await w.settled(grant, 'unknown', { code: 'HEADERS_TIMEOUT', history: '{"attempt":1}' })
  t.strictSame(await late(w, grant, 'failed'), { status: 'stale' })
  t.equal(await w.state(grant.id), 'unknown')
  t.equal(grant.recipient, ANN)
})
