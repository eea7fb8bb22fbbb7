/** What an observer knows of a stop for spam: who has written, and what waits; and the traffic of spam.test.ts. */
import type { ClaimedGrant, Run } from '../../src/redis/commands.js'
import { admitting, contradictionsOf, digestOf, grantOf, SENDER, settling, writeRules } from './frame.js'
import type { Random } from './random.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** Until when a window is surely open: WhatsApp's 24 hours less the margin of lua/include/window.lua. */
const OPEN_MS = DAY - 5 * MINUTE
const LIFE_MS = 400 * DAY
const PROBE_MS = 6 * HOUR
const PEOPLE = [1, 2, 3, 4, 5].map(n => `p1415555000${n}`)
const SPAM = '131048'
const PAYMENT = '131042'
const REPLY = ''

/** `granted`: its first attempt has begun. */
interface Message { id: string, person: string, template: string, seq: number, state: 'open' | 'sent' | 'failed' | 'closed', granted: boolean }
interface Stop { reason: string, isWhole: boolean, state: string, probe: number }

export class Model {
  readonly breaches: string[] = []
  readonly messages = new Map<string, Message>()
  readonly counts = { stops: 0, whole: 0, others: 0, opened: 0, stayed: 0, probes: 0, spared: 0 }
  #nowMs = 1_800_000_000_000
  #calls = 0
  #stop: Stop | null = null
  readonly #wroteMs = new Map<string, number>()
  /** The youngest first attempt of each pair. */
  readonly #youngest = new Map<string, number>()
  readonly #flights: Array<{ grant: ClaimedGrant, holder: string, message: Message }> = []
  readonly #run: Run
  readonly #random: Random
  readonly #entry: () => Promise<string | null>
  readonly #suspended: () => Promise<string[]>

  constructor (run: Run, random: Random, entry: () => Promise<string | null>, suspended: () => Promise<string[]>) {
    this.#run = run
    this.#random = random
    this.#entry = entry
    this.#suspended = suspended
  }

  readonly run: Run = async (name, at, args) => await this.#run(name, at, { ...args, now: this.#nowMs * 1000 })

  async begin (): Promise<void> {
    await writeRules(this.run, {})
    await this.run('set-window-check', { sender: SENDER }, { gapMs: HOUR })
  }

  async step (): Promise<void> {
    this.#nowMs += this.#random.int(1, 20 * MINUTE)
    const draw = this.#random.int(1, 100)
    if (draw <= 42) await this.#post()
    else if (draw <= 65) await this.#claim()
    else if (draw <= 86) for (let n = 0; n < 4; n++) await this.#settle()
    else if (draw <= 90) await this.#write(this.#random.pick(PEOPLE))
    else if (draw <= 92) await this.#order(this.#random.pick(['paused', 'approved'] as const))
    else if (draw <= 97) await this.#release()
    else await this.#cancel()
    await this.#judgeEntries()
  }

  async contradictions (): Promise<string[]> {
    const stored = [...this.messages.values()].map(({ id, person }) => ({ id, recipient: person }))
    return await contradictionsOf(this.run, stored, LIFE_MS)
  }

  /** The stop ends, and everything is sent. */
  async finish (): Promise<void> {
    await this.#order('approved')
    for (let pass = 0; pass < 2000 && this.#open().length > 0; pass++) {
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

  #isOpenTo (person: string): boolean {
    return (this.#wroteMs.get(person) ?? 0) > this.#nowMs - OPEN_MS
  }

  /** Whether the stop spares open windows. */
  #isSparing (): boolean {
    return this.#stop !== null && this.#stop.reason === SPAM && !this.#stop.isWhole
  }

  async #post (): Promise<void> {
    const person = this.#random.pick(PEOPLE)
    const template = this.#random.pick([REPLY, 'sale', 'sale', 'news', 'news'])
    const digest = digestOf(++this.#calls)
    const holder = `a1:${this.#calls}`
    const isInline = this.#random.chance(0.5)
    const reply = await this.run('admit', { sender: SENDER, digest }, admitting({
      digest, recipient: person, inline: isInline, lifeMs: LIFE_MS, windowMs: LIFE_MS, holder, leaseMs: LIFE_MS, template
    }))
    if (reply.status !== 'granted' && reply.status !== 'queued') {
      this.breaches.push(`admit replied ${reply.status}`)
      return
    }
    const id = `${digest}.${reply.generation}`
    const message: Message = { id, person, template, seq: this.messages.size + 1, state: 'open', granted: false }
    this.messages.set(id, message)
    if (reply.status === 'granted') this.#grant(grantOf(id, person), holder)
  }

  async #claim (): Promise<void> {
    const holder = `a1:${++this.#calls}`
    const reply = await this.run('claim', { sender: SENDER }, { drainRun: 'a1.1', want: 10, mode: 'keep', holder, runId: 'run1', leaseMs: LIFE_MS })
    if (reply.status !== 'claimed') throw new TypeError(reply.status)
    for (const grant of reply.grants) this.#grant(grant, holder)
    if (reply.dropped > 0) this.breaches.push(`${reply.dropped} heads were dropped`)
  }

