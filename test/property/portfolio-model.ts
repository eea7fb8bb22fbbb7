/**
 * Senders of a portfolio under random traffic: what an observer counts of their grants, and rounds of several nodes that overlap, stop between any
 * two calls, or end there. For daily.test.ts.
 */
import { setImmediate } from 'node:timers/promises'
import type { ClaimedGrant, Run } from '../../src/redis/commands.js'
import { leaseShares } from '../../src/throttle/portfolios.js'
import type { Random } from './random.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const START_MS = 1_800_000_000_000
const PORTFOLIO = 'acme'
const PEOPLE = 40
const START_LIMIT = 20
const LIMITS = [5, 12, 20, 40]

interface Flight { sender: string, grant: ClaimedGrant, holder: string }
/** A round of a node. `go` lets its next calls begin; `calls`: those without a reply. */
interface NodeRound { go: (isKilled: boolean) => void, calls: number, isDone: boolean, result: Promise<unknown> }

export class PortfolioModel {
  readonly breaches: string[] = []
  readonly open = new Map<string, string>()
  readonly counts = { granted: 0, waited: 0, rounds: 0, killed: 0, stale: 0, limits: 0, full: 0, moved: 0 }
  readonly senders = ['100000000000001', '100000000000002', '100000000000003']
  /** Sender and recipient -> last grant, or when it got what was free, ms. */
  readonly #noted = new Map<string, number>()
  /** In force as soon as all senders know it. */
  #limit = START_LIMIT
  #nowMs = START_MS
  #count = 0
  readonly #flights: Flight[] = []
  #rounds: NodeRound[] = []
  readonly #run: Run
  readonly #random: Random
  readonly #countedAt: (sender: string, ms: number) => Promise<string[]>

  /** `countedAt`: the people of a sender that were counted at that moment. */
  constructor (run: Run, random: Random, countedAt: (sender: string, ms: number) => Promise<string[]>) {
    this.#run = run
    this.#random = random
    this.#countedAt = countedAt
  }

  readonly run: Run = async (name, at, args) => await this.#run(name, at, { ...args, now: this.#nowMs * 1000 })

  async begin (): Promise<void> {
    for (const sender of this.senders) {
      await this.run('quota', { sender }, {
        operator: true, settings: '', pairIntervalUs: 1000, pairBurst: 1, senderIntervalUs: 1000, senderBurst: 100, maxInFlight: 20, perSecond: 1000
      })
      await this.#set(sender, 'settings', -1)
      await this.#set(sender, 'node', this.#limit)
    }
  }

  async step (): Promise<void> {
    this.#nowMs += this.#random.int(1, 100) <= 70 ? this.#random.int(1, 20 * MINUTE) : this.#random.int(1, 3 * HOUR)
    const draw = this.#random.int(1, 1000)
    if (draw <= 350) await this.#post()
    else if (draw <= 520) await this.#claim(this.#random.pick(this.senders))
    else if (draw <= 650) await this.#settle()
    else if (draw <= 700) await this.#release(this.#random.pick(this.senders))
    else if (draw <= 760) this.#beginRound()
    else if (draw <= 985) await this.#advance()
    else if (draw <= 995) await this.#change()
    else await this.#move()
  }

  /** With whole rounds, all that waits is sent in some days. */
  async finish (): Promise<void> {
    for (const round of this.#rounds) round.go(true)
    this.#rounds = []
    await this.#change(START_LIMIT)
    for (let pass = 0; pass < 400 && this.open.size > 0; pass++) {
      this.#nowMs += HOUR
      await this.#wholeRound()
      for (const sender of this.senders) {
        await this.#release(sender)
        for (let i = 0; i < 20; i++) await this.#claim(sender)
      }
      while (this.#flights.length > 0) await this.#settle()
    }
  }

  /** Shares of senders, and what is leased to them. */
  async shares (): Promise<{ limit: number, shares: number[] }> {
    await this.#wholeRound()
    const read = await Promise.all(this.senders.map(async sender => {
      const reply = await this.run('set-share', { sender }, { portfolio: PORTFOLIO, round: Number.MAX_SAFE_INTEGER, step: 'read', share: 0 })
      return reply.status === 'share' ? reply.share : 0
    }))
    return { limit: this.#limit, shares: read }
  }

  async #wholeRound (): Promise<void> {
    await leaseShares(this.run, PORTFOLIO, this.senders)
  }

  async #set (sender: string, step: string, limit: number, portfolio = PORTFOLIO): Promise<void> {
    await this.run('set-daily-limit', { sender }, { step, limit, portfolio, portfolioLimit: -1, ramp: '' })
  }

  /** WhatsApp changes the limit; every sender learns it, by its node or a webhook. */
  async #change (limit = this.#random.pick(LIMITS)): Promise<void> {
    this.counts.limits++
    this.#limit = limit
    for (const sender of this.senders) await this.#set(sender, 'node', this.#limit)
  }

  /** A sender leaves the portfolio and returns. */
  async #move (): Promise<void> {
    this.counts.moved++
    const sender = this.#random.pick(this.senders)
    await this.#set(sender, 'settings', -1, 'other')
    if (this.#random.chance(0.5)) await leaseShares(this.run, PORTFOLIO, this.senders)
    await this.#set(sender, 'settings', -1)
  }

