/** The health of a number: a cause stops what it concerns once, and ends only its own stop. */
import t from 'tap'
import type { Replies } from '../../src/redis/commands.js'
import { BOB, HOUR, world, type World } from './support.js'

const test = await world(t)
const FACTS = '{"state":"blocked","problems":[]}'
const BANNED = 'HEALTH_141014'
const PAYMENT = 'HEALTH_141006'

const set = async (w: World, scope: string, cause: string, facts = FACTS): Promise<Replies['set-health']> =>
  await w.run('set-health', { scope, cause, facts })
const none = async (w: World, facts = '{"state":"available","problems":[]}'): Promise<Replies['set-health']> => await set(w, '', '-', facts)
const pause = async (w: World, state: string, reason = ''): Promise<unknown> => await w.run('pause', { state, forMs: '', reason })
const stateOf = async (w: World): Promise<unknown> => (await w.redis.hmget(w.key('sender'), 'status', 'reason')).join(' ').trim()
const stopOf = async (w: World): Promise<string> => (await w.redis.hget(w.key('templates'), '*'))?.split(' ')[0] ?? 'none'

await test('a cause stops the sender once, and its end resumes it', async (t, w) => {
  t.match(await set(w, 'sender', BANNED), { stopped: 'sender', ended: '', wakeHint: '' })
  await w.queue({ key: 'a' })
  t.equal(await stateOf(w), `stopped ${BANNED}`)
  t.match(await set(w, 'sender', BANNED), { stopped: '', ended: '' })
  t.match(await none(w), { stopped: '', ended: 'sender', wakeHint: 'enqueue' })
  t.equal(await stateOf(w), '')
  t.match(await set(w, 'sender', BANNED), { stopped: 'sender' }, 'it has come back')
})

await test('what an operator or a success has resumed is not stopped again by the same cause', async (t, w) => {
  await set(w, 'sender', BANNED)
  await pause(w, 'active')
  t.match(await set(w, 'sender', BANNED), { stopped: '' })
  t.equal(await stateOf(w), '')
  await none(w)
  await set(w, 'sender', BANNED)
  const first = await w.queue({ key: 'a' })
  w.at(HOUR + 1000)
  const [probe] = (await w.claim({ want: 5 })).grants
  t.equal(probe?.id, first, 'an hour later a probe goes')
  await w.settled(probe!, 'sent')
  t.equal(await stateOf(w), '')
  t.match(await set(w, 'sender', BANNED), { stopped: '' })
  t.equal(await stateOf(w), '')
})

await test('it replaces no stop and no pause, and ends none of another cause', async (t, w) => {
  await pause(w, 'stopped', '131031')
  t.match(await set(w, 'sender', BANNED), { stopped: '' })
  t.equal(await stateOf(w), 'stopped 131031')
  t.match(await none(w), { ended: '' })
  t.equal(await stateOf(w), 'stopped 131031')
  await pause(w, 'paused', 'operator')
  t.match(await set(w, 'sender', BANNED), { stopped: '' })
  t.equal(await stateOf(w), 'paused operator')
  await pause(w, 'active')
  t.match(await set(w, 'sender', BANNED), { stopped: 'sender' }, 'after the pause it is still blocked')
})

await test('a payment problem stops templates, and a worse cause replaces it', async (t, w) => {
  t.match(await set(w, 'templates', PAYMENT), { stopped: 'templates' })
  t.equal(await stopOf(w), 'paused')
  t.match(await w.admit({ key: 'a', template: 'sale_of_may' }), { status: 'queued', waitingFor: 'templates-stopped' })
  const reply = await w.queue({ key: 'b', recipient: BOB })
  t.strictSame((await w.claim({ want: 5 })).grants.map(({ id }) => id), [reply], 'a reply goes on')
  await w.claim({ want: 5 })
  t.match(await set(w, 'sender', BANNED), { stopped: 'sender', ended: 'templates' })
  t.equal(await stopOf(w), 'releasing', 'what waits returns to its queue')
  t.equal(await stateOf(w), `stopped ${BANNED}`)
  t.match(await set(w, 'templates', PAYMENT), { stopped: '', ended: 'sender' }, 'what waits is on its way: the next read stops it')
  await w.run('release-suspended', { limit: 10 })
  await w.run('release-suspended', { limit: 10 })
  t.equal(await stopOf(w), 'none')
  t.match(await set(w, 'templates', PAYMENT), { stopped: 'templates' })
})

await test('a stop of templates by a code stays, and one that an operator ended stays ended', async (t, w) => {
  await w.run('set-template', { template: '*', state: 'paused', code: '131042', name: '131042 900000000', atMs: '', untilMs: '' })
  t.match(await set(w, 'templates', PAYMENT), { stopped: '' })
  t.match(await none(w), { ended: '' })
  t.equal(await stopOf(w), 'paused')
  await w.run('set-template', { template: '*', state: 'approved', code: 'operator', name: 'operator 0', atMs: '', untilMs: '' })
  await set(w, 'templates', PAYMENT)
  await w.run('set-template', { template: '*', state: 'approved', code: 'operator', name: 'operator 0', atMs: '', untilMs: '' })
  t.match(await set(w, 'templates', PAYMENT), { stopped: '' })
  t.equal(await stopOf(w), 'none')
})

await test('it is forgotten with its stop', async (t, w) => {
  await set(w, 'sender', BANNED)
  t.match(await w.redis.hget(w.key('sender'), 'health'), /^\d{13} HEALTH_141014 \{/)
  t.match(await none(w, ''), { ended: 'sender' })
  t.equal(await w.redis.hget(w.key('sender'), 'health'), null)
  t.equal(await stateOf(w), '')
})
