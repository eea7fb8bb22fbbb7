/** settle.lua where the provider limits: buckets cool down, senders stop, attempts are not used up. */
import t from 'tap'
import { ANN, BOB, CARL, HOUR, START, world, type World } from './support.js'

const test = await world(t)
const limited = { bucket: 'pair', coolMs: 5000 }
const stopped = { bucket: 'sender', coolMs: 30_000, code: '190' }

await test('a limit of the pair cools this pair alone, and the message keeps place and attempts', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.queue({ key: 'b' })
  w.at(100)
  await w.settled(grant, 'wait', limited)
  t.equal(await w.tat(), START + 5_100_000)
  t.strictSame(await w.ready(), ['normal', START + 5_100_000])
  t.hasStrict(await w.admit({ key: 'c' }), { waitUs: 9_000_000, waitingFor: 'cool-down', position: 3 })
  t.match(await w.admit({ key: 'd', recipient: BOB }), { status: 'granted' })
  w.at(5100)
  t.match((await w.claim()).grants, [{ id: grant.id, attempt: 1 }])
})

await test('a cool-down blocks a pair with a burst too', async (t, w) => {
  await w.rules({ pairBurst: 3 })
  await w.settled(await w.grant({ key: 'a' }), 'wait', limited)
  t.equal(await w.tat(), START + 5_000_000 + 4_000_000)
  w.at(4999)
  t.strictSame((await w.claim()).grants, [])
  w.at(5000)
  t.equal((await w.claim()).grants.length, 1)
})

await test('a cool-down shorter than the present wait changes nothing', async (t, w) => {
  await w.settled(await w.grant({ key: 'a' }), 'wait', { bucket: 'pair', coolMs: 10 })
  t.equal(await w.tat(), START + 2_000_000)
})

await test('a limit of the sender rate delays all pairs and counts no slot', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'wait', { bucket: 'sender-rate', coolMs: 3000 })
  t.equal(await w.redis.get(w.key('sender-tat')), `${START + 3_000_000 + 999_000} 1`)
  t.hasStrict(await w.admit({ key: 'b', recipient: BOB }), { waitUs: 3_000_000, waitingFor: 'cool-down' })
  w.at(2999)
  const early = await w.claim()
  t.strictSame(early.grants, [])
  t.equal(early.next, START + 3_000_000)
  w.at(3000)
  t.equal((await w.claim()).grants.length, 1, 'a full burst would exceed the limit that WhatsApp just reported')
})

await test('a message that is rate limited ten times has used up no attempt', async (t, w) => {
  let grant = await w.grant({ key: 'a' })
  for (let times = 1; times <= 10; times++) {
    await w.settled(grant, 'wait', { ...limited, history: '{"outcome":"limited"}' })
    w.at(times * 10_000)
    const [next] = (await w.claim()).grants
    t.match(next, { id: grant.id, attempt: 1 })
    grant = next!
  }
})

await test('a stopped sender grants nothing and promises nothing', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  t.match(await w.settled(grant, 'wait', stopped), { wakeHint: 'defer', resumed: false })
  t.match(await w.redis.hgetall(w.key('sender')), { status: 'stopped', reason: '190', until: String(START + 30_000_000) })
  t.hasStrict(await w.admit({ key: 'b', recipient: BOB }), { waitUs: -1, waitingFor: 'sender-stopped', position: 1, wakeHint: 'defer' })
  w.at(29_999)
  const early = await w.claim()
  t.strictSame(early.grants, [])
  t.equal(early.next, START + 30_000_000)
})

await test('a stopped sender is probed with one message at a time', async (t, w) => {
  await w.settled(await w.grant({ key: 'a' }), 'wait', stopped)
  await w.queue({ key: 'b', recipient: BOB })
  w.at(30_000)
  const first = await w.claim()
  t.equal(first.grants.length, 1)
  t.equal(first.next, START + 60_000_000)
  t.equal(await w.redis.hget(w.key('sender'), 'until'), String(START + 60_000_000))
  w.at(59_999)
  t.strictSame((await w.claim()).grants, [])
  w.at(60_000)
  t.equal((await w.claim()).grants.length, 1)
})

