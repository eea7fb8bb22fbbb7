/** One sender and what a fuzz run knows of it: its messages, open grants, provider ids, leased callbacks. */
import type { Redis } from 'ioredis'
import { digest, fingerprint } from '../../src/admission/key.js'
import type { Arguments, LeasedCallback, Replies, Run, ScriptName } from '../../src/redis/commands.js'
import { digestOf, senderKey } from '../../src/redis/keys.js'
import { parseResult } from '../../src/settlement/record.js'
import { writePayload } from '../../src/redis/payload.js'
import type { Random } from '../property/random.js'
import { callerOf, CALLERS, CAMPAIGNS, checkBacklog, RATED } from './counts.js'

export const SENDER = '100000000000001'
/** Hashes of templates. */
export const TEMPLATES = ['aaaaaaaaaaa', 'bbbbbbbbbbb']
export const RECIPIENTS = ['p14155550101', 'p14155550102', 'p14155550103']
export const LANES = ['urgent', 'normal', 'bulk'] as const
/** How long a key is remembered: short, so that keys are used again within a run. */
export const WINDOW_MS = 120_000
const LEASE_MS = 30_000

/** `campaign`: empty for none. `caller`: empty if it is not counted. */
export interface Message { id: string, recipient: string, campaign?: string, caller?: string }
export interface Grant extends Message { attempt: number, holder: string }
/** An attempt that may have reached the provider. */
export interface Sent extends Message { attempt: number, wamid: string }

/** Moments of a run are multiples of this after its start. */
const STEP_MS = 100
export const START_US = 1_700_000_100_000_123

/** A Redis and how to set its clock, µs since the epoch. */
export interface FuzzServer { redis: Redis, setClock: (us: number) => void }

export class FuzzWorld {
  /** µs */
  now = START_US
  readonly messages = new Map<string, Message>()
  readonly grants: Grant[] = []
  /** Grants whose settlement has been sent; a second one must be stale. */
  readonly settled: Grant[] = []
  /** Grants whose lease has expired: their nodes may still report what they know. */
  readonly expired: Grant[] = []
  readonly sent: Sent[] = []
  readonly leased: LeasedCallback[] = []
  readonly erased = new Set<string>()
  /** How messages that are counted have ended, as test/fuzz/counts.ts sees it. */
  readonly fates = new Map<string, string>()
  /** Failures that were reopened; a younger message may have their key. */
  readonly reopened = new Set<string>()
  readonly log: string[] = []
  readonly redis: Redis
  readonly prefix: string
  readonly random: Random
  readonly #run: Run
  readonly #setClock: FuzzServer['setClock']
  #calls = 0

  constructor ({ redis, setClock }: FuzzServer, run: Run, prefix: string, random: Random) {
    this.redis = redis
    this.#setClock = setClock
    setClock(this.now)
    this.prefix = prefix
    this.random = random
    this.#run = run
  }

  get ms (): number { return Math.floor(this.now / 1000) }

  key (name: string, id?: string): string {
    return senderKey(this.prefix, SENDER, name, id === undefined ? {} : { digest: digestOf(id) })
  }

  /** Lets some time pass: mostly less than an interval, seldom longer than leases, holds or windows. */
  pass (): void {
    const steps = this.random.chance(0.01) ? this.random.int(300, 1500) : this.random.int(0, 7)
    this.now += steps * STEP_MS * 1000
    this.#setClock(this.now)
  }

  holder (): string { return `aa:${++this.#calls}` }

  nextWamid (): string { return `wamid.${++this.#calls}` }

  addToLog (...facts: unknown[]): void {
    this.log.push(facts.map(fact => typeof fact === 'string' ? fact : JSON.stringify(fact)).join(' ').slice(0, 300))
    if (this.log.length > 60) this.log.shift()
  }

  async run<Name extends ScriptName> (name: Name, args: Omit<Arguments[Name], 'now' | 'runId'>, id?: string): Promise<Replies[Name]> {
    const scope = id === undefined ? { sender: SENDER } : { sender: SENDER, digest: digestOf(id) }
    const all = { ...args, now: this.now, runId: 'run1' } as unknown as Arguments[Name]
    const reply = await this.#run(name, scope, all)
    this.addToLog(name, args, '->', reply)
    return reply
  }

