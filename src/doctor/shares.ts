import { globalKey, senderKey } from '../redis/keys.js'
import { ask, type Area, type Candidate, type DoctorDeps } from './area.js'

/** No limit. */
const UNLIMITED = -1

/** Whether a sender has more of its portfolio's limit than the portfolio has leased to it: others may have got that, too. */
async function checkShare (deps: DoctorDeps, sender: string): Promise<Candidate[]> {
  const { redis, prefix } = deps
  // In this order: a raise is written to the portfolio first, a reduction to the sender first.
  const text = await ask(deps, async () => await redis.hget(senderKey(prefix, sender, 'sender'), 'dailyShare'))
  if (text === null) return []
  const [, portfolio = '', written] = /^(\S+) (-?\d+) \d+$/.exec(text) ?? []
  const share = Number(written)
  const leases = portfolio === '' ? null : await ask(deps, async () => await redis.hget(globalKey(prefix, 'portfolios'), portfolio))
  const leased = Number(leases?.split(' ').find(one => one.startsWith(`${sender}=`))?.slice(sender.length + 1) ?? 0)
  const isMore = share === UNLIMITED ? leased !== UNLIMITED : leased !== UNLIMITED && share > leased
  const detail = portfolio === '' ? 'its share cannot be read' : `has a share of ${share}, ${leased} are leased to it`
  return portfolio === '' || isMore ? [{ area: 'shares', kind: 'share-not-leased', sender, target: portfolio, detail }] : []
}

/** Shares of the daily limits of portfolios. */
export const shares: Area = {
  async * search (deps, sender) { yield await checkShare(deps, sender) },
  async recheck (deps, sender) { return await checkShare(deps, sender) },
  /** Of the share nothing is left until the next round, which knows what the sender has written to. */
  async repair (deps, { sender, target: portfolio }) {
    if (portfolio === '') return { status: 'left', why: 'its share cannot be read: start a node with its portfolio again' }
    const begun = await ask(deps, async () =>
      await deps.run('lease-shares', { sender: '' }, { portfolio, round: '', step: 'begin', limit: UNLIMITED, shares: '' }))
    if (begun.status === 'stale') return { status: 'gone' }
    const args = { portfolio, round: begun.round, step: 'stop', share: 0 }
    const { status } = await ask(deps, async () => await deps.run('set-share', { sender }, args))
    return { status: status === 'share' ? 'repaired' : 'gone' }
  }
}