await test('a success resumes the sender', async (t, w) => {
  await w.settled(await w.grant({ key: 'a' }), 'wait', stopped)
  await w.queue({ key: 'b', recipient: BOB })
  w.at(30_000)
  const [probe] = (await w.claim()).grants
  t.match(await w.settled(probe!, 'sent'), { resumed: true })
  t.strictSame(await w.redis.hmget(w.key('sender'), 'status', 'reason', 'until'), [null, null, null])
  t.equal((await w.claim()).grants.length, 1)
  t.match(await w.admit({ key: 'c', recipient: CARL }), { status: 'granted' })
})

await test('a failed probe stops the sender for another interval, and does not count as an attempt of the message', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'wait', stopped)
  t.match(await w.redis.hget(w.key('backlog'), grant.id), /^p14155550101 21 [0-9a-f]{11} 0 0 1\n/)
  w.at(30_000)
  const { claimed: [claimed], grants: [probe] } = await w.claim()
  t.match(claimed, { attempt: 1, stops: 1 }, 'attempt 1, has stopped its sender once')
  w.at(31_000)
  const held = { status: 'settled', dueMs: 0, wakeHint: String, resumed: false, stopped: false, settlement: 'wait' }
  t.match(await w.settle(probe!, 'stop', stopped), held)
  t.equal(await w.redis.hget(w.key('sender'), 'until'), String(START + 61_000_000))
  t.match(await w.redis.hget(w.key('backlog'), grant.id), /^p14155550101 21 [0-9a-f]{11} 0 0 1\n/)
})

await test('a stop does not replace an operator\'s pause', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.run('pause', { state: 'paused', forMs: '', reason: 'ops' })
  await w.settled(grant, 'wait', stopped)
  t.strictSame(await w.redis.hmget(w.key('sender'), 'status', 'reason', 'until'), ['paused', 'ops', null])
  w.at(60_000)
  t.strictSame((await w.claim()).grants, [], 'no probe while it is paused')
})

await test('a success during a pause leaves the sender paused', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.run('pause', { state: 'paused', forMs: 60_000, reason: 'ops' })
  t.match(await w.settled(grant, 'sent'), { resumed: false, wakeHint: '' })
  t.equal(await w.redis.hget(w.key('sender'), 'status'), 'paused')
})

await test('settled messages make room in flight', async (t, w) => {
  await w.rules({ maxInFlight: 1 })
  const grant = await w.grant({ key: 'a' })
  t.hasStrict(await w.admit({ key: 'b', recipient: BOB }), { waitUs: 0, waitingFor: 'turn-in-queue' })
  t.strictSame((await w.claim()).grants, [])
  await w.settled(grant, 'sent')
  t.equal((await w.claim()).grants.length, 1)
})

await test('a success that was in flight before the stop does not resume the sender', async (t, w) => {
  const early = await w.grant({ key: 'a' })
  const bad = await w.grant({ key: 'b', recipient: BOB })
  w.at(100)
  await w.settled(bad, 'wait', { bucket: 'sender', coolMs: 60_000, code: '190' })
  w.at(200)
  t.equal((await w.settled(early, 'sent')).resumed, false)
  t.equal(await w.redis.hget(w.key('sender'), 'status'), 'stopped')
})

await test('a message that stops an active sender a second time is FAILED; others are probed meanwhile, in rotation', async (t, w) => {
  const bad = await w.grant({ key: 'a' })
  await w.queue({ key: 'b', recipient: BOB, inline: false })
  const history = '{"reason":"rejected"}'
  w.at(3000)
  t.match(await w.settle(bad, 'stop', { ...stopped, history }), {
    status: 'settled',
    dueMs: 0,
    wakeHint: String,
    resumed: false,
    stopped: true,
    settlement: 'wait'
  })
  t.equal(await w.state(bad.id), 'queued')
  const tried: Array<string | undefined> = []
  for (const index of [40_000, 80_000]) {
    w.at(index)
    const { grants: [probe] } = await w.claim()
    tried.push(probe?.recipient)
    t.match(await w.settle(probe!, 'stop', stopped), {
      status: 'settled',
      dueMs: 0,
      wakeHint: String,
      resumed: false,
      stopped: false,
      settlement: 'wait'
    })
  }
  t.strictSame([...tried].sort(), [ANN, BOB])
  await w.run('pause', { state: 'active', forMs: '', reason: '' })
  w.at(120_000)
  const again = (await w.claim()).grants.find(grant => grant.recipient === ANN)
  t.match(await w.settle(again!, 'stop', { ...stopped, history }), {
    status: 'settled',
    dueMs: 0,
    wakeHint: String,
    resumed: false,
    stopped: true,
    settlement: 'failed'
  })
  t.equal(await w.state(bad.id), 'failed')
})

