/** What an observer knows of windows: all acts, all webhooks, all interruptions; and the traffic of windows.test.ts. */
import type { ClaimedGrant, Run } from '../../src/redis/commands.js'
import { writeActs } from '../../src/webhooks/acts.js'
import { admitting, contradictionsOf, digestOf, grantOf, SENDER, settling, writeRules } from './frame.js'
import type { Random } from './random.js'

const START_MS = 1_800_000_000_000
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const GAP_MS = HOUR
/** By how much WhatsApp may be judged to have opened a window later: the margin of lua/include/window.lua. */
const MARGIN_MS = 5 * MINUTE
const PLANS = ['r', 'w', 'o'] as const
const PEOPLE = [1, 2, 3, 4].map(n => ({ number: `p1415555000${n}`, user: `uUS.1000${n}`, hides: n === 4 }))
type Person = typeof PEOPLE[number]

/** `isHidden`: its webhook has the user id only. */
interface Act { person: Person, atMs: number, deliveredMs: number | null, isHidden: boolean }
interface Message { id: string, person: Person, plan: typeof PLANS[number], state: 'open' | 'sent' | 'failed' }
interface Flight { grant: ClaimedGrant, holder: string, message: Message }

export class Model {
  readonly breaches: string[] = []
  readonly messages = new Map<string, Message>()
  readonly counts = { acts: 0, rejected: 0, rejectedUnseen: 0, replaced: 0, released: 0, interruptions: 0, restarts: 0, refusals: 0 }
  #nowMs = START_MS
  #count = 0
  #runId = 1
  #acts: Act[] = []
  /** Webhooks that are under way, by when they come. */
  #due: Array<{ atMs: number, act: Act | null }> = []
  #interruption: { endMs: number, loses: boolean } | null = null
  /** Since when no webhook is lost, by the observer. */
  #calmSince = START_MS
  /** The same without any interruption: one that only delays webhooks may look as if it lost them. */
  #quietSince = START_MS
  /** When WhatsApp last said that a window is closed although the person had written: what was before does not count. */
  readonly #closedMs = new Map<Person, number>()
  /** Redis has restarted. The next claim at the latest finds that, and the webhook after it is the first of a new count. */
  #restarted: 'unseen' | 'seen' | null = null
  readonly #flights: Flight[] = []
  readonly #run: Run
  readonly #random: Random
  /** WhatsApp's clock minus Redis's. */
  readonly #skewMs: number
  readonly #forget: (members: string[]) => Promise<void>

  constructor (run: Run, random: Random, forget: (members: string[]) => Promise<void>) {
    this.#run = run
    this.#random = random
    this.#forget = forget
    this.#skewMs = random.int(-2 * MINUTE, 2 * MINUTE)
  }

  readonly run: Run = async (name, at, args) => await this.#run(name, at, { ...args, now: this.#nowMs * 1000 })

  async begin (): Promise<void> {
    await writeRules(this.run, {})
    await this.run('set-window-check', { sender: SENDER }, { gapMs: GAP_MS })
  }

  async step (): Promise<void> {
    await this.#pass(this.#random.int(1, 100) <= 80 ? this.#random.int(1000, 30 * MINUTE) : this.#random.int(1000, 50_000))
    const draw = this.#random.int(1, 1000)
    if (draw <= 15) this.#act(this.#random.pick(PEOPLE.slice(0, this.#random.chance(0.9) ? 3 : 4)))
    else if (draw <= 500) await this.#post()
    else if (draw <= 750) await this.#claim()
    else if (draw <= 995) await this.#settle()
    else if (draw <= 997) await this.#restart()
    else this.#interrupt()
  }

