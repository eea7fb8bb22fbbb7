/** Rates of templates and categories, script by script. */
import t from 'tap'
import { BOB, CARL, START, world, type World } from './support.js'

const test = await world(t)
const SECOND = 1_000_000
const rate = async (w: World, change: object): Promise<string> =>
  (await w.run('set-rate', { template: '', language: '', category: '', perSecond: 0, most: 100, ...change })).status
const offer = { template: 'spring_offer', language: 'en_US' }
/** As src/redis/payload.ts writes it. */
const payloadOf = (name: string, more: object = {}): string =>
  JSON.stringify(['web', { name, language: { code: 'en_US' }, components: [] }, 'n', { type: 'template', ...more }])
const OFFER = { payload: payloadOf('spring_offer') }
const MARKETING = { payload: JSON.stringify(['web', 'x', 'n', { category: 'marketing' }]) }
const recipientOf = (i: number): string => `p1415555${String(i).padStart(4, '0')}`

/** Claims at each time that a claim names, until then; returns when each message was granted, ms from the start. */
async function drain (w: World, untilMs: number): Promise<Array<{ at: number, id: string }>> {
  const granted: Array<{ at: number, id: string }> = []
  for (let i = 0; i < 2000; i++) {
    const { grants, next } = await w.claim({ want: 10 })
    for (const grant of grants) {
      granted.push({ at: (w.now - START) / 1000, id: grant.id })
      await w.settled(grant, 'sent')
    }
    if (grants.length > 0) continue
    if (next < 0 || next > START + untilMs * 1000) return granted
    w.now = Math.max(w.now, next)
  }
  throw new Error('claims follow each other at once without an end')
}

await test('a rate of a template: others pass, also to the same recipient, and its own keep their order', async (t, w) => {
  t.equal(await rate(w, { ...offer, perSecond: 0.5 }), 'written')
  t.equal(await rate(w, { ...offer, language: 'en-us', perSecond: 0.5 }), 'unchanged', 'the spelling of the language does not matter')
  t.match(await w.admit({ key: 'a', ...OFFER }), { status: 'queued', waitingFor: 'template-rate', waitUs: 2 * SECOND })
  await w.queue({ key: 'b', recipient: BOB, ...OFFER })
  const third = await w.queue({ key: 'c', recipient: recipientOf(1), inline: false, ...OFFER })
  const other = await w.queue({ key: 'd', inline: false, payload: payloadOf('order_ready') })
  await w.claim({ want: 10 })
  await w.claim({ want: 10 })
  t.equal(await w.redis.zcard(w.key('suspended')), 3)
  t.match(await w.run('inspect-message', { id: third }, third), { state: 'queued', waitingFor: 'template-rate', waitUs: 2 * SECOND })
  const { nextMs } = await w.run('recover', { lost: '', limit: 10, graceMs: 0 })
  t.ok(nextMs > 0 && nextMs <= Math.ceil(START / 1000) + 3000, 'recovery starts a drain run in time')
  t.equal(await w.state(other), 'sending', 'another template to the same recipient')
  t.match(await w.admit({ key: 'e', recipient: CARL, whenLimited: 'reject', ...OFFER }), { status: 'rejected', code: 'LIMITED', waitUs: 2 * SECOND })
  t.match(await w.admit({ key: 'e', recipient: CARL, lifeMs: 2000, ...OFFER }), { status: 'rejected', code: 'WOULD_EXPIRE' })
  t.match(await w.run('inspect-sender', { limit: 10 }), { suspended: 0, templateRated: 3, categoryRated: 0, rates: 1 })
})

await test('a rate of a category, and both: neither is exceeded, and each message is sent once', async (t, w) => {
  await rate(w, { category: 'marketing', perSecond: 1 })
  await rate(w, { ...offer, perSecond: 0.5 })
  const both = { payload: payloadOf('spring_offer', { category: 'marketing' }) }
  const ids: Record<string, string[]> = { both: [], offer: [], marketing: [] }
  for (let i = 0; i < 8; i++) {
    ids['both']?.push(await w.queue({ key: `b${i}`, recipient: recipientOf(i), inline: false, ...both }))
    ids['offer']?.push(await w.queue({ key: `o${i}`, recipient: recipientOf(20 + i), inline: false, ...OFFER }))
    ids['marketing']?.push(await w.queue({ key: `m${i}`, recipient: recipientOf(40 + i), inline: false, ...MARKETING }))
  }
  const utility = await w.queue({ key: 'u', recipient: CARL, inline: false, payload: JSON.stringify(['web', 'x', 'n', { category: 'utility' }]) })
  const granted = await drain(w, 120_000)
  t.strictSame(granted.map(({ id }) => id).sort(), [...Object.values(ids).flat(), utility].sort())
  t.equal(granted[0]?.id, utility)
  const of = (...kinds: string[]): number[] => granted.filter(({ id }) => kinds.some(kind => ids[kind]?.includes(id))).map(({ at }) => at)
  const least = (times: number[]): number => Math.min(...times.slice(1).map((at, i) => at - (times[i] ?? 0)))
  t.ok(least(of('both', 'offer')) >= 2000, `template: ${of('both', 'offer')}`)
  t.ok(least(of('both', 'marketing')) >= 1000, `category: ${of('both', 'marketing')}`)
  t.ok((granted.at(-1)?.at ?? 0) < 45_000, `the last after ${granted.at(-1)?.at} ms`)
})

