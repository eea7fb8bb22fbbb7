/**
 * A fuzz of all scripts that change messages. After each step the entries of Redis agree with each other, and a message that was
 * delivered is neither sent again nor failed. In a second part single entries are removed or damaged. No script fails on that: it would stop
 * between two writes, or one such entry would stop all messages of its sender. Only the settlement of the damaged message itself is rejected, and
 * writes nothing.
 */
import { inspect } from 'node:util'
import t from 'tap'
import type { Arguments, Replies, ScriptName } from '../../src/redis/commands.js'
import { createRandom, type Random } from '../property/random.js'
import { ANN, BOB, CARL, START, idOf, world, type Granted, type World } from './support.js'

const test = await world(t)
const people = [ANN, BOB, CARL]
const lanes = ['urgent', 'normal', 'bulk']
const STEPS = 350
/** Runs of each kind. */
const RUNS = process.env['CI'] === undefined ? 3 : 1
const MINUTE = 60_000

interface Fuzz {
  w: World
  random: Random
  grants: Granted[]
  past: Granted[]
  ids: Set<string>
  /** Message ids of the provider, by our id and attempt. */
  accepted: Array<{ id: string, attempt: number, wamid: string }>
  /** Messages that are known to be delivered. */
  delivered: Set<string>
  count: number
}

type Step = (fuzz: Fuzz) => Promise<unknown>

const next = (fuzz: Fuzz): string => `a1:${++fuzz.count}`
const recipientOf = (text: string | null): string => text?.split(' ')[0] ?? ANN

async function admit (fuzz: Fuzz): Promise<void> {
  const { w, random: { pick, chance, int } } = fuzz
  const key = `k${int(1, 30)}`
  const message = {
    key,
    recipient: pick(people),
    lane: pick([1, 2, 2, 3]),
    inline: chance(0.6),
    holder: next(fuzz),
    windowMs: pick([MINUTE, 24 * 60 * MINUTE]),
    scheduledFor: chance(0.15) ? w.ms() + int(1, 20_000) : '',
    lifeMs: pick([5000, 86_400_000]),
    marketing: chance(0.2),
    fingerprint: '000000000000ff'
  }
  const reply = await w.admit(message)
  if (reply.status === 'lapsed') {
    const id = idOf(key, reply.result.split(' ')[1] ?? '')
    await w.run('release-key', { id, payload: '["web","","n"]', history: '{"outcome":"sent"}' }, id)
  }
  if (!('generation' in reply) || reply.status === 'duplicate' || reply.status === 'reused') return
  const id = idOf(key, reply.generation)
  fuzz.ids.add(id)
  if (reply.status === 'granted') fuzz.grants.push({ id, recipient: message.recipient, attempt: 1, holder: message.holder })
}

async function claim (fuzz: Fuzz): Promise<void> {
  const holder = next(fuzz)
  const reply = await fuzz.w.claimOnce({ want: fuzz.random.pick([0, 1, 3, 10]), holder, mode: fuzz.random.chance(0.1) ? 'end' : 'keep' })
  if (reply.status !== 'claimed') return
  for (const { id, recipient, attempt } of reply.grants) fuzz.grants.push({ id, recipient, attempt, holder })
  for (const id of reply.expired) await fuzz.w.cancel(id, 'expired')
  for (const id of reply.unwanted) await fuzz.w.cancel(id)
}

async function settle (fuzz: Fuzz): Promise<void> {
  const { w, random: { pick, chance, int } } = fuzz
  if (fuzz.grants.length === 0) return
  const [grant] = fuzz.grants.splice(int(0, fuzz.grants.length - 1), 1)
  if (grant === undefined) return
  fuzz.past.push(grant)
  const settlement = pick(['sent', 'sent', 'failed', 'retry', 'unknown', 'wait', 'stop'])
  const wamid = `wamid.${++fuzz.count}`
  fuzz.accepted.push({ id: grant.id, attempt: grant.attempt, wamid })
  await w.settle(grant, settlement, {
    startedUs: settlement === 'wait' && chance(0.5) ? '' : 2000,
    afterMs: pick([0, 1000, 9000]),
    bucket: settlement === 'stop' ? 'sender' : settlement === 'wait' ? pick(['', 'pair', 'sender-rate']) : chance(0.1) ? 'marketing' : '',
    coolMs: 1500,
    code: settlement === 'stop' ? '190' : '{"by":"whatsapp"}',
    resultSuffix: `web ${settlement === 'sent' ? wamid : '-'}`,
    history: settlement === 'sent' && grant.attempt === 1 ? '' : `{"attempt":${grant.attempt}}`,
    reason: pick(['rejected', 'exhausted']),
    keepMs: pick([0, 15 * MINUTE])
  })
}

