/** Campaigns: their counts, pause and cancellation, script by script. */
import t from 'tap'
import { campaignOf } from '../../src/settlement/record.js'
import { ANN, BOB, CARL, world, type World } from './support.js'

const test = await world(t)
const SPRING = { template: '#spring' }
const sent = { resultSuffix: 'web@spring wamid.1' }
const failed = {
  resultSuffix: 'web@spring -',
  reason: 'rejected',
  history: '{"attempt":1,"outcome":"rejected","code":"131026","error":"\\"code\\":\\"1\\""}'
}

/** Counts that are not 0, and the failures by code. */
async function counts (w: World, name = 'spring'): Promise<Record<string, number | string>> {
  const { found } = await w.run('inspect-campaigns', { campaign: name })
  const [one] = found
  if (one === undefined) return {}
  const words = one.entry.split(' ')
  const names = ['accepted', 'sent', 'delivered', 'read', 'failed', 'cancelled', 'expired']
  const all = { ...Object.fromEntries(names.map((name, i) => [name, Number(words[i + 3])])), inFlight: one.inFlight }
  const codes = words.slice(14).join(' ')
  return { ...Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0)), ...(codes === '' ? {} : { codes }) }
}

const stateOf = async (w: World): Promise<string | undefined> =>
  (await w.run('inspect-campaigns', { campaign: 'spring' })).found[0]?.entry.split(' ')[0]

/** The claim after the ones that only move heads out of the way, each of which the next follows at once. */
async function claimOnes (w: World): Promise<Awaited<ReturnType<World['claim']>>> {
  for (;;) {
    const claimed = await w.claim({ want: 10 })
    if (claimed.grants.length > 0 || claimed.next < 0 || claimed.next > w.now) return claimed
  }
}

await test('each end is counted once', async (t, w) => {
  const first = await w.grant({ key: 'a', ...SPRING })
  t.strictSame(await counts(w), { accepted: 1, inFlight: 1 })
  await w.admit({ key: 'a', ...SPRING })
  t.strictSame(await counts(w), { accepted: 1, inFlight: 1 }, 'a duplicate is no other message')
  const second = await w.queue({ key: 'b', ...SPRING })
  await w.settled(first, 'sent', sent)
  t.strictSame(await counts(w), { accepted: 2, sent: 1 })
  await w.cancel(second)
  t.strictSame(await counts(w), { accepted: 2, sent: 1, cancelled: 1 })
  const third = await w.grant({ key: 'c', recipient: BOB, ...SPRING })
  await w.settled(third, 'failed', failed)
  t.strictSame(await counts(w), { accepted: 3, sent: 1, cancelled: 1, failed: 1, codes: '131026=1' })
  t.strictSame(await counts(w, 'summer'), {})
})

await test('statuses move a message on, and a failed one back', async (t, w) => {
  const first = await w.grant({ key: 'a', ...SPRING })
  await w.settled(first, 'sent', { ...sent, keepMs: 900_000 })
  await w.receipt(first.id, 'wamid.1', { status: 'd' })
  t.strictSame(await counts(w), { accepted: 1, sent: 1, delivered: 1 })
  await w.receipt(first.id, 'wamid.1', { status: 'd' })
  await w.receipt(first.id, 'wamid.1', { status: 'r' })
  t.strictSame(await counts(w), { accepted: 1, sent: 1, delivered: 1, read: 1 })
  const second = await w.grant({ key: 'b', recipient: BOB, ...SPRING })
  await w.settled(second, 'sent', { ...sent, resultSuffix: 'web@spring wamid.2', keepMs: 900_000 })
  await w.bounce(second.id, 'wamid.2')
  t.strictSame(await counts(w), { accepted: 2, sent: 1, delivered: 1, read: 1 }, 'it waits for its retry')
  await w.receipt(second.id, 'wamid.2', { status: 'r', resultSuffix: 'web@spring wamid.2' })
  t.strictSame(await counts(w), { accepted: 2, sent: 2, delivered: 2, read: 2 })
})

