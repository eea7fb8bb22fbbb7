/**
 * What property tests share whose model makes the calls of one sender itself, one after the other: their rounds, what each round has to leave, and
 * the arguments of the calls.
 */
import t, { type Test } from 'tap'
import type { Redis } from 'ioredis'
import { createRun, type Arguments, type ClaimedGrant, type Run } from '../../src/redis/commands.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { seedOf, type Regression } from '../support/seed.js'
import { breakScripts, type Breakage as Fault } from './breakage.js'
import { createRandom, type Random } from './random.js'

export const SENDER = '100000000000001'
const DAY = 86_400_000
const server = await startRedis(t)

/** `breaks`: how a breach of it reads. */
export type Breakage = Fault & { breaks: RegExp }

interface Model {
  readonly messages: ReadonlyMap<string, { state: string }>
  readonly breaches: readonly string[]
  begin: () => Promise<void>
  step: () => Promise<void>
  /** What the doctor finds. */
  contradictions: () => Promise<string[]>
  /** Lets everything be sent. */
  finish: () => Promise<void>
}

/** `keyOf`: a key of the sender. */
export interface Round { run: Run, random: Random, redis: Redis, keyOf: (name: string) => string }

interface Play<Own extends Model> { steps: number, create: (round: Round) => Own }

interface Rounds<Own extends Model> extends Play<Own> {
  /** As of seedOf. */
  name: string
  rounds: number
  /** Keys that have to be gone in the end. */
  gone: string[]
  judge: (t: Test, model: Own, round: Round) => unknown
  /** Rounds that have found a fault. */
  again?: Array<Regression & { round: number }>
}

/** Rounds with a fault in the scripts, until the model sees a breach; it has to. */
export async function playBroken<Own extends Model> (
  { name, rounds, steps, create }: Omit<Rounds<Own>, 'gone' | 'judge'>, breakages: Breakage[]
): Promise<void> {
  for (const breakage of breakages) {
    await t.test(`the model sees a breach when ${breakage.name}`, async t => {
      const redis = server.connect()
      breakScripts(redis, breakage)
      const breaches: string[] = []
      for (let n = 1; n <= rounds && breaches.length === 0; n++) {
        const prefix = createPrefix()
        const keyOf = (key: string): string => `{${prefix}:${SENDER}}:${key}`
        const model = create({ run: createRun(redis, prefix), random: createRandom(seedOf(name) + n), redis, keyOf })
        await model.begin()
        for (let step = 0; step < steps && model.breaches.length === 0; step++) await model.step()
        breaches.push(...model.breaches)
      }
      t.match(breaches[0], breakage.breaks)
    })
  }
}

/** In the middle no contradiction is stored. In the end nothing was wrong, all is sent, and nothing is left. */
export async function playRounds<Own extends Model> ({ name, rounds, steps, create, gone, judge, again = [] }: Rounds<Own>): Promise<void> {
  const drawn = seedOf(name)
  for (const { seed, round: n } of [...again, ...Array.from({ length: rounds }, (_, i) => ({ seed: drawn, round: i + 1 }))]) {
    await t.test(`round ${n} of seed ${seed}`, async t => {
      const [redis, prefix] = [server.connect(), createPrefix()]
      const keyOf = (key: string): string => `{${prefix}:${SENDER}}:${key}`
      const round = { run: createRun(redis, prefix), random: createRandom(seed + n), redis, keyOf }
      const model = create(round)
      await model.begin()
      for (let step = 0; step < steps; step++) await model.step()
      t.strictSame(await model.contradictions(), [], 'no contradiction is stored')
      await model.finish()
      t.strictSame(model.breaches, [])
      t.strictSame([...model.messages.values()].filter(({ state }) => state === 'open'), [], 'nothing is lost')
      await judge(t, model, round)
      t.strictSame(await Promise.all(gone.map(async key => await redis.exists(keyOf(key)))), gone.map(() => 0), 'nothing is left')
    })
  }
}

/** As the doctor checks messages and pairs. */
export async function contradictionsOf (run: Run, messages: Iterable<{ id: string, recipient: string }>, rememberMs = DAY): Promise<string[]> {
  const found = []
  for (const { id, recipient } of messages) {
    const { kinds } = await run('check-messages', { sender: SENDER, digest: id.slice(0, 22) }, { rememberMs, id, lane: '', member: '' })
    const pair = await run('check-pairs', { sender: SENDER }, { recipient })
    found.push(...[kinds, pair.kinds].filter(text => text !== '').map(text => `${id}: ${text}`))
  }
  return found
}

export async function writeRules (run: Run, change: Partial<Arguments['quota']>): Promise<void> {
  await run('quota', { sender: SENDER }, {
    operator: true,
    settings: '',
    pairIntervalUs: 1000,
    pairBurst: 1,
    senderIntervalUs: 1000,
    senderBurst: 100,
    maxInFlight: 20,
    perSecond: 1000,
    ...change
  })
}

export const digestOf = (count: number): string => `k${String(count).padStart(21, '0')}`

/** The arguments of a new message; those of most models by default. */
export function admitting (change: Partial<Arguments['admit']> & { digest: string, recipient: string, holder: string }): Arguments['admit'] {
  return {
    fingerprint: '000000000000ff',
    lane: 2,
    payload: '["web","x","n"]',
    inline: false,
    whenLimited: 'wait',
    lifeMs: DAY,
    scheduledFor: '',
    windowMs: DAY,
    runId: 'run1',
    leaseMs: 60_000,
    queueCap: 1000,
    backlogCap: 100_000,
    ...change
  }
}

/** The grant of a message that admit or retry has granted, as claim returns it. */
export function grantOf (id: string, recipient: string, more: Partial<ClaimedGrant> = {}): ClaimedGrant {
  return { id, recipient, attempt: 1, stops: 0, lane: 2, lateUs: 0, body: '', pairHits: 0, ...more }
}

/** The arguments of a settlement; sent by default. */
export function settling ({ id, recipient, attempt }: ClaimedGrant, holder: string, change: Partial<Arguments['settle']> = {}): Arguments['settle'] {
  return {
    id,
    recipient,
    attempt,
    holder,
    settlement: 'sent',
    startedUs: 1000,
    afterMs: 100,
    bucket: '',
    coolMs: 0,
    code: '',
    resultSuffix: 'web wamid.1',
    history: '{"attempt":1}',
    reason: 'rejected',
    ...change
  }
}
