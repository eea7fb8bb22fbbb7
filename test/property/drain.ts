import type { WakeHint } from '../../src/redis/commands.js'
import { deliver } from './node.js'
import { close } from './callers.js'
import type { World } from './world.js'

const DRAIN_RUN_US = 15_000_000
const BATCH = 100
const SLEEP_US = 500_000
const IDLE_US = 5_000_000

let drainRuns = 0

/** Acts on the hint of a script's reply: adds a job whose drain run starts soon, or wakes the drain run that sleeps. */
export function applyWakeHint (world: World, wakeHint: WakeHint): void {
  if (wakeHint === 'enqueue') {
    world.drainRequested()
    world.at(world.now + (world.scenario.punctual ? 0 : world.random.int(0, 50_000)), () => new DrainRun(world).step(), false)
  }
  if (wakeHint === 'notify') {
    for (const drainRun of world.drainRuns) drainRun.set()
  }
}

/** One drain job of the sender, as a node's worker runs it. */
export class DrainRun {
  readonly name = `drain${++drainRuns}`
  underway = 0
  crashed = false
  readonly #world: World
  readonly #startedAt: number
  #asleep = false
  #naps = 0
  #woken = false

  constructor (world: World) {
    this.#world = world
    this.#startedAt = world.now
    world.drainRuns.add(this)
  }

  get #alive (): boolean { return this.#world.drainRuns.has(this) }

  set (): void {
    this.#woken = true
    if (this.#asleep) this.#sleepUntil(this.#world.now)
  }

  /** Its process is gone: what it was sending stays in flight until the leases expire. */
  crash (): void {
    this.crashed = true
    this.#world.drainRuns.delete(this)
  }

  /** Claims grants; the reply comes later. */
  step (): void {
    const world = this.#world
    if (!this.#alive) return
    if (world.now < world.drainDownUntil) {
      world.at(world.drainDownUntil, () => this.step(), false)
      return
    }
    this.#asleep = false
    if (world.now - this.#startedAt >= DRAIN_RUN_US) {
      world.at(world.now, async () => await this.#end(), false)
      return
    }
    const askedAt = world.now
    this.#woken = false
    world.at(world.now + (world.scenario.punctual ? 0 : world.lag()), async () => await this.#claim(askedAt), false)
  }

  async #claim (askedAt: number): Promise<void> {
    const world = this.#world
    if (!this.#alive) return
    const terms = world.terms()
    const want = Math.min(BATCH, world.scenario.rules.maxInFlight - this.underway)
    const reply = await world.run('claim', { sender: world.sender }, { drainRun: this.name, want, mode: 'keep', ...terms })
    if (reply.status !== 'claimed') {
      world.drainRuns.delete(this)
      return
    }
    world.renewLease()
    await world.readSender()
    const { nextUs, dropped, expired, grants } = reply
    world.record({ fact: 'claim', at: world.now })
    for (const { id, attempt } of grants) world.record({ fact: 'granted', at: world.now, id, attempt, by: 'claim' })
    world.record({ fact: 'claimed', at: world.now, want, grants: grants.length, nextUs, dropped })
    if (world.losesReply()) {
      world.lose(terms.holder)
      world.at(world.now + 1_000_000, async () => await this.#end(), false)
      return
    }
    this.underway += grants.length
    world.at(world.now + (world.scenario.punctual ? 0 : world.lag()), async () => {
      for (const { id, recipient, attempt, stops } of grants) {
        deliver(world, { id, recipient, attempt, stops, askedAt, holder: terms.holder, drainRun: this })
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
    if (this.#woken) this.step()
    else this.#sleepUntil(full || nextUs < 0 ? latest : Math.min(latest, nextUs))
  }

  #sleepUntil (moment: number): void {
    const nap = ++this.#naps
    this.#asleep = true
    this.#world.at(moment, () => {
      if (this.#asleep && this.#naps === nap) this.step()
    }, false)
  }

  /** A delivery of this drain run is over. */
  settled (): void {
    this.underway--
    if (this.underway === this.#world.scenario.rules.maxInFlight - 1) this.set()
  }

  async #end (): Promise<void> {
    const world = this.#world
    if (!world.drainRuns.delete(this)) return
    const reply = await world.run('claim', { sender: world.sender }, { drainRun: this.name, want: 0, mode: 'end', ...world.terms() })
    if (reply.status !== 'ended') return
    await world.readSender()
    world.record({ fact: 'claim', at: world.now })
    applyWakeHint(world, reply.wakeHint)
  }
}
