import t from 'tap'
import { createSignal } from '../src/signal.js'

const LONG_MS = 30_000

/** How long a wait took, ms. */
async function timed (wait: Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await wait
  return performance.now() - startedAt
}

await t.test('a set ends a wait', async t => {
  const signal = createSignal()
  const wait = timed(signal.wait(LONG_MS))
  signal.set()
  t.ok(await wait < LONG_MS / 2)
})

await t.test('a set between reset and wait is not lost', async t => {
  const signal = createSignal()
  signal.reset()
  signal.set()
  t.ok(await timed(signal.wait(LONG_MS)) < LONG_MS / 2)
  t.ok(await timed(signal.wait(LONG_MS)) < LONG_MS / 2, 'it stays set until the next reset')
})

await t.test('after a reset a wait lasts until its timeout', async t => {
  const signal = createSignal()
  signal.set()
  signal.reset()
  // Timers of one tick: the shorter one is due first, however busy the machine is.
  let isHalfOver = false
  setTimeout(() => { isHalfOver = true }, 25)
  await signal.wait(50)
  t.ok(isHalfOver)
})
