/** The calls of a fuzz run: each as the gateway makes it, with random arguments, also at moments at which the gateway would rarely make it. */
import type { FoundGrant } from '../../src/redis/commands.js'
import { indexEntry } from '../../src/redis/find-terms.js'
import { LANES, RECIPIENTS, type FuzzWorld, type Grant } from './world.js'

type Operation = (w: FuzzWorld) => Promise<void>

const DAY_MS = 86_400_000
/** What may cool down with each settlement. */
const buckets: Record<string, string[]> = { stop: ['sender'], wait: ['', 'pair', 'sender-rate'], failed: ['', '', '', '', 'marketing'] }

/** Why a sender stops; of a failure, what is kept with an opt-out. */
const codeOf = (settlement: string): string => settlement === 'failed' ? '{"by":"whatsapp"}' : '190'

/** Up to `count` calls in one tick, which the batcher joins to one call of the script. */
async function together (w: FuzzWorld, work: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: w.random.chance(0.3) ? w.random.int(2, 5) : 1 }, work))
}

async function settle (w: FuzzWorld, grant: Grant, settlement: string, how: { unstarted?: boolean, wamid?: string, code?: string } = {}): Promise<string> {
  const { random } = w
  const wamid = how.wamid ?? '-'
  const isFailure = settlement === 'failed' || settlement === 'stop'
  const entry = { attempt: grant.attempt, outcome: settlement, ...(settlement === 'sent' ? { providerMessageId: wamid } : {}) }
  const reply = await w.run('settle', {
    id: grant.id,
    recipient: grant.recipient,
    attempt: grant.attempt,
    holder: grant.holder,
    settlement,
    startedUs: how.unstarted === true ? '' : 2000,
    afterMs: random.pick([0, 1000, 9000]),
    bucket: random.pick(buckets[settlement] ?? ['']),
    coolMs: settlement === 'wait' || settlement === 'stop' ? 1500 : 0,
    code: how.code ?? codeOf(settlement),
    resultSuffix: `web ${settlement === 'sent' ? wamid : '-'}`,
    history: settlement === 'wait' || (settlement === 'sent' && grant.attempt === 1) ? '' : JSON.stringify(entry),
    reason: isFailure ? 'rejected' : '',
    term: settlement === 'sent' ? indexEntry('w'.repeat(11), grant.id) : '',
    findS: 90_000,
    keepMs: random.pick([0, 900_000])
  }, grant.id)
  return reply.status
}

/** What a node reports of an attempt after its lease has expired. */
async function settleLate (w: FuzzWorld, { id, attempt, holder }: Grant): Promise<void> {
  const { random } = w
  const settlement = random.pick(['failed', 'retry', 'wait', 'stop'])
  await w.run('settle-late', {
    id,
    attempt,
    holder,
    settlement,
    afterMs: random.pick([0, 1000, 9000]),
    bucket: random.pick(buckets[settlement] ?? ['']),
    coolMs: 1500,
    code: codeOf(settlement),
    pairHits: random.int(0, 2),
    resultSuffix: 'web -',
    history: JSON.stringify({ attempt, outcome: settlement }),
    reason: settlement === 'failed' || settlement === 'stop' ? 'rejected' : ''
  }, id)
}

async function receipt (w: FuzzWorld, sent: { id: string, wamid: string }, attempt: number, status: string): Promise<void> {
  const args = {
    id: sent.id, attempt, status, atMs: 0, wamid: sent.wamid, history: JSON.stringify({ attempt, outcome: 'sent', providerMessageId: sent.wamid })
  }
  const reply = await w.run('receipt', { ...args, resultSuffix: '' }, sent.id)
  if (reply.status === 'needs_suffix') await w.run('receipt', { ...args, resultSuffix: `web ${sent.wamid}` }, sent.id)
}

