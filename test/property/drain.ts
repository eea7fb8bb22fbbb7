import type { WakeHint } from '../../src/redis/commands.js'
import { deliver } from './node.js'
import { close } from './callers.js'
import type { World } from './world.js'

const SHIFT_US = 15_000_000
const BATCH = 100
const SLEEP_US = 500_000
const IDLE_US = 5_000_000

let shifts = 0

/** Somebody acts on what a script asked for: adds a job whose shift starts soon, or wakes the shift that sleeps. */
export function applyWakeHint (world: World, wakeHint: WakeHint): void {
  if (wakeHint === 'enqueue') {
    world.callMade()
    world.at(world.now + (world.scenario.attentive ? 0 : world.random.int(0, 50_000)), () => new Shift(world).step(), false)
  }
  if (wakeHint === 'notify') {
    for (const shift of world.shifts) shift.set()
  }
}

/** One drain job attending the sender, as a node's worker does it. */
export class Shift {
  readonly name = `shift${++shifts}`
  underway = 0
  crashed = false
  readonly #world: World
  readonly #startedAt: number
  #asleep = false
  #naps = 0
  #rung = false

  constructor (world: World) {
    this.#world = world
    this.#startedAt = world.now
    world.shifts.add(this)
  }

  get #alive (): boolean { return this.#world.shifts.has(this) }

  set (): void {
    this.#rung = true
    if (this.#asleep) this.#sleepUntil(this.#world.now)
  }

  /** Its process is gone: what it was sending stays as it is until the leases run out. */
  crash (): void {
    this.crashed = true
    this.#world.shifts.delete(this)
  }

  /** Asks Redis for turns; the answer comes later. */
  step (): void {
    const world = this.#world
    if (!this.#alive) return
    if (world.now < world.drainDownUntil) {
      world.at(world.drainDownUntil, () => this.step(), false)
      return
    }
    this.#asleep = false
    if (world.now - this.#startedAt >= SHIFT_US) {
      world.at(world.now, async () => await this.#end(), false)
      return
    }
    const askedAt = world.now
    this.#rung = false
    world.at(world.now + (world.scenario.attentive ? 0 : world.lag()), async () => await this.#claim(askedAt), false)
  }

  async #claim (askedAt: number): Promise<void> {
    const world = this.#world
    if (!this.#alive) return
    const terms = world.terms()
    const want = Math.min(BATCH, world.scenario.rules.maxInFlight - this.underway)
    const reply = await world.run('claim', { sender: world.sender }, { drainRun: this.name, want, mode: 'keep', ...terms })
    if (reply.status !== 'claimed') {
      world.shifts.delete(this)
      return
    }
    world.renewLease()
    world.runIdWritten()
    const { nextUs, dropped, expired, grants } = reply
    world.record({ fact: 'look', at: world.now })
    for (const { id, attempt } of grants) world.record({ fact: 'granted', at: world.now, id, attempt, by: 'claim' })
    world.record({ fact: 'looked', at: world.now, want, grants: grants.length, nextUs, dropped })
    if (world.losesReply()) {
      world.lose(terms.holder)
      world.at(world.now + 1_000_000, async () => await this.#end(), false)
      return
    }
    this.underway += grants.length
    world.at(world.now + (world.scenario.attentive ? 0 : world.lag()), async () => {
      for (const { id, recipient, attempt, stops } of grants) {
        deliver(world, { id, recipient, attempt, stops, askedAt, holder: terms.holder, shift: this })
      }
      await this.#goOn(expired, nextUs)
    }, grants.length > 0)
  }

  async #goOn (expired: string[], nextUs: number): Promise<void> {
    const world = this.#world
    if (!this.#alive) return
    for (const id of expired) await close(world, id, 'expired')
    if (expired.length > 0) {
      this.step()
      return
    }
    if ((nextUs < 0 || nextUs > world.now + IDLE_US) && this.underway === 0) {
      await this.#end()
      return
    }
    const full = this.underway >= world.scenario.rules.maxInFlight
    const latest = world.now + SLEEP_US
    if (this.#rung) this.step()
    else this.#sleepUntil(full || nextUs < 0 ? latest : Math.min(latest, nextUs))
  }

  #sleepUntil (moment: number): void {
    const nap = ++this.#naps
    this.#asleep = true
    this.#world.at(moment, () => {
      if (this.#asleep && this.#naps === nap) this.step()
    }, false)
  }

  /** A delivery of this shift is over. */
  settled (): void {
    this.underway--
    if (this.underway === this.#world.scenario.rules.maxInFlight - 1) this.set()
  }

  async #end (): Promise<void> {
    const world = this.#world
    if (!world.shifts.delete(this)) return
    const reply = await world.run('claim', { sender: world.sender }, { drainRun: this.name, want: 0, mode: 'end', ...world.terms() })
    if (reply.status !== 'ended') return
    world.runIdWritten()
    world.record({ fact: 'look', at: world.now })
    applyWakeHint(world, reply.wakeHint)
  }
}
