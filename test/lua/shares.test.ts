/** Fair shares: callers whose messages wait in one lane alternate. */
import t from 'tap'
import { ANN, BOB, CARL, START, world, type World } from './support.js'

const test = await world(t)

/** So many messages of a caller to a recipient each; returns their ids. */
async function fill (
  w: World, caller: string, count: number, change: { lane?: number, from?: number, campaign?: string } = {}
): Promise<string[]> {
  const { lane = 2, from = 0, campaign = '' } = change
  const ids = []
  const share = `${caller}${campaign}`
  const hash = [...share].reduce((sum, letter) => sum * 31 % 10_007 + letter.charCodeAt(0), 0)
  for (let i = from; i < from + count; i++) {
    const template = campaign === '' ? '' : `#${campaign}`
    const recipient = `p1415${hash}${lane}${1000 + i}`
    ids.push(await w.queue({ key: `${share} ${lane} ${i}`, caller, lane, recipient, inline: false, template, backlogCap: 10_000 }))
    w.now++
  }
  return ids
}

/** Grants one after the other, each from a claim of its own, or all from one claim; as the names of their callers. */
async function claimed (w: World, want: number, ids: Record<string, string[]>): Promise<string> {
  const { grants } = await w.claim({ want })
  return grants.map(({ id }) => Object.keys(ids).find(name => ids[name]?.includes(id)) ?? '?').join('')
}

await test('one caller has no shares, whatever its weight', async (t, w) => {
  const a = await fill(w, 'a*3', 3)
  t.strictSame((await w.claim()).grants.map(({ id }) => id), a)
  t.equal(await w.redis.hget(w.key('sender'), 'limits'), null)
  t.equal(await w.redis.hget(w.key('sender'), 'caller'), 'a*3')
})

await test('the second caller goes next, behind any number of messages of the first', async (t, w) => {
  const a = await fill(w, 'a', 30)
  t.equal(await claimed(w, 2, { a }), 'aa')
  const b = await fill(w, 'b', 2)
  t.equal(await claimed(w, 6, { a, b }), 'babaaa')
  const c = await fill(w, 'c', 3)
  t.equal(await claimed(w, 1, { a, b, c }) + await claimed(w, 1, { a, b, c }) + await claimed(w, 4, { a, b, c }), 'cacaca')
  t.equal(await claimed(w, 100, { a, b, c }), 'a'.repeat(30 - 2 - 4 - 3))
  const { grants, next } = await w.claim()
  t.strictSame([grants, next], [[], -1])
  t.strictSame(Object.keys(await w.redis.hgetall(w.key('shares'))), ['v2'], 'no share is left')
})

await test('callers are granted by weight, and a new weight applies with the next message', async (t, w) => {
  const a = await fill(w, 'a', 40)
  const b = await fill(w, 'b*3', 40)
  const granted = await claimed(w, 40, { a, b })
  t.equal(granted.replaceAll('a', '').length, 30, granted)
  t.match(granted.slice(0, 8), /^(?:[ab]{4}){2}$/)
  b.push(...await fill(w, 'b', 10, { from: 40 }))
  t.equal((await claimed(w, 10, { a, b })).replaceAll('a', '').length, 5)
})

await test('the messages of one caller keep their order', async (t, w) => {
  const a = await fill(w, 'a', 5)
  const b = await fill(w, 'b', 5)
  a.push(...await fill(w, 'a', 5, { from: 5 }))
  const { grants } = await w.claim({ want: 20 })
  t.strictSame(grants.map(({ id }) => id).filter(id => a.includes(id)), a)
  t.strictSame(grants.map(({ id }) => id).filter(id => b.includes(id)), b)
})

