/**
 * The ground of a script test: one Redis for a file, and for each test a sender of its own whose clock stops until
 * the test moves it.
 *
 *     const test = await world(t)
 *     await test('the second message waits', async (t, w) => {
 *       const grant = await w.grant({ key: 'a' })
 *       w.at(500)
 *       const id = await w.queue({ key: 'b' })
 *
 * After each test, everything that it left in Redis has to match a row of lua/README.md.
 */
import type { Redis } from 'ioredis'
import type { Test } from 'tap'
import { digest } from '../../src/admission/key.js'
import { createRun, type Arguments, type ClaimedGrant, type Replies, type ScriptName } from '../../src/redis/commands.js'
import { digestOf, senderKey } from '../../src/redis/keys.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { hashTag, strangers } from './layout.js'

/** 16 digits, the last of which get lost wherever a number is rounded. */
export const START = 1_700_000_123_456_789
export const HOUR = 3_600_000
export const ANN = 'p14155550101'
export const BOB = 'p14155550102'
export const CARL = 'p14155550103'

const SENDER = '100000000000001'
/** Rules of a sender, as `quota` takes them: a message in 2 s for each pair, and no other limit that a test meets by chance. */
export const RULES = {
  operator: true,
  settings: '',
  pairIntervalUs: 2_000_000,
  pairBurst: 1,
  senderIntervalUs: 1000,
  senderBurst: 1000,
  maxInFlight: 100,
  perSecond: 1000
}
/** The settlement of a first attempt, as `settle` takes it, without its message. */
export const SETTLING = { attempt: 1, settlement: 'sent', startedUs: 0, afterMs: 0, bucket: '', coolMs: 0, code: '', resultSuffix: '', history: '' }

const DIGEST_AT = { sender: SENDER }

export interface Granted { id: string, recipient: string, attempt: number, holder: string }
type Admission = Partial<Arguments['admit']> & { key: string }
type Claiming = Partial<Arguments['claim']>
type Settling = Partial<Arguments['settle']>

export interface World {
  redis: Redis
  prefix: string
  /** Time that every script gets, in µs. */
  now: number
  /** Sets the clock to so many ms after START. */
  at: (ms: number) => void
  /** Whole ms of the clock, as in replies. */
  ms: () => number
  /** Runs a script at the clock's time. `id` selects the idempotency record that it needs. */
  run: <Name extends ScriptName>(name: Name, args: Omit<Arguments[Name], 'now'>, id?: string) => Promise<Replies[Name]>
  /** One a pair per 2 s, 1,000 messages of the sender at once, 100 places. */
  rules: (change?: Partial<Arguments['quota']>) => Promise<Replies['quota']>
  admit: (message: Admission) => Promise<Replies['admit']>
  /** Admits and expects a grant. */
  grant: (message: Admission) => Promise<Granted>
  /** Admits and expects that the message is queued; returns the id. */
  queue: (message: Admission) => Promise<string>
  /** Admits a message for later; returns the id. */
  schedule: (message: Admission & { scheduledFor: number }) => Promise<string>
  claimOnce: (change?: Claiming) => Promise<Replies['claim']>
  /** Claims and expects the lease. */
  claim: (change?: Claiming) => Promise<{ next: number, dropped: number, expired: string[], grants: Granted[], claimed: ClaimedGrant[] }>
  settle: (grant: Granted, settlement: string, change?: Settling) => Promise<Replies['settle']>
  /** Settles and expects that it counted. */
  settled: (grant: Granted, settlement: string, change?: Settling) => Promise<{ due: number, wakeHint: string, resumed: boolean }>
  retry: (id: string, change?: Partial<Arguments['retry']>) => Promise<Replies['retry']>
  cancel: (id: string, reason?: 'cancelled' | 'expired') => Promise<Replies['cancel']>
  receipt: (id: string, wamid: string, change?: Partial<Arguments['receipt']>) => Promise<Replies['receipt']>
  /** A retryable failure of attempt 1, reported after it was accepted. */
  bounce: (id: string, wamid: string, change?: Partial<Arguments['bounce']>) => Promise<Replies['bounce']>
  /** Stops the sender as production does: by the outcome of a message to another recipient, after whatever pause there was. */
  stop: (coolMs: number) => Promise<void>
  /** State of a message as inspect-message returns it, `gone` included. */
  state: (id: string) => Promise<string>
  key: (name: string, id?: string) => string
  /** The spacing check's key of a pair. */
  starts: (recipient?: string) => string
  /** The idempotency record's text. */
  msg: (id: string) => Promise<string | null>
  /** TAT of a pair in µs; 0 for none. */
  tat: (recipient?: string) => Promise<number>
  /** Lane and ready time of a pair, in µs. */
  ready: (recipient?: string) => Promise<[lane: string, us: number] | null>
  /** Content of every key, to compare before and after. */
  dump: () => Promise<Record<string, string>>
}