  #beginRound (): void {
    if (this.#rounds.length >= 3) return
    this.counts.rounds++
    const round: NodeRound = { go: () => undefined, calls: 0, isDone: false, result: Promise.resolve() }
    const gated: Run = async (name, at, args) => {
      const isKilled = await new Promise<boolean>(resolve => {
        const before = round.go
        round.go = dead => {
          before(dead)
          resolve(dead)
        }
      })
      if (isKilled) throw new TypeError('killed')
      round.calls++
      const reply = await this.run(name, at, args).finally(() => { round.calls-- })
      if (reply.status === 'stale') this.counts.stale++
      return reply
    }
    round.result = leaseShares(gated, PORTFOLIO, this.senders).catch(() => undefined).finally(() => { round.isDone = true })
    this.#rounds.push(round)
  }

  /** A node goes on with all calls that it has ready, or dies. */
  async #advance (): Promise<void> {
    if (this.#rounds.length === 0) return
    const round = this.#random.pick(this.#rounds)
    const isKilled = this.#random.chance(0.05)
    if (isKilled) this.counts.killed++
    const { go } = round
    round.go = () => undefined
    go(isKilled)
    // Its calls have replies, and it stands at its next ones: so the seed alone decides the order.
    do await setImmediate()
    while (round.calls > 0)
    await setImmediate()
    if (round.isDone || isKilled) this.#rounds = this.#rounds.filter(one => one !== round)
  }

  async #post (): Promise<void> {
    const sender = this.#random.pick(this.senders)
    const recipient = `p1415555${String(this.#random.int(1, PEOPLE)).padStart(4, '0')}`
    const digest = `k${String(++this.#count).padStart(21, '0')}`
    const holder = `a1:${this.#count}`
    const reply = await this.run('admit', { sender, digest }, {
      digest,
      fingerprint: '000000000000ff',
      recipient,
      lane: 2,
      payload: '["web","x","n"]',
      inline: this.#random.chance(0.5),
      whenLimited: 'wait',
      lifeMs: 60 * DAY,
      scheduledFor: '',
      windowMs: 60 * DAY,
      holder,
      runId: 'run1',
      leaseMs: 30 * DAY,
      queueCap: 1000,
      backlogCap: 100_000,
      template: this.#random.chance(0.9) ? '!' : '=c'
    })
    if (reply.status !== 'granted' && reply.status !== 'queued') throw new TypeError(JSON.stringify(reply))
    const id = `${digest}.${reply.generation}`
    this.open.set(id, sender)
    if (reply.status === 'queued' && reply.waitingFor === 'daily-limit') this.counts.waited++
    if (reply.status === 'granted') this.#grant(sender, { id, recipient, attempt: 1, stops: 0, lane: 2, lateUs: 0, body: '', pairHits: 0 }, holder)
  }

  #grant (sender: string, grant: ClaimedGrant, holder: string): void {
    this.#note(sender, grant.recipient)
    this.counts.granted++
    this.#flights.push({ sender, grant, holder })
  }

  /** A person gets a message, or what has become free. */
  #note (sender: string, recipient: string): void {
    const pair = `${sender} ${recipient}`
    const isCounted = (this.#noted.get(pair) ?? 0) > this.#nowMs - DAY - 5 * MINUTE
    this.#noted.set(pair, this.#nowMs)
    const total = [...this.#noted.values()].filter(ms => ms > this.#nowMs - DAY).length
    if (!isCounted && total > this.#limit) this.breaches.push(`${total} people in 24 hours, ${this.#limit} are allowed`)
    if (total === this.#limit) this.counts.full++
  }

  async #claim (sender: string): Promise<void> {
    const holder = `a1:${++this.#count}`
    const args = { drainRun: 'a1.1', want: 10, mode: 'keep', holder, runId: 'run1', leaseMs: 30 * DAY }
    const reply = await this.run('claim', { sender }, args)
    if (reply.status !== 'claimed') throw new TypeError(reply.status)
    for (const grant of reply.grants) this.#grant(sender, grant, holder)
  }

  async #settle (): Promise<void> {
    const flight = this.#flights.shift()
    if (flight === undefined) return
    const { sender, grant, holder } = flight
    const reply = await this.run('settle', { sender, digest: grant.id.slice(0, 22) }, {
      id: grant.id,
      recipient: grant.recipient,
      attempt: grant.attempt,
      holder,
      startedUs: 1000,
      afterMs: 60_000,
      coolMs: 0,
      resultSuffix: 'web wamid.1',
      history: '{"attempt":1}',
      settlement: this.#random.chance(0.9) ? 'sent' : 'wait',
      bucket: '',
      code: ''
    })
    if (reply.status !== 'settled') throw new TypeError(reply.status)
    if (reply.settlement === 'sent') this.open.delete(grant.id)
  }

  async #release (sender: string): Promise<void> {
    await this.run('release-suspended', { sender }, { limit: 50 })
    for (const recipient of await this.#countedAt(sender, this.#nowMs)) this.#note(sender, recipient)
  }
}
