/** A step of a server's clock is seen from readings of it alone, and delays of replies never look like one. */
import t from 'tap'
import { createClockGuard, createServerClock } from '../../src/redis/server-clock.js'
import { pass } from '../support/until.js'

/** A server whose clock a test sets, seen by a process whose own clocks a test moves. */
function createPair () {
  const state = { nowMs: 5000, aheadMs: 1_700_000_000_000, uptimeLeadMs: 40 }
  const steps: Array<[string, number]> = []
  const clock = createServerClock((server, stepMs) => steps.push([server, stepMs]), {
    now: () => state.nowMs, uptimeLead: () => state.uptimeLeadMs
  })
  /** A call that takes so many ms there and back. */
  function call (thereMs: number, backMs: number, server = 'a'): boolean {
    const askedAt = state.nowMs
    const redisMs = state.aheadMs + askedAt + thereMs
    state.nowMs += thereMs + backMs
    return clock.isCertain(server, redisMs, askedAt)
  }
  return { state, steps, clock, call }
}

await t.test('delays of any length are no step', async t => {
  const { state, steps, call } = createPair()
  for (const [there, back] of [[1, 1], [0, 400], [400, 0], [2000, 3000], [0, 0], [0.2, 0.3]] as const) {
    t.equal(call(there, back), true)
    state.nowMs += 500
  }
  t.strictSame(steps, [])
})

await t.test('clocks may drift as NTP slews them', async t => {
  const { state, steps, call } = createPair()
  for (let second = 0; second < 3600; second++) {
    state.nowMs += 1000
    state.aheadMs += second < 1800 ? 0.5 : -0.5
    call(0.5, 0.5)
  }
  t.strictSame(steps, [])
})

await t.test('a step forward is seen by the first reply after it, and no call from before counts', async t => {
  const { state, steps, clock, call } = createPair()
  call(1, 1)
  const askedAt = state.nowMs
  state.aheadMs += 3000
  t.equal(call(1, 1), false, 'the grant of this reply does not start')
  t.ok(Math.abs((steps[0]?.[1] ?? 0) - 3000) < 10, JSON.stringify(steps))
  t.equal(clock.forwardSteps('a'), 1)
  t.equal(clock.isCertain('a', state.aheadMs + state.nowMs, askedAt), false, 'asked before the step was seen')
  t.equal(call(1, 1), true)
  t.equal(steps.length, 1)
})

await t.test('a step back is seen, and starts no cool-down', async t => {
  const { state, steps, clock, call } = createPair()
  call(1, 1)
  state.aheadMs -= 60_000
  call(1, 1)
  t.ok(Math.abs((steps[0]?.[1] ?? 0) + 60_000) < 10, JSON.stringify(steps))
  t.equal(clock.forwardSteps('a'), 0)
  t.equal(call(1, 1), true)
})

await t.test('what slews faster than NTP adds up to a step before it matters', async t => {
  const { state, steps, call } = createPair()
  call(0.5, 0.5)
  for (let second = 0; second < 10 && steps.length === 0; second++) {
    state.nowMs += 100
    state.aheadMs += 5
    call(0.5, 0.5)
  }
  t.ok((steps[0]?.[1] ?? 0) > 20 && (steps[0]?.[1] ?? 0) < 30, JSON.stringify(steps))
})

await t.test('a suspended machine is no step of the server\'s clock', async t => {
  const { state, steps, clock, call } = createPair()
  call(1, 1)
  // The monotonic clock stood still for a minute, and the uptime did not.
  state.aheadMs += 60_000
  state.uptimeLeadMs += 60_000
  t.equal(call(1, 1), false, 'a grant of before is not started')
  t.strictSame(steps, [])
  t.equal(clock.forwardSteps('a'), 0)
  t.equal(call(1, 1), true)
})

await t.test('each server has a clock of its own', async t => {
  const { state, steps, call } = createPair()
  call(1, 1, 'a')
  state.aheadMs += 5000
  t.equal(call(1, 1, 'b'), true)
  t.strictSame(steps, [])
})

await t.test('before its first reading a server counts by the clock of another, and not by the one of this process', async t => {
  const { state, clock, call } = createPair()
  t.equal(clock.nowMs('a'), null)
  call(0, 0, 'a')
  state.nowMs += 1000
  t.equal(clock.nowMs('b'), state.aheadMs + state.nowMs, 'after a failover to b')
  state.aheadMs += 5000
  call(0, 0, 'b')
  t.equal(clock.nowMs('b'), state.aheadMs + state.nowMs)
  t.ok((clock.nowMs('a') ?? 0) < state.aheadMs + state.nowMs, 'each has its own')
  t.equal(clock.nowMs('c'), state.aheadMs + state.nowMs, 'the one that was read last')
})

await t.test('after a step forward no grant of a sender starts before Redis holds its cool-down', async t => {
  const { state, clock } = createPair()
  const cooled: string[] = []
  let isAway = true
  const guard = createClockGuard(clock, () => 'a', async sender => {
    if (isAway) throw new Error('away')
    cooled.push(sender)
  })
  const isCertain = (sender: string): boolean => {
    const askedAt = state.nowMs
    state.nowMs += 2
    return guard.isCertain(sender, state.aheadMs + askedAt + 1, askedAt)
  }
  t.equal(isCertain('111'), true)
  guard.startCoolDown('111')
  await pass(1)
  t.strictSame(cooled, [], 'without a step there is no cool-down')

  state.aheadMs += 3000
  for (let n = 0; n < 3; n++) {
    t.equal(isCertain('111'), false, 'Redis is away')
    await pass(1)
  }
  isAway = false
  t.equal(isCertain('111'), false)
  await pass(1)
  t.strictSame([cooled, isCertain('111')], [['111'], true])
  t.equal(isCertain('222'), false, 'another sender needs its own')
  await pass(1)
  t.equal(isCertain('222'), true)

  state.aheadMs += 3000
  t.equal(isCertain('111'), false, 'the next step needs the next one')
  await pass(1)
  t.strictSame([cooled, isCertain('111')], [['111', '222', '111'], true])
})

await t.test('an interruption while the own clocks were read does not hide a step', async t => {
  // The first reading comes from a process that was interrupted for 300 ms between its two clocks.
  const leads = [-260]
  const steps: number[] = []
  let nowMs = 5000
  const clock = createServerClock((_, stepMs) => steps.push(stepMs), { now: () => nowMs, uptimeLead: () => leads.shift() ?? 40 })
  clock.observe('a', 1_000_000, nowMs)
  nowMs += 1000
  clock.observe('a', 1_004_000, nowMs)
  t.equal(steps.length, 1)
})
