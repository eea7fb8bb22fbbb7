import type { Redis } from 'ioredis'
import type { Run } from '../../src/redis/commands.js'
import { Calendar } from './calendar.js'
import type { Fact } from './history.js'
import type { Random } from './random.js'
import type { Scenario } from './scenario.js'
import type { DrainRun } from './drain.js'

/** A message as its caller knows it. */
export interface Post { digest: string, fingerprint: string, recipient: string, lane: number, caller: string, campaign: string }

export const START_WITHIN_US = 250_000
export const LEASE_MS = 30_000
/** TTL of the drain lease, and of a request for a drain run. Redis would end both by its own clock; here the virtual one does. */
const DRAIN_LEASE_US = 3_000_000
const DRAIN_REQUEST_US = 2_000_000

/** The state of a round outside of Redis: the clock, the nodes, and what they remember. */
export class World {
  now = 1_800_000_000_000_000
  readonly facts: Fact[] = []
  readonly calendar = new Calendar()
  /** By id: every message that Redis was seen to have. */
  readonly posts = new Map<string, Post>()
  readonly unsettled = new Set<string>()
  /** id → due moment, ms. */
  readonly failures = new Map<string, number>()
  readonly drainRuns = new Set<DrainRun>()
  readonly lostHolders = new Map<string, number>()
  arrivals: number
  runId = 'run1'
  drainDownUntil = 0
  /** WhatsApp is down until then. */
  downUntil = 0
  paused = false
  #leaseEnd = Infinity
  #calls = 0
  /** The run id that a granting script wrote last. */
  #writtenRunId: string | null = null
  #isShared = false
  readonly sender: string
  readonly scenario: Scenario
  readonly random: Random
  readonly #prefix: string
  readonly #run: Run
  readonly #redis: Redis

  constructor (redis: Redis, run: Run, at: { prefix: string, sender: string }, scenario: Scenario, random: Random) {
    this.#redis = redis
    this.#run = run
    this.#prefix = at.prefix
    this.sender = at.sender
    this.scenario = scenario
    this.random = random
    this.arrivals = scenario.messages
  }

  /** Runs a script at this moment of the virtual clock. */
  readonly run: Run = async (name, scope, args) => {
    if (this.now >= this.#leaseEnd) {
      this.#leaseEnd = Infinity
      await this.#redis.del(this.key('drain-lease'))
    }
    return await this.#run(name, scope, { ...args, now: this.now })
  }

  at (moment: number, run: () => void | Promise<void>, essential = true): void {
    this.calendar.add(Math.max(this.now, Math.round(moment)), run, essential)
  }

  record (fact: Fact): void {
    this.facts.push(fact)
  }

  key (name: string): string {
    return `{${this.#prefix}:${this.sender}}:${name}`
  }

  /** Arguments of each call that may grant. */
  terms (): { holder: string, runId: string, leaseMs: number } {
    return { holder: `node${this.random.int(1, 3)}:${++this.#calls}`, runId: this.runId, leaseMs: LEASE_MS }
  }

  /**
   * Whether a call has noticed a restart: one that may grant writes the run id of its argument. A sender without any starts without a cool-down. And
   * whether fair shares have begun or ended.
   */
  async readSender (): Promise<void> {
    const [written = null, limits] = await this.#redis.hmget(this.key('sender'), 'runId', 'limits')
    const isShared = limits?.split(' ').includes('shares') === true
    if (isShared !== this.#isShared) this.record({ fact: 'shares', at: this.now, are: isShared })
    this.#isShared = isShared
    if (written === this.#writtenRunId) return
    if (this.#writtenRunId !== null) this.record({ fact: 'restarted', at: this.now, emptied: this.scenario.emptied })
    this.#writtenRunId = written
  }

  /** The delay of a call or of its reply, µs. */
  lag (): number {
    return this.random.int(0, this.scenario.callUs)
  }

  losesReply (): boolean {
    return this.random.chance(this.scenario.loseReply)
  }

  /** The caller of this holder gave up waiting. */
  lose (holder: string): void {
    this.record({ fact: 'lost', at: this.now, what: 'reply' })
    this.lostHolders.set(holder, this.now)
  }

  renewLease (): void {
    this.#keepLease(DRAIN_LEASE_US)
  }

  drainRequested (): void {
    this.#keepLease(DRAIN_REQUEST_US)
  }

  #keepLease (lifeUs: number): void {
    this.#leaseEnd = this.now + lifeUs
    // Not awaited: on one connection it comes before the next script.
    this.#redis.persist(this.key('drain-lease')).catch(() => undefined)
  }

  /** Redis would end the spacing check's key of a pair by its own clock, maybe before the next start on the virtual one. */
  keepStarts (recipient: string): void {
    this.#redis.persist(this.key(`starts:${recipient}`)).catch(() => undefined)
  }

  async readKeys (names: string[]): Promise<string[]> {
    const exist = await Promise.all(names.map(async name => await this.#redis.exists(this.key(name)) === 1))
    return names.filter((_, n) => exist[n])
  }

  async forget (names: string[]): Promise<void> {
    await this.#redis.del(...names.map(name => this.key(name)))
  }
}
