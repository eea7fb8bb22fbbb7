/** What an observer knows of campaigns with plans: what operators say, and when messages are granted; and the traffic of campaigns.test.ts. */
import type { ClaimedGrant, Run } from '../../src/redis/commands.js'
import { admitting, contradictionsOf, digestOf, grantOf, SENDER, settling, writeRules } from './frame.js'
import type { Random } from './random.js'

export const STEPS = 250
const START = 1_800_000_000_000_000
const PAIR_US = 50_000
const CAMPAIGNS = ['spring', 'summer']
/** As in lua/include/campaign_plan.lua: for so long a claim may be late, and make up for it. */
const LATE_US = 20_000
const PLAIN = ''

interface Message { id: string, recipient: string, campaign: string, lane: number, seq: number, state: 'open' | 'sent' | 'expired' }
/** `starts`: grants since this rate is in force. */
interface Plan { perSecond: number, startUs: number, endUs: number, isPaused: boolean, starts: number[] }

export class CampaignModel {
  readonly messages = new Map<string, Message>()
  readonly breaches: string[] = []
  granted = 0
  /** Messages that ended with their campaign, and that were rejected since it had ended. */
  expired = 0
  rejected = 0
  /** Messages that waited for the start, and for the rate. */
  readonly held = { 'campaign-start': 0, 'campaign-rate': 0 }
  #now = START
  #count = 0
  #calls = 0
  readonly #plans = new Map<string, Plan>(CAMPAIGNS.map(name => [name, { perSecond: 0, startUs: 0, endUs: 0, isPaused: false, starts: [] }]))
  /** The youngest that was granted of a pair, a campaign and a lane. */
  readonly #youngest = new Map<string, number>()
  readonly #lastGrants = new Map<string, number>()
  readonly #run: Run
  readonly #random: Random

  constructor (run: Run, random: Random) {
    this.#run = run
    this.#random = random
  }

  readonly run: Run = async (name, at, args) => await this.#run(name, at, { ...args, now: this.#now })

  async begin (): Promise<void> {
    await writeRules(this.run, { pairIntervalUs: PAIR_US, senderIntervalUs: 10, senderBurst: 1000, maxInFlight: 1000 })
  }