await test('a caller that comes back gains nothing for having been away', async (t, w) => {
  const a = await fill(w, 'a', 30)
  const b = await fill(w, 'b', 1)
  t.equal(await claimed(w, 10, { a, b }), 'baaaaaaaaa')
  b.push(...await fill(w, 'b', 10, { from: 1 }))
  const c = await fill(w, 'c', 10)
  const granted = await claimed(w, 9, { a, b, c })
  t.strictSame(['a', 'b', 'c'].map(name => granted.split(name).length - 1), [3, 3, 3], granted)
})

await test('lanes go before shares, and each lane has its own', async (t, w) => {
  const a = await fill(w, 'a', 5, { lane: 1 })
  const b = await fill(w, 'b', 5, { lane: 2 })
  const c = await fill(w, 'c', 5, { lane: 2 })
  t.equal(await claimed(w, 9, { a, b, c }), 'aaaaabcbc')
})

await test('messages of a pair keep their order across callers, and wait in the share of the first', async (t, w) => {
  const a = await fill(w, 'a', 5)
  const [first, second] = [
    await w.queue({ key: 'x', caller: 'b', recipient: ANN, inline: false }), await w.queue({ key: 'y', caller: 'c', recipient: ANN, inline: false })
  ]
  const { grants } = await w.claim({ want: 3 })
  t.strictSame(grants.map(({ id }) => id), [first, a[0], a[1]])
  await w.settled(grants[0]!, 'sent')
  w.at(2001)
  t.strictSame((await w.claim({ want: 2 })).grants.map(({ id }) => id), [second, a[2]], 'ready later, and alternating then')
})

await test('campaigns of one caller alternate, and its messages without one, also where there is one caller', async (t, w) => {
  const spring = await fill(w, '', 30, { campaign: 'spring' })
  t.equal(await claimed(w, 2, { s: spring }), 'ss')
  const fall = await fill(w, '', 2, { campaign: 'fall' })
  const plain = await fill(w, '', 3)
  t.equal(await claimed(w, 1, { s: spring, f: fall, p: plain }) + await claimed(w, 9, { s: spring, f: fall, p: plain }), 'fpsfpspsss')
  t.equal(await claimed(w, 100, { s: spring }), 's'.repeat(30 - 7))
  t.equal((await w.claim()).next, -1)
  t.strictSame(Object.keys(await w.redis.hgetall(w.key('shares'))), ['v2'], 'no share is left')
})

await test('all campaigns of a caller have one share', async (t, w) => {
  const a = await fill(w, 'a*2', 60)
  const own: Record<string, string[]> = {}
  for (let n = 0; n < 20; n++) own[String.fromCharCode(65 + n)] = await fill(w, 'b', 5, { campaign: `c${n}` })
  const granted = await claimed(w, 1, { a, ...own }) + await claimed(w, 59, { a, ...own })
  t.match(granted, /^(?:(?:a?[A-T]a|aa[A-T]|[A-T]aa))*$/)
  t.equal(granted.replaceAll('a', ''), 'ABCDEFGHIJKLMNOPQRST', 'one each')
  t.equal((await claimed(w, 30, { a, ...own })).replaceAll('a', '').slice(0, 10), 'ABCDEFGHIJ')
})

await test('more campaigns than there are places for wait in the share of their caller, and leave room for other callers', async (t, w) => {
  await w.rules({ maxInFlight: 1000 })
  const own: Record<string, string[]> = { a: await fill(w, 'a', 1) }
  for (let n = 0; n < 200; n++) own[`n${n}`] = await fill(w, 'b', 1, { campaign: `c${n}` })
  const c = await fill(w, 'c', 2)
  const { grants } = await w.claim({ want: 5 })
  t.equal(grants.filter(({ id }) => c.includes(id)).length, 2)
  t.equal((await w.claim({ want: 300 })).grants.length, 198)
  t.equal((await w.claim()).next, -1)
})

