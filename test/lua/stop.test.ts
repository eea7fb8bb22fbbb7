/** The stop of all templates of a sender: who waits for it, what stops it, and what ends it; also beside campaigns and replies with a template. */
import t from 'tap'
import type { Replies } from '../../src/redis/commands.js'
import { ANN, BOB, CARL, world, type Granted, type World } from './support.js'

const test = await world(t)
const SALE = 'sale_of_may'
const NEWS = 'news_of_may'
const MINUTE = 60_000
const PROBE_MS = 15 * MINUTE
const rejected = { bucket: 'templates', coolMs: PROBE_MS, code: '131042', reason: 'rejected', history: '{"attempt":1,"code":"131042"}' }

const setStop = async (w: World, state: string, untilMs: number | '' = ''): Promise<unknown> =>
  await w.run('set-template', { template: '*', state, code: 'X', name: `X ${PROBE_MS * 1000}`, atMs: '', untilMs })
const release = async (w: World): Promise<Replies['release-suspended']> => await w.run('release-suspended', { limit: 100 })
const stopOf = async (w: World): Promise<string> => (await w.redis.hget(w.key('templates'), '*'))?.split(' ')[0] ?? 'none'
const waits = async (w: World, id: string): Promise<unknown> => (await w.run('inspect-message', { id }, id) as { waitingFor?: string }).waitingFor
const fails = async (w: World, grant: Granted): Promise<unknown> => await w.settle(grant, 'stop', rejected)

/** Claims until a grant or until nothing moves. */
async function claim (w: World): Promise<Granted[]> {
  for (;;) {
    const { grants, next } = await w.claim({ want: 10 })
    if (grants.length > 0 || next < 0 || next > w.now) return grants
  }
}
const claimed = async (w: World): Promise<string[]> => (await claim(w)).map(({ id }) => id)
async function claimOne (w: World): Promise<Granted> {
  const [grant] = await claim(w)
  if (grant === undefined) throw new Error('nothing is granted')
  return grant
}

await test('a code stops all templates, not replies, and one probe at a time finds the end', async (t, w) => {
  const first = await w.grant({ key: 'a', template: SALE })
  t.match(await fails(w, first), { settlement: 'wait', stopped: true })
  await w.queue({ key: 'b', recipient: BOB, template: NEWS })
  t.match(await w.admit({ key: 'c', recipient: CARL, template: SALE }), { status: 'queued', waitUs: -1, waitingFor: 'templates-stopped' })
  const reply = await w.queue({ key: 'reply', recipient: BOB })
  w.at(5000)
  t.strictSame(await claimed(w), [reply])
  t.equal(await w.redis.zlexcount(w.key('suspended'), '[*:', '(*;'), 3)
  t.match(await release(w), { count: 0 }, 'not before its time')

  w.at(PROBE_MS + 10_000)
  t.match(await release(w), { count: 1 })
  t.equal(await stopOf(w), 'probing')
  const probe = await claimOne(w)
  t.equal(probe.id, first.id, 'the oldest message is the probe')
  t.match(await fails(w, probe), { settlement: 'wait', stopped: false }, 'a probe uses up no attempt')
  t.equal(await stopOf(w), 'paused')
  w.at(PROBE_MS + 20_000)
  t.strictSame(await claimed(w), [], 'it waits again')

  w.at(2 * PROBE_MS + 20_000)
  await release(w)
  const next = await claimOne(w)
  t.equal(next.id, first.id)
  await w.settled(next, 'sent')
  t.equal(await stopOf(w), 'releasing')
  t.match(await release(w), { count: 2 })
  await release(w)
  t.equal(await stopOf(w), 'none')
  t.equal(await w.redis.hget(w.key('sender'), 'limits'), null)
})

