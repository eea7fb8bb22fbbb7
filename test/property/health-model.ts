/** What an observer expects of `health_status`: what each cause stops, and what its end lets go on; and the traffic of health.test.ts. */
import type { ClaimedGrant, Replies, Run } from '../../src/redis/commands.js'
import { admitting, contradictionsOf, digestOf, grantOf, SENDER, settling, writeRules } from './frame.js'
import type { Random } from './random.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const LIFE_MS = 4000 * HOUR
const PEOPLE = [1, 2, 3, 4, 5, 6].map(n => `p1415555000${n}`)
const NONE = '-'
type Scope = 'sender' | 'templates'
/** What WhatsApp may say, worst first: it is about the first of those that hold now. */
const CAUSES: Array<{ cause: string, scope: Scope }> = [
  { cause: 'HEALTH_131031', scope: 'sender' }, { cause: 'HEALTH_141014', scope: 'sender' }, { cause: 'HEALTH_141006', scope: 'templates' }
]

interface Message { id: string, person: string, isTemplate: boolean, state: 'open' | 'sent' | 'failed' }
/** `until`: when a probe may go, ms. */
interface Block { kind: string, reason: string, until: number }
interface Blocks { sender: Block | null, templates: Block | null }

/** Reads what is stored of a sender. */
export interface Stored { sender: (...fields: string[]) => Promise<Array<string | null>>, stop: () => Promise<string | null> }

export class HealthModel {
  readonly breaches: string[] = []
  readonly messages = new Map<string, Message>()
  readonly counts = { stops: 0, ends: 0, kept: 0, again: 0, deferred: 0, replies: 0 }
  #nowMs = 1_800_000_000_000
  #calls = 0
  /** The cause that has been acted on: the same one does nothing more until it is gone. */
  #handled = NONE
  readonly #true = new Set<string>()
  readonly #flights: Array<{ grant: ClaimedGrant, holder: string, message: Message }> = []
  readonly #run: Run
  readonly #random: Random
  readonly #stored: Stored

  constructor (run: Run, random: Random, stored: Stored) {
    this.#run = run
    this.#random = random
    this.#stored = stored
  }

  readonly run: Run = async (name, at, args) => await this.#run(name, at, { ...args, now: this.#nowMs * 1000 })

  async begin (): Promise<void> {
    await writeRules(this.run, {})
  }

  async step (): Promise<void> {
    this.#nowMs += this.#random.int(1, 10 * MINUTE)
    const draw = this.#random.int(1, 100)
    if (draw <= 35) await this.#post()
    else if (draw <= 52) await this.#claim()
    else if (draw <= 72) for (let n = 0; n < 3; n++) await this.#settle()
    else if (draw <= 88) await this.#read()
    else if (draw <= 91) await this.#pause('paused')
    else if (draw <= 95) await this.#pause('active')
    else if (draw <= 96) await this.run('pause', { sender: SENDER }, { state: 'stopped', forMs: HOUR, reason: 'RESTRICTED' })
    else if (draw <= 97) await this.#endStop()
    else await this.#release()
  }

  async contradictions (): Promise<string[]> {
    return await contradictionsOf(this.run, [...this.messages.values()].map(({ id, person }) => ({ id, recipient: person })), LIFE_MS)
  }

  /** WhatsApp blocks nothing any more, and an operator ends all other stops. */
  async finish (): Promise<void> {
    this.#true.clear()
    await this.#write()
    await this.#pause('active')
    await this.#endStop()
    for (let pass = 0; pass < 500 && this.#open().length > 0; pass++) {
      this.#nowMs += MINUTE
      await this.#release()
      await this.#claim()
      while (this.#flights.length > 0) await this.#settle(true)
    }
    await this.#release()
  }

  #open (): Message[] {
    return [...this.messages.values()].filter(({ state }) => state === 'open')
  }