await test('a message counts how often in a row its pair was limited, and any other outcome resets the count', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  const hits = async (): Promise<number | undefined> => (await w.claim()).claimed[0]?.pairHits
  await w.settled(grant, 'wait', limited)
  w.at(6000)
  const [first] = (await w.claim()).claimed
  t.equal(first?.pairHits, 1)
  const again = { ...grant, holder: 'n1:2' }
  for (const [bucket, expected] of [['pair', 2], ['sender-rate', 2], ['', 2]] as const) {
    const text = await w.redis.hget(w.key('grants'), ANN) ?? ''
    await w.settled({ ...again, holder: text.split(' ')[3] ?? '' }, 'wait', { bucket, coolMs: 1000 })
    w.at(w.ms() - Math.floor(START / 1000) + 10_000)
    t.equal(await hits(), expected, `after a limit of ${bucket || 'nothing'}`)
  }
  const text = await w.redis.hget(w.key('grants'), ANN) ?? ''
  await w.settled({ ...again, holder: text.split(' ')[3] ?? '' }, 'retry')
  t.match(await w.redis.hget(w.key('backlog'), grant.id), /^\S+ 2\d+ [0-9a-f]{11} 0 1 0\n/)
})

await test('the settlement of a stop sets how often the sender is probed', async (t, w) => {
  await w.settled(await w.grant({ key: 'a' }), 'wait', { ...stopped, coolMs: 3_600_000, code: '131048' })
  w.at(3_600_000)
  t.equal((await w.claim()).grants.length, 1)
  t.equal(await w.redis.hget(w.key('sender'), 'until'), String(START + 7_200_000_000))
})

await test('a probe that says nothing about the sender does not cost a whole interval', async (t, w) => {
  const stopUs = w.now
  await w.stop(HOUR)
  for (const [i, key] of ['never sent', 'refused', 'limited', 'no response', 'last'].entries()) {
    await w.queue({ key, recipient: `p1415555070${i}`, inline: false })
  }
  const due = async () => Number(await w.redis.hget(w.key('sender'), 'until')) - w.now
  w.now = stopUs + HOUR * 1000
  const endings: Array<[string, Parameters<World['settle']>[2], number]> = [
    ['wait', { startedUs: '' }, 1_000_000],
    ['failed', { startedUs: 20_000, reason: 'rejected' }, 60_000_000],
    ['wait', { startedUs: 20_000, bucket: 'pair', coolMs: 6000 }, 60_000_000],
    ['unknown', { startedUs: 20_000 }, 60_000_000]
  ]
  for (const [settlement, change, againUs] of endings) {
    const { grants: [probe, ...others] } = await w.claim()
    t.strictSame([probe === undefined, others], [false, []], 'one probe')
    t.equal(await due(), HOUR * 1000, 'no other one while it is out')
    w.now += 300_000
    await w.settled(probe!, settlement, change)
    t.equal(await due(), againUs, `${settlement} ${JSON.stringify(change)}`)
    t.strictSame((await w.claim()).grants, [], 'not before')
    w.now += againUs
  }
  const { grants: [probe] } = await w.claim()
  t.match(await w.settled(probe!, 'sent'), { resumed: true })
})

await test('a short interval between probes is not made longer, and an attempt from before the stop changes no probe', async (t, w) => {
  const before = await w.grant({ key: 'before', recipient: 'p14155550701' })
  w.now += 1000
  await w.stop(20_000)
  await w.queue({ key: 'waiting', recipient: 'p14155550702', inline: false })
  const until = async () => await w.redis.hget(w.key('sender'), 'until')
  const planned = await until()
  await w.settled(before, 'failed', { startedUs: 10, reason: 'rejected' })
  t.equal(await until(), planned)
  w.now += 20_000_000
  const { grants: [probe] } = await w.claim()
  w.now += 5_000_000
  const next = await until()
  await w.settled(probe!, 'failed', { startedUs: 10, reason: 'rejected' })
  t.equal(await until(), next)
})
