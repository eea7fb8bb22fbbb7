/** The circuit breaker: it opens by failures that are not the messages' own, probes, and closes in stages. */
import t from 'tap'
import type { Replies } from '../../src/redis/commands.js'
import { ANN, BOB, START, world, type Granted, type World } from './support.js'

const test = await world(t)
const outage = { bucket: 'outage', coolMs: 5000, code: '131016', history: '{"attempt":1,"code":"131016","reason":"exhausted"}' }
const later = { afterMs: 60_000, ...outage }
const to = (number: number): string => `p1415555${String(1000 + number)}`

let keys = 0
async function grants (w: World, count: number, first = 1): Promise<Granted[]> {
  const granted = []
  for (let number = first; number < first + count; number++) granted.push(await w.grant({ key: `k${++keys}`, recipient: to(number) }))
  return granted
}

type Settled = Extract<Replies['settle'], { status: 'settled' }>
async function end (w: World, grant: Granted, settlement: string, change: object = later): Promise<Settled> {
  const reply = await w.settle(grant, settlement, change)
  if (reply.status !== 'settled') throw new TypeError('stale')
  return reply
}

/** Opens the circuit at the clock's time by five recipients. */
async function open (w: World): Promise<Granted[]> {
  const failing = await grants(w, 5, 101)
  for (const grant of failing.slice(0, 4)) await end(w, grant, 'retry')
  const last = await end(w, failing[4]!, 'retry')
  t.match(last, { circuit: 'opened', settlement: 'wait' })
  return failing
}
/** A circuit whose probe was accepted, 5 s after it opened, with 20 messages in the queue. */
async function halfOpen (w: World, rules: Parameters<World['rules']>[0]): Promise<void> {
  await open(w)
  await w.rules(rules)
  for (let number = 1; number <= 20; number++) await w.queue({ key: `q${number}`, recipient: to(number), inline: false })
  w.at(5000)
  const { grants: [probe] } = await w.claim()
  await end(w, probe!, 'sent', {})
}
const circuit = async (w: World): Promise<string> => (await w.redis.hget(w.key('sender'), 'circuit'))?.split(' ')[0] ?? 'closed'
const probeAt = async (w: World): Promise<number> => Number((await w.redis.hget(w.key('sender'), 'circuit'))?.split(' ')[1])

await test('failures for five recipients in a row open it, and the last gets its attempt back', async (t, w) => {
  const waiting = await grants(w, 1)
  const failing = await open(w)
  t.equal(await circuit(w), 'open')
  t.equal(await w.state(failing[3]!.id), 'retrying')
  t.equal(await w.state(failing[4]!.id), 'queued')
  t.match(await end(w, waiting[0]!, 'failed'), { settlement: 'wait', circuit: '' }, 'a message in flight does not fail, even by its last attempt')
  t.match(await w.admit({ key: 'new', recipient: BOB }), { status: 'queued', waitUs: -1, waitingFor: 'outage' })
  t.match(await w.admit({ key: 'now or never', recipient: BOB, whenLimited: 'reject' }), { status: 'rejected', code: 'LIMITED', waitUs: -1 })
  t.strictSame((await w.claim()).grants, [])
  w.at(60_000)
  t.match(await w.retry(failing[0]!.id), { status: 'queued' }, 'a due retry waits as well')
})

await test('one recipient never opens it, and its message fails by itself', async (t, w) => {
  for (let attempt = 1; attempt <= 30; attempt++) {
    const [grant] = await grants(w, 1)
    t.match(await end(w, grant!, attempt === 30 ? 'failed' : 'retry'), { circuit: '', settlement: attempt === 30 ? 'failed' : 'retry' })
    w.at(attempt * 2000)
  }
})

await test('a success in between keeps it closed', async (t, w) => {
  for (let number = 1; number <= 40; number++) {
    const [grant] = await grants(w, 1, number)
    t.match(await end(w, grant!, number % 4 === 0 ? 'sent' : 'retry', number % 4 === 0 ? {} : later), { circuit: '' })
    w.at(number * 10_000)
  }
  const [grant] = await grants(w, 1, 41)
  w.at(500_000)
  await end(w, grant!, 'sent', {})
  t.equal(await w.redis.hget(w.key('sender'), 'circuit'), null, 'nothing is left once a minute has passed')
})

await test('a share of failures opens it', async (t, w) => {
  let opened = 0
  for (let number = 1; number <= 20 && opened === 0; number++) {
    const [grant] = await grants(w, 1, number)
    const isSent = number % 3 === 0
    if ((await end(w, grant!, isSent ? 'sent' : 'retry', isSent ? {} : later)).circuit === 'opened') opened = number
  }
  t.equal(opened, 10, 'seven of ten attempts failed, for seven recipients')
})

