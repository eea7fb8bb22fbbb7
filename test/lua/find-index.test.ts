/** The look-up index: lists by prefixes of terms, what happens to full ones, and erase-entries. */
import { hash } from 'node:crypto'
import t from 'tap'
import { positionOf } from '../../src/redis/lookup-index.js'
import { idOf, world, type World } from './support.js'

const test = await world(t)
const HOT = 'abcdefabcdef'
const termOf = (n: number): string => hash('sha256', `${n}`, 'hex').slice(0, 12)

/** All entries of the only hour, by their list; those of full lists under an empty prefix. */
async function entriesOf (w: World): Promise<Map<string, string[]>> {
  const [index = ''] = await w.redis.keys(`*${w.prefix}*:index:*`)
  const [recent = ''] = await w.redis.keys(`*${w.prefix}*:recent:*`)
  const lists = Object.entries(await w.redis.hgetall(index)).map(([prefix, list]): [string, string[]] => [prefix, list.split(' ')])
  return new Map([...lists, ['', await w.redis.zrange(recent, 0, -1)]])
}

async function fill (w: World, count: number): Promise<string[]> {
  return await Promise.all(Array.from({ length: count }, async (_, n) => {
    const recipient = `p1415555${String(n).padStart(4, '0')}`
    const reply = await w.admit({ key: `${n}`, recipient, inline: false, backlogCap: 1e5, terms: `${termOf(n)} ${HOT}`, findS: 7200 })
    if (reply.status !== 'queued') throw new TypeError(reply.status)
    return positionOf(idOf(`${n}`, reply.generation))
  }))
}

await test('every entry is in a list of its term\'s beginning or in the set, and lists stay short', async (t, w) => {
  const positions = await fill(w, 1200)
  const lists = await entriesOf(w)
  const expected = positions.flatMap((position, n) => [`${termOf(n)}:${position}`, `${HOT}:${position}`])
  t.strictSame([...lists.values()].flat().sort(), expected.sort())
  for (const [prefix, list] of lists) {
    t.ok(list.every(entry => entry.startsWith(prefix)), prefix)
    t.ok(prefix === '' || list.join(' ').length < 1018, `${prefix} has ${list.length} entries`)
  }
  const lengths = new Set([...lists.keys()].map(prefix => prefix.length))
  t.ok(lengths.has(1) && lengths.has(2), 'prefixes get longer')
  const inSet = lists.get('') ?? []
  const hot = inSet.filter(entry => entry.startsWith(HOT)).length
  t.ok(hot > 1000 && inSet.length - hot < 10, `a term that many messages have fills its lists, and hardly any other does: ${hot} of ${inSet.length}`)
  for (const name of ['index', 'recent']) {
    const [key = ''] = await w.redis.keys(`*${w.prefix}*:${name}:*`)
    const ttl = await w.redis.ttl(key)
    t.ok(ttl > 7000 && ttl <= 7200, `${name}: ${ttl} s`)
  }
})

await test('erase-entries removes one message or all of a term, from lists and set', async (t, w) => {
  const positions = await fill(w, 200)
  const all = async (): Promise<string[]> => [...(await entriesOf(w)).values()].flat()
  const erase = async (term: string, position: string) => await w.run('erase-entries', { term, position })
  t.strictSame(await erase(HOT, positions[0] ?? ''), { status: 'erased', count: 1 }, 'in a list')
  t.strictSame(await erase(HOT, positions.at(-1) ?? ''), { status: 'erased', count: 1 }, 'in the set')
  t.strictSame(await erase(HOT, positions.at(-1) ?? ''), { status: 'erased', count: 0 })
  t.equal((await all()).filter(entry => entry.startsWith(HOT)).length, 198)
  t.strictSame(await erase(HOT, ''), { status: 'erased', count: 198 })
  t.strictSame((await all()).sort(), positions.map((position, n) => `${termOf(n)}:${position}`).sort(), 'those of other terms stay')
  for (let n = 0; n < positions.length; n++) await erase(termOf(n), '')
  t.equal((await w.redis.keys(`*${w.prefix}*:index:*`)).length, 0, 'an empty list is removed, and the key with the last one')
})
