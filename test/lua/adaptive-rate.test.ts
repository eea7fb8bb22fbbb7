/** The sender rate after WhatsApp rejected messages for its limit of messages per second: it falls at once, and rises while it is used. */
import t from 'tap'
import { ANN, BOB, world, type Granted, type World } from './support.js'

const test = await world(t)
const limited = { bucket: 'throughput', coolMs: 1000, code: '130429', reason: 'rejected' }
/** 80 messages a second. */
const EIGHTY = { pairIntervalUs: 1000, senderIntervalUs: 12_500, senderBurst: 1, perSecond: 80 }
const S = 1000

/** The rate in force, in messages per 1000 s, as the packed rules say it; an interval is in whole µs. */
async function rate (w: World): Promise<number> {
  const rules = await w.redis.hgetBuffer(w.key('sender'), 'rules')
  return Math.round(1e8 / (rules?.readDoubleBE(rules.length > 48 ? 48 : 16) ?? 0)) * 10
}

let key = 0
const next = async (w: World, ms: number): Promise<Granted> => {
  w.at(ms)
  return await w.grant({ key: `m${++key}`, recipient: `p1415556${String(key).padStart(4, '0')}` })
}
const accept = async (w: World, ms: number): Promise<void> => { await w.settled(await next(w, ms), 'sent', { resultSuffix: 'web wamid.1' }) }
/** As many accepted messages as the rate lets through until `end`, every 50 ms at most. */
async function use (w: World, from: number, end: number): Promise<void> {
  for (let ms = from; ms < end;) {
    const step = Math.max(50, Math.ceil(1e6 / await rate(w)) + 6)
    await accept(w, ms)
    ms += step
  }
}

await test('a rejection halves the rate after its cool-down, and those of the same burst change nothing more', async (t, w) => {
  await w.rules(EIGHTY)
  const grants = [await next(w, 0), await next(w, 20), await next(w, 40)]
  w.at(100)
  await w.settled(grants[0]!, 'failed', limited)
  t.equal(await rate(w), 40_000)
  await w.settled(grants[1]!, 'failed', limited)
  w.at(150)
  await w.settled(grants[2]!, 'failed', limited)
  t.equal(await rate(w), 40_000)
  t.hasStrict(await w.admit({ key: 'a', recipient: ANN }), { waitUs: 1_000_000, waitingFor: 'cool-down' })
  await w.queue({ key: 'b', recipient: BOB })
  w.at(1150)
  t.equal((await w.claim({ want: 9 })).grants.length, 1)
  w.at(1174)
  t.equal((await w.claim({ want: 9 })).grants.length, 0, 'the rule would allow it after 12.5 ms')
  w.at(1175)
  t.equal((await w.claim({ want: 9 })).grants.length, 1)
})

await test('a rejection of an attempt that began after the cut halves the rate again', async (t, w) => {
  await w.rules(EIGHTY)
  await w.settled(await next(w, 0), 'failed', limited)
  await w.settled(await next(w, 1001), 'failed', limited)
  t.equal(await rate(w), 20_000)
})

await test('the rate returns to slightly below the rejected one within five seconds', async (t, w) => {
  await w.rules(EIGHTY)
  await w.settled(await next(w, 0), 'failed', limited)
  await use(w, 1050, 5 * S + 100)
  t.equal(await rate(w), 77_600)
})

await test('a rate that is used is probed after half a minute, ends at the rule, and is then forgotten', async (t, w) => {
  await w.rules({ senderIntervalUs: 500_000, senderBurst: 1, perSecond: 2 })
  await w.settled(await next(w, 0), 'failed', limited)
  await use(w, 1100, 30 * S)
  t.equal(await rate(w), 1940)
  await use(w, 31 * S, 60 * S)
  t.equal(await rate(w), 2000)
  t.ok(await w.redis.hexists(w.key('sender'), 'reduced'), 'at the rule, but not sure yet')
  await use(w, 61 * S, 175 * S)
  t.notOk(await w.redis.hexists(w.key('sender'), 'reduced'))
  t.equal((await w.redis.hgetBuffer(w.key('sender'), 'rules'))?.length, 48)
})

await test('a rate that is not used does not rise', async (t, w) => {
  await w.rules(EIGHTY)
  await w.settled(await next(w, 0), 'failed', limited)
  await use(w, 1050, 5 * S + 100)
  for (let second = 6; second < 300; second += 20) await accept(w, second * S)
  t.equal(await rate(w), 77_600)
})

await test('a probe that is rejected returns to the rate before it, with a short cool-down', async (t, w) => {
  await w.rules({ senderIntervalUs: 50_000, senderBurst: 1, perSecond: 20 })
  await w.settled(await next(w, 0), 'failed', limited)
  await w.settled(await next(w, 1050), 'failed', limited)
  await use(w, 2200, 38 * S)
  const resting = 9700
  t.ok(await rate(w) > resting)
  await w.settled(await next(w, 38 * S + 100), 'failed', limited)
  t.equal(await rate(w), resting)
  t.hasStrict(await w.admit({ key: 'a', recipient: ANN }), { waitUs: 250_000, waitingFor: 'cool-down' })
})

await test('a message that waits for the reduced rate waits for the sender rate', async (t, w) => {
  await w.rules(EIGHTY)
  await w.settled(await next(w, 0), 'failed', limited)
  await next(w, 1000)
  t.hasStrict(await w.admit({ key: 'b', recipient: BOB }), { waitingFor: 'sender-rate' })
})

await test('other rules keep what is known of the limit, unless they are slower', async (t, w) => {
  await w.rules(EIGHTY)
  await w.settled(await next(w, 0), 'failed', limited)
  await w.rules({ ...EIGHTY, senderIntervalUs: 10_000, perSecond: 100 })
  t.equal(await rate(w), 40_000)
  await w.rules({ ...EIGHTY, senderIntervalUs: 100_000, perSecond: 10 })
  t.equal(await rate(w), 10_000)
  t.notOk(await w.redis.hexists(w.key('sender'), 'reduced'))
})

await test('an operator who resumes the sender restores the rule', async (t, w) => {
  await w.rules(EIGHTY)
  await w.settled(await next(w, 0), 'failed', limited)
  await w.run('pause', { state: 'active', forMs: '', reason: '' })
  t.equal(await rate(w), 80_000)
  t.notOk(await w.redis.hexists(w.key('sender'), 'reduced'))
})

await test('a rejection by webhook counts once: for a message that was accepted after the last cut', async (t, w) => {
  await w.rules(EIGHTY)
  const grants = [await next(w, 0), await next(w, 20)]
  for (const [i, grant] of grants.entries()) await w.settled(grant, 'sent', { resultSuffix: `web wamid.${i}`, keepMs: 900_000 })
  w.at(500)
  await w.bounce(grants[0]!.id, 'wamid.0', limited)
  t.equal(await rate(w), 40_000)
  w.at(600)
  await w.bounce(grants[1]!.id, 'wamid.1', limited)
  t.equal(await rate(w), 40_000)
})

await test('an unreachable server, a quota of the app and a limited pair leave the rate as it is', async (t, w) => {
  await w.rules(EIGHTY)
  await w.settled(await next(w, 0), 'failed', { bucket: 'sender-rate', coolMs: 60_000, code: '80007' })
  await w.settled(await next(w, 61 * S), 'failed', { bucket: 'pair', coolMs: 6000, code: '131056' })
  await w.settled(await next(w, 62 * S), 'failed', { bucket: 'sender-rate', coolMs: 1000, code: 'ECONNREFUSED' })
  t.equal(await rate(w), 80_000)
})
