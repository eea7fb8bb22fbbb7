/** The counts of callers, script by script: they are those of campaigns (campaign.test.ts), under the name of the caller. */
import t from 'tap'
import { ANN, BOB, CARL, START, world, type World } from './support.js'

const test = await world(t)
const SHOP = { caller: 'shop*3' }
const CRM = { caller: 'crm' }
const sent = { resultSuffix: 'shop wamid.1' }
const failed = { resultSuffix: 'shop -', reason: 'rejected', history: '{"attempt":1,"outcome":"rejected","code":"131026"}' }

/** Counts that are not 0, the failures by code, and when the longest ready message was ready, ms after the start. */
async function counts (w: World, name = 'shop'): Promise<Record<string, number | string>> {
  const { found } = await w.run('inspect-callers', { limit: 100 })
  const one = found.find(one => one.name === name)
  if (one === undefined) return {}
  const words = one.entry.split(' ')
  const names = ['accepted', 'sent', 'delivered', 'read', 'failed', 'cancelled', 'expired']
  const all = { ...Object.fromEntries(names.map((name, i) => [name, Number(words[i + 3])])), inFlight: one.inFlight }
  const codes = words.slice(14).join(' ')
  return {
    ...Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0)),
    ...(codes === '' ? {} : { codes }),
    ...(one.readyUs === 0 ? {} : { readyAt: (one.readyUs - START) / 1000 })
  }
}

await test('each end is counted once, under the caller and the campaign', async (t, w) => {
  const first = await w.grant({ key: 'a', ...SHOP, template: '#spring' })
  t.strictSame(await counts(w), { accepted: 1, inFlight: 1 })
  await w.admit({ key: 'a', ...SHOP })
  t.strictSame(await counts(w), { accepted: 1, inFlight: 1 }, 'a duplicate is no other message')
  const second = await w.queue({ key: 'b', ...SHOP })
  await w.settled(first, 'sent', { ...sent, resultSuffix: 'shop@spring wamid.1', keepMs: 900_000 })
  t.equal((await w.msg(first.id))?.split(' ').slice(6).join(' '), '~shop@spring wamid.1')
  await w.cancel(second)
  const third = await w.grant({ key: 'c', recipient: BOB, ...SHOP })
  await w.settled(third, 'failed', failed)
  t.strictSame(await counts(w), { accepted: 3, sent: 1, cancelled: 1, failed: 1, codes: '131026=1' })
  await w.receipt(first.id, 'wamid.1', { status: 'd' })
  await w.receipt(first.id, 'wamid.1', { status: 'd' })
  await w.receipt(first.id, 'wamid.1', { status: 'r' })
  t.strictSame(await counts(w), { accepted: 3, sent: 1, delivered: 1, read: 1, cancelled: 1, failed: 1, codes: '131026=1' })
  const { found: [spring] } = await w.run('inspect-campaigns', { campaign: '', limit: 100 })
  t.equal(spring?.entry.split(' ').slice(3, 7).join(' '), '1 1 1 1', 'the list of campaigns has no caller')
  t.strictSame(await counts(w, 'crm'), {})
})

await test('a failure after the delivery was accepted, its retry, and evidence of success', async (t, w) => {
  const first = await w.grant({ key: 'a', ...SHOP })
  await w.settled(first, 'sent', { ...sent, keepMs: 900_000 })
  await w.bounce(first.id, 'wamid.1')
  t.strictSame(await counts(w), { accepted: 1 }, 'it waits for its retry')
  await w.receipt(first.id, 'wamid.1', { status: 'r', resultSuffix: 'shop wamid.1' })
  t.strictSame(await counts(w), { accepted: 1, sent: 1, delivered: 1, read: 1 })
  const second = await w.grant({ key: 'b', recipient: BOB, ...SHOP })
  await w.settled(second, 'failed', failed)
  w.at(10_000)
  await w.retry(second.id, { force: true, inline: false, history: '{"note":"retried by ann"}' })
  t.strictSame(await counts(w), { accepted: 2, sent: 1, delivered: 1, read: 1, readyAt: 10_000 })
})

await test('a failure without a record is counted by its result', async (t, w) => {
  const first = await w.grant({ key: 'a', ...SHOP, template: '#spring' })
  await w.settled(first, 'sent', { resultSuffix: 'shop@spring wamid.1' })
  t.equal(await w.redis.exists(w.key('failure-records')), 0)
  await w.bounce(first.id, 'wamid.1', { afterMs: '', reason: 'rejected', code: '131026', history: failed.history })
  t.strictSame(await counts(w), { accepted: 1, failed: 1, codes: '131026=1' })
  t.equal((await w.msg(first.id))?.split(' ')[6], '~shop@spring', 'and marked once')
})

