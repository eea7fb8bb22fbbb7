/** A clock for deadlines that other nodes rely on: it must not stop while the machine is suspended. */
import t from 'tap'
import { createElapsed, elapsedNow } from '../src/deadlines.js'

function createClocks () {
  const clocks = { monotonic: 1000, wall: 1_700_000_000_000 }
  return { clocks, now: createElapsed(() => clocks.monotonic, () => clocks.wall) }
}

await t.test('elapsed time follows the monotonic clock', async t => {
  const { clocks, now } = createClocks()
  const first = now()
  clocks.monotonic += 250
  clocks.wall += 251
  t.equal(now() - first, 250)
})

await t.test('a suspended machine, whose monotonic clock stops, has let time pass', async t => {
  const { clocks, now } = createClocks()
  const first = now()
  clocks.wall += 60_000
  t.equal(now() - first, 60_000)
  clocks.monotonic += 10
  clocks.wall += 10
  t.equal(now() - first, 60_010, 'once')
})

await t.test('a wall clock that is set back, or corrected slowly, changes nothing', async t => {
  const { clocks, now } = createClocks()
  const first = now()
  clocks.wall -= 3_600_000
  t.equal(now() - first, 0)
  for (let second = 0; second < 600; second++) {
    clocks.monotonic += 1000
    clocks.wall += 1000.5
    now()
  }
  t.equal(now() - first, 600_000)
})

await t.test('an interruption between the two readings does not count', async t => {
  const clocks = { monotonic: 1000, wall: 1_700_000_000_000 }
  let interruptedMs = 0
  const now = createElapsed(() => {
    clocks.monotonic += interruptedMs
    clocks.wall += interruptedMs
    interruptedMs = 0
    return clocks.monotonic
  }, () => clocks.wall)
  const first = now()
  interruptedMs = 300
  t.equal(now() - first, 300)
  t.equal(now() - first, 300)
})

await t.test('the process\'s own one is performance.now() as long as nothing happens', async t => {
  t.ok(Math.abs(elapsedNow() - performance.now()) < 5)
})
