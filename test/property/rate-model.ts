/** What an observer knows of rates of templates and categories: what operators say, and when messages start; and the traffic of rates.test.ts. */
import type { ClaimedGrant, Run } from '../../src/redis/commands.js'
import { admitting, contradictionsOf, digestOf, grantOf, SENDER, settling, writeRules } from './frame.js'
import type { Random } from './random.js'

export const STEPS = 250
const START = 1_800_000_000_000_000
const PAIR_US = 50_000
/** For so long a claim may be late, and make up for it. */
const LATE_US = 20_000
const TEMPLATES = ['offer', 'receipt']
const CATEGORIES = ['marketing', 'utility']
const RATES = [...TEMPLATES, ...CATEGORIES]

/** `template` and `category`: empty for none. `at`: when it was posted. `notBefore`: the promised start, while no rate has changed since; or 0. */
interface Message {
  id: string
  recipient: string
  template: string
  category: string
  lane: number
  seq: number
  state: 'open' | 'failed' | 'sent' | 'cancelled'
  attempts: number
  at: number
  notBefore: number
}
/** `at`: since when it is in force. `starts`: grants since then. */
interface Rate { perSecond: number, at: number, starts: number[] }

export class RateModel {
  readonly messages = new Map<string, Message>()
  readonly breaches: string[] = []
  granted = 0
  readonly held = { 'template-rate': 0, 'category-rate': 0 }
  #now = START
  #count = 0
  #calls = 0
  readonly #rates = new Map<string, Rate>(RATES.map(name => [name, { perSecond: 0, at: 0, starts: [] }]))
  /** The youngest that was granted of a pair, a kind and a lane. */
  readonly #youngest = new Map<string, number>()
  readonly #lastGrants = new Map<string, number>()
  /** A rate was removed, and what waited for it has not returned yet. */
  #isRemoved = false
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
    if (draw <= 65) await this.#post()
    else if (draw <= 75) await this.#change(this.#random.pick(RATES), this.#random.pick([0, 5, 20, 60, 500]))
    else if (draw <= 80) await this.#release()
    else if (draw <= 85) await this.#cancel()
    else await this.#retry()
    // A drain run may be late.
    if (this.#random.chance(0.8)) await this.drain()
  }

  /** Some rates stay for the backlog; in the end none is left. */
  async finish (): Promise<void> {
    for (const name of RATES) await this.#change(name, this.#random.pick([0, 50]))
    for (let pass = 0; pass < 40 * STEPS && this.#open().length + this.#failed().length > 0; pass++) {
      this.#now += PAIR_US
      await this.#retry()
      await this.drain()
      await this.#release()
    }
    for (const name of RATES) await this.#change(name, 0)
    await this.#release()
    await this.drain()
  }