await test('a message of before there were several callers is not counted, whatever happens to it', async (t, w) => {
  const first = await w.grant({ key: 'a' })
  await w.settled(first, 'sent', sent)
  await w.queue({ key: 'b', inline: false, recipient: CARL, ...SHOP })
  await w.receipt(first.id, 'wamid.1', { status: 'd' })
  t.strictSame(await counts(w), { accepted: 1, readyAt: 0 })
  await w.bounce(first.id, 'wamid.1', { resultSuffix: 'shop wamid.1' })
  t.strictSame(await counts(w), { accepted: 1, readyAt: 0 })
})

await test('one caller alone writes no counts', async (t, w) => {
  const first = await w.grant({ key: 'a' })
  await w.settled(first, 'sent', { resultSuffix: 'web wamid.1' })
  t.equal(await w.redis.exists(w.key('campaigns')), 0)
  t.strictSame((await w.run('inspect-callers', { limit: 100 })).found, [])
})

await test('since when the longest ready message of a caller waits', async (t, w) => {
  await w.rules({ maxInFlight: 1 })
  const busy = await w.grant({ key: 'busy', recipient: 'p14155550200', ...SHOP })
  w.at(10)
  await w.queue({ key: 'a', ...SHOP, recipient: ANN })
  t.match(await counts(w), { readyAt: 10 }, 'of the only caller so far')
  w.at(20)
  await w.queue({ key: 'b', ...CRM, recipient: BOB })
  await w.queue({ key: 'c', ...CRM, recipient: CARL, lane: 3 })
  t.match(await counts(w), { readyAt: 10 })
  t.match(await counts(w, 'crm'), { readyAt: 20 })
  w.at(30)
  await w.claim()
  t.match(await counts(w, 'crm'), { readyAt: 20 }, 'also once it has a place among the shares')
  await w.settled(busy, 'sent', sent)
  w.at(40)
  await w.claim()
  w.at(50)
  await w.schedule({ key: 'd', ...CRM, recipient: 'p14155550201', scheduledFor: w.ms() + 60_000 })
  const [shop, crm] = [await counts(w), await counts(w, 'crm')]
  t.equal(Number(shop['inFlight'] ?? 0) + Number(crm['inFlight'] ?? 0), 1)
  t.strictSame([shop['readyAt'] ?? crm['readyAt']], [shop['inFlight'] === 1 ? 20 : 10])
})

await test('of more callers than have places, each is found by its messages', async (t, w) => {
  await w.rules({ maxInFlight: 1 })
  await w.grant({ key: 'busy', recipient: 'p14155550200', caller: 'zero' })
  for (let i = 0; i < 130; i++) {
    w.at(i + 1)
    await w.queue({ key: `k${i}`, caller: `c${i}`, recipient: `p1415666${1000 + i}` })
  }
  for (const name of ['c0', 'c1', 'c125', 'c126', 'c129']) t.match(await counts(w, name), { accepted: 1, readyAt: Number(name.slice(1)) + 1 }, name)
})

await test('a caller whose messages have ended is forgotten in time', async (t, w) => {
  const first = await w.grant({ key: 'a', ...SHOP })
  await w.queue({ key: 'b', recipient: BOB, inline: false, ...CRM })
  await w.settled(first, 'sent', sent)
  const prune = async (): Promise<void> => { await w.run('prune', { retentionMs: 1000, cap: 10, limit: 100 }) }
  await prune()
  t.strictSame((await w.redis.hkeys(w.key('campaigns'))).sort(), ['~crm', '~shop'])
  w.at(3 * 86_400_000)
  await prune()
  t.strictSame(await w.redis.hkeys(w.key('campaigns')), ['~crm'])
})

await test('a wrong count is corrected, unless it has changed since', async (t, w) => {
  await w.queue({ key: 'a', inline: false, ...SHOP })
  const entry = await w.redis.hget(w.key('campaigns'), '~shop') ?? ''
  t.match(await w.run('repair-count', { name: '~shop', entry: 'other', unsettled: 3 }), { status: 'gone' })
  t.match(await w.run('repair-count', { name: '~shop', entry, unsettled: 3 }), { status: 'repaired' })
  t.match(await w.run('repair-count', { name: '~crm', entry: '', unsettled: 2 }), { status: 'repaired' })
  t.match([await counts(w), await counts(w, 'crm')], [{ accepted: 3 }, { accepted: 2 }])
})