await test('a message that becomes ready after more than a thousand of another share have at once is not delayed by them', async (t, w) => {
  const a = await fill(w, 'a', 1200)
  const b = await fill(w, 'b', 1)
  t.equal(await claimed(w, 2, { a, b }), 'ba')
  const waiting = async (): Promise<string[]> => await w.redis.zrange(w.key('ready:normal'), 0, -1)
  const before = await waiting()
  // As the release of a campaign writes ready times, and the end of a pair's wait.
  w.at(1000)
  await w.redis.zadd(w.key('ready:normal'), ...before.flatMap(recipient => [w.now, recipient]))
  b.push(...await fill(w, 'b', 1, { from: 1 }))
  const [last = ''] = (await waiting()).filter(recipient => !before.includes(recipient))
  await w.redis.zadd(w.key('ready:normal'), w.now, last)
  w.now++
  t.match(await claimed(w, 3, { a, b }), /b/)
})
await test('scheduled messages and retries wait in the share of their caller', async (t, w) => {
  await fill(w, 'a', 1)
  const b = [await w.schedule({ key: 'x', caller: 'b', recipient: BOB, scheduledFor: w.ms() + 1000 })]
  const [grant] = (await w.claim()).grants
  await w.settled(grant!, 'retry', { afterMs: 500, history: '{"code":"1"}' })
  const a = await fill(w, 'a', 10, { from: 1 })
  w.at(1500)
  t.equal(await claimed(w, 2, { a, b }), 'ab')
  t.equal((await w.retry(grant!.id, { inline: false })).status, 'queued')
  const c = [await w.queue({ key: 'z', caller: 'c', recipient: CARL, inline: false })]
  t.equal(await claimed(w, 2, { a, b, c }), 'ca')
})

await test('the promised wait counts the own messages only', async (t, w) => {
  await w.rules({ senderIntervalUs: 100_000, senderBurst: 1 })
  const reply = async (caller: string, key: string, recipient: string) => {
    const admitted = await w.admit({ key, caller, recipient, inline: false })
    w.now++
    return admitted.status === 'queued' ? admitted.waitUs : -1
  }
  const waits = []
  for (let i = 0; i < 10; i++) waits.push(await reply('a', `${i}`, `p14155550${200 + i}`))
  t.strictSame(waits, Array.from({ length: 10 }, (_, i) => i * 100_000))
  t.strictSame([await reply('b', 'x', BOB), await reply('b', 'y', CARL), await reply('b', 'z', ANN)], [0, 100_000, 200_000])
  t.equal(await reply('a', '10', 'p14155550300'), 1_000_000)
})

await test('a pair whose share is lost is granted all the same, at its own ready time', async (t, w) => {
  const a = await fill(w, 'a', 2)
  const b = await fill(w, 'b', 2)
  await w.redis.hdel(w.key('shares'), '2b')
  w.at(100)
  const granted = await claimed(w, 10, { a, b }) + await claimed(w, 10, { a, b })
  t.strictSame([...granted].sort().join(''), 'aabb')
  t.equal((await w.claim()).next, -1)
})

await test('more callers than places share the last place', async (t, w) => {
  const ids: Record<string, string[]> = {}
  for (let i = 0; i < 270; i++) ids[`c${i}`] = [await w.queue({ key: `${i}`, caller: `c${i}`, recipient: `p141566${1000 + i}`, inline: false })]
  await w.rules({ maxInFlight: 300 })
  t.equal((await w.claim({ want: 300 })).grants.length, 270)
})

await test('the oldest ready time is that of the caller that waits longest', async (t, w) => {
  await fill(w, 'a', 1)
  w.at(10)
  await fill(w, 'b', 3)
  await w.claim({ want: 1 })
  w.at(20)
  await fill(w, 'c', 3)
  const reply = await w.run('inspect-sender', { limit: 1 })
  t.equal(reply.status === 'sender' && reply.oldestDueUs, START + 10_001)
  t.equal(reply.status === 'sender' && reply.due, 6)
})

