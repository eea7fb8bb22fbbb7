import t from 'tap'
import { ANN, BOB, CARL, START, world, type World } from './support.js'

const test = await world(t)
const PAIR_MS = 2000

/** A page as [id, when in ms after the start, position]. */
async function page (w: World, which: string, skip = 0, size = 10, limit = 100): Promise<Array<[id: string, atMs: number, position: number]>> {
  const entries = await w.run('inspect-queue', { which, skip, size, limit })
  return entries.messages.map(({ id, momentMs, position }) => [id, momentMs - Math.floor(START / 1000), position])
}

const ids = (entries: Array<[id: string, ...unknown[]]>): string[] => entries.map(([id]) => id)

await test('heads are in the order of their ready times, higher lanes first', async (t, w) => {
  const ann = await w.queue({ key: 'a', recipient: ANN, inline: false })
  w.at(10)
  const bob = await w.queue({ key: 'b', recipient: BOB, inline: false })
  w.at(20)
  const carl = await w.queue({ key: 'c', recipient: CARL, inline: false, lane: 1 })
  t.strictSame(await page(w, 'due'), [[carl, 20, 1], [ann, 0, 1], [bob, 10, 1]])
  t.strictSame(ids(await page(w, 'due', 1, 1)), [ann], 'a window of it')
  t.strictSame(ids(await page(w, 'due', 2, 5)), [bob])
  t.strictSame(await page(w, 'due', 3, 5), [])
  t.strictSame(await page(w, 'later'), [])
})

await test('queued messages follow the heads, recipient by recipient, lanes together', async (t, w) => {
  const a1 = await w.queue({ key: 'a1', recipient: ANN, inline: false })
  const b1 = await w.queue({ key: 'b1', recipient: BOB, inline: false })
  const a2 = await w.queue({ key: 'a2', recipient: ANN, inline: false })
  const b2 = await w.queue({ key: 'b2', recipient: BOB, inline: false })
  const a3 = await w.queue({ key: 'a3', recipient: ANN, inline: false, lane: 3 })
  t.strictSame(await page(w, 'later'), [[a2, PAIR_MS, 2], [a3, 2 * PAIR_MS, 3], [b2, PAIR_MS, 2]])
  t.strictSame(ids(await page(w, 'later', 1, 1)), [a3])
  t.strictSame(ids(await page(w, 'later', 0, 10, 1)), [a2, a3], 'of no more recipients than asked for')
  w.at(PAIR_MS)
  t.strictSame(ids(await page(w, 'due')), [a1, b1, a2, b2], 'a message that is overdue by an interval is due')
  t.strictSame(ids(await page(w, 'later')), [a3])
  t.strictSame(ids(await page(w, 'all')), [a1, a2, b1, b2, a3], 'line by line')
  t.strictSame(ids(await page(w, 'all', 3, 5)), [b2, a3])
})

await test('the messages behind one in flight are listed', async (t, w) => {
  await w.grant({ key: 'a1', recipient: ANN })
  const second = await w.queue({ key: 'a2', recipient: ANN })
  t.strictSame(await page(w, 'due'), [])
  t.strictSame(await page(w, 'later'), [[second, PAIR_MS, 1]])
})

await test('the counts are those of inspect-sender', async (t, w) => {
  for (const recipient of [ANN, BOB, CARL]) {
    for (let n = 0; n < 4; n++) await w.queue({ key: `${recipient}${n}`, recipient, inline: false })
  }
  for (const ms of [0, 1999, 2000, 4500, 20_000]) {
    w.at(ms)
    const reply = await w.run('inspect-sender', { limit: 100 })
    const { queued, due } = reply.status === 'sender' ? reply : { queued: 0, due: 0 }
    t.equal((await page(w, 'due', 0, 100)).length, due, `due at ${ms}`)
    t.equal((await page(w, 'later', 0, 100)).length, queued - due, `later at ${ms}`)
  }
})

await test('inspecting a queue changes nothing, and a sender without rules is empty', async (t, w) => {
  await w.queue({ key: 'a', recipient: ANN, inline: false })
  const before = await w.dump()
  await page(w, 'due')
  await page(w, 'all')
  t.strictSame(await w.dump(), before)
  await w.redis.del(w.key('sender'))
  t.strictSame(await page(w, 'due'), [])
})
