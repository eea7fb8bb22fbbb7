/** The calls of a fuzz run: each as the gateway makes it, with random arguments, also at moments at which the gateway would rarely make it. */
import type { FoundGrant } from '../../src/redis/commands.js'
import { bounce, move, receipt, retry, setCeiling, setDailyLimit, setHealth, settle, settleLate, watchStatuses } from './attempts.js'
import { CAMPAIGNS, planCampaign, setCampaign, setRate } from './counts.js'
import { LANES, RECIPIENTS, TEMPLATES, type FuzzWorld, type Grant } from './world.js'

type Operation = (w: FuzzWorld) => Promise<void>
const DAY_MS = 86_400_000

/** Up to `count` calls in one tick, which the batcher joins to one call of the script. */
async function together (w: FuzzWorld, work: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: w.random.chance(0.3) ? w.random.int(2, 5) : 1 }, work))
}

const asGrant = ({ id, recipient, attempt, holder }: FoundGrant): Grant => ({ id, recipient, attempt, holder })
const members = async (w: FuzzWorld, name: string): Promise<string[]> => await w.redis.zrange(w.key(name), 0, -1)

async function pickFrom (w: FuzzWorld, ...names: string[]): Promise<string | null> {
  const ids = (await Promise.all(names.map(async name => await members(w, name)))).flat()
  return ids.length === 0 ? null : w.random.pick(ids)
}

