/** One cell of the matrix: a gateway of its own prefix and sender, whose node ends or freezes at a step; then the judgement. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LEASE_GRACE_MS } from '../../src/recovery/recover.js'
import { createCaller, type ProvingCaller } from '../prove/caller.js'
import { judge, type Judgement } from '../prove/judge.js'
import type { Watched } from '../prove/fleet.js'
import { monotonicNow, type Fact, type Rules } from '../prove/history.js'
import { keys, nodeEnv } from '../support/gateway.js'
import { pass, until } from '../support/until.js'
import { endChild, startGateway, type Child } from './child.js'
import { crowdedDays, passDay } from './days.js'
import type { Ground } from './ground.js'
import { actsOf, type AuditEntry, type Cell, type Step } from './steps.js'
import { INTERVAL_MS, LEASE_MS, settingsOf } from './settings.js'
import { runHousekeeping } from './due.js'
import type { Stage } from './stage.js'
import { works } from './works.js'

const leases = { leaseMs: LEASE_MS + LEASE_GRACE_MS, isLatenessJudged: false }
const rules: Rules = { intervalMs: INTERVAL_MS, startWithinMs: 250, perSecond: 200, retriesMs: [500, 500, 500, 500, 500], ...leases }

/**
 * Long enough for a lease, a hold, BullMQ's own half minute until it takes a job from a dead worker, and the minute until templates are read again
 * after a node that read them has died.
 */
const END_WITHIN_MS = 90_000
const REACH_WITHIN_MS = 60_000
/** A second on an idle machine; cells share theirs. */
const START_WITHIN_MS = 90_000
const CELL_WITHIN_MS = 300_000

export interface Result {
  cell: Cell
  /** Did the process end, or freeze, at the step? Otherwise the cell proves nothing. */
  reached: boolean
  judgement: Judgement
  /** The error that prevented a judgement. */
  error: string | null
  seconds: number
}

let cells = 0

export async function runCell (ground: Ground, cell: Cell): Promise<Result> {
  const began = performance.now()
  const run = new CellRun(ground, cell, ++cells)
  let failure: string | null = null
  try {
    await run.play()
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error)
  } finally {
    await run.close()
  }
  const judgement = judge({ rules, facts: run.facts })
  return { cell, reached: run.isReached(), judgement, error: failure, seconds: (performance.now() - began) / 1000 }
}

class CellRun {
  readonly facts: Fact[] = []
  readonly #ground: Ground
  readonly #cell: Cell
  readonly #name: string
  readonly #sender: string
  readonly #nodes: Array<{ child: Child, origin: string, watch: string }> = []
  #origins: string[] = []
  readonly #days: number[] = []
  #isOver = false
  #round = 0
  readonly #deadline = performance.now() + CELL_WITHIN_MS

  constructor (ground: Ground, cell: Cell, number: number) {
    this.#ground = ground
    this.#cell = cell
    this.#sender = `9${String(number).padStart(5, '0')}`
    this.#name = `crash${process.pid}-${number}`
  }

  isReached (): boolean {
    return this.#cell.steps.every(step => this.#hasMet(step))
  }

  #hasMet ({ name }: Step): boolean {
    const lines = existsSync(this.#reachedFile) ? readFileSync(this.#reachedFile, 'utf8').split('\n') : []
    return lines.some(line => /^(kill|stop) at /.test(line) && line.endsWith(` at ${name}`))
  }

  get #isHeld (): boolean { return this.#cell.steps.some(({ bulkHold }) => bulkHold === true) }

  get #isDaily (): boolean { return this.#cell.steps.some(({ daily }) => daily === true) }

  get #reachedFile (): string { return join(this.#ground.folder, `${this.#name}.reached`) }

