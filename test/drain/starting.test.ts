/** The limit of grants that wait for their start. */
import t from 'tap'
import { createStarting } from '../../src/drain/starting.js'

const LONG = 10_000

await t.test('a reservation gets the places it asks for, or as many as are free', async t => {
  const starting = createStarting(100)
  t.equal(await starting.reserve(60, LONG), 60)
  t.equal(await starting.reserve(60, LONG), 40)
})

await t.test('when few places are free a reservation waits for a quarter of them, unless it needs no more than are free', async t => {
  const starting = createStarting(100)
  await starting.reserve(90, LONG)
  t.equal(await starting.reserve(5, LONG), 5)
  let reserved = -1
  const waits = starting.reserve(50, LONG).then(places => { reserved = places })
  starting.free(10)
  await Promise.resolve()
  t.equal(reserved, -1)
  starting.free(15)
  await waits
  t.equal(reserved, 30)
})

await t.test('waiting reservations are served in order', async t => {
  const starting = createStarting(8)
  await starting.reserve(8, LONG)
  const order: string[] = []
  const asked = ['first', 'second'].map(async name => {
    await starting.reserve(2, LONG)
    order.push(name)
  })
  starting.free(2)
  await asked[0]
  t.strictSame(order, ['first'])
  starting.free(2)
  await Promise.all(asked)
  t.strictSame(order, ['first', 'second'])
})

await t.test('a place goes to a retry that needs only one, while a drain run ahead of it needs more', async t => {
  const starting = createStarting(100)
  await starting.reserve(100, LONG)
  const drainRun = starting.reserve(50, LONG)
  const retries = [starting.reserveOne(LONG), starting.reserveOne(LONG)]
  starting.free(1)
  const [first] = await Promise.all([retries[0]])
  t.type(first, Function)
  starting.free(1)
  t.type(await retries[1], Function)
  starting.free(25)
  t.equal(await drainRun, 25)
})

await t.test('a reservation that times out gets the free places, and takes none later', async t => {
  const starting = createStarting(8)
  await starting.reserve(8, LONG)
  t.equal(await starting.reserve(4, 5), 0)
  const next = starting.reserve(4, LONG)
  starting.free(4)
  t.equal(await next, 4)
})