await test('marketing by its edge, a whole body, a payload with names, and another template in a closed window', async (t, w) => {
  await rate(w, { category: 'marketing', perSecond: 0.5 })
  await rate(w, { ...offer, perSecond: 0.5 })
  const waits = async (key: string, payload: object, waitingFor: string, more: object = {}): Promise<void> => {
    const reply = await w.admit({ key, recipient: recipientOf(key.length), payload: JSON.stringify(payload), ...more })
    t.match(reply, { status: 'queued', waitingFor }, key)
  }
  const template = { name: 'spring_offer', language: { code: 'en_US' } }
  await waits('a', ['web', { type: 'text' }, 'n', { edge: 'marketing_messages' }], 'category-rate')
  await waits('bb', ['web', { to: '1', type: 'template', template }, 'n', { type: 'template', edge: 'messages' }], 'template-rate')
  await waits('ccc', { to: '1', type: 'template', message: template, keySource: 'none', caller: 'web' }, 'template-rate')
  await w.claim({ want: 10 })
  for (const payload of ['[]', '["web"]', '["web",7,"n",{"type":"template"}]', '["web",{"name":7},"n",{"type":"template"}]']) {
    t.match(await w.admit({ key: payload, recipient: recipientOf(100 + payload.length), payload }), { status: 'granted' }, payload)
  }
})

await test('a retry takes a slot, and a message can be cancelled, moved and expire while it waits', async (t, w) => {
  await rate(w, { ...offer, perSecond: 0.5 })
  w.at(2000)
  const first = await w.grant({ key: 'a', ...OFFER })
  const second = await w.queue({ key: 'b', recipient: BOB, ...OFFER })
  const third = await w.queue({ key: 'c', recipient: CARL, ...OFFER })
  await w.claim({ want: 10 })
  await w.settled(first, 'retry', { afterMs: 100, history: '{"attempt":1,"outcome":"retryable","code":"131000"}' })
  w.at(3000)
  t.match(await w.retry(first.id), { status: 'queued' })
  t.match(await w.cancel(second), { status: 'done' })
  t.match(await w.run('move', { id: third, lane: '', scheduledFor: w.ms() + 10_000, expiresAt: '', history: '{}' }, third), { status: 'moved' })
  t.equal(await w.redis.zcard(w.key('suspended')), 0, 'neither has left a place behind')
  t.strictSame((await drain(w, 60_000)).map(({ at, id }) => `${id} ${at}`), [`${first.id} 4000`, `${third} 12999.211`])
})

await test('a rate that is removed lets its messages go in their order, and leaves nothing', async (t, w) => {
  t.equal(await rate(w, { ...offer }), 'unchanged', 'there is none')
  await rate(w, { ...offer, perSecond: 0.01 })
  const ids: string[] = []
  for (let i = 0; i < 6; i++) ids.push(await w.queue({ key: `k${i}`, recipient: recipientOf(i), inline: false, ...OFFER }))
  await w.claim({ want: 10 })
  const [entry] = await w.redis.hvals(w.key('templates'))
  t.match(entry, /^planned \d{16} 0 \d{16} spring_offer en_us 0\.01 0 0 0$/)
  t.equal(await rate(w, { ...offer }), 'written')
  const late = await w.admit({ key: 'late', recipient: BOB, ...OFFER })
  t.match(late, { status: 'queued', waitingFor: 'template-rate', waitUs: -1 }, 'none passes older ones')
  t.match(await w.run('release-suspended', { limit: 100 }), { count: 6, isDone: true })
  const granted = await drain(w, 60_000)
  t.strictSame(granted.map(({ id }) => id).filter(id => ids.includes(id)), ids)
  t.equal(granted.length, 7)
  await w.run('release-suspended', { limit: 100 })
  t.equal(await w.redis.exists(w.key('templates'), w.key('campaign-starts'), w.key('suspended')), 0)
  t.notMatch(await w.redis.hget(w.key('sender'), 'limits') ?? '', /rates|plans|templates/)
})

await test('a change of the rate counts from now, and only so many rates are possible', async (t, w) => {
  await rate(w, { ...offer, perSecond: 100, most: 2 })
  t.equal(await rate(w, { category: 'utility', perSecond: 1, most: 2 }), 'written')
  t.equal(await rate(w, { category: 'marketing', perSecond: 1, most: 2 }), 'full')
  t.equal(await rate(w, { ...offer, perSecond: 50, most: 2 }), 'written', 'a change needs no place')
  for (let i = 0; i < 4; i++) await w.queue({ key: `k${i}`, recipient: recipientOf(i), inline: false, ...OFFER })
  t.strictSame((await drain(w, 60)).map(({ at }) => at), [20, 40, 60])
  t.equal(await rate(w, { ...offer, perSecond: 1 }), 'written')
  t.strictSame((await drain(w, 5000)).map(({ at }) => at), [1060])
})

await test('a high rate: a late claim makes up for 20 ms and no more, and the promised wait is a lower bound', async (t, w) => {
  await rate(w, { ...offer, perSecond: 1000 })
  w.at(1000)
  const promised = new Map<string, number>()
  for (let i = 0; i < 60; i++) {
    const reply = await w.admit({ key: `k${i}`, recipient: recipientOf(i), inline: false, ...OFFER })
    if (reply.status === 'queued') promised.set(recipientOf(i), w.now + reply.waitUs)
  }
  t.equal((await w.claim({ want: 100 })).grants.length, 21)
  t.match(await w.admit({ key: 'last', recipient: CARL, ...OFFER }), { status: 'queued', waitingFor: 'template-rate', waitUs: 1000 })
  t.ok([...promised.values()].every(at => at <= w.now + 1000))
  w.now += 5000
  let more = 0
  for (let i = 0; i < 3; i++) more += (await w.claim({ want: 100 })).grants.length
  t.equal(more, 5, 'in 5 ms')
})