async function bounce (w: FuzzWorld, sent: { id: string, wamid: string }, attempt: number): Promise<void> {
  const { random } = w
  const bucket = random.pick(['', '', 'pair', 'sender-rate', 'sender', 'marketing'])
  const args = {
    id: sent.id,
    attempt,
    afterMs: random.chance(0.5) ? 2000 : '',
    bucket,
    coolMs: 1500,
    code: '131000',
    optOut: '{"by":"whatsapp"}',
    reason: 'exhausted',
    wamid: sent.wamid,
    history: JSON.stringify({ attempt, outcome: 'retryable', code: '131000', providerMessageId: sent.wamid })
  }
  let more: { payload?: string, resultSuffix?: string } = {}
  for (let call = 0; call < 3; call++) {
    const reply = await w.run('bounce', { ...args, ...more }, sent.id)
    if (reply.status === 'needs_payload') more = { ...more, payload: '["web","","n"]' }
    else if (reply.status === 'needs_suffix') more = { ...more, resultSuffix: `web ${sent.wamid}` }
    else return
  }
  throw new TypeError('bounce.lua still asks for more')
}

async function retry (w: FuzzWorld, id: string): Promise<void> {
  const message = w.messages.get(id)
  if (message === undefined) throw new TypeError(`${id} was never admitted`)
  const holder = w.holder()
  if (await w.redis.zscore(w.key('failed'), id) !== null) w.reopened.add(id)
  const reply = await w.run('retry', {
    id,
    force: w.random.chance(0.5),
    inline: w.random.chance(0.7),
    holder,
    leaseMs: w.leaseMs,
    lifeMs: DAY_MS,
    history: w.random.chance(0.5) ? '' : '{"note":"retried"}'
  }, id)
  if (reply.status === 'granted') w.grants.push({ ...message, attempt: reply.attempt, holder })
  if (reply.status === 'expired') await w.cancel(id, 'expired')
  if (reply.status === 'unwanted') await w.cancel(id, 'cancelled')
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
        const grant = w.take(w.grants)
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
      if (w.settled.length === 0) return
      const status = await settle(w, w.random.pick(w.settled), 'sent', { wamid: 'wamid.stale' })
      if (status !== 'stale') throw new TypeError('a settled attempt was settled again')
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
      const args = { limit, retryLimit: w.random.int(0, limit), probe, leaseMs: 30_000, take: 20 }
      const { callbacks } = await w.run('lease-callbacks', args)
      w.leased.push(...callbacks)
    }
  },
  settleCallback: {
    weight: 6,
    async run (w) {
      const one = w.take(w.leased)
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
      const state = w.random.pick(['paused', 'active', 'active', 'probe'])
      await w.run('pause', { state, forMs: state === 'paused' && w.random.chance(0.7) ? 2000 : '', reason: 'x' })
    }
  },
  resume: { weight: 1, run: async w => { await w.run('pause', { state: 'active', forMs: '', reason: '' }) } },
  clear: { weight: 1, run: async w => { await w.run('clear', { recipient: w.random.pick(RECIPIENTS) }) } },
  optOut: {
    weight: 1,
    async run (w) {
      const atMs = w.random.chance(0.5) ? '' : w.ms - w.random.int(0, 100) * 100
      const args = { recipient: w.random.pick(RECIPIENTS), preference: w.random.pick(['stop', 'resume']), note: '{"by":"x"}', atMs }
      for (const id of (await w.run('opt-out', args)).waiting) if (w.random.chance(0.5)) await w.cancel(id, 'cancelled')
    }
  },
  recover: {
    weight: 3,
    async run (w) {
      const lost = w.random.chance(0.3) ? w.take(w.grants) : undefined
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
  erasePair: { weight: 0.5, run: async w => { await w.run('erase-pair', { recipient: w.random.pick(RECIPIENTS) }) } },
  eraseCallbacks: {
    weight: 0.5,
    async run (w) {
      const recipient = w.random.pick(RECIPIENTS)
      const take = { limit: 0, retryLimit: 0, probe: '', leaseMs: 0, take: 500 }
      await w.run('lease-callbacks', take)
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
      await w.run('inspect-queue', { which: w.random.pick(['due', 'later', 'all']), skip: 0, take: 5, limit: 50 })
      await w.run('inspect-sender', { limit: 100 })
      await w.run('find-recipient', { recipient, which: w.random.pick(['waiting', 'failures']), cursor: '0', limit: 10 })
    }
  }
}