await test('a reopened failure has not ended, and its next end counts', async (t, w) => {
  const first = await w.grant({ key: 'a', ...SPRING })
  await w.settled(first, 'failed', failed)
  w.at(10_000)
  const { status } = await w.retry(first.id, { force: true, inline: false, history: '{"note":"retried by ann"}' })
  t.equal(status, 'queued')
  t.strictSame(await counts(w), { accepted: 1 })
  const { grants: [again] } = await w.claim()
  if (again === undefined) throw new Error('no grant')
  await w.settled(again, 'failed', { ...failed, attempt: 2, history: failed.history.replace('131026', '131049') })
  t.strictSame(await counts(w), { accepted: 1, failed: 1, codes: '131049=1' })
  await w.receipt(first.id, 'wamid.1', { status: 'd', attempt: 2, resultSuffix: 'web@spring wamid.1' })
  t.strictSame(await counts(w), { accepted: 1, sent: 1, delivered: 1 }, 'evidence that it was accepted')
})

await test('a message without a campaign writes nothing about one', async (t, w) => {
  const first = await w.grant({ key: 'a', template: 'abcdefghijk' })
  await w.settled(first, 'sent', { resultSuffix: 'web wamid.1' })
  t.equal(await w.redis.exists(w.key('campaigns')), 0)
})

await test('a paused campaign is not granted, blocks no other message, and keeps its order', async (t, w) => {
  const first = await w.grant({ key: 'a', ...SPRING })
  const [second, third] = [await w.queue({ key: 'b', ...SPRING }), await w.queue({ key: 'c' })]
  await w.run('set-campaign', { campaign: 'spring', state: 'paused' })
  t.match(await w.admit({ key: 'd', recipient: BOB, ...SPRING }), { status: 'queued', waitUs: -1, waitingFor: 'campaign-paused' })
  await w.settled(first, 'sent', sent)
  w.at(2000)
  const { grants } = await claimOnes(w)
  t.strictSame(grants.map(({ id }) => id), [third], 'the message behind it is not blocked')
  t.strictSame(await counts(w), { accepted: 3, sent: 1 })
  t.match(await w.run('inspect-message', { id: second }, second), { state: 'queued', waitUs: -1, waitingFor: 'campaign-paused' })
  await w.run('set-campaign', { campaign: 'spring', state: 'running' })
  await w.settled(grants[0] as never, 'sent')
  w.at(4000)
  const fifth = await w.queue({ key: 'e', ...SPRING })
  t.match(await w.run('release-suspended', { limit: 1 }), { count: 1 })
  await w.run('release-suspended', { limit: 100 })
  t.strictSame((await w.claim({ want: 10 })).grants.map(({ recipient }) => recipient).sort(), [ANN, BOB])
  t.equal(await w.state(second), 'sending', 'the older one goes first')
  t.equal(await w.state(fifth), 'queued')
  await w.run('release-suspended', { limit: 100 })
  t.equal(await w.redis.exists(w.key('templates')), 0, 'nothing is left of the pause')
})

await test('a cancelled campaign takes no message, is not granted, and stays cancelled', async (t, w) => {
  const first = await w.grant({ key: 'a', ...SPRING })
  const second = await w.queue({ key: 'b', ...SPRING })
  await w.run('set-campaign', { campaign: 'spring', state: 'cancelled' })
  t.match(await w.admit({ key: 'c', ...SPRING }), { status: 'rejected', code: 'CAMPAIGN_CANCELLED' })
  t.match(await w.admit({ key: 'b', ...SPRING }), { status: 'duplicate' })
  await w.settled(first, 'wait')
  w.at(3000)
  t.strictSame((await claimOnes(w)).grants, [])
  const { cancelled } = await w.run('release-suspended', { limit: 100 }) as { cancelled: string[] }
  t.strictSame(cancelled.sort(), [first.id, second].sort(), 'housekeeping closes them')
  for (const id of cancelled) await w.cancel(id)
  t.strictSame(await counts(w), { accepted: 2, cancelled: 2 })
  t.match(await w.run('set-campaign', { campaign: 'spring', state: 'running' }), { status: 'cancelled' })
  t.equal(await stateOf(w), 'cancelled')
})