  async play (): Promise<void> {
    const { steps, then } = this.#cell
    if (steps.some(({ orphan }) => orphan === true)) await this.#makeOrphan()
    const second = then === 'second' ? await this.#start() : null
    if (steps.some(({ alone }) => alone === true)) second?.signal('SIGSTOP')
    const victim = this.#launch(actsOf(this.#cell))
    if (steps.every(({ boot }) => boot !== true)) await until('the node is ready', async () => await victim.ready, START_WITHIN_MS)
    for (const step of steps) await this.#meet(step, victim, second)
    if (then === 'restart' && victim.end() !== null) await this.#start()
    await Promise.all(this.#pending)
    await this.#end()
    if (!this.#isDaily) return
    const templates = new Set(this.facts.flatMap(fact => fact.fact === 'posted' && fact.template !== undefined ? [fact.key] : []))
    const [crowded] = crowdedDays(await this.#ground.arrivals(this.#sender), templates, this.#days)
    if (crowded !== undefined) throw new Error(crowded)
  }

  /** Leads the node to a step and sees it die or freeze there; after a freeze it goes on, all its leases gone. */
  async #meet (step: Step, victim: Child, second: Child | null): Promise<void> {
    const others = this.#origins
    this.#keep(this.#work(step, victim))
    await until(`${step.name} is reached`, () => this.#hasMet(step), REACH_WITHIN_MS)
    const from = monotonicNow()
    const isKill = this.#cell.action === 'kill' && step === this.#cell.steps.at(-1)
    if (isKill) await until('the process is dead', () => victim.end() === 'SIGKILL', 30_000)
    else await until('the process is frozen', () => victim.isStopped(), 30_000)
    second?.signal('SIGCONT')
    this.#origins = others
    if (isKill) return
    await pass(LEASE_MS + LEASE_GRACE_MS + 2500)
    this.facts.push({ fact: 'frozen', node: String(victim.pid), from, to: monotonicNow() })
    victim.signal('SIGCONT')
    if (step.work === 'closing') await victim.exited
    else if (this.#cell.then === 'restart') this.#origins = [await victim.ready]
  }

  /** A node that dies with a request under way; its message is one more to be accounted for. */
  async #makeOrphan (): Promise<void> {
    const orphan = this.#launch([{ name: 'orphan', point: 'request:written', action: 'kill' }], `${this.#reachedFile}-orphan`)
    this.#origins = [await orphan.ready]
    const caller = this.#caller(2000)
    const draft = { key: `${this.#sender}-orphan`, to: '15550009999', sender: this.#sender, policy: this.#cell.policy }
    const post = caller.post(draft)
    await until('the first node is dead', () => orphan.end() === 'SIGKILL', REACH_WITHIN_MS)
    this.#origins = []
    this.#keep(post)
  }

  readonly #pending: Array<Promise<unknown>> = []

  /** Awaited at the end, where its errors are reported. */
  #keep (work: Promise<unknown>): void {
    work.catch(() => undefined)
    this.#pending.push(work)
  }

  /** Rounds of work until the step is reached; then the requests that are still open. */
  async #work (step: Step, victim: Child): Promise<void> {
    if (step.boot === true) return
    const caller = this.#caller(1500)
    const origin = await victim.ready
    this.#origins = [origin, ...this.#origins.filter(other => other !== origin)]
    const rounds: Array<Promise<unknown>> = []
    while (!this.#hasMet(step) && victim.end() === null) {
      const stage: Stage = {
        caller,
        victim,
        origin: () => origin,
        origins: () => this.#origins,
        record: fact => {
          this.facts.push(fact)
        },
        sender: this.#sender,
        policy: this.#cell.policy,
        round: this.#round++,
        prefix: this.#name,
        redisPort: this.#ground.redis.port,
        control: this.#ground.control,
        days: this.#days
      }
      rounds.push(works[step.work](stage))
      await Promise.race([Promise.all(rounds), until('reached', () => this.#hasMet(step), REACH_WITHIN_MS)])
      // This round may still cause what takes a while: a retry, or the end of a drain run.
      for (let waited = 0; waited < 2500 && !this.#hasMet(step); waited += 50) await pass(50)
    }
    await Promise.all(rounds)
  }

  async #end (): Promise<void> {
    const caller = this.#caller(3000)
    const sender = this.#sender
    const resume = async (): Promise<unknown> => await caller.persist('POST', `/senders/${sender}/resume`, {}, status => status === 200)
    if (!this.#isHeld) await resume()
    // One more message, so that every step has one to lose.
    const template = this.#isDaily ? { template: 'order_ready' } : {}
    await caller.post({ key: `${sender}-last`, to: '15550008888', sender, policy: this.#cell.policy, ...template })
    let unsettled = -1
    const deadline = performance.now() + END_WITHIN_MS
    while (unsettled !== 0 && performance.now() < deadline) {
      const stats = await caller.persist('GET', '/stats', undefined, status => status === 200)
      unsettled = stats?.['senders'][0].unsettled as number
      // A sender that a message of the work stopped would wait for its probe for a minute.
      if (stats?.['senders'][0].state === 'stopped') await resume()
      if (this.#isDaily && unsettled !== 0) await this.#nextDay()
      await pass(200)
    }
    for (const fact of this.facts.filter(fact => fact.fact === 'posted')) {
      const ended = await caller.readEnd({ key: fact.key, sender })
      if (ended !== null) this.facts.push(ended)
    }
    // A message that was not looked up for want of time is not lost.
    if (performance.now() > this.#deadline) throw new Error(`the cell did not end within ${CELL_WITHIN_MS / 1000} s`)
    this.facts.push({ fact: 'over', at: monotonicNow(), unsettled })
    if (unsettled === 0) await this.#checkCounts(caller)
  }

  /** People wait for it, and go on with the next housekeeping. */
  async #nextDay (): Promise<void> {
    const at = { prefix: this.#name, redisPort: this.#ground.redis.port }
    await passDay({ ...at, sender: this.#sender, days: this.#days })
    await runHousekeeping(at)
    await pass(1000)
  }

  /** What is counted of a caller agrees with how its messages ended. */
  async #checkCounts (caller: ProvingCaller): Promise<void> {
    const ended = this.facts.filter(({ fact }) => fact === 'ended').length
    const body = await caller.persist('GET', '/callers', undefined, status => status === 200)
    const own = body?.['callers'].find(({ name }: { name: string }) => name === 'operator')
    const { accepted, sent, failed, cancelled, expired, waiting, inFlight } = own
    if (waiting + inFlight > 0 || accepted !== sent + failed + cancelled + expired || accepted < ended) {
      throw new Error(`counts of the caller: ${JSON.stringify({ accepted, sent, failed, cancelled, expired, waiting, inFlight, ended })}`)
    }
  }

  async close (): Promise<void> {
    this.#isOver = true
    for (const { child } of this.#nodes) await endChild(child)
    for (const { child, watch } of this.#nodes) {
      if (!existsSync(watch)) continue
      for (const line of readFileSync(watch, 'utf8').trim().split('\n').filter(line => line !== '')) {
        this.facts.push({ ...JSON.parse(line) as Watched, node: String(child.pid) })
      }
    }
    this.facts.push(...await this.#ground.arrivals(this.#sender), ...await this.#ground.grants(this.#sender))
    writeFileSync(join(this.#ground.folder, `${this.#name}.facts`), this.facts.map(fact => JSON.stringify(fact)).join('\n'))
  }

  async #start (): Promise<Child> {
    const child = this.#launch([])
    this.#origins = [...this.#origins, await child.ready]
    return child
  }

  #launch (actions: AuditEntry[], reached = this.#reachedFile): Child {
    const watch = join(this.#ground.folder, `${this.#name}.watch${this.#nodes.length}`)
    appendFileSync(watch, '')
    const env = nodeEnv({
      redisUrl: this.#ground.redis.url,
      apiUrl: this.#ground.apiUrl,
      prefix: this.#name,
      env: {
        ...settingsOf(this.#cell.steps, this.#sender),
        WHATSAPP_PHONE_NUMBER_ID: this.#sender,
        UNKNOWN_OUTCOME: this.#cell.policy,
        WATCH_FILE: watch
      }
    })
    const child = startGateway({ ...env, ...(actions.length === 0 ? {} : { ACTS: JSON.stringify(actions), REACHED_FILE: reached }) })
    const node = { child, origin: '', watch }
    child.ready.then(origin => { node.origin = origin }, () => undefined)
    child.exited.then(() => {
      this.facts.push({ fact: 'trouble', of: 'process', node: String(child.pid), from: monotonicNow(), to: Infinity })
    }, () => undefined)
    this.#nodes.push(node)
    return child
  }

  #caller (timeoutMs: number) {
    return createCaller({
      apiKey: keys.operator,
      origins: () => this.#origins,
      record: fact => this.facts.push(fact),
      timeoutMs,
      isOver: () => this.#isOver || performance.now() > this.#deadline
    })
  }
}
