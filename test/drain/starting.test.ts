/** How many grants wait for their start at once. */
import t from 'tap'
import { createStarting } from '../../src/drain/starting.js'

const LONG = 10_000

await t.test('places are given as they are wanted while there are some, and as many as there are', async t => {
  const starting = createStarting(100)
  t.equal(await starting.reserve(60, LONG), 60)
  t.equal(await starting.reserve(60, LONG), 40)
})

await t.test('with hardly any left it is waited for a quarter of them; who asks for less than is left does not wait', async t => {
  const starting = createStarting(100)
  await starting.reserve(90, LONG)
  t.equal(await starting.reserve(5, LONG), 5)
  let told = -1
  const waits = starting.reserve(50, LONG).then(places => { told = places })
  starting.free(10)
  await Promise.resolve()
  t.equal(told, -1)
  starting.free(15)
  await waits
  t.equal(told, 30)
})

await t.test('those who wait come in the order in which they asked', async t => {
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

await t.test('who has waited for long enough gets what there is, and takes nobody\'s turn later', async t => {
  const starting = createStarting(8)
  await starting.reserve(8, LONG)
  t.equal(await starting.reserve(4, 5), 0)
  const next = starting.reserve(4, LONG)
  starting.free(4)
  t.equal(await next, 4)
})