await test('only a template that is accepted ends the stop', async (t, w) => {
  await w.run('set-window-check', { gapMs: 3600_000 })
  await setStop(w, 'paused', w.ms() + 1000)
  await w.queue({ key: 'a', recipient: ANN, template: SALE })
  await claimed(w)
  w.at(2000)
  await release(w)
  t.equal(await stopOf(w), 'probing')
  await w.queue({ key: 'b', recipient: BOB, template: '#spring' })
  await w.queue({ key: 'c', recipient: CARL, template: `=o${NEWS}` })
  const grants = await claim(w)
  t.equal(grants.length, 3)
  for (const reply of grants.filter(({ recipient }) => recipient !== ANN)) await w.settled(reply, 'sent')
  t.equal(await stopOf(w), 'probing', 'replies, of a campaign or with another template, are no proof')
  for (const probe of grants.filter(({ recipient }) => recipient === ANN)) await w.settled(probe, 'sent')
  t.equal(await stopOf(w), 'releasing')
})

await test('a code of a message that no stop would hold stops the sender', async (t, w) => {
  const grant = await w.grant({ key: 'a', template: '#spring' })
  t.match(await fails(w, grant), { settlement: 'wait', stopped: true })
  t.equal(await stopOf(w), 'none')
  t.match(await w.redis.hmget(w.key('sender'), 'status', 'reason'), ['stopped', '131042'])
})

await test('a message waits for its campaign first, then for the stop, and is sent once both are over, in its order', async (t, w) => {
  await w.run('set-campaign', { campaign: 'spring', state: 'paused' })
  await setStop(w, 'paused', w.ms() + 10 * MINUTE)
  const both = await w.queue({ key: 'a', template: `${SALE}#spring` })
  const stopped = await w.queue({ key: 'b', template: SALE })
  const paused = await w.queue({ key: 'c', template: '#spring' })
  await claimed(w)
  t.strictSame(await Promise.all([both, stopped, paused].map(async id => await waits(w, id))),
    ['campaign-paused', 'templates-stopped', 'campaign-paused'])
  t.match(await w.run('inspect-sender', { limit: 10 }), { suspended: 0, awaiting: 0, stopped: 1 })

  await w.run('set-campaign', { campaign: 'spring', state: 'running' })
  t.match(await release(w), { count: 2 })
  const plain = await claimOne(w)
  t.equal(plain.id, paused, 'it does not need a template')
  t.equal(await waits(w, both), 'templates-stopped')
  t.match(await w.run('inspect-sender', { limit: 10 }), { suspended: 0, stopped: 2 })

  await setStop(w, 'approved')
  t.match(await release(w), { count: 2 })
  await w.settled(plain, 'sent')
  const order = []
  for (let ms = 4000; ms < 12_000; ms += 2000) {
    w.at(ms)
    for (const grant of await claim(w)) {
      order.push(grant.id)
      await w.settled(grant, 'sent')
    }
  }
  t.strictSame(order, [both, stopped])
  await release(w)
  t.strictSame(await w.redis.hkeys(w.key('templates')), [])
})

await test('a cancelled campaign closes what waits for a stop, too', async (t, w) => {
  await setStop(w, 'paused', w.ms() + 10 * MINUTE)
  const id = await w.queue({ key: 'a', template: `${SALE}#spring` })
  await claimed(w)
  t.equal(await waits(w, id), 'templates-stopped')
  t.match(await w.cancel(id), { status: 'done' })
  t.equal(await w.redis.exists(w.key('suspended')), 0)
})

await test('a template that is paused itself stays paused, and its messages do not delay the end of the stop', async (t, w) => {
  await setStop(w, 'paused', w.ms() + 1000)
  await w.run('set-template', { template: SALE, state: 'paused', code: 'PAUSED', name: 'sale en', atMs: '', untilMs: '' })
  const first = await w.queue({ key: 'a', template: SALE })
  const second = await w.queue({ key: 'b', recipient: BOB, template: NEWS })
  await claimed(w)
  w.at(2000)
  await release(w)
  t.strictSame(await claimed(w), [])
  t.equal(await waits(w, first), 'template-paused', 'the probe turned out to be of a paused template')
  w.at(2 * MINUTE + 2000)
  await release(w)
  t.strictSame(await claimed(w), [second], 'the next one is the probe a minute later')
})