await test('a sender with two messages an hour opens it too', async (t, w) => {
  for (let number = 1; number <= 5; number++) {
    w.at(number * 1_800_000)
    const [grant] = await grants(w, 1, number)
    const last = number === 5
    t.match(await end(w, grant!, number === 3 ? 'failed' : 'retry'), { circuit: last ? 'opened' : '', settlement: last ? 'wait' : 'retry' })
  }
})

await test('probes go out one at a time, at growing intervals, and use up no attempt', async (t, w) => {
  await w.redis.hset(w.key('sender'), 'circuitSettings', '5 50 30000 15000')
  await open(w)
  for (const number of [1, 2, 3]) await w.queue({ key: `q${number}`, recipient: to(number) })
  t.equal(await probeAt(w), START + 5_000_000)
  let at = 5000
  const probed: string[] = []
  for (const waitMs of [10_000, 20_000, 30_000, 30_000]) {
    w.at(at)
    const { grants: [probe], next } = await w.claim()
    t.equal(next, START + at * 1000 + 60_000_000, 'no other before its lease ends')
    w.at(at + 1000)
    t.strictSame((await w.claim()).grants, [])
    t.equal(probe!.attempt, 1)
    probed.push(probe!.id)
    t.match(await end(w, probe!, 'retry'), { settlement: 'wait', circuit: '' })
    at += 1000 + waitMs
    t.equal(await probeAt(w), START + at * 1000)
  }
  t.equal(new Set(probed).size, 4, 'each with another message')
})

await test('the next probe follows when the node of one is gone, or when it says nothing of WhatsApp', async (t, w) => {
  await open(w)
  await w.queue({ key: 'q', recipient: BOB })
  w.at(5000)
  const { grants: [lost] } = await w.claim()
  w.at(65_000)
  const { grants: [second] } = await w.claim()
  t.ok(second, 'its lease is over')
  t.match(await end(w, lost!, 'unknown', { code: 'LEASE_EXPIRED' }), { settlement: 'unknown', circuit: '' })
  t.match(await end(w, second!, 'failed', { code: '131026' }), { settlement: 'failed', circuit: '' }, 'refused for its own sake')
  t.equal(await circuit(w), 'open')
  t.equal(await probeAt(w), w.now + 5_000_000)
})

await test('a success makes it half-open, and three stages close it', async (t, w) => {
  await open(w)
  for (let number = 1; number <= 60; number++) await w.queue({ key: `q${number}`, recipient: to(number), inline: false })
  w.at(5000)
  const { grants: [probe] } = await w.claim()
  t.match(await end(w, probe!, 'sent', {}), { circuit: 'half-open', settlement: 'sent' })
  const sizes = []
  for (const stage of [1, 2, 3]) {
    const { grants: some } = await w.claim()
    sizes.push(some.length)
    w.at(5000 + stage * 15_000)
    const replies = []
    for (const grant of some) replies.push((await end(w, grant, 'sent', {})).circuit)
    t.strictSame(replies.filter(change => change !== ''), stage === 3 ? ['closed'] : [])
  }
  t.strictSame(sizes, [5, 25, 30], 'a few, then a part of what may be in flight; the rest of the queue')
  t.equal(await w.redis.hget(w.key('sender'), 'circuit'), null)
})

await test('what the stage of a half-open circuit delays waits for the outage, also where the full rate would let it go', async (t, w) => {
  await halfOpen(w, { senderIntervalUs: 20_000, senderBurst: 1 })
  w.at(5500)
  await w.claim()
  w.at(5530)
  t.hasStrict(await w.admit({ key: 'new', recipient: BOB }), { status: 'queued', waitingFor: 'outage' })
})

await test('a cool-down of the sender that begins in a stage does not end earlier where the circuit closes before its end', async (t, w) => {
  await halfOpen(w, { senderIntervalUs: 10_000, senderBurst: 8 })
  w.at(5500)
  const { grants: [limited] } = await w.claim()
  await end(w, limited!, 'wait', { bucket: 'sender-rate', coolMs: 2000 })
  await w.run('pause', { state: 'active', forMs: '', reason: '' })
  w.at(7499)
  const { grants: early, next } = await w.claim()
  t.strictSame(early, [])
  t.equal(next, START + 7_500_000)
  w.at(7500)
  t.equal((await w.claim()).grants.length, 1)
})

await test('failures while it is half-open open it again, with a longer interval', async (t, w) => {
  await open(w)
  for (let number = 1; number <= 9; number++) await w.queue({ key: `q${number}`, recipient: to(number), inline: false })
  t.match(await w.admit({ key: 'more', recipient: ANN }), { waitingFor: 'outage' })
  w.at(5000)
  await end(w, (await w.claim()).grants[0]!, 'sent', {})
  t.match(await w.admit({ key: 'still more', recipient: BOB, inline: false }), { status: 'queued' })
  const { grants: few } = await w.claim()
  t.equal(few.length, 5)
  t.match(await end(w, few[0]!, 'retry'), { circuit: '', settlement: 'retry' }, 'one unlucky recipient')
  t.match(await end(w, few[1]!, 'retry'), { circuit: 'opened', settlement: 'wait' })
  t.match(await end(w, few[2]!, 'retry'), { circuit: '', settlement: 'wait' })
  t.equal(await probeAt(w), w.now + 10_000_000)
})