async function status (fuzz: Fuzz): Promise<void> {
  const { w, random: { pick, chance } } = fuzz
  if (fuzz.accepted.length === 0) return
  const { id, attempt, wamid } = pick(fuzz.accepted)
  const kind = pick(['s', 'd', 'r', 'f'])
  if (kind === 'f') {
    const change = { attempt, afterMs: chance(0.5) ? 2000 : '', bucket: pick(['', '', 'pair', 'sender']), coolMs: 1500 } as const
    await w.bounce(id, wamid, change)
    return
  }
  const reply = await w.receipt(id, wamid, { attempt: chance(0.9) ? attempt : 0, status: kind })
  if (kind !== 's' && ['sent', 'advanced', 'double'].includes(reply.status)) fuzz.delivered.add(id)
}

async function retry (fuzz: Fuzz): Promise<void> {
  const { w, random: { pick, chance } } = fuzz
  const ids = [...await w.redis.zrange(w.key('failures'), 0, -1), ...await w.redis.zrange(w.key('failed'), 0, -1)]
  if (ids.length === 0) return
  const id = pick(ids)
  const holder = next(fuzz)
  const reply = await w.retry(id, { force: chance(0.6), inline: chance(0.7), holder, history: chance(0.3) ? '{"note":"retried by ops"}' : '' })
  if (reply.status === 'granted') fuzz.grants.push({ id, recipient: reply.recipient, attempt: reply.attempt, holder })
  if (reply.status === 'expired') await w.cancel(id, 'expired')
}

/** What recovery does: it settles whatever the script finds. */
async function recover (fuzz: Fuzz): Promise<void> {
  const { w, random: { pick, chance } } = fuzz
  const { leases, lost, unknown } = await w.run('recover', { lost: chance(0.3) ? fuzz.grants[0]?.holder ?? '' : '', limit: 10 })
  for (const grant of leases) await w.settle(grant, 'unknown', { startedUs: 250_000, afterMs: 2000, history: '{"code":"LEASE_EXPIRED"}' })
  for (const grant of lost) await w.settle(grant, 'wait', { startedUs: '' })
  for (const { id, record } of unknown) {
    const attempt = Number(record.split('\n')[0]?.split(' ')[4] ?? 0)
    const held = { id, recipient: recipientOf(record), attempt, holder: '' }
    await w.settle(held, pick(['retry', 'failed']), { startedUs: '', history: '{}', afterMs: 0 })
  }
}

async function pickId (fuzz: Fuzz, kinds: string[]): Promise<string | undefined> {
  const { w } = fuzz
  const ids = (await Promise.all(kinds.map(async kind => kind === 'backlog'
    ? await w.redis.hkeys(w.key(kind))
    : await w.redis.zrange(w.key(kind), 0, -1)))).flat()
  return ids.length === 0 ? undefined : fuzz.random.pick(ids.sort())
}

const call = <Name extends ScriptName>(name: Name, args: (fuzz: Fuzz) => Omit<Arguments[Name], 'now'>): Step =>
  async ({ w, ...fuzz }): Promise<Replies[Name]> => await w.run(name, args({ w, ...fuzz }))