await test('pages of a campaign: what has not ended, and what FAILED', async (t, w) => {
  const failure = await w.grant({ key: 'a', ...SPRING })
  await w.settled(failure, 'failed', failed)
  const waiting = await w.schedule({ key: 'b', scheduledFor: w.ms() + 60_000, ...SPRING })
  const retried = await w.grant({ key: 'd', recipient: CARL })
  const other = await w.queue({ key: 'c', recipient: BOB, template: '#spring.26', inline: false })
  const ids = async (which: string): Promise<string[]> =>
    (await w.run('find-messages', { campaign: 'spring', which, cursor: '0', limit: 100 })).messages.map(({ id }) => id)
  t.strictSame(await ids('waiting'), [waiting])
  t.strictSame(await ids('failed'), [failure.id])
  // A record of one of several callers names it.
  await w.cancel(await w.queue({ key: 'e', recipient: 'p14155550444', inline: false, caller: 'crm' }))
  const named = await w.schedule({ key: 'f', recipient: 'p14155550444', scheduledFor: w.ms() + 60_000, caller: 'shop', ...SPRING })
  t.strictSame((await ids('waiting')).sort(), [waiting, named].sort())
  await w.cancel(named)
  const states = async (which: string): Promise<Record<string, string>> => {
    const { messages, scanned } = await w.run('find-messages', { campaign: '', which, cursor: '0', limit: 100 })
    t.equal(scanned, messages.length)
    return Object.fromEntries(messages.map(({ id, state }) => [id, state]))
  }
  t.strictSame(await states('failed'), { [failure.id]: 'failed' })
  t.strictSame(await states('waiting'), { [waiting]: 'scheduled', [other]: 'queued', [retried.id]: 'sending' })
  await w.settled(retried, 'retry', { afterMs: 60_000, history: '{"attempt":1,"outcome":"retryable","code":"131000"}' })
  t.match(await states('waiting'), { [retried.id]: 'retrying' })
})

await test('housekeeping removes campaigns whose messages have ended long ago', async (t, w) => {
  const first = await w.grant({ key: 'a', ...SPRING })
  await w.queue({ key: 'b', recipient: BOB, inline: false, template: '#open' })
  await w.run('set-campaign', { campaign: 'over', state: 'cancelled' })
  await w.settled(first, 'sent', sent)
  const prune = async (): Promise<void> => { await w.run('prune', { retentionMs: 1000, cap: 10, limit: 100 }) }
  await prune()
  t.strictSame((await w.redis.hkeys(w.key('campaigns'))).sort(), ['open', 'over', 'spring'])
  w.at(3 * 86_400_000)
  await prune()
  t.strictSame(await w.redis.hkeys(w.key('campaigns')), ['open'])
  t.strictSame(await w.redis.hkeys(w.key('templates')), [])
})

await test('scripts and nodes read the same campaign in every form of a record', async (t, w) => {
  const template = 'aaaaaaaaaaa'
  const marks: Array<[mark: string, campaign: string | undefined]> = [
    ['', undefined], [' @#spring', 'spring'], [' @#spring.26-a_b~shop', 'spring.26-a_b'], [` @${template}`, undefined],
    [` @${template}#spring`, 'spring'], [` @=o${template}#spring~shop`, 'spring'], [' @=w#spring', 'spring'], [' @=r~shop', undefined],
    [' @~shop', undefined], [' 2 0 @#spring', 'spring'], [' 2 0 m @=w#spring~crm', 'spring'], [' 2 1 m3 @~crm', undefined], [' 2 0', undefined]
  ]
  const recipients = [ANN, 'uUS.13491208655302741918', 'gY2FwaV9ncm91cDox@g.us']
  const records = recipients.flatMap((recipient, r) => marks.map(([mark, campaign], m) => {
    const id = `${String(r * marks.length + m).padStart(22, 'x')}.18bd50bc400`
    return { id, campaign, text: `${recipient} 217 18bd50bc400 0${mark}\n["web","a @#other","n"]\n1700000000450 {"note":"b @#other"}` }
  }))
  await w.redis.hset(w.key('backlog'), ...records.flatMap(({ id, text }) => [id, text]))
  for (const name of ['spring', 'spring.26-a_b', 'other', '']) {
    const { messages } = await w.run('find-messages', { which: 'waiting', campaign: name, cursor: '0', limit: 100 })
    const read = records.filter(({ text }) => name === '' || campaignOf(text) === name).map(({ id }) => id)
    t.strictSame(messages.map(({ id }) => id).sort(), read.sort(), name)
  }
  t.strictSame(records.map(({ text }) => campaignOf(text)), records.map(({ campaign }) => campaign))
})
