import t from 'tap'
import { createCircuitBreaker } from '../../src/callbacks/circuit-breaker.js'

const FAILURES_TO_OPEN = 5

/** A breaker on a clock of its own. */
function createClocked () {
  let nowMs = 0
  const breaker = createCircuitBreaker(() => nowMs)
  const fail = (times: number): void => { for (let i = 0; i < times; i++) breaker.record(false) }
  return { breaker, fail, pass: (ms: number): void => { nowMs += ms } }
}

await t.test('the circuit opens after five consecutive failures; a success in between starts the count again', async t => {
  const { breaker, fail } = createClocked()
  fail(FAILURES_TO_OPEN - 1)
  breaker.record(true)
  fail(FAILURES_TO_OPEN - 1)
  t.strictSame([breaker.state(), breaker.retryInMs()], ['closed', 0])
  fail(1)
  t.equal(breaker.state(), 'open')
  t.ok(breaker.retryInMs() >= 250 && breaker.retryInMs() <= 500, `${breaker.retryInMs()} ms`)
})

await t.test('after its delay an open circuit is half-open, and a success closes it', async t => {
  const { breaker, fail, pass } = createClocked()
  fail(FAILURES_TO_OPEN)
  pass(breaker.retryInMs() - 1)
  t.equal(breaker.state(), 'open')
  pass(1)
  t.strictSame([breaker.state(), breaker.retryInMs()], ['half-open', 0])
  breaker.record(true)
  t.equal(breaker.state(), 'closed')
})

await t.test('each failure of a half-open circuit opens it for longer, up to 15 s; a success forgets them', async t => {
  const { breaker, fail, pass } = createClocked()
  fail(FAILURES_TO_OPEN)
  for (const boundMs of [500, 1000, 2000, 4000, 8000, 15_000, 15_000]) {
    t.ok(breaker.retryInMs() >= boundMs / 2 && breaker.retryInMs() <= boundMs, `${breaker.retryInMs()} of ${boundMs} ms`)
    pass(breaker.retryInMs())
    fail(1)
  }
  breaker.record(true)
  fail(FAILURES_TO_OPEN)
  t.ok(breaker.retryInMs() <= 500)
})

await t.test('failures of requests that were in flight when the circuit opened do not prolong it', async t => {
  const { breaker, fail } = createClocked()
  fail(FAILURES_TO_OPEN)
  const retryInMs = breaker.retryInMs()
  fail(60)
  t.equal(breaker.retryInMs(), retryInMs)
})
