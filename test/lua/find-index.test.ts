/** The look-up index: the messages of an hour in their order, lists by prefixes of terms, chains of terms that many have, and erase-entries. */
import { hash } from 'node:crypto'
import t from 'tap'
import { referenceOf } from '../../src/redis/lookup-index.js'
import { idOf, world, type World } from './support.js'

const test = await world(t)
const HOT = 'abcdefabcd'
const CAMPAIGN = '0123456789'
const termOf = (n: number): string => hash('sha256', `${n}`, 'hex').slice(0, 10)
const numberOf = (n: number): string => n.toString(16).padStart(6, '0')

/** Lists by their prefixes, chains with all chunks in their order, and the messages of the only hour. */
async function indexOf (w: World): Promise<{ lists: Map<string, string[]>, chains: Map<string, string[]>, accepted: string[], chunks: string[] }> {
  const [index = ''] = await w.redis.keys(`*${w.prefix}*:index:*`)
  const [accepted = ''] = await w.redis.keys(`*${w.prefix}*:accepted:*`)
  const lists = new Map<string, string[]>()
  const fields = await w.redis.hgetall(index)
  const chains = new Map<string, string[]>()
  for (const [field, text] of Object.entries(fields)) {
    if (!field.startsWith('+')) lists.set(field, text === '' ? [] : text.split(' '))
    else if (!field.includes('.')) {
      const full = Array.from({ length: Number(fields[`${field}.`] ?? 0) }, (_, i) => fields[`${field}.${i + 1}`] ?? '')
      chains.set(field.slice(1), [...full, text].join('').match(/.{6}/g) ?? [])
    }
  }
  const chunks = Object.entries(fields).filter(([field]) => field.startsWith('+')).map(([, text]) => text)
  return { lists, chains, accepted: await w.redis.lrange(accepted, 0, -1), chunks }
}

async function fill (w: World, count: number, termsOf = (n: number) => `${termOf(n)} ${HOT} +${CAMPAIGN}`): Promise<string[]> {
  return await Promise.all(Array.from({ length: count }, async (_, n) => {
    const recipient = `p1415555${String(n).padStart(4, '0')}`
    const reply = await w.admit({ key: `${n}`, recipient, inline: false, backlogCap: 1e5, terms: termsOf(n), findS: 7200 })
    if (reply.status !== 'queued') throw new TypeError(reply.status)
    return referenceOf(idOf(`${n}`, reply.generation))
  }))
}

await test('every message has a number, and every term of it an entry in a list of its beginning or in a chain', async (t, w) => {
  const references = await fill(w, 1200)
  const { lists, chains, accepted, chunks } = await indexOf(w)
  t.strictSame(accepted, references, 'in the order of acceptance')
  const listed = [...lists.values()].flat()
  const hot = chains.get(HOT) ?? []
  const expected = references.flatMap((_, n) => [`${termOf(n)}:${numberOf(n)}`, `${HOT}:${numberOf(n)}`])
  t.strictSame([...listed, ...hot.map(number => `${HOT}:${number}`)].sort(), expected.sort(), 'a term that fills its lists gets a chain')
  t.ok(hot.length > 900, `${hot.length} in the chain`)
  t.strictSame(hot, hot.toSorted(), 'a chain has the order of the messages')
  t.strictSame(chains.get(CAMPAIGN), references.map((_, n) => numberOf(n)), 'a campaign is in a chain from its first message on')
  t.strictSame([...chains.keys()].sort(), [CAMPAIGN, HOT].sort())
  for (const [prefix, list] of lists) {
    t.ok(list.every(entry => entry.startsWith(prefix)), prefix)
    t.ok(list.join(' ').length < 1018, `${prefix} has ${list.length} entries`)
  }
  t.ok(chunks.every(chunk => chunk.length < 1018))
  const lengths = new Set([...lists.keys()].map(prefix => prefix.length))
  t.ok(lengths.has(1) && lengths.has(2), 'prefixes get longer')
  for (const name of ['index', 'accepted']) {
    const [key = ''] = await w.redis.keys(`*${w.prefix}*:${name}:*`)
    const ttl = await w.redis.ttl(key)
    t.ok(ttl > 7000 && ttl <= 7200, `${name}: ${ttl} s`)
  }
})

await test('messages of one call are numbered in their order', async (t, w) => {
  const many = await Promise.all([w.admit({ key: 'a', terms: HOT, findS: 60 }), w.admit({ key: 'b', terms: HOT, findS: 60 })])
  t.strictSame((await indexOf(w)).accepted, many.map((reply, i) => referenceOf(idOf('ab'[i] ?? '', 'generation' in reply ? reply.generation : ''))))
})

await test('a message without terms is in no index', async (t, w) => {
  await w.admit({ key: 'a', terms: '' })
  t.strictSame(await w.redis.keys(`*${w.prefix}*:accepted:*`), [])
  t.strictSame(await w.redis.keys(`*${w.prefix}*:index:*`), [])
})

await test('erase-entries removes the entries of one message of a term, and the messages of a whole term', async (t, w) => {
  const references = await fill(w, 400)
  const erase = async (term: string, reference: string) => await w.run('erase-entries', { term, reference })
  t.strictSame(await erase(HOT, numberOf(3)), { status: 'erased', count: 1 }, 'in a list')
  t.strictSame(await erase(HOT, numberOf(3)), { status: 'erased', count: 0 })
  t.strictSame((await indexOf(w)).accepted, references, 'the message stays')
  const before = (await indexOf(w)).chains.get(HOT)?.length ?? 0
  t.ok(before > 100)
  t.strictSame(await erase(HOT, ''), { status: 'erased', count: 399 }, 'from lists and chain')
  const { lists, chains, accepted } = await indexOf(w)
  t.strictSame(accepted, references.map((reference, n) => n === 3 ? reference : '-'), 'its messages have no place any more')
  t.strictSame([...lists.values()].flat().sort(), references.map((_, n) => `${termOf(n)}:${numberOf(n)}`).sort(), 'entries of other terms stay')
  t.notOk(chains.has(HOT))
  for (let n = 0; n < references.length; n++) await erase(termOf(n), '')
  t.strictSame([...(await indexOf(w)).lists.values()].flat(), [])
  const [index = ''] = await w.redis.keys(`*${w.prefix}*:index:*`)
  t.ok(await w.redis.ttl(index) > 0, 'an empty list stays, so that the key keeps its TTL')
})