type Body = (t: Test, w: World) => Promise<void>

/** Starts a Redis for the file; the returned function runs one test in a world of its own. */
export async function world (t: Test): Promise<(name: string, body: Body) => Promise<void>> {
  const redis = (await startRedis(t)).connect()
  return async (name, body) => {
    await t.test(name, async t => {
      const w = createWorld(t, redis)
      await w.rules()
      await body(t, w)
      t.strictSame(await strangers(redis, w.prefix), [], 'every key matches a row of lua/README.md')
      const keys = await redis.keys(`*${w.prefix}*`)
      t.ok(new Set(keys.map(hashTag)).size <= 1, 'all keys of a sender share one hash tag')
    })
  }
}

export function idOf (key: string, generation: string): string {
  return `${digest(SENDER, 'web', key)}.${generation}`
}

/** Whether a TTL of Redis is of so many ms and began since `began`, a reading of `performance.now()`: keys live by Redis's own clock. */
export function lives (leftMs: number, ms: number, began: number): boolean {
  // Redis returns whole milliseconds.
  return leftMs <= ms && leftMs > ms - (performance.now() - began) - 5
}

export function tail (wamid = '-'): string {
  return `web ${wamid}`
}

/** One more world on the Redis of another. */
export function createWorld (t: Test, redis: Redis): World {
  const prefix = createPrefix()
  const runScript = createRun(redis, prefix)
  let calls = 0
  const holder = () => `a1:${++calls}`

  const w: World = {
    redis,
    prefix,
    now: START,
    at (ms) { w.now = START + ms * 1000 },
    ms: () => Math.floor(w.now / 1000),
    async run (name, args, id) {
      const scope = id === undefined ? DIGEST_AT : { sender: SENDER, digest: digestOf(id) }
      return await runScript(name, scope, { ...args, now: w.now } as unknown as Arguments[typeof name])
    },
    rules: async change =>
      await w.run('quota', { ...RULES, ...change }),
    async admit ({ key, ...change }) {
      const name = digest(SENDER, 'web', key)
      return await w.run('admit', {
        digest: name,
        fingerprint: '000000000000ff',
        recipient: ANN,
        lane: 2,
        payload: JSON.stringify({ to: '+1 415', type: 'text', message: key, caller: 'web' }),
        inline: true,
        whenLimited: 'wait',
        lifeMs: 24 * HOUR,
        scheduledFor: '',
        windowMs: 24 * HOUR,
        holder: holder(),
        runId: 'run1',
        leaseMs: 60_000,
        queueCap: 100,
        backlogCap: 1000,
        ...change
      }, `${name}.0`)
    },
    async grant (message) {
      const granted = { holder: holder(), ...message }
      const reply = await w.admit(granted)
      if (reply.status !== 'granted') throw new TypeError(`expected a grant: ${JSON.stringify(reply)}`)
      return { id: idOf(message.key, reply.generation), recipient: String(message.recipient ?? ANN), attempt: 1, holder: String(granted.holder) }
    },
    async queue (message) {
      const reply = await w.admit(message)
      if (reply.status !== 'queued') throw new TypeError(`expected a place in the queue: ${JSON.stringify(reply)}`)
      return idOf(message.key, reply.generation)
    },
    async schedule (message) {
      const reply = await w.admit(message)
      if (reply.status !== 'scheduled') throw new TypeError(`expected a place in the schedule: ${JSON.stringify(reply)}`)
      return idOf(message.key, reply.generation)
    },
    claimOnce: async change =>
      await w.run('claim', { drainRun: 'a1.1', want: 100, mode: 'keep', holder: holder(), runId: 'run1', leaseMs: 60_000, ...change }),
    async claim (change) {
      const owner = String(change?.holder ?? holder())
      const reply = await w.claimOnce({ ...change, holder: owner })
      if (reply.status !== 'claimed') throw new TypeError(`expected the lease: ${JSON.stringify(reply)}`)
      const { nowUs, nextUs, dropped, expired, grants } = reply
      t.equal(nowUs, w.now)
      return {
        next: nextUs,
        dropped,
        expired,
        claimed: grants,
        grants: grants.map(({ id, recipient, attempt }) => ({ id, recipient, attempt, holder: owner }))
      }
    },
    settle: async ({ id, recipient, attempt, holder }, settlement, change) =>
      await w.run(
        'settle',
        {
          ...SETTLING,
          id,
          recipient,
          attempt,
          holder,
          settlement,
          afterMs: 60_000,
          resultSuffix: tail('wamid.1'),
          ...change
        },
        id
      ),
    async settled (grant, settlement, change) {
      const reply = await w.settle(grant, settlement, change)
      if (reply.status !== 'settled') throw new TypeError('expected that it counts, and it is stale')
      return { due: reply.dueMs, wakeHint: reply.wakeHint, resumed: reply.resumed }
    },
    retry: async (id, change) =>
      await w.run('retry', { id, force: false, inline: true, holder: holder(), runId: 'run1', leaseMs: 60_000, lifeMs: 24 * HOUR, ...change }, id),
    cancel: async (id, reason = 'cancelled') => await w.run('cancel', { id, reason, resultSuffix: tail(), history: `{"outcome":"${reason}"}` }, id),
    receipt: async (id, wamid, change) =>
      await w.run(
        'receipt',
        { id, attempt: 0, status: 's', atMs: w.ms(), wamid, resultSuffix: tail(wamid), history: `{"outcome":"sent","note":"${wamid}"}`, ...change },
        id
      ),
    bounce: async (id, wamid, change) =>
      await w.run(
        'bounce',
        {
          id,
          attempt: 1,
          afterMs: 60_000,
          bucket: '',
          coolMs: 0,
          code: '131000',
          reason: 'rejected',
          wamid,
          resultSuffix: tail(wamid),
          history: '{"code":"131000"}',
          payload: '["web","","n"]',
          ...change
        },
        id
      ),
    async stop (coolMs) {
      await w.run('pause', { state: 'active', forMs: '', reason: '' })
      const grant = await w.grant({ key: `stop ${w.now}`, recipient: 'p14155550198', lane: 1 })
      await w.settled(grant, 'failed', { bucket: 'sender', coolMs, code: '190' })
    },
    async state (id) {
      const reply = await w.run('inspect-message', { id }, id)
      return reply.status === 'found' ? reply.state : reply.status
    },
    key: (name, id) => senderKey(prefix, SENDER, name, id === undefined ? {} : { digest: digestOf(id) }),
    starts: (recipient = ANN) => senderKey(prefix, SENDER, 'starts', { recipient }),
    msg: async id => await redis.get(w.key('msg', id)),
    tat: async (recipient = ANN) => Number(await redis.zscore(w.key('pair-tat'), recipient) ?? 0),
    async ready (recipient = ANN) {
      for (const lane of ['urgent', 'normal', 'bulk']) {
        const score = await redis.zscore(w.key(`ready:${lane}`), recipient)
        if (score !== null) return [lane, Number(score)]
      }
      return null
    },
    async dump () {
      const keys = (await redis.keys(`*${prefix}*`)).sort()
      return Object.fromEntries(await Promise.all(keys.map(async key => [key, (await redis.dumpBuffer(key)).toString('base64')])))
    }
  }
  return w
}