  async #blocks (): Promise<Blocks> {
    const [kind, reason, until] = await this.#stored.sender('status', 'reason', 'until')
    const [state = '', , end, , cause = ''] = (await this.#stored.stop())?.split(' ') ?? []
    return {
      sender: kind == null ? null : { kind, reason: reason ?? '', until: until == null ? Infinity : Number(until) / 1000 },
      templates: state === '' ? null : { kind: state, reason: cause, until: Number(end) / 1000 }
    }
  }

  /** A cause begins or ends, or nothing changes; then the node of the number is read. */
  async #read (): Promise<void> {
    if (this.#random.chance(0.6)) {
      const { cause } = this.#random.pick(CAUSES)
      if (!this.#true.delete(cause)) this.#true.add(cause)
    }
    await this.#write()
  }

  async #write (): Promise<void> {
    const found = CAUSES.find(({ cause }) => this.#true.has(cause))
    const cause = found?.cause ?? NONE
    const before = await this.#blocks()
    const facts = JSON.stringify({ state: found === undefined ? 'available' : 'blocked', problems: [] })
    const reply = await this.run('set-health', { sender: SENDER }, { facts, scope: found?.scope ?? '', cause })
    this.#judge(before, found, reply, await this.#blocks())
  }

  /** First what the former cause has stopped goes on, and nothing else; then a new cause stops what it concerns, unless that is blocked already. */
  #judge (before: Blocks, found: typeof CAUSES[0] | undefined, reply: Replies['set-health'], after: Blocks): void {
    const cause = found?.cause ?? NONE
    const wanted: Blocks = { ...before }
    const expected = { stopped: '', ended: '' }
    if (this.#handled !== NONE && this.#handled !== cause) {
      for (const scope of ['sender', 'templates'] as const) {
        const block = wanted[scope]
        if (block === null || block.reason !== this.#handled || block.kind === 'releasing') {
          if (block !== null) this.counts.kept++
          continue
        }
        // What waits for templates returns step by step.
        wanted[scope] = scope === 'templates' && after.templates !== null ? { ...block, kind: 'releasing', until: 0 } : null
        expected.ended = scope
        this.counts.ends++
      }
    }
    const isNew = found !== undefined && cause !== this.#handled
    let isHandled = true
    if (isNew) {
      const block = wanted[found.scope]
      // The next read finds it again.
      isHandled = !(found.scope === 'sender' && block?.kind === 'paused') && block?.kind !== 'releasing'
      if (!isHandled) this.counts.deferred++
      if (block === null) {
        wanted[found.scope] = { kind: found.scope === 'sender' ? 'stopped' : 'paused', reason: cause, until: this.#nowMs + HOUR }
        expected.stopped = found.scope
        this.counts.stops++
      }
    } else if (found !== undefined && before[found.scope] === null) this.counts.again++
    this.#handled = isHandled ? cause : NONE
    for (const scope of ['sender', 'templates'] as const) {
      const [is, should] = [JSON.stringify(after[scope]), JSON.stringify(wanted[scope])]
      if (is !== should) this.breaches.push(`${cause}: the ${scope} is ${is}, not ${should}`)
    }
    if (reply.stopped !== expected.stopped || reply.ended !== expected.ended) {
      this.breaches.push(`${cause}: replied ${JSON.stringify(reply)}, not ${JSON.stringify(expected)}`)
    }
  }

