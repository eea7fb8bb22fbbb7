/** claim.lua where messages of different lanes and schedules meet. */
import t from 'tap'
import { ANN, BOB, CARL, START, world, type World, HOUR } from './support.js'

const test = await world(t)

/** So many pairs with a message each, in every lane. */
async function fill (w: World, pairs: number): Promise<void> {
  for (const lane of [3, 2, 1]) {
    for (let i = 0; i < pairs; i++) await w.queue({ key: `${lane} ${i}`, lane, recipient: `p1415${lane}${1000 + i}`, inline: false })
  }
}

await test('an urgent message goes before a normal one, and that before a bulk one', async (t, w) => {
  await fill(w, 3)
  t.strictSame((await w.claim()).claimed.map(grant => grant.lane), [1, 1, 1, 2, 2, 2, 3, 3, 3])
})

await test('every tenth slot goes to the lower lanes, alternately to normal and bulk', async (t, w) => {
  await fill(w, 21)
  const urgent = Array.from({ length: 9 }, () => 1)
  t.strictSame((await w.claim({ want: 20 })).claimed.map(grant => grant.lane), [...urgent, 2, ...urgent, 3])
})

await test('the share of the lower lanes counts over several claims, and falls to the higher lane where the lower one is empty', async (t, w) => {
  for (let i = 0; i < 12; i++) await w.queue({ key: `${i}`, lane: 1, recipient: `p14151000${i}`, inline: false })
  t.equal((await w.claim({ want: 9 })).grants.length, 9)
  t.strictSame((await w.claim({ want: 1 })).claimed.map(grant => grant.lane), [1])
  await w.queue({ key: 'bulk', lane: 3, inline: false })
  t.strictSame((await w.claim({ want: 3 })).claimed.map(grant => grant.lane), [1, 1, 3])
})

await test('within a pair the higher lane goes first, whatever came first', async (t, w) => {
  const bulk = await w.queue({ key: 'a', lane: 3, inline: false })
  const urgent = await w.queue({ key: 'b', lane: 1, inline: false })
  const [first] = (await w.claim()).grants
  t.equal(first?.id, urgent)
  await w.settled(first!, 'sent')
  t.strictSame(await w.ready(), ['bulk', START + 2_000_000])
  w.at(2000)
  t.equal((await w.claim()).grants[0]?.id, bulk)
})

await test('within a lane the messages of a pair go in the order in which they joined', async (t, w) => {
  const ids = []
  for (const key of ['c', 'a', 'b']) ids.push(await w.queue({ key, inline: false }))
  const gone = []
  for (let i = 0; i < 3; i++) {
    w.at(i * 2000)
    const [grant] = (await w.claim()).grants
    gone.push(grant?.id)
    await w.settled(grant!, 'sent')
  }
  t.strictSame(gone, ids)
})

await test('a scheduled message joins its queue when it is due, and gets its number there then', async (t, w) => {
  const later = await w.schedule({ key: 'a', scheduledFor: w.ms() + 1000 })
  await w.grant({ key: 'b' })
  const earlier = await w.queue({ key: 'c' })
  w.now = (w.ms() + 1000) * 1000 - 1
  t.equal((await w.claim()).next, w.now + 1)
  t.equal(await w.redis.zcard(w.key('scheduled')), 1)
  w.now += 1
  await w.claim()
  t.equal(await w.redis.zcard(w.key('scheduled')), 0)
  t.strictSame(await w.redis.zrange(w.key('queue:normal'), 0, -1), [`${ANN}:000000000003:${earlier}`, `${ANN}:000000000004:${later}`])
  t.match(await w.redis.hget(w.key('backlog'), later), `${ANN} 24 `)
  t.equal(await w.ready(), null, 'the pair is in flight')
})

await test('messages scheduled for one moment join in the order of their acceptance, however many there are', async (t, w) => {
  const moment = w.ms() + HOUR
  const ids: string[] = []
  for (let n = 0; n < 130; n++) {
    w.at(n)
    ids.push(await w.schedule({ key: `part ${n}`, scheduledFor: moment, queueCap: 1000 }))
  }
  // Accepted last and due first: the moment comes before the order of acceptance.
  const first = await w.schedule({ key: 'first', scheduledFor: moment - 1, queueCap: 1000 })
  w.now = moment * 1000
  await w.claim({ want: 0 })
  await w.claim({ want: 0 })
  const members = await w.redis.zrange(w.key('queue:normal'), 0, -1)
  t.strictSame(members.map(member => member.split(':')[2]), [first, ...ids])
})

await test('a due scheduled message to a free pair is granted by the same claim', async (t, w) => {
  const id = await w.schedule({ key: 'a', scheduledFor: w.ms() + 1000 })
  w.at(1500)
  t.strictSame((await w.claim()).grants.map(grant => grant.id), [id])
})

await test('a due scheduled message of a higher lane takes over the ready time of its pair', async (t, w) => {
  await w.settled(await w.grant({ key: 'a' }), 'sent')
  await w.queue({ key: 'b', lane: 3 })
  await w.schedule({ key: 'c', lane: 1, scheduledFor: w.ms() + 1000 })
  w.at(1000)
  await w.claim()
  t.strictSame(await w.ready(), ['urgent', START + 2_000_000])
  await w.schedule({ key: 'd', lane: 2, scheduledFor: w.ms() + 100 })
  w.at(1100)
  await w.claim()
  t.strictSame(await w.ready(), ['urgent', START + 2_000_000], 'a lower lane does not')
})

await test('a scheduled message joins while its sender is paused, and keeps its lifetime', async (t, w) => {
  await w.run('pause', { state: 'paused', forMs: '', reason: 'ops' })
  const id = await w.schedule({ key: 'a', scheduledFor: w.ms() + 1000, lifeMs: 500 })
  w.at(1200)
  t.strictSame((await w.claim()).grants, [])
  t.strictSame(await w.ready(), ['normal', w.now])
  await w.run('pause', { state: 'active', forMs: '', reason: '' })
  w.at(1501)
  t.strictSame((await w.claim()).expired, [id])
})

await test('a scheduled message without a record is dropped', async (t, w) => {
  const id = await w.schedule({ key: 'a', scheduledFor: w.ms() + 1000 })
  await w.redis.hdel(w.key('backlog'), id)
  w.at(1000)
  await w.claim()
  t.equal(await w.redis.exists(w.key('scheduled'), w.key('queue:normal')), 0)
})

await test('a pair whose head is expired does not block other pairs', async (t, w) => {
  const old = await w.queue({ key: 'a', inline: false, lifeMs: 100 })
  await w.queue({ key: 'b', recipient: BOB, inline: false })
  await w.queue({ key: 'c', recipient: CARL, inline: false })
  w.at(100)
  const { expired, grants } = await w.claim({ want: 2 })
  t.strictSame(expired, [old])
  t.strictSame(grants.map(grant => grant.recipient).sort(), [BOB, CARL])
})

await test('heads that are not granted leave no slot to a lower lane', async (t, w) => {
  const heads = Array.from({ length: 6 }, (_, n) => `p1415555100${n}`)
  for (const recipient of heads) await w.queue({ key: recipient, recipient, inline: false, lifeMs: 100 })
  await w.queue({ key: 'bulk', recipient: CARL, lane: 3, inline: false })
  w.at(50)
  await w.queue({ key: 'normal', recipient: BOB, inline: false })
  w.at(100)
  const { expired, grants } = await w.claim({ want: 1 })
  t.equal(expired.length, heads.length)
  t.strictSame(grants.map(grant => grant.recipient), [BOB])
})