  /** As the start of a node. */
  async start (): Promise<void> {
    await this.rules()
    await this.redis.hset(this.key('sender'), 'callbacks', '1')
  }

  async rules (): Promise<void> {
    const { random } = this
    const perSecond = random.pick([5, 80])
    await this.run('quota', {
      operator: true,
      settings: '',
      pairIntervalUs: random.pick([500, 2000, 6000]) * 1000,
      pairBurst: random.pick([1, 1, 3]),
      senderIntervalUs: 1_000_000 / perSecond,
      senderBurst: 1,
      maxInFlight: random.pick([2, 50]),
      perSecond
    })
  }

  async admit (): Promise<void> {
    const { random } = this
    const recipient = random.pick(RECIPIENTS)
    const key = `k${random.int(0, 59)}`
    const name = digest(SENDER, 'web', key)
    const holder = this.holder()
    const text = random.chance(0.05) ? 'other' : key
    const campaign = random.chance(0.5) ? random.pick(CAMPAIGNS) : ''
    const named = CALLERS[name.charCodeAt(0) % CALLERS.length] ?? ''
    const caller = callerOf(named)
    const template = random.chance(0.3) ? { name: random.pick(RATED), language: { code: 'en_US' } } : null
    const payload = writePayload(recipient, {
      to: `+${recipient.slice(1)}`,
      type: template === null ? 'text' : 'template',
      message: template ?? text,
      ...(random.chance(0.3) ? { category: 'marketing' as const } : {}),
      keySource: 'field',
      caller: caller === '' ? 'web' : caller,
      idempotencyKey: key,
      ...(campaign === '' ? {} : { campaign })
    })
    const request = {
      digest: name,
      fingerprint: fingerprint(SENDER, recipient, 'text', text),
      recipient,
      lane: random.pick([1, 2, 2, 3]),
      payload,
      inline: random.chance(0.6),
      whenLimited: random.chance(0.1) ? 'reject' : 'wait',
      lifeMs: random.chance(0.2) ? 5000 : 86_400_000,
      scheduledFor: random.chance(0.15) ? this.ms + random.int(1, 200) * STEP_MS : '',
      windowMs: WINDOW_MS,
      holder,
      leaseMs: LEASE_MS,
      caller: named,
      queueCap: 8,
      backlogCap: 40,
      terms: `${'e'.repeat(10)} +${'c'.repeat(10)}`,
      findS: 90_000,
      marketing: random.chance(0.15),
      template: (random.chance(0.4) ? random.pick(TEMPLATES) : '') + (campaign === '' ? '' : `#${campaign}`)
    }
    let reply = await this.run('admit', request, `${name}.0`)
    if (reply.status === 'lapsed') {
      // As the gateway does: the key is freed, and the message admitted.
      const { admittedAt = 0 } = parseResult(reply.result) ?? {}
      await this.run('release-key', { id: `${name}.${admittedAt.toString(16)}`, payload, history: '{"outcome":"sent"}' }, `${name}.0`)
      reply = await this.run('admit', request, `${name}.0`)
    }
    const before = [...this.messages.keys()]
    if (reply.status === 'granted' || reply.status === 'queued' || reply.status === 'scheduled') {
      const message = { id: `${name}.${reply.generation}`, recipient, campaign, caller }
      this.messages.set(message.id, message)
      if (reply.status === 'granted') this.grants.push({ ...message, attempt: 1, holder })
    }
    await checkBacklog(this, named, before, reply)
  }

  /** Takes a random element out of a list. */
  pull<Item> (list: Item[]): Item | undefined {
    return list.length === 0 ? undefined : list.splice(this.random.int(0, list.length - 1), 1)[0]
  }

  async cancel (id: string, reason: string): Promise<void> {
    await this.run('cancel', { id, reason, resultSuffix: `${this.callerOf(id)} -`, history: JSON.stringify({ outcome: reason, reason }) }, id)
  }

  /** As a compact result begins: the caller, and the campaign. */
  callerOf (id: string): string {
    const { campaign = '', caller = '' } = this.messages.get(id) ?? {}
    return (caller === '' ? 'web' : caller) + (campaign === '' ? '' : `@${campaign}`)
  }

  get leaseMs (): number { return LEASE_MS }
}
