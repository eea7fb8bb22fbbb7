import t from 'tap'
import { createLimits } from '../../src/sandbox/limits.js'
import { defaults } from '../../src/sandbox/settings.js'
import { startSandbox } from './support.js'

const start = 1_700_000_000_000
const onlyPair = { ...defaults, throughputPerSecond: null, pairToleranceMs: 0 }

await t.test('an idle pair accepts 45 messages at once, then one per 6 s', async t => {
  const { pass } = createLimits(onlyPair)
  for (let n = 1; n <= 45; n++) t.equal(pass('s', 'p', start), null)
  t.equal(pass('s', 'p', start), 131056)
  t.equal(pass('s', 'p', start + 5_999), 131056)
  t.equal(pass('s', 'p', start + 6_000), null)
  t.equal(pass('s', 'p', start + 6_000), 131056)
})

await t.test('the tolerance allows an early arrival, but does not accumulate', async t => {
  const { pass } = createLimits({ ...onlyPair, pairIntervalMs: 2_000, pairBurst: 1, pairToleranceMs: 50 })
  t.equal(pass('s', 'p', start), null)
  t.equal(pass('s', 'p', start + 1_949), 131056)
  t.equal(pass('s', 'p', start + 1_950), null)
  t.equal(pass('s', 'p', start + 3_900), 131056)
  t.equal(pass('s', 'p', start + 3_950), null)
})

await t.test('pairs are independent, by recipient and by sender', async t => {
  const { pass } = createLimits({ ...onlyPair, pairBurst: 1 })
  t.equal(pass('s', 'p', start), null)
  t.equal(pass('s', 'q', start), null)
  t.equal(pass('r', 'p', start), null)
  t.equal(pass('s', 'p', start), 131056)
})

await t.test('more than 80 messages of a sender in any second are rejected, however they are distributed', async t => {
  const { pass } = createLimits({ ...defaults, throughputToleranceMs: 0 })
  for (let n = 0; n < 80; n++) t.equal(pass('s', `p${n}`, start + n * 10), null)
  t.equal(pass('s', 'q', start + 999), 130429)
  t.equal(pass('r', 'q', start + 999), null)
  t.equal(pass('s', 'q', start + 1_000), null)
  t.equal(pass('s', 'q', start + 1_009), 130429)
  t.equal(pass('s', 'q', start + 1_010), null)
})

await t.test('a rejected message uses no slot', async t => {
  const { pass } = createLimits({ ...defaults, pairBurst: 1, throughputPerSecond: 2, throughputToleranceMs: 0 })
  t.equal(pass('s', 'p', start), null)
  for (let n = 0; n < 5; n++) t.equal(pass('s', 'p', start), 131056)
  t.equal(pass('s', 'q', start), null)
  t.equal(pass('s', 'r', start), 130429)
})

await t.test('pruning idle pairs keeps the state of active ones', async t => {
  const { pass } = createLimits({ ...onlyPair, pairBurst: 1 })
  t.equal(pass('s', 'busy', start + 5_000), null)
  for (let n = 0; n < 10_001; n++) pass('s', `p${n}`, start - 60_000)
  for (let n = 0; n < 20_001; n++) pass('s', `q${n}`, start + 6_000)
  t.equal(pass('s', 'busy', start + 6_000), 131056)
})

await t.test('over HTTP a pair over its limit gets 131056, in every spelling of its number, and other pairs are not affected', async t => {
  const { send, seen } = await startSandbox(t, { pairIntervalMs: 60_000, pairBurst: 1 })
  t.equal((await send('+1 555 000 0001')).status, 200)
  const rejected = await send('15550000001')
  t.equal(rejected.status, 400)
  t.match(rejected.body.error, {
    code: 131056, message: '(#131056) (Business Account, Consumer Account) pair rate limit hit'
  })
  t.equal((await send('15550000002')).status, 200)
  t.match(await seen('?recipient=%2B15550000001'), [{ outcome: 'accepted' }, { outcome: 'rejected', code: 131056 }])
})

await t.test('over HTTP a sender over its limit gets 130429', async t => {
  const { send, control } = await startSandbox(t, { throughputPerSecond: 3 })
  // Enough requests that some exceed the limit even if the machine stalls for a second or two in between.
  const responses = await Promise.all(Array.from({ length: 20 }, (_, n) => send(`155500001${10 + n}`)))
  const rejected = responses.filter(({ status }) => status !== 200)
  t.ok(rejected.length > 0 && rejected.length <= 17, `${rejected.length} of 20`)
  t.ok(rejected.every(({ status, body }) => status === 400 && body.error?.code === 130429))
  t.match(await control('PUT', 'settings', { throughputPerSecond: null }), { status: 200 })
  t.equal((await send('15550000005')).status, 200)
})

await t.test('a limit that is null or not enforced rejects nothing', async t => {
  const { send, control } = await startSandbox(t, { pairIntervalMs: 60_000, pairBurst: 1, enforcePair: false })
  for (let n = 0; n < 3; n++) t.equal((await send('15550000001')).status, 200)
  await control('PUT', 'settings', { enforcePair: true, pairIntervalMs: null })
  for (let n = 0; n < 3; n++) t.equal((await send('15550000001')).status, 200)
  await control('PUT', 'settings', { pairIntervalMs: 60_000 })
  t.equal((await send('15550000001')).status, 200)
  t.equal((await send('15550000001')).status, 400)
})