const steps: Array<[weight: number, step: Step]> = [
  [20, admit],
  [18, claim],
  [25, settle],
  [18, status],
  [10, retry],
  [6, recover],
  [2, async fuzz => {
    const grant = fuzz.past.at(-1)
    if (grant !== undefined) await fuzz.w.settle(grant, 'sent')
  }],
  [3, async fuzz => {
    const id = await pickId(fuzz, ['backlog'])
    if (id !== undefined) await fuzz.w.cancel(id, fuzz.random.pick(['cancelled', 'expired']))
  }],
  [2, async fuzz => {
    const id = await pickId(fuzz, ['failed', 'failures'])
    if (id !== undefined) await fuzz.w.run('acknowledge', { id, history: '{"acknowledgedBy":"ops"}' }, id)
  }],
  [1, async fuzz => {
    const id = await pickId(fuzz, ['failed', 'resolved', 'unconfirmed'])
    if (id === undefined) return
    await fuzz.w.run('erase-message', { id }, id)
  }],
  [1, call('pause', ({ random }) => ({ state: random.pick(['paused', 'active', 'active', 'probe']), forMs: 2000, reason: 'ops' }))],
  [1, call('clear', ({ random }) => ({ recipient: random.pick(people) }))],
  [1, call('opt-out', ({ random }) => ({
    recipient: random.pick(people), preference: random.pick(['stop', 'resume', 'resume']), source: '{"by":"ops"}', atMs: ''
  }))],
  [2, call('prune', () => ({ retentionMs: 10 * MINUTE, cap: 20, limit: 20 }))],
  [2, call('lease-callbacks', () => ({ limit: 3, retryLimit: 3, probe: '', leaseMs: 1000, moveLimit: 10 }))],
  [1, async ({ w, random }) => {
    const [subject, leaseEnd] = await w.redis.zrange(w.key('callbacks-due'), 0, 0, 'WITHSCORES')
    if (subject === undefined) return
    await w.run('settle-callback', {
      subject, leaseEnd: leaseEnd ?? 0, delivered: random.chance(0.5), afterMs: 1000, giveUpMs: 5000, leaseMs: 1000, cap: 5, keepMs: 5000
    })
  }]
]

async function fuzzOnce (fuzz: Fuzz): Promise<void> {
  let left = fuzz.random.next() * steps.reduce((sum, [weight]) => sum + weight, 0)
  const [, step] = steps.find(([weight]) => (left -= weight) < 0) ?? steps[0] ?? []
  await step?.(fuzz)
}

function createFuzz (w: World, seed: number): Fuzz {
  return { w, random: createRandom(seed), grants: [], past: [], ids: new Set(), accepted: [], delivered: new Set(), count: 0 }
}

/** Entries that contradict each other, a sentence each. */
async function contradictions ({ w, delivered }: Fuzz): Promise<string[]> {
  const zset = async (name: string): Promise<string[]> => await w.redis.zrange(w.key(name), 0, -1)
  const bad: string[] = []
  const [backlog, grants, records] = await Promise.all(['backlog', 'grants', 'failure-records'].map(async name => await w.redis.hgetall(w.key(name))))
  const granted = new Map(Object.entries(grants ?? {}).map(([recipient, text]) => [text.split(' ')[0] ?? '', recipient]))
  const queues = await Promise.all(lanes.map(async lane => await zset(`queue:${lane}`)))
  const [scheduled = [], unknown = [], failures = [], inflight = [], expiry = []] =
    await Promise.all(['scheduled', 'unknown', 'failures', 'inflight', 'expiry'].map(zset))
  const [resolved = [], failed = [], unconfirmed = [], unacknowledged = []] =
    await Promise.all(['resolved', 'failed', 'unconfirmed', 'unacknowledged'].map(zset))
  const places = [
    ...queues.flat().map(member => member.split(':')[2] ?? ''), ...scheduled.map(member => member.split(':')[1] ?? ''), ...unknown, ...failures
  ]
  for (const id of places) if (backlog?.[id] === undefined) bad.push(`${id} waits without a record`)
  for (const id of Object.keys(backlog ?? {})) {
    const count = places.filter(place => place === id).length + (granted.has(id) ? 1 : 0)
    if (count !== 1) bad.push(`${id} stands in ${count} places`)
    if (resolved.includes(id) || failed.includes(id) || unconfirmed.includes(id)) bad.push(`${id} is settled and unsettled`)
    if (delivered.has(id)) bad.push(`${id} was delivered and is unsettled`)
  }
  if ([...granted.keys()].sort().join() !== [...inflight].sort().join()) bad.push('grants and inflight differ')
  for (const id of Object.keys(records ?? {})) if (![...resolved, ...failed, ...unconfirmed].includes(id)) bad.push(`record ${id} in no set`)
  for (const id of [...resolved, ...failed]) if (records?.[id] === undefined) bad.push(`${id} is kept without a record`)
  for (const id of failed) if (resolved.includes(id) || delivered.has(id)) bad.push(`${id} was delivered and is FAILED`)
  for (const id of unacknowledged) if (!failed.includes(id)) bad.push(`${id} is unacknowledged and not FAILED`)
  for (const id of expiry) if (backlog?.[id] === undefined) bad.push(`${id} expires without a record`)
  for (const recipient of people) {
    const ready = await Promise.all(lanes.map(async lane => await w.redis.zscore(w.key(`ready:${lane}`), recipient) !== null))
    const first = queues.findIndex(queue => queue.some(member => member.startsWith(`${recipient}:`)))
    const wanted = lanes.map((_, lane) => lane === first && grants?.[recipient] === undefined)
    if (ready.join() !== wanted.join()) bad.push(`${recipient} is ready in ${ready.join()} and should be in ${wanted.join()}`)
  }
  return bad
}