  /** All people write, by number and user id, and everything is sent. */
  async finish (): Promise<void> {
    this.#interruption = null
    for (let pass = 0; pass < 400 && [...this.messages.values()].some(({ state }) => state === 'open'); pass++) {
      if (pass % 20 === 0) for (const person of PEOPLE) this.#act(person, false)
      await this.#pass(15 * MINUTE)
      await this.#claim()
      while (this.#flights.length > 0) await this.#settle(true)
    }
  }

  async contradictions (): Promise<string[]> {
    const stored = [...this.messages.values()].map(({ id, person }) => ({ id, recipient: person.number }))
    return await contradictionsOf(this.run, stored, 30 * DAY)
  }

  /** Time passes, and what is under way arrives. A number that gets statuses has a webhook at least every few minutes. */
  async #pass (ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    for (let at = this.#nowMs + 10 * MINUTE; at < endMs; at += 10 * MINUTE) this.#send({ atMs: at, act: null })
    this.#send({ atMs: endMs, act: null })
    this.#due.sort((a, b) => a.atMs - b.atMs)
    while ((this.#due[0]?.atMs ?? Infinity) <= endMs) {
      const next = this.#due.shift()
      if (next === undefined) break
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      if (this.#interruption !== null && this.#nowMs < this.#interruption.endMs) {
        // Lost, or repeated some time after the interruption.
        if (!this.#interruption.loses) this.#due.push({ atMs: this.#interruption.endMs + this.#random.int(1000, 20 * MINUTE), act: next.act })
        this.#due.sort((a, b) => a.atMs - b.atMs)
        continue
      }
      if (this.#interruption !== null) {
        if (this.#interruption.loses) this.#calmSince = this.#nowMs
        if (this.#restarted === null) this.#quietSince = this.#nowMs
        this.#interruption = null
      }
      await this.#deliver(next.act)
    }
    this.#nowMs = endMs
  }

  #send (webhook: { atMs: number, act: Act | null }): void {
    this.#due.push(webhook)
  }

  #act (person: Person, isHidden = person.hides && this.#random.chance(0.5)): void {
    const act: Act = { person, atMs: this.#nowMs, deliveredMs: null, isHidden }
    this.counts.acts++
    this.#acts.push(act)
    this.#send({ atMs: this.#nowMs + this.#random.int(100, 2000), act })
    if (this.#random.chance(0.1)) this.#send({ atMs: this.#nowMs + this.#random.int(1000, 3 * HOUR), act })
  }

  async #deliver (act: Act | null): Promise<void> {
    const acts = (act === null ? [] : [act]).map(({ isHidden, person, atMs }) => ({
      recipients: isHidden ? [person.user] : [person.number, person.user], atMs: Math.floor((atMs + this.#skewMs) / 1000) * 1000 + 999
    }))
    const reply = await this.run('record-windows', { sender: SENDER }, { acts: writeActs(acts, this.#nowMs) })
    if (reply.status !== 'recorded') throw new TypeError(reply.status)
    this.counts.released += reply.released
    if (this.#restarted === 'seen') {
      this.#restarted = null
      this.#quietSince = this.#nowMs
    }
    if (act !== null) act.deliveredMs ??= this.#nowMs
  }

  /** Long enough to be noticed where it loses webhooks; a shorter one only delays them. */
  #interrupt (): void {
    if (this.#interruption !== null) return
    this.counts.interruptions++
    const loses = this.#random.chance(0.5)
    const lengthMs = loses ? this.#random.int(GAP_MS + MINUTE, 6 * HOUR) : this.#random.int(MINUTE, 50 * MINUTE)
    this.#interruption = { endMs: this.#nowMs + lengthMs, loses }
  }

  /** Redis restarts without its last second. */
  async #restart (): Promise<void> {
    this.counts.restarts++
    this.#runId++
    const lost = this.#acts.filter(({ deliveredMs }) => deliveredMs !== null && deliveredMs > this.#nowMs - 1000)
    await this.#forget(lost.flatMap(({ person }) => [person.number, person.user]))
    this.#calmSince = this.#nowMs
    this.#quietSince = Infinity
    this.#restarted = 'unseen'
  }

  /** The act that keeps the window open at WhatsApp, or null. */
  #opener (person: Person): Act | null {
    const from = Math.max(this.#nowMs - DAY, this.#closedMs.get(person) ?? 0)
    return this.#acts.findLast(act => act.person === person && act.atMs > from) ?? null
  }

  async #post (): Promise<void> {
    const [person, plan] = [this.#random.pick(PEOPLE), this.#random.pick(PLANS)]
    const digest = digestOf(++this.#count)
    const holder = `a1:${this.#count}`
    const reply = await this.run('admit', { sender: SENDER, digest }, admitting({
      digest,
      recipient: person.number,
      inline: this.#random.chance(0.5),
      lifeMs: 60 * DAY,
      scheduledFor: this.#random.chance(0.1) ? this.#nowMs + this.#random.int(1000, 2 * DAY) : '',
      windowMs: 60 * DAY,
      holder,
      runId: `run${this.#runId}`,
      leaseMs: 30 * DAY,
      template: `=${plan}`
    }))
    if (reply.status === 'rejected') return this.#judgeRejection(person, `admit ${reply.code}`)
    if (reply.status === 'granted' || reply.status === 'queued' || reply.status === 'scheduled') {
      const message: Message = { id: `${digest}.${reply.generation}`, person, plan, state: 'open' }
      this.messages.set(message.id, message)
      if (reply.status !== 'granted') return
      this.#grant(grantOf(message.id, person.number, { replaced: reply.replaced === true }), holder)
    } else this.breaches.push(`admit replied ${reply.status}`)
  }

  #judgeRejection (person: Person, what: string): void {
    this.counts.rejected++
    const opener = this.#opener(person)
    if (opener === null) return
    // Its webhook has not come, and no interruption that would have shown has ended since.
    const isUnseen = opener.deliveredMs === null && opener.atMs > this.#calmSince
    if (isUnseen) this.counts.rejectedUnseen++
    else this.breaches.push(`${what}: the window of ${person.number} has been open for ${this.#nowMs - opener.atMs} ms`)
  }

  /** WhatsApp's margin: within it either is right. */
  #isSurelyClosed (person: Person): boolean {
    const limit = this.#nowMs - DAY - 2 * MARGIN_MS
    const hidden = this.#acts.some(act => act.isHidden && act.atMs > limit)
    return !hidden && this.#quietSince < limit && this.#interruption === null && !this.#acts.some(act => act.person === person && act.atMs > limit)
  }

  #grant (grant: ClaimedGrant, holder: string): void {
    const message = this.messages.get(grant.id)
    if (message === undefined || message.state !== 'open') {
      this.breaches.push(`${grant.id} was granted after its end`)
      return
    }
    if (grant.replaced === true) {
      this.counts.replaced++
      if (message.plan !== 'o') this.breaches.push(`${message.plan} was replaced`)
    } else if (this.#isSurelyClosed(message.person)) this.breaches.push(`${message.plan} of ${grant.recipient} was granted with a closed window`)
    this.#flights.push({ grant, holder, message })
  }

  async #claim (): Promise<void> {
    const holder = `a1:${++this.#count}`
    const reply = await this.run('claim', { sender: SENDER }, {
      drainRun: 'a1.1', want: 10, mode: 'keep', holder, runId: `run${this.#runId}`, leaseMs: 30 * DAY
    })
    if (reply.status !== 'claimed') throw new TypeError(reply.status)
    if (this.#restarted !== null) this.#restarted = 'seen'
    for (const grant of reply.grants) this.#grant(grant, holder)
    for (const id of reply.closed ?? []) await this.#close(id)
  }

  async #close (id: string): Promise<void> {
    const message = this.messages.get(id)
    if (message === undefined) throw new TypeError('an unknown message')
    const args = { id, reason: 'closed', resultSuffix: 'web -', history: '{"outcome":"closed"}' }
    const { status } = await this.run('cancel', { sender: SENDER, digest: id.slice(0, 22) }, args)
    if (status !== 'done') this.breaches.push(`a message with a closed window: ${status}`)
    message.state = 'failed'
    this.#judgeRejection(message.person, `claim ${message.plan}`)
  }

  async #settle (isGood = false): Promise<void> {
    const flight = this.#flights.shift()
    if (flight === undefined) return
    const { grant, holder, message } = flight
    const isFalse = !isGood && this.#random.chance(0.03)
    const isRefused = grant.replaced !== true && (isFalse || this.#opener(message.person) === null)
    const refusal = { settlement: isRefused ? 'stop' : 'sent', bucket: isRefused ? 'window' : '', code: isRefused ? '131047' : '' }
    const change = { afterMs: 60_000, ...refusal }
    const reply = await this.run('settle', { sender: SENDER, digest: grant.id.slice(0, 22) }, settling(grant, holder, change))
    if (reply.status !== 'settled') throw new TypeError(reply.status)
    if (isRefused) {
      this.counts.refusals++
      // From the grant on, as WhatsApp said it of an attempt that began then.
      if (reply.settlement !== 'retry') this.#closedMs.set(message.person, Math.max(this.#closedMs.get(message.person) ?? 0, this.#grantedMs(flight)))
    }
    if (reply.settlement === 'sent' || reply.settlement === 'failed') message.state = reply.settlement
    if (reply.settlement === 'retry') await this.#retry(message)
  }

  /** A refusal says nothing of acts after it: those that the observer knows to be later still count. */
  #grantedMs ({ message }: Flight): number {
    const opener = this.#opener(message.person)
    return opener === null ? this.#nowMs : opener.atMs
  }

  async #retry (message: Message): Promise<void> {
    this.#nowMs += MINUTE
    const holder = `a1:${++this.#count}`
    const reply = await this.run('retry', { sender: SENDER, digest: message.id.slice(0, 22) }, {
      id: message.id, force: true, inline: true, holder, runId: `run${this.#runId}`, leaseMs: 30 * DAY, lifeMs: 60 * DAY
    })
    if (reply.status === 'granted') this.#grant({ ...reply, id: message.id, lateUs: 0 }, holder)
    else if (reply.status !== 'queued') this.breaches.push(`retry replied ${reply.status}`)
  }
}
