import t from 'tap'
import { world } from './support.js'

const test = await world(t)
const name = (letter: string): string => `${letter.repeat(22)}:delivered`
const look = { done: '', waitMs: 5000, limit: 10 }

await test('a due status is returned with its age, and due again later, until it is removed', async (t, w) => {
  await w.run('park', { name: name('A'), status: '{"a":1}', waitMs: 1000, cap: 9 })
  const arrived = w.ms()
  t.strictSame(await w.run('unpark', look), { status: 'unparked', nextMs: arrived + 1000, due: [] }, 'not due yet')
  w.at(1500)
  t.strictSame(await w.run('unpark', look), { status: 'unparked', nextMs: w.ms() + 5000, due: [{ name: name('A'), ageMs: 1500, status: '{"a":1}' }] })
  t.strictSame(await w.run('unpark', look), { status: 'unparked', nextMs: w.ms() + 5000, due: [] }, 'a node that ends here loses no status')
  t.strictSame(await w.run('unpark', { ...look, done: name('A') }), { status: 'unparked', nextMs: 0, due: [] })
  t.equal(await w.redis.exists(w.key('parked'), w.key('parked-bodies')), 0)
})

await test('a status whose message is not found is looked up less and less often', async (t, w) => {
  await w.run('park', { name: name('A'), status: '{}', waitMs: 1000, cap: 9 })
  const arrived = w.ms()
  const looks: number[] = []
  let next = arrived + 1000
  while (looks.length < 9) {
    w.at(next - arrived)
    looks.push((w.ms() - arrived) / 1000)
    ;({ nextMs: next } = await w.run('unpark', look))
  }
  t.strictSame(looks, [1, 6, 12, 24, 48, 96, 156, 216, 276])
})

await test('a call returns no more than its limit, the oldest first', async (t, w) => {
  for (const [i, letter] of ['A', 'B', 'C'].entries()) await w.run('park', { name: name(letter), status: '{}', waitMs: i + 1, cap: 9 })
  w.at(10)
  const { due } = await w.run('unpark', { ...look, limit: 2 })
  t.strictSame(due.map(one => one.name), [name('A'), name('B')])
})