  async #pause (state: 'paused' | 'active'): Promise<void> {
    await this.run('pause', { sender: SENDER }, { state, forMs: '', reason: 'operator' })
  }

  /** An operator ends the stop of all templates. */
  async #endStop (): Promise<void> {
    const args = { template: '*', state: 'approved', code: 'operator', atMs: '', untilMs: '', name: 'operator 0' } as const
    await this.run('set-template', { sender: SENDER }, args)
  }

  async #post (): Promise<void> {
    const [person, isTemplate] = [this.#random.pick(PEOPLE), this.#random.chance(0.5)]
    const digest = digestOf(++this.#calls)
    const holder = `a1:${this.#calls}`
    // Then nothing is ahead of it.
    for (let more = true; more;) more = await this.#claim()
    const { sender, templates } = await this.#blocks()
    const isStopped = templates?.kind === 'paused'
    const ahead = this.#open().filter(message => message.person === person && !(isStopped && message.isTemplate && !isTemplate))
    const isFree = ahead.length === 0 && !this.#isInFlight(person) && (templates === null || isStopped)
    const reply = await this.run('admit', { sender: SENDER, digest }, admitting({
      digest, recipient: person, inline: true, lifeMs: LIFE_MS, windowMs: LIFE_MS, holder, leaseMs: LIFE_MS, template: isTemplate ? 'sale' : ''
    }))
    if (reply.status !== 'granted' && reply.status !== 'queued') {
      this.breaches.push(`admit replied ${reply.status}`)
      return
    }
    const may = sender === null && !(isTemplate && isStopped)
    if (isFree && (reply.status === 'granted') !== may) this.breaches.push(`a ${isTemplate ? 'template' : 'reply'} was ${reply.status}`)
    if (isFree && may && isStopped) this.counts.replies++
    const id = `${digest}.${reply.generation}`
    const message: Message = { id, person, isTemplate, state: 'open' }
    this.messages.set(id, message)
    if (reply.status === 'granted') this.#flights.push({ grant: grantOf(id, person), holder, message })
  }

  #isInFlight (person: string): boolean {
    return this.#flights.some(({ message }) => message.person === person)
  }

  /** Returns whether more is ready. */
  async #claim (): Promise<boolean> {
    const holder = `a1:${++this.#calls}`
    const { sender, templates } = await this.#blocks()
    const reply = await this.run('claim', { sender: SENDER }, { drainRun: 'a1.1', want: 10, mode: 'keep', holder, runId: 'run1', leaseMs: LIFE_MS })
    if (reply.status !== 'claimed') throw new TypeError(reply.status)
    const isProbe = sender?.kind === 'stopped' && sender.until <= this.#nowMs
    const most = sender === null ? Infinity : isProbe ? 1 : 0
    if (reply.grants.length > most) this.breaches.push(`${reply.grants.length} were granted while the sender is ${sender?.kind}`)
    for (const grant of reply.grants) {
      const message = this.messages.get(grant.id)
      if (message?.state !== 'open') throw new TypeError(`${grant.id} is ${message?.state}`)
      if (message.isTemplate && templates?.kind === 'paused') this.breaches.push(`a template was granted while ${templates.reason} stops them`)
      this.#flights.push({ grant, holder, message })
    }
    return reply.nextUs >= 0 && reply.nextUs <= this.#nowMs * 1000
  }

  async #settle (isGood = false): Promise<void> {
    const flight = this.#flights.shift()
    if (flight === undefined) return
    const { grant, holder, message } = flight
    const isRejected = !isGood && this.#random.chance(0.06)
    const ofTemplates = message.isTemplate && this.#random.chance(0.6)
    const rejection = { settlement: 'stop', bucket: ofTemplates ? 'templates' : 'sender', coolMs: 3 * HOUR, code: ofTemplates ? '131042' : '131031' }
    const reply = await this.run('settle', { sender: SENDER, digest: grant.id.slice(0, 22) }, settling(grant, holder, isRejected ? rejection : {}))
    if (reply.status !== 'settled') throw new TypeError(reply.status)
    if (reply.settlement === 'sent' || reply.settlement === 'failed') message.state = reply.settlement
  }

  async #release (): Promise<void> {
    for (;;) {
      const reply = await this.run('release-suspended', { sender: SENDER }, { limit: 3 })
      if (reply.status !== 'released') throw new TypeError(reply.status)
      if (reply.isDone) break
    }
  }
}