  async step (): Promise<void> {
    this.#now += this.#random.int(1, 20_000)
    const draw = this.#random.int(1, 100)
    if (draw <= 60) await this.#post()
    else if (draw <= 75) await this.#change()
    else if (draw <= 80) await this.#pause(this.#random.pick(CAMPAIGNS), this.#random.chance(0.5))
    else if (draw <= 85) await this.#release()
    // A drain run may be late.
    if (this.#random.chance(0.8)) await this.drain()
  }

  /** No plan holds anything any more; all is sent. */
  async finish (): Promise<void> {
    for (const name of CAMPAIGNS) {
      await this.#pause(name, false)
      await this.#plan(name, { startAt: 0, endAt: 0, perSecond: this.#random.pick([0, 50]), lane: 0 })
    }
    for (let pass = 0; pass < 40 * STEPS && this.#open().length > 0; pass++) {
      this.#now += PAIR_US
      await this.#release()
      await this.drain()
    }
    for (const name of CAMPAIGNS) await this.#plan(name, { startAt: 0, endAt: 0, perSecond: 0, lane: 0 })
    await this.#release()
    await this.drain()
    await this.#release()
  }

  /** Claims until nothing more is due now. Then no message without a campaign waits whose pair is free: none is blocked by another. */
  async drain (): Promise<void> {
    for (let calls = 0; ; calls++) {
      const holder = `a1:${++this.#calls}`
      const reply = await this.run('claim', { sender: SENDER }, { drainRun: 'a1.1', want: 20, mode: 'keep', holder, runId: 'run1', leaseMs: 60_000 })
      if (reply.status !== 'claimed') throw new TypeError(reply.status)
      if (reply.dropped > 0) this.breaches.push(`${reply.dropped} heads were dropped`)
      for (const grant of reply.grants) await this.#sent(grant, holder)
      for (const id of reply.expired) await this.#expire(id)
      if (reply.grants.length + reply.expired.length === 0 && (reply.nextUs < 0 || reply.nextUs > this.#now)) break
      if (calls > this.messages.size + 100) throw new Error('claims follow each other at once without an end')
    }
    for (const { campaign, recipient, seq } of this.#open()) {
      const isFree = (this.#lastGrants.get(recipient) ?? 0) + PAIR_US <= this.#now
      if (campaign === PLAIN && isFree) this.breaches.push(`message ${seq} without a campaign is blocked`)
    }
  }

  #open (): Message[] {
    return [...this.messages.values()].filter(({ state }) => state === 'open')
  }

  async #post (): Promise<void> {
    const campaign = this.#random.pick([PLAIN, ...CAMPAIGNS, ...CAMPAIGNS])
    const recipient = `p1415555${String(this.#random.int(1, 40)).padStart(4, '0')}`
    const digest = digestOf(++this.#count)
    const lane = this.#random.int(1, 3)
    const holder = `a1:${++this.#calls}`
    const reply = await this.run('admit', { sender: SENDER, digest }, admitting({
      digest, recipient, lane, inline: this.#random.chance(0.5), holder, template: campaign === PLAIN ? '' : `#${campaign}`
    }))
    const hasEnded = this.#hasEnded(campaign)
    const isRejected = reply.status === 'rejected' && reply.code === 'WOULD_EXPIRE'
    if (isRejected !== hasEnded) this.breaches.push(`admit replied ${JSON.stringify(reply)}, and the campaign has ${hasEnded ? '' : 'not '}ended`)
    if (isRejected) {
      this.rejected++
      return
    }
    if (reply.status !== 'granted' && reply.status !== 'queued') throw new TypeError(JSON.stringify(reply))
    const id = `${digest}.${reply.generation}`
    this.messages.set(id, { id, recipient, campaign, lane, seq: this.#count, state: 'open' })
    if (reply.status === 'queued' && (reply.waitingFor === 'campaign-start' || reply.waitingFor === 'campaign-rate')) {
      this.held[reply.waitingFor]++
      if (reply.waitUs < 0 || campaign === PLAIN) this.breaches.push(`admit replied ${JSON.stringify(reply)}`)
    }
    if (reply.status === 'granted') await this.#sent(grantOf(id, recipient, { lane }), holder)
  }

  #hasEnded (campaign: string): boolean {
    const endUs = this.#plans.get(campaign)?.endUs ?? 0
    return endUs > 0 && endUs <= this.#now
  }

  /** As a drain run and a node after a release do. */
  async #expire (id: string): Promise<void> {
    const message = this.messages.get(id)
    if (message === undefined) throw new TypeError('an unknown message')
    if (!this.#hasEnded(message.campaign)) this.breaches.push(`message ${message.seq} is named as ended before the end`)
    const args = { id, reason: 'expired', resultSuffix: 'web -', history: '{"outcome":"closed"}' }
    const { status } = await this.run('cancel', { sender: SENDER, digest: id.slice(0, 22) }, args)
    if (status !== 'done') this.breaches.push(`a message that has ended: ${status}`)
    message.state = 'expired'
    this.expired++
  }

  async #sent (grant: ClaimedGrant, holder: string): Promise<void> {
    const message = this.messages.get(grant.id)
    if (message === undefined || message.state !== 'open') {
      this.breaches.push(`${grant.id} was granted after its end`)
      return
    }
    this.granted++
    message.state = 'sent'
    this.#judge(message)
    await this.run('settle', { sender: SENDER, digest: grant.id.slice(0, 22) }, settling(grant, holder, { startedUs: 0 }))
  }

  /** Pair rate, order, pause, start, end and rate. */
  #judge ({ recipient, campaign, lane, seq }: Message): void {
    const now = this.#now
    if ((this.#lastGrants.get(recipient) ?? 0) + PAIR_US > now) this.breaches.push(`message ${seq} is too close to another of its pair`)
    this.#lastGrants.set(recipient, now)
    const key = `${recipient} ${campaign} ${lane}`
    if (seq < (this.#youngest.get(key) ?? 0)) this.breaches.push(`${key}: ${seq} after a younger one`)
    this.#youngest.set(key, seq)
    const plan = this.#plans.get(campaign)
    if (plan === undefined) return
    if (plan.isPaused) this.breaches.push(`message ${seq} of a paused campaign was granted`)
    if (plan.startUs > now) this.breaches.push(`message ${seq} was granted before the start of ${campaign}`)
    if (this.#hasEnded(campaign)) this.breaches.push(`message ${seq} was granted after the end of ${campaign}`)
    if (plan.perSecond === 0) return
    const interval = 1_000_000 / plan.perSecond
    const tolerance = interval < LATE_US ? LATE_US : 0
    // In every window that ends now.
    for (const [i, start] of plan.starts.entries()) {
      const gaps = plan.starts.length - i
      if (now - start < gaps * interval - tolerance) this.breaches.push(`${campaign}: ${gaps + 1} starts in ${now - start} µs at ${plan.perSecond}/s`)
    }
    plan.starts.push(now)
  }

  async #change (): Promise<void> {
    const nowMs = Math.ceil(this.#now / 1000)
    const startAt = this.#random.chance(0.3) ? nowMs + this.#random.int(1, 400) : 0
    const endAt = this.#random.chance(0.15) ? Math.max(startAt, nowMs) + this.#random.int(1, 150) : 0
    // Few messages reach an end unless they wait for their rate.
    const perSecond = this.#random.pick(endAt > 0 ? [5, 5, 20, 60] : [0, 5, 20, 60, 500])
    await this.#plan(this.#random.pick(CAMPAIGNS), { startAt, endAt, perSecond, lane: 0 })
  }

  async #plan (campaign: string, fields: { startAt: number, endAt: number, perSecond: number, lane: number }): Promise<void> {
    const { status } = await this.run('set-campaign', { sender: SENDER }, { campaign, state: '', ...fields })
    if (status !== 'written') this.breaches.push(`set-campaign replied ${status}`)
    const before = this.#plans.get(campaign)
    if (before === undefined) return
    const { startAt, endAt, perSecond } = fields
    const isSame = before.perSecond === perSecond
    this.#plans.set(campaign, { ...before, perSecond, startUs: startAt * 1000, endUs: endAt * 1000, starts: isSame ? before.starts : [] })
  }

  /** A resume begins a new window, in which the starts before the pause count as well: the rate holds over it. */
  async #pause (campaign: string, isPaused: boolean): Promise<void> {
    await this.run('set-campaign', { sender: SENDER }, { campaign, state: isPaused ? 'paused' : 'running' })
    const before = this.#plans.get(campaign)
    if (before !== undefined) this.#plans.set(campaign, { ...before, isPaused })
  }

  /** As housekeeping does, and a node after a change. */
  async #release (): Promise<void> {
    for (;;) {
      const reply = await this.run('release-suspended', { sender: SENDER }, { limit: 5 })
      if (reply.status !== 'released') throw new TypeError(reply.status)
      for (const id of reply.ended) await this.#expire(id)
      if (reply.isDone) return
    }
  }

  async contradictions (): Promise<string[]> {
    return await contradictionsOf(this.run, this.messages.values())
  }
}