await test('the end that is known of a restriction is not shortened by a code', async (t, w) => {
  const inFlight = await w.grant({ key: 'a' })
  await w.run('pause', { state: 'stopped', forMs: 5 * 3600_000, reason: 'RESTRICTED_CUSTOMER_INITIATED_MESSAGING' })
  await w.settle(inFlight, 'stop', { bucket: 'sender', coolMs: 60_000, code: '131031', reason: 'rejected', history: '{"attempt":1}' })
  t.match(await w.redis.hmget(w.key('sender'), 'status', 'reason', 'until'),
    ['stopped', 'RESTRICTED_CUSTOMER_INITIATED_MESSAGING', String(w.now + 5 * 3600_000_000)])
})

const spam = { ...rejected, code: '131048', coolMs: 3600_000, history: '{"attempt":1,"code":"131048"}' }
/** WhatsApp stops templates for spam; ANN has just written. */
async function stopForSpam (w: World): Promise<void> {
  await w.run('set-window-check', { gapMs: 3600_000 })
  await w.run('record-windows', { acts: `${ANN} ${w.ms()}` })
  t.match(await w.settle(await w.grant({ key: 'spam', recipient: BOB, template: SALE }), 'stop', spam), { settlement: 'wait', stopped: true })
}

await test('a stop for spam spares people whose window is open, until WhatsApp rejects one of these, too', async (t, w) => {
  await stopForSpam(w)
  t.match(await w.admit({ key: 'closed', recipient: CARL, template: SALE }), { status: 'queued', waitingFor: 'templates-stopped' })
  t.strictSame(await claimed(w), [])
  await w.settled(await w.grant({ key: 'open', recipient: ANN, template: SALE }), 'sent')
  t.equal(await stopOf(w), 'paused', 'it proves nothing')
  w.at(2000)
  const waits = await w.queue({ key: 'queued', recipient: ANN, template: NEWS, inline: false })
  const next = await claimOne(w)
  t.equal(next.id, waits, 'a claim lets it pass as well')
  t.match(await w.settle(next, 'stop', spam), { settlement: 'wait', stopped: false })
  w.at(4000)
  t.strictSame(await claimed(w), [], 'it is not tried again and again')
  t.match(await w.admit({ key: 'later', recipient: ANN, template: SALE }), { status: 'queued', waitingFor: 'templates-stopped' })
  w.at(3600_000)
  await release(w)
  await w.settle(await claimOne(w), 'stop', spam)
  w.at(3602_000)
  t.match(await w.admit({ key: 'last', recipient: ANN, template: SALE }), { waitingFor: 'templates-stopped' }, 'nor after a failed probe')
})

await test('a template into an open window does not end a stop for spam, and its own pause holds it', async (t, w) => {
  await stopForSpam(w)
  await w.queue({ key: 'closed', recipient: CARL, template: SALE })
  t.strictSame(await claimed(w), [])
  w.at(3600_000)
  await release(w)
  t.equal(await stopOf(w), 'probing')
  await w.queue({ key: 'open', recipient: ANN, template: SALE })
  const grants = await claim(w)
  t.strictSame(grants.map(({ recipient }) => recipient).sort(), [ANN, CARL], 'and the probe')
  for (const grant of grants.filter(({ recipient }) => recipient === ANN)) await w.settled(grant, 'sent')
  t.equal(await stopOf(w), 'probing')
  await w.run('set-template', { template: NEWS, state: 'paused', code: 'PAUSED', name: 'news en', atMs: '', untilMs: '' })
  w.at(3603_000)
  t.match(await w.admit({ key: 'own', recipient: ANN, template: NEWS }), { waitingFor: 'template-paused' })
  await w.run('set-window-check', { gapMs: '' })
  t.match(await w.admit({ key: 'unknown', recipient: ANN, template: SALE }), { waitingFor: 'templates-stopped' }, 'in doubt it waits')
})