export const operations: Record<string, { weight: number, run: Operation }> = {
  admit: { weight: 20, run: async w => await together(w, async () => await w.admit()) },
  claim: {
    weight: 18,
    async run (w) {
      const holder = w.holder()
      const mode = w.random.chance(0.1) ? 'end' : 'keep'
      const reply = await w.run('claim', { drainRun: 'aa.1', want: w.random.pick([0, 1, 3, 10]), mode, holder, leaseMs: w.leaseMs })
      if (reply.status !== 'claimed') return
      if (reply.dropped > 0) throw new TypeError('a queue named a message without a record')
      for (const { id, recipient, attempt } of reply.grants) w.grants.push({ id, recipient, attempt, holder })
      for (const id of reply.expired) await w.cancel(id, 'expired')
      for (const id of reply.unwanted) await w.cancel(id, 'cancelled')
    }
  },
  settle: {
    weight: 25,
    async run (w) {
      await together(w, async () => {
        const grant = w.pull(w.grants)
        if (grant === undefined) return
        const settlement = w.random.pick(['sent', 'sent', 'failed', 'retry', 'unknown', 'wait', 'stop'])
        const unstarted = settlement === 'wait' && w.random.chance(0.5)
        const wamid = w.nextWamid()
        // A node that dies here never settles it: recovery does.
        if (w.random.chance(0.1)) return
        if (!unstarted) w.sent.push({ ...grant, wamid })
        w.settled.push(grant)
        await settle(w, grant, settlement, { unstarted, wamid })
      })
    }
  },
  settleAgain: {
    weight: 1,
    async run (w) {
      const again = w.settled.length === 0 ? 'stale' : await settle(w, w.random.pick(w.settled), 'sent', { wamid: 'wamid.stale' })
      if (again !== 'stale') throw new TypeError('a settled attempt was settled again')
    }
  },
  lateSuccess: {
    weight: 2,
    async run (w) {
      if (w.settled.length === 0) return
      const sent = { ...w.random.pick(w.settled), wamid: w.nextWamid() }
      w.sent.push(sent)
      await receipt(w, sent, 0, 's')
    }
  },
  decideUnknown: {
    weight: 6,
    async run (w) {
      const [id] = await w.redis.zrangebyscore(w.key('unknown'), '-inf', w.ms, 'LIMIT', 0, 1)
      const record = id === undefined ? null : await w.redis.hget(w.key('backlog'), id)
      const message = id === undefined ? undefined : w.messages.get(id)
      if (record === null || message === undefined) return
      const attempt = Number(record.split('\n')[0]?.split(' ')[4] ?? 0)
      await settle(w, { ...message, attempt, holder: '' }, w.random.pick(['retry', 'failed']), { unstarted: true })
    }
  },
  retry: {
    weight: 8,
    async run (w) {
      const id = await pickFrom(w, 'failures', 'failed')
      if (id !== null) await retry(w, id)
    }
  },
  cancel: {
    weight: 3,
    async run (w) {
      const ids = await w.redis.hkeys(w.key('backlog'))
      if (ids.length > 0) await w.cancel(w.random.pick(ids), w.random.chance(0.7) ? 'cancelled' : 'expired')
    }
  },
  move: { weight: 3, run: move },
  status: {
    weight: 12,
    async run (w) {
      if (w.sent.length === 0) return
      const sent = w.random.pick(w.sent)
      const attempt = w.random.chance(0.8) ? sent.attempt : Math.max(1, sent.attempt + w.random.pick([-1, 1]))
      const status = w.random.pick(['s', 'd', 'r', 'f'])
      if (status === 'f') await bounce(w, sent, attempt)
      else await receipt(w, sent, attempt, status)
    }
  },
  park: {
    weight: 2,
    async run (w) {
      const name = `${w.random.pick(['a', 'b', 'c', 'd']).repeat(22)}:${w.random.pick(['sent', 'delivered'])}`
      await w.run('park', { name, status: '{"status":"sent"}', waitMs: 5000, cap: 5 })
    }
  },
  unpark: {
    weight: 2,
    async run (w) {
      const { due } = await w.run('unpark', { done: '', waitMs: 5000, limit: 3 })
      await w.run('unpark', { done: due.filter(() => w.random.chance(0.5)).map(({ name }) => name).join(' '), waitMs: 5000, limit: 3 })
    }
  },
  relay: {
    weight: 1,
    run: async w => {
      const text = JSON.stringify({ from: RECIPIENTS[0]?.slice(1) }, null, w.random.pick([0, 1]))
      await w.run('relay', { subject: `in:${w.random.pick(['x', 'y']).repeat(22)}`, type: 'whatsapp.inbound', data: text })
    }
  },
  leaseCallbacks: {
    weight: 6,
    async run (w) {
      // Changes that come from now on meet the cap as well.
      await w.redis.hset(w.key('sender'), 'callbackCap', w.random.pick([2, 1000]))
      const limit = w.random.pick([0, 1, 5])
      const probe = w.random.chance(0.3) ? w.random.next() : ''
      const args = { limit, retryLimit: w.random.int(0, limit), probe, leaseMs: 30_000, moveLimit: 20 }
      const { callbacks } = await w.run('lease-callbacks', args)
      w.leased.push(...callbacks)
    }
  },
  settleCallback: {
    weight: 6,
    async run (w) {
      const one = w.pull(w.leased)
      if (one === undefined) return
      const reply = await w.run('settle-callback', {
        subject: one.subject,
        leaseEnd: one.leaseEndMs,
        delivered: w.random.chance(0.7),
        afterMs: 5000,
        giveUpMs: 60_000,
        leaseMs: 30_000,
        cap: 5,
        keepMs: 30 * DAY_MS / 100
      })
      if ('leaseEndMs' in reply && reply.leaseEndMs > 0) w.leased.push({ ...one, leaseEndMs: reply.leaseEndMs })
    }
  },
  pause: {
    weight: 1,
    async run (w) {
      const state = w.random.pick(['paused', 'stopped', 'active', 'active', 'active', 'probe'])
      await w.run('pause', { state, forMs: state === 'stopped' || w.random.chance(0.7) ? 2000 : '', reason: 'RESTRICTED' })
    }
  },
  resume: { weight: 1, run: async w => { await w.run('pause', { state: 'active', forMs: '', reason: '' }) } },
  clear: { weight: 1, run: async w => { await w.run('clear', { recipient: w.random.pick(RECIPIENTS) }) } },
  optOut: {
    weight: 1,
    async run (w) {
      const atMs = w.random.chance(0.5) ? '' : w.ms - w.random.int(0, 100) * 100
      const args = { recipient: w.random.pick(RECIPIENTS), preference: w.random.pick(['stop', 'resume']), source: '{"by":"x"}', atMs }
      for (const id of (await w.run('opt-out', args)).waiting) if (w.random.chance(0.5)) await w.cancel(id, 'cancelled')
    }
  },
  setTemplate: {
    weight: 2,
    async run (w) {
      const state = w.random.pick(['paused', 'checking', 'rejected', 'approved', 'approved'])
      const untilMs = state === 'checking' ? w.ms + 500 : ''
      await w.run('set-template', { template: w.random.pick(TEMPLATES), state, code: 'X', name: 'name en', atMs: '', untilMs })
    }
  },
  stopTemplates: {
    weight: 1,
    async run (w) {
      const [state, untilMs] = [w.random.pick(['paused', 'checking', 'approved', 'approved']), w.random.pick([w.ms + 500, w.ms + 5000, ''])]
      await w.run('set-template', { template: '*', state, code: 'X', name: `${untilMs === '' ? 'X' : '131048'} 500000`, atMs: '', untilMs })
    }
  },
  setCeiling: { weight: 2, run: setCeiling },
  setHealth: { weight: 1, run: setHealth },
  recordWindows: {
    weight: 1,
    async run (w) {
      await w.run('set-window-check', { gapMs: w.random.pick([60_000, '']) })
      await w.run('record-windows', { acts: `${w.random.pick(RECIPIENTS)} ${w.ms} ?u ${w.ms}` })
    }
  },
  watchStatuses: { weight: 2, run: watchStatuses },
  setDailyLimit: { weight: 2, run: setDailyLimit },
  setCampaign: { weight: 2, run: setCampaign },
  planCampaign: { weight: 2, run: planCampaign },
  setRate: { weight: 2, run: setRate },
  releaseSuspended: {
    weight: 2,
    async run (w) {
      const reply = await w.run('release-suspended', { limit: 3 })
      for (const id of 'rejected' in reply ? reply.rejected : []) await w.cancel(id, 'rejected')
      for (const id of 'cancelled' in reply ? reply.cancelled : []) await w.cancel(id, 'cancelled')
    }
  },
  recover: {
    weight: 3,
    async run (w) {
      const lost = w.random.chance(0.3) ? w.pull(w.grants) : undefined
      const found = await w.run('recover', { lost: lost?.holder ?? '', limit: 10, graceMs: w.random.pick([0, 0, 5000]) })
      for (const grant of found.leases) {
        w.settled.push(asGrant(grant))
        w.expired.push(asGrant(grant))
        await settle(w, asGrant(grant), 'unknown', { code: 'LEASE_EXPIRED' })
      }
      for (const grant of found.lost.filter(({ id }) => !found.leases.some(one => one.id === id))) {
        w.settled.push(asGrant(grant))
        await settle(w, asGrant(grant), 'wait', { unstarted: true })
      }
    }
  },
  settleLate: { weight: 3, run: async w => { if (w.expired.length > 0) await settleLate(w, w.random.pick(w.expired)) } },
  coolSender: { weight: 0.5, run: async w => { await w.run('cool-sender', { startingMs: 500 }) } },
  countActivity: {
    weight: 0.5,
    async run (w) {
      // Without ids: test/lua/count-activity.test.ts has the list of the newest messages.
      await w.run('count-activity', { counts: w.random.pick(['', 'accepted 3 sent 2']), ids: '', most: 2, countsLifeS: 60, idsLifeS: 60 })
    }
  },
  forget: {
    weight: 0.5,
    async run (w) {
      const { status } = await w.run('forget', { afterMs: w.random.pick([0, 60_000]) })
      if (status === 'forgotten') await w.start()
    }
  },
  prune: {
    weight: 2,
    async run (w) {
      const { expired } = await w.run('prune', { retentionMs: 600_000, cap: w.random.pick([5, 50]), limit: 20 })
      for (const id of expired) await w.cancel(id, 'expired')
    }
  },
  acknowledge: {
    weight: 1,
    async run (w) {
      const id = await pickFrom(w, 'failures', 'failed')
      if (id !== null) await w.run('acknowledge', { id, history: '{"acknowledgedBy":"x"}' })
    }
  },
  eraseMessage: {
    weight: 1,
    async run (w) {
      const id = w.random.chance(0.5) ? await pickFrom(w, 'resolved', 'failed', 'unconfirmed') : w.random.pick([...w.messages.keys(), null])
      if (id === null) return
      const { status } = await w.run('erase-message', { id }, id)
      if (status === 'erased') w.erased.add(id)
    }
  },
  eraseEntries: { weight: 0.5, run: async w => { await w.run('erase-entries', { term: 'd'.repeat(10), reference: '' }) } },
  erasePair: { weight: 0.5, run: async w => { await w.run('erase-pair', { recipient: w.random.pick(RECIPIENTS) }) } },
  eraseCallbacks: {
    weight: 0.5,
    async run (w) {
      const recipient = w.random.pick(RECIPIENTS)
      const moveAll = { limit: 0, retryLimit: 0, probe: '', leaseMs: 0, moveLimit: 500 }
      await w.run('lease-callbacks', moveAll)
      for (let cursor = '0'; ;) {
        const page = await w.run('erase-callbacks', { recipient, names: JSON.stringify(recipient.slice(1)), cursor, limit: 10 })
        if (page.cursor === '0') return
        cursor = page.cursor
      }
    }
  },
  quota: { weight: 0.5, run: async w => await w.rules() },
  look: {
    weight: 1,
    async run (w) {
      const recipient = w.random.pick(RECIPIENTS)
      const id = w.random.pick([...w.messages.keys(), null])
      if (id !== null) await w.run('inspect-message', { id }, id)
      await w.run('inspect-recipient', { recipient, lane: w.random.int(1, LANES.length) })
      await w.run('inspect-queue', { which: w.random.pick(['due', 'later', 'all']), skip: 0, size: 5, limit: 50 })
      await w.run('inspect-sender', { limit: 100 })
      await w.run('inspect-callers', { limit: w.random.pick([1, 100]) })
      const campaign = w.random.pick(['', ...CAMPAIGNS])
      await w.run('inspect-campaigns', { campaign, prefix: '', cursor: '', limit: 100 })
      await w.run('find-messages', { campaign, which: w.random.pick(['waiting', 'failed']), cursor: '0', limit: 10 })
      await w.run('find-recipient', { recipient, which: w.random.pick(['waiting', 'failures']), cursor: '0', limit: 10 })
    }
  }
}
