/** Shares of a portfolio's daily limit: set-share.lua at the sender, lease-shares.lua at the portfolio. */
import t from 'tap'
import type { Arguments, Replies } from '../../src/redis/commands.js'
import { ANN, BOB, CARL, HOUR, world, type World } from './support.js'

const test = await world(t)
const SENDER = '100000000000001'
const NONE = { limit: -1, shares: '' }

const lease = async (w: World, args: Partial<Arguments['lease-shares']> & { step: string }): Promise<Replies['lease-shares']> =>
  await w.run('lease-shares', { portfolio: 'acme', round: '', ...NONE, ...args })
const share = async (w: World, step: string, round: number, value = 0, portfolio = 'acme'): Promise<Replies['set-share']> =>
  await w.run('set-share', { portfolio, round, step, share: value })
const join = async (w: World, portfolio = 'acme'): Promise<unknown> =>
  await w.run('set-daily-limit', { step: 'settings', limit: -1, portfolio, portfolioLimit: 20, ramp: '' })
const news = (recipient: string): { key: string, recipient: string, template: string, lifeMs: number } =>
  ({ key: `k${recipient}`, recipient, template: '!', lifeMs: 72 * HOUR })

await test('a sender starts no conversation before it has a share', async (t, w) => {
  await join(w)
  t.match(await w.admit(news(ANN)), { status: 'queued', waitingFor: 'daily-limit', waitUs: -1 }, 'a share may come at any time')
  const round = w.ms() + 1
  t.strictSame(await share(w, 'raise', round, 1), { status: 'share', share: 1, used: 0, people: 0, limit: 20 })
  t.equal((await w.claim()).grants.length, 1)
  t.match(await w.admit(news(BOB)), { status: 'queued', waitingFor: 'daily-limit' })
  t.match(await share(w, 'raise', round, -1), { share: -1 })
  t.match(await w.admit(news(CARL)), { status: 'queued', waitingFor: 'turn-in-queue' })
})

await test('a reduction ends at what is used, a stop at nothing, and an earlier round writes nothing', async (t, w) => {
  await join(w)
  const round = w.ms()
  await share(w, 'raise', round, 5)
  for (const recipient of [ANN, BOB]) await w.settled(await w.grant(news(recipient)), 'sent')
  t.match(await share(w, 'reduce', round, 1), { share: 2, used: 2 })
  t.match(await share(w, 'raise', round, 1), { share: 2 }, 'a raise reduces nothing')
  t.match(await share(w, 'read', round + 1), { share: 2 })
  t.strictSame(await share(w, 'raise', round, 9), { status: 'stale' })
  t.match(await share(w, 'stop', round + 1), { share: 0, used: 2 })
  t.match(await w.admit(news(CARL)), { waitingFor: 'daily-limit' })
  await join(w, 'other')
  t.strictSame(await share(w, 'raise', round + 2, 9), { status: 'other', used: 2 })
  await join(w)
  t.match(await share(w, 'read', round + 9), { share: 0 }, 'the share does not come back')
})

await test('a lower limit of the portfolio takes the share, also from a round under way', async (t, w) => {
  const known = async (step: string, limit: number): Promise<unknown> =>
    await w.run('set-daily-limit', { step, limit, portfolio: '-', portfolioLimit: -1, ramp: '' })
  await join(w)
  const round = w.ms() + 1
  await share(w, 'raise', round, 5)
  await known('node', 30)
  t.match(await share(w, 'read', round), { share: 5, limit: 20 }, 'the limit of the settings is lower')
  await known('webhook', 12)
  t.match(await w.admit(news(ANN)), { status: 'queued', waitingFor: 'daily-limit' })
  t.strictSame(await share(w, 'raise', round, 9), { status: 'stale' }, 'it may have read the higher limit')
  t.match(await share(w, 'raise', round + 1, 3), { share: 3, limit: 12 })
  await known('node', 12)
  await known('node', 15)
  t.match(await share(w, 'read', round + 1), { share: 3, limit: 15 }, 'a higher one takes nothing')
  await w.run('set-daily-limit', { step: 'settings', limit: -1, portfolio: 'acme', portfolioLimit: 10, ramp: '' })
  t.match(await share(w, 'read', round + 2), { share: 0, limit: 10 }, 'a lower one of the settings does, too')
})

await test('the sum of what is leased never exceeds the limit by a raise', async (t, w) => {
  const begun = await lease(w, { step: 'begin' })
  const round = begun.status === 'leased' ? begun.round : 0
  t.equal(round, w.ms())
  t.match(await lease(w, { step: 'raise', round, limit: 10, shares: ` ${SENDER}=6 b=6` }), { shares: ` ${SENDER}=6 b=4` })
  t.match(await lease(w, { step: 'raise', round, limit: 10, shares: ` ${SENDER}=9 c=1` }), { shares: ` ${SENDER}=6 b=4` })
  t.match(await lease(w, { step: 'reduce', round, shares: ` ${SENDER}=2 b=0` }), { shares: ` ${SENDER}=2` })
  t.match(await lease(w, { step: 'raise', round, limit: -1, shares: ` ${SENDER}=-1` }), { shares: ` ${SENDER}=-1` })
  t.match(await lease(w, { step: 'raise', round, limit: 10, shares: ' b=1' }), { shares: ` ${SENDER}=-1` }, 'nothing is left')
  t.match(await lease(w, { step: 'begin' }), { round: round + 1 })
  t.strictSame(await lease(w, { step: 'raise', round, limit: 10, shares: ' b=1' }), { status: 'stale' })
  await lease(w, { step: 'reduce', round: round + 1, shares: ` ${SENDER}=0` })
  t.match(await lease(w, { step: 'end', round: round + 1 }), { shares: '' })
})