/** Housekeeping; whether there are fair shares after it. Without them no pair has the score of a share. */
async function housekept (w: World): Promise<boolean> {
  await w.run('prune', { retentionMs: 600_000, cap: 100, limit: 500 })
  const isShared = (await w.redis.hget(w.key('sender'), 'limits') ?? '').split(' ').includes('shares')
  const scores = await Promise.all(['urgent', 'normal', 'bulk'].map(async lane => await w.redis.zcount(w.key(`ready:${lane}`), '-inf', '(0')))
  const fields = Object.keys(await w.redis.hgetall(w.key('shares')))
  if (!isShared && (scores.some(count => count > 0) || fields.some(field => !field.startsWith('=')))) throw new Error(`${scores} ${fields}`)
  return isShared
}

const end = async (w: World, grants: Array<Parameters<World['settled']>[0]>): Promise<void> => {
  for (const grant of grants) await w.settled(grant, 'sent')
}

await test('shares end once one caller has messages, which keep their order, and begin again with another one', async (t, w) => {
  await w.rules({ maxInFlight: 1000 })
  const a = await fill(w, 'a*3', 12)
  const b = await fill(w, 'b*2', 2)
  const { grants } = await w.claim({ want: 5 })
  t.ok(await housekept(w), 'a message of b is in flight')
  await end(w, grants)
  if (grants.filter(({ id }) => b.includes(id)).length < 2) await end(w, (await w.claim({ want: 3 })).grants)
  const left = a.filter(id => !grants.some(grant => grant.id === id))
  t.notOk(await housekept(w))
  t.strictSame(await w.redis.hgetall(w.key('shares')), { '=a': '3' }, 'the weight of the one that is left stays')
  t.equal(await w.redis.hget(w.key('sender'), 'caller'), 'a')
  const { grants: next } = await w.claim({ want: 2 })
  t.strictSame(next.map(({ id }) => id), left.slice(0, 2), 'in the order of their ready times')
  b.push(...await fill(w, 'b', 2, { from: 2 }))
  t.ok((await w.redis.hget(w.key('sender'), 'limits'))?.includes('shares'))
  t.equal(await claimed(w, 1, { a, b }), 'b')
})

await test('shares end with the last message of a campaign, and begin again where one of its failures is reopened', async (t, w) => {
  const spring = await fill(w, '', 2, { campaign: 'spring' })
  const { grants: [first, second] } = await w.claim({ want: 2 })
  t.ok(await housekept(w))
  await w.settled(first!, 'failed', { history: '{"code":"1"}', reason: 'rejected' })
  t.ok(await housekept(w), 'one is in flight')
  await w.settled(second!, 'sent')
  t.notOk(await housekept(w))
  t.equal(await w.redis.exists(w.key('shares')), 0)
  const plain = await fill(w, '', 3)
  t.notOk(await housekept(w), 'other messages need none')
  w.at(3_000_000)
  t.equal((await w.retry(first!.id, { inline: false, force: true })).status, 'queued')
  t.ok(await housekept(w))
  plain.push(...await fill(w, '', 1, { from: 3 }))
  t.match(await claimed(w, 2, { s: spring, p: plain }), /s/)
})

await test('shares stay while many pairs are ready', async (t, w) => {
  const b = await fill(w, 'b', 1)
  const a = await fill(w, 'a', 1100)
  const { grants } = await w.claim({ want: 2 })
  t.ok(grants.some(({ id }) => b.includes(id)))
  await end(w, grants)
  // More of them get their scores.
  await end(w, (await w.claim({ want: 1 })).grants)
  t.ok(await housekept(w), 'a call would take too long')
  await end(w, (await w.claim({ want: 100 })).grants)
  t.notOk(await housekept(w))
  t.strictSame((await w.claim({ want: 3 })).grants.map(({ id }) => id), a.slice(102, 105))
})

await test('a cancelled message leaves its share', async (t, w) => {
  const a = await fill(w, 'a', 2)
  const b = await fill(w, 'b', 2)
  await w.cancel(b[0]!)
  t.equal(await claimed(w, 10, { a, b }), 'baa')
})