await test('while it is half-open, one recipient that fails among others neither opens it nor ends its message', async (t, w) => {
  await open(w)
  for (let number = 1; number <= 9; number++) await w.queue({ key: `q${number}`, recipient: to(number), inline: false })
  w.at(5000)
  await end(w, (await w.claim()).grants[0]!, 'sent', {})
  const { grants: few } = await w.claim()
  await end(w, few[0]!, 'sent', {})
  t.match(await end(w, few[1]!, 'retry'), { circuit: '', settlement: 'retry' })
  t.match(await end(w, few[2]!, 'failed'), { circuit: '', settlement: 'retry' })
  await end(w, few[3]!, 'sent', {})
  t.equal(await circuit(w), 'half-open')
})

await test('an unknown outcome stays unknown, is not counted as an attempt, and is not FAILED while the circuit is open', async (t, w) => {
  const [early, erased] = await grants(w, 2)
  await open(w)
  for (const one of [early!, erased!]) {
    t.match(await end(w, one, 'unknown', { ...outage, code: 'HEADERS_TIMEOUT', afterMs: 1000 }), { settlement: 'unknown' })
  }
  t.match(await w.redis.hget(w.key('backlog'), early!.id), /:outage \{/)
  w.at(1000)
  const held = { ...early!, holder: '' }
  const over = { afterMs: 2000, reason: 'unknown', history: '{"reason":"unknown"}' }
  t.match(await end(w, held, 'failed', over), { settlement: 'unknown', dueMs: w.ms() + 2000 })
  t.notMatch(await w.redis.hget(w.key('backlog'), early!.id), /"reason":"unknown"/)
  t.match(await end(w, { ...erased!, holder: '' }, 'failed', { ...over, afterMs: 0 }), { settlement: 'failed' }, 'one without a further hold fails')
  await w.run('pause', { state: 'active', forMs: '', reason: '' })
  w.at(3000)
  t.match(await end(w, held, 'failed', over), { settlement: 'failed' })
})

await test('an operator closes it, and attempts from before do not open it again', async (t, w) => {
  const early = await grants(w, 6)
  await open(w)
  await w.queue({ key: 'q', recipient: BOB })
  w.at(100)
  t.match(await w.run('pause', { state: 'probe', forMs: '', reason: '' }), { before: 'active', circuit: 'open', wakeHint: 'enqueue' })
  t.equal(await probeAt(w), w.now, 'or lets a probe go at once')
  t.match(await w.run('pause', { state: 'active', forMs: '', reason: '' }), { before: 'active', circuit: 'open' })
  t.equal(await w.redis.hget(w.key('sender'), 'circuit'), null)
  for (const grant of early) t.match(await end(w, grant, 'retry'), { circuit: '', settlement: 'retry' })
  w.at(2000)
  t.equal((await w.claim()).grants.length, 2)
})

await test('a pause and a stop go before it, and a rejected sender is stopped although it is open', async (t, w) => {
  await open(w)
  await w.queue({ key: 'q', recipient: BOB })
  await w.run('pause', { state: 'paused', forMs: 10_000, reason: 'ops' })
  t.match(await w.admit({ key: 'p', recipient: ANN }), { waitingFor: 'pause' })
  w.at(9999)
  t.strictSame((await w.claim()).grants, [], 'a paused sender sends no probe')
  w.at(10_000)
  const { grants: [probe] } = await w.claim()
  await end(w, probe!, 'wait', { bucket: 'sender', coolMs: 60_000, code: '190' })
  t.match(await w.admit({ key: 'r', recipient: to(7) }), { waitingFor: 'sender-stopped' })
})

await test('no connection cools the sender down as long as the circuit is closed', async (t, w) => {
  const [grant] = await grants(w, 1)
  await end(w, grant!, 'wait', { ...outage, code: 'CONNECT_REFUSED', startedUs: '' })
  t.match(await w.admit({ key: 'b', recipient: BOB }), { waitUs: 1_000_000, waitingFor: 'cool-down' })
})

await test('a refusal that is reported after its lease had expired uses up no attempt while the circuit is open', async (t, w) => {
  const [grant] = await grants(w, 1)
  await open(w)
  await end(w, grant!, 'unknown', { afterMs: 60_000, code: 'LEASE_EXPIRED', history: '{"code":"LEASE_EXPIRED"}' })
  t.match(await w.run('settle-late', {
    id: grant!.id,
    attempt: 1,
    holder: grant!.holder,
    settlement: 'failed',
    afterMs: 60_000,
    pairHits: 0,
    resultSuffix: 'web -',
    reason: 'exhausted',
    ...outage
  }, grant!.id), { status: 'settled', settlement: 'wait' })
  t.equal(await w.state(grant!.id), 'queued')
})
