import t from 'tap'
import type { CircuitState } from '../../src/callbacks/circuit-breaker.js'
import { createSlots, type Slots } from '../../src/callbacks/slots.js'

/** Takes all that a sender may take; returns how many that are, and functions that release them. */
function takeAll (slots: Slots, sender: string, kind: 'all' | 'retries'): Array<() => void> {
  const releases: Array<() => void> = []
  for (let free = slots.free(sender)[kind]; free > 0; free = slots.free(sender)[kind]) {
    while (free-- > 0) releases.push(slots.take(sender, kind === 'retries'))
  }
  return releases
}

await t.test('a sender takes no more slots than it leaves free, and the next ones find some', async t => {
  const slots = createSlots({ state: () => 'closed' })
  t.equal(takeAll(slots, 'a', 'all').length, 64)
  t.equal(takeAll(slots, 'b', 'all').length, 32)
  t.equal(takeAll(slots, 'c', 'all').length, 16)
  t.equal(takeAll(slots, 'a', 'all').length, 0)
})

await t.test('retries have slots of their own, so first tries never wait for them', async t => {
  const slots = createSlots({ state: () => 'closed' })
  t.equal(takeAll(slots, 'a', 'retries').length, 16)
  t.strictSame(slots.free('a'), { all: 48, retries: 0 })
  t.equal(slots.free('b').retries, 8)
})

await t.test('released slots are free again', async t => {
  const slots = createSlots({ state: () => 'closed' })
  for (const release of [...takeAll(slots, 'a', 'retries'), ...takeAll(slots, 'a', 'all')]) release()
  t.strictSame(slots.free('a'), { all: 64, retries: 16 })
})

await t.test('an open circuit has no slots; a half-open one starts 16 callbacks, whatever still hangs from before', async t => {
  let state: CircuitState = 'closed'
  const slots = createSlots({ state: () => state })
  for (const sender of ['a', 'b', 'c']) takeAll(slots, sender, 'all')
  state = 'open'
  t.strictSame(slots.free('a'), { all: 0, retries: 0 })
  state = 'half-open'
  const probes = takeAll(slots, 'a', 'all')
  t.equal(probes.length, 16)
  t.equal(slots.free('b').all, 0)
  state = 'closed'
  for (const release of probes) release()
  state = 'half-open'
  t.equal(slots.free('b').all, 1)
})

await t.test('reserved slots are not free for others until they are released', async t => {
  const slots = createSlots({ state: () => 'closed' })
  const reserved = slots.reserve('a')
  t.equal(reserved.all, 64)
  t.equal(slots.free('b').all, 32)
  reserved.release()
  t.equal(slots.free('b').all, 64)
})