for (let seed = 1; seed <= RUNS; seed++) {
  await test(`all entries agree after each step, seed ${seed}`, async (t, w) => {
    const fuzz = createFuzz(w, seed)
    await w.rules({ pairBurst: fuzz.random.pick([1, 3]), maxInFlight: fuzz.random.pick([2, 50]) })
    await w.redis.hset(w.key('sender'), 'callbacks', '1')
    for (let step = 0; step < STEPS; step++) {
      w.at((w.now - START) / 1000 + (fuzz.random.chance(0.02) ? 2 * MINUTE : fuzz.random.int(0, 700)))
      await fuzzOnce(fuzz)
      const found = await contradictions(fuzz)
      if (found.length === 0) continue
      t.strictSame(found, [], `step ${step}`)
      break
    }
    t.ok(fuzz.delivered.size > 0 && fuzz.past.length > 20, 'enough happened')
  })
}

/** Removes or damages one entry of one key. The rules of the sender stay: without them every script replies no_rules. */
async function damage ({ w, random }: Fuzz): Promise<void> {
  const key = random.pick((await w.redis.keys(`*${w.prefix}*`)).sort())
  if (key.endsWith(':sender') || key.endsWith(':sender-tat') || key.endsWith(':seq')) return
  const type = await w.redis.type(key)
  if (type === 'string') await w.redis.del(key)
  if (type === 'list') await w.redis.rpush(key, 'damaged')
  if (type === 'zset') await w.redis.zrem(key, random.pick(await w.redis.zrange(key, 0, -1)))
  if (type !== 'hash') return
  const field = random.pick((await w.redis.hkeys(key)).sort())
  if (random.chance(0.5)) await w.redis.hset(key, field, 'damaged')
  else await w.redis.hdel(key, field)
}

for (let seed = 11; seed < 11 + RUNS; seed++) {
  await test(`no script fails on damaged data, before or after it wrote, seed ${seed}`, async (t, w) => {
    const fuzz = createFuzz(w, seed)
    await w.redis.hset(w.key('sender'), 'callbacks', '1')
    const { run } = w
    const failed: string[] = []
    w.run = async (...args) => {
      const before = await w.dump()
      try {
        return await run(...args)
      } catch (error) {
        const isHalf = JSON.stringify(await w.dump()) !== JSON.stringify(before)
        const text = inspect(error)
        const isRefused = !isHalf && text.includes('record of this message cannot be read')
        if (!isRefused) failed.push(`${args[0]}${isHalf ? ', after it had written' : ''}: ${text}`)
        throw error
      }
    }
    for (let step = 0; step < STEPS; step++) {
      w.at((w.now - START) / 1000 + fuzz.random.int(0, 3000))
      if (fuzz.random.chance(0.2)) await damage(fuzz)
      await fuzzOnce(fuzz).catch(() => undefined)
    }
    t.strictSame(failed, [])
    await w.redis.del(...await w.redis.keys(`*${w.prefix}*`))
  })
}