  #grant (grant: ClaimedGrant, holder: string): void {
    const message = this.messages.get(grant.id)
    if (message === undefined || message.state !== 'open') {
      this.breaches.push(`${grant.id} was granted after its end`)
      return
    }
    if (this.#flights.some(({ grant: { id } }) => id === grant.id)) this.breaches.push(`${grant.id} was granted twice`)
    this.#flights.push({ grant, holder, message })
    if (this.#isProbe(message)) {
      // It passes an older one that was a probe in vain.
      this.counts.probes++
      return
    }
    this.#judgeGrant(message)
    const pair = `${message.person} ${message.template === REPLY ? 'replies' : 'templates'}`
    if (!message.granted && message.seq < (this.#youngest.get(pair) ?? 0)) this.breaches.push(`order: ${message.seq} of ${pair} after a younger one`)
    if (!message.granted) this.#youngest.set(pair, message.seq)
    message.granted = true
  }

  #isProbe ({ template, seq }: Message): boolean {
    return template !== REPLY && this.#stop?.state === 'probing' && seq === this.#stop.probe
  }

  #judgeGrant ({ template, person }: Message): void {
    if (template === REPLY || this.#stop === null || this.#stop.state === 'releasing') return
    if (this.#isSparing() && this.#isOpenTo(person)) this.counts.spared++
    else this.breaches.push(`stopped: a template to ${person} was granted`)
  }

  async #settle (isGood = false): Promise<void> {
    const flight = this.#flights.shift()
    if (flight === undefined) return
    const { grant, holder, message } = flight
    // WhatsApp accepts most templates into open windows.
    const odds = message.template === REPLY || isGood ? 0 : this.#isProbe(message) ? 0.5 : this.#isOpenTo(message.person) ? 0.003 : 0.3
    const code = this.#random.chance(0.8) ? SPAM : PAYMENT
    const rejection = this.#random.chance(odds) ? { settlement: 'stop', bucket: 'templates', coolMs: PROBE_MS, code } : {}
    const reply = await this.run('settle', { sender: SENDER, digest: grant.id.slice(0, 22) }, settling(grant, holder, rejection))
    if (reply.status !== 'settled') throw new TypeError(reply.status)
    if (reply.settlement === 'sent' || reply.settlement === 'failed') message.state = reply.settlement
    await this.#readStop()
  }

  /** A webhook of the account stops all templates, or an operator ends the stop. */
  async #order (state: 'paused' | 'approved'): Promise<void> {
    if (state === 'paused' && this.#random.chance(0.4)) return
    const untilMs = state === 'paused' ? this.#nowMs + PROBE_MS : ''
    const name = `RESTRICTED ${PROBE_MS * 1000}`
    await this.run('set-template', { sender: SENDER }, { template: '*', state, code: 'X', atMs: '', untilMs, name })
    await this.#readStop()
  }

  async #readStop (): Promise<void> {
    const [state, , , code, reason, , scope] = (await this.#entry())?.split(' ') ?? []
    const had = this.#stop !== null
    this.#stop = state === undefined ? null : { reason: reason ?? '', isWhole: scope === 'all', state, probe: state === 'probing' ? Number(code) : 0 }
    if (had || this.#stop === null) return
    if (this.#isSparing()) this.counts.stops++
    else this.counts.others++
  }

  /** Which messages wait for the stop, and their people. */
  async #waiting (): Promise<Map<string, string>> {
    const members = await this.#suspended()
    const ids = members.filter(member => member.startsWith('*:')).map(member => member.split(':')[2] ?? '')
    return new Map(ids.map(id => [id, this.messages.get(id)?.person ?? '']))
  }

  /** Opens the window: then all go on that wait for this person, and no others. */
  async #write (person: string): Promise<void> {
    const before = await this.#waiting()
    this.#wroteMs.set(person, this.#nowMs)
    const reply = await this.run('record-windows', { sender: SENDER }, { acts: `${person} ${this.#nowMs}` })
    if (reply.status !== 'recorded') throw new TypeError(reply.status)
    const after = await this.#waiting()
    const going = [...before].filter(([, one]) => one === person && this.#isSparing()).map(([id]) => id)
    const wanted = [...before.keys()].filter(id => !going.includes(id))
    if ([...after.keys()].join() !== wanted.join()) this.breaches.push(`${person} wrote: ${after.size} wait, not ${wanted.length}`)
    if (reply.released !== going.length) this.breaches.push(`${person} wrote: ${reply.released} went on, not ${going.length}`)
    this.counts.opened += going.length
    if (this.#isSparing()) this.counts.stayed += wanted.length
    else if (this.#stop?.isWhole === true) this.counts.whole += wanted.length
  }

  async #release (): Promise<void> {
    for (;;) {
      const reply = await this.run('release-suspended', { sender: SENDER }, { limit: 3 })
      if (reply.status !== 'released') throw new TypeError(reply.status)
      if (reply.isDone) break
    }
    await this.#readStop()
  }

  async #cancel (): Promise<void> {
    const open = this.#open().filter(({ granted }) => !granted)
    if (open.length === 0) return
    const message = this.#random.pick(open)
    const args = { id: message.id, reason: 'cancelled', resultSuffix: 'web -', history: '{"outcome":"closed"}' }
    const { status } = await this.run('cancel', { sender: SENDER, digest: message.id.slice(0, 22) }, args)
    if (status === 'done') message.state = 'closed'
  }

  /** What waits for the stop has two entries, and nothing else has one of them. */
  async #judgeEntries (): Promise<void> {
    const members = await this.#suspended()
    const first = members.filter(member => member.startsWith('*:')).map(member => member.slice(2)).sort()
    const second = members.filter(member => /^\*[^:]/.test(member))
    const wrong = second.filter(member => this.messages.get(member.split(':')[2] ?? '')?.person !== member.slice(1).split(':')[0])
    if (wrong.length > 0) this.breaches.push(`entries: ${wrong.join()} are another person's`)
    const numbers = second.map(member => member.slice(member.indexOf(':') + 1)).sort()
    if (first.join() !== numbers.join()) this.breaches.push(`entries: ${first.join()} wait for the stop, ${numbers.join()} by person`)
  }
}