  /**
   * Claims until nothing more is due now. Then no message without template and category waits whose pair is free: no rate blocks another message. And
   * the oldest of a template and a category does not wait where both have been free for some intervals: none is left behind.
   */
  async drain (): Promise<void> {
    for (let calls = 0; ; calls++) {
      const holder = `a1:${++this.#calls}`
      const reply = await this.run('claim', { sender: SENDER }, { drainRun: 'a1.1', want: 20, mode: 'keep', holder, runId: 'run1', leaseMs: 60_000 })
      if (reply.status !== 'claimed') throw new TypeError(reply.status)
      if (reply.dropped > 0) this.breaches.push(`${reply.dropped} heads were dropped`)
      for (const grant of reply.grants) await this.#sent(grant, holder)
      if (reply.grants.length === 0 && (reply.nextUs < 0 || reply.nextUs > this.#now)) break
      if (calls > this.messages.size + 100) throw new Error('claims follow each other at once without an end')
    }
    const seen = new Set([''])
    for (const { template, category, recipient, seq, at } of this.#open()) {
      const isFree = (this.#lastGrants.get(recipient) ?? 0) + PAIR_US <= this.#now
      if (template === '' && category === '' && isFree) this.breaches.push(`message ${seq} without template and category is blocked`)
      const isOldest = [template, category].some(name => name !== '') && [template, category].every(name => name === '' || !seen.has(name))
      for (const name of [template, category]) seen.add(name)
      const waitsUntil = Math.max(...[template, category].map(name => this.#idleAt(name, at)))
      if (isFree && isOldest && !this.#isRemoved && waitsUntil < this.#now) this.breaches.push(`message ${seq} is left behind`)
    }
  }

  /** By when the oldest message of such a rate has surely started. */
  #idleAt (name: string, at: number): number {
    const rate = this.#rates.get(name)
    if (rate === undefined || rate.perSecond === 0) return at
    return Math.max(at, rate.at, rate.starts.at(-1) ?? 0) + 3_000_000 / rate.perSecond
  }

  #open (): Message[] {
    return [...this.messages.values()].filter(({ state }) => state === 'open')
  }

  #failed (): Message[] {
    return [...this.messages.values()].filter(({ state }) => state === 'failed')
  }

  async #post (): Promise<void> {
    const template = this.#random.pick(['', ...TEMPLATES, ...TEMPLATES])
    const category = this.#random.pick(['', ...CATEGORIES])
    const recipient = `p1415555${String(this.#random.int(1, 15)).padStart(4, '0')}`
    const digest = digestOf(++this.#count)
    const lane = this.#random.int(1, 3)
    const holder = `a1:${++this.#calls}`
    const content = template === '' ? 'hello' : { name: template, language: { code: this.#random.pick(['en_US', 'en-us']) } }
    const fields = { ...(template === '' ? {} : { type: 'template' }), ...(category === '' ? {} : { category }) }
    const reply = await this.run('admit', { sender: SENDER, digest }, admitting({
      digest, recipient, lane, inline: this.#random.chance(0.5), holder, payload: JSON.stringify(['web', content, 'n', fields])
    }))
    if (reply.status !== 'granted' && reply.status !== 'queued') throw new TypeError(JSON.stringify(reply))
    const id = `${digest}.${reply.generation}`
    const isHeld = reply.status === 'queued' && (reply.waitingFor === 'template-rate' || reply.waitingFor === 'category-rate')
    // What waits for its pair starts earlier where one ahead of it is set aside for its rate.
    const notBefore = isHeld ? this.#now + reply.waitUs : 0
    this.messages.set(id, { id, recipient, template, category, lane, seq: this.#count, state: 'open', attempts: 0, at: this.#now, notBefore })
    if (reply.status === 'queued' && (reply.waitingFor === 'template-rate' || reply.waitingFor === 'category-rate')) {
      this.held[reply.waitingFor]++
      const kind = reply.waitingFor === 'template-rate' ? template : category
      if (kind === '') this.breaches.push(`message ${this.#count} waits for ${reply.waitingFor}`)
    }
    if (reply.status === 'granted') await this.#sent(grantOf(id, recipient, { lane }), holder)
  }

  /** Some fail at first; their retry takes part in the rates. */
  async #sent (grant: ClaimedGrant, holder: string): Promise<void> {
    const message = this.messages.get(grant.id)
    if (message === undefined || message.state !== 'open') {
      this.breaches.push(`${grant.id} was granted after its end`)
      return
    }
    this.granted++
    message.attempts++
    this.#judge(message)
    const at = { sender: SENDER, digest: grant.id.slice(0, 22) }
    if (message.attempts === 1 && this.#random.chance(0.15)) {
      message.state = 'failed'
      const history = '{"attempt":1,"outcome":"retryable","code":"131000"}'
      await this.run('settle', at, settling(grant, holder, { settlement: 'retry', startedUs: 0, afterMs: 1, history }))
      return
    }
    message.state = 'sent'
    await this.run('settle', at, settling(grant, holder, { startedUs: 0 }))
  }

  /** Of the first one whose pair is free. */
  async #retry (): Promise<void> {
    const message = this.#failed().find(({ recipient }) => (this.#lastGrants.get(recipient) ?? 0) + PAIR_US <= this.#now)
    if (message === undefined) return
    const { id, recipient } = message
    const holder = `a1:${++this.#calls}`
    const args = { id, force: true, inline: this.#random.chance(0.8), holder, runId: 'run1', leaseMs: 60_000, lifeMs: 86_400_000, history: '' }
    const reply = await this.run('retry', { sender: SENDER, digest: id.slice(0, 22) }, args)
    message.state = 'open'
    message.at = this.#now
    if (reply.status === 'granted') await this.#sent(grantOf(id, recipient, { attempt: 2, lane: message.lane }), holder)
    else if (reply.status !== 'queued') this.breaches.push(`retry replied ${reply.status}`)
  }

  /** Pair rate, order, the promised wait, and both rates. */
  #judge ({ recipient, template, category, lane, seq, attempts, notBefore }: Message): void {
    const now = this.#now
    if ((this.#lastGrants.get(recipient) ?? 0) + PAIR_US > now) this.breaches.push(`message ${seq} is too close to another of its pair`)
    this.#lastGrants.set(recipient, now)
    if (attempts === 1) {
      const key = `${recipient} ${template} ${category} ${lane}`
      if (seq < (this.#youngest.get(key) ?? 0)) this.breaches.push(`${key}: ${seq} after a younger one`)
      this.#youngest.set(key, seq)
      if (now < notBefore) this.breaches.push(`message ${seq} starts ${notBefore - now} µs before its promise`)
    }
    for (const name of [template, category]) {
      const rate = this.#rates.get(name)
      if (rate === undefined || rate.perSecond === 0) continue
      const interval = 1_000_000 / rate.perSecond
      const tolerance = interval < LATE_US ? LATE_US : 0
      // In every window that ends now.
      for (const [i, start] of rate.starts.entries()) {
        const gaps = rate.starts.length - i
        if (now - start < gaps * interval - tolerance) this.breaches.push(`${name}: ${gaps + 1} starts in ${now - start} µs at ${rate.perSecond}/s`)
      }
      rate.starts.push(now)
    }
  }

  async #change (name: string, perSecond: number): Promise<void> {
    const of = TEMPLATES.includes(name) ? { template: name, language: 'en_us', category: '' } : { template: '', language: '', category: name }
    const { status } = await this.run('set-rate', { sender: SENDER }, { ...of, perSecond, most: 4 })
    const isSame = this.#rates.get(name)?.perSecond === perSecond
    if (status !== (isSame ? 'unchanged' : 'written')) this.breaches.push(`set-rate replied ${status}`)
    if (isSame) return
    this.#rates.set(name, { perSecond, at: this.#now, starts: [] })
    this.#isRemoved ||= perSecond === 0
    for (const message of this.messages.values()) message.notBefore = 0
  }

  async #cancel (): Promise<void> {
    const [message] = this.#open()
    if (message === undefined) return
    const args = { id: message.id, reason: 'cancelled', resultSuffix: 'web -', history: '{"outcome":"closed"}' }
    const { status } = await this.run('cancel', { sender: SENDER, digest: message.id.slice(0, 22) }, args)
    if (status !== 'done') this.breaches.push(`cancel replied ${status}`)
    message.state = 'cancelled'
  }

  /** As housekeeping does, and a node after a change. */
  async #release (): Promise<void> {
    for (;;) {
      const reply = await this.run('release-suspended', { sender: SENDER }, { limit: 5 })
      if (reply.status !== 'released') throw new TypeError(reply.status)
      if (!reply.isDone) continue
      this.#isRemoved = false
      return
    }
  }

  async contradictions (): Promise<string[]> {
    return await contradictionsOf(this.run, this.messages.values())
  }
}
