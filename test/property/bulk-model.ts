/** What an observer knows of messages and their statuses: what was accepted when, and what was reported; and the traffic of bulk-hold.test.ts. */
import type { ClaimedGrant, Run } from '../../src/redis/commands.js'
import { admitting, contradictionsOf, digestOf, grantOf, SENDER, settling, writeRules } from './frame.js'
import type { Random } from './random.js'

export const STEPS = 700
const [SILENT_FROM, SILENT_TO] = [300, 600]
const START = 1_800_000_000_000_000
const [SECOND, MINUTE] = [1_000_000, 60_000_000]
const PAIR_US = SECOND / 2
const BULK = 3
const PEOPLE = 60
/** From probe to probe, and the longest hold. */
const PROBE_US = 10 * SECOND
const MOST_US = 20 * MINUTE
const KEEP_MS = 900_000
const DAY = 86_400_000
/** Checks are this long apart, as recovery makes them; the observer checks more rarely at times. */
const CHECK_US = 30 * SECOND

interface Message { id: string, recipient: string, lane: number, seq: number, attempt: number, state: 'open' | 'sent', callers: boolean }
/** An accepted attempt, and when the first status came. */
interface Accepted { id: string, at: number, reportedAt: number | null }
interface Hold { since: number, lastProbe: number }

export class BulkModel {
  readonly messages = new Map<string, Message>()
  readonly breaches: string[] = []
  readonly counts = { granted: 0, begun: 0, ended: 0, probes: 0, waited: 0, retried: 0, resumed: 0 }
  #now = START
  #count = 0
  #calls = 0
  #checkedAt = 0
  #steps = 0
  /** Moments of checks that noted the count, and all acceptances, oldest first. */
  #moments: number[] = []
  #accepted: Accepted[] = []
  #hold: Hold | null = null
  #seenAt = -Infinity
  #isSilent = false
  #waiting: Array<{ at: number, accepted: Accepted }> = []
  #retries: Array<{ at: number, id: string }> = []
  readonly #youngest = new Map<string, number>()
  readonly #lastGrants = new Map<string, number>()
  readonly #run: Run
  readonly #random: Random
  /** Half of the rounds have callers with fair shares. */
  readonly #hasCallers: boolean

  constructor (run: Run, random: Random) {
    this.#run = run
    this.#random = random
    this.#hasCallers = random.chance(0.5)
  }

  readonly run: Run = async (name, at, args) => await this.#run(name, at, { ...args, now: this.#now })

  async begin (): Promise<void> {
    await writeRules(this.run, { pairIntervalUs: PAIR_US, senderIntervalUs: 10, senderBurst: 1000, maxInFlight: 1000 })
    await this.#check()
  }

  async step (): Promise<void> {
    this.#now += this.#random.int(SECOND, 12 * SECOND)
    this.#steps++
    // Once in each round for longer than a hold may last.
    if (this.#steps > SILENT_FROM && this.#steps < SILENT_TO) this.#isSilent = true
    else if (this.#random.chance(this.#isSilent ? 0.02 : 0.012)) this.#isSilent = !this.#isSilent
    await this.#report()
    for (let posts = this.#random.int(0, 3); posts > 0; posts--) await this.#post()
    // A burst, after or in an outage: it must neither hide that one nor look like one.
    if (this.#random.chance(0.01)) for (let posts = this.#random.int(20, 60); posts > 0; posts--) await this.#post()
    if (this.#now - this.#checkedAt >= CHECK_US * (this.#random.chance(0.9) ? 1 : 2)) await this.#check()
    if (this.#random.chance(0.001)) await this.#resume()
    await this.#retryDue()
    await this.drain()
  }

  /** Statuses come again, and all is sent. */
  async finish (): Promise<void> {
    this.#isSilent = false
    for (let pass = 0; pass < 400 && (this.#open().length > 0 || this.#hold !== null); pass++) {
      this.#now += 5 * SECOND
      await this.#report()
      if (this.#now - this.#checkedAt >= CHECK_US) await this.#check()
      await this.#retryDue()
      await this.drain()
    }
    if (this.#hold !== null) this.breaches.push('the lane is held though statuses come')
  }

  async contradictions (): Promise<string[]> {
    return await contradictionsOf(this.run, this.messages.values())
  }

  /** Claims until nothing more is due now. */
  async drain (): Promise<void> {
    for (let calls = 0; ; calls++) {
      const holder = `a1:${++this.#calls}`
      const reply = await this.run('claim', { sender: SENDER }, { drainRun: 'a1.1', want: 20, mode: 'keep', holder, runId: 'run1', leaseMs: DAY })
      if (reply.status !== 'claimed') throw new TypeError(reply.status)
      if (reply.dropped > 0) this.breaches.push(`${reply.dropped} heads were dropped`)
      for (const grant of reply.grants) await this.#sent(grant, holder, true)
      if (reply.grants.length === 0 && (reply.nextUs < 0 || reply.nextUs > this.#now)) return this.#judgeRest(reply.nextUs)
      if (calls <= this.messages.size + 100) continue
      this.breaches.push('claims follow each other at once without an end')
      return
    }
  }

  /** Nothing that may be sent waits: other lanes never, and bulk only for its next probe. */
  #judgeRest (nextUs: number): void {
    const waits = this.#open().filter(({ id, recipient }) =>
      (this.#lastGrants.get(recipient) ?? -Infinity) + PAIR_US <= this.#now && !this.#retries.some(retry => retry.id === id))
    for (const { lane, seq } of waits) {
      if (lane !== BULK) this.breaches.push(`message ${seq} of lane ${lane} waits though its pair is free`)
      else if (this.#hold === null) this.breaches.push(`bulk message ${seq} waits though the lane is not held`)
      else this.counts.waited++
    }
    if (this.#hold === null || !waits.some(({ lane }) => lane === BULK)) return
    const dueAt = this.#hold.lastProbe + PROBE_US
    if (dueAt <= this.#now) this.breaches.push(`a probe is due since ${this.#now - dueAt} µs`)
    else if (nextUs < 0 || nextUs > dueAt) this.breaches.push(`the next claim is at ${nextUs}, and the next probe at ${dueAt}`)
  }

  #open (): Message[] {
    return [...this.messages.values()].filter(({ state }) => state === 'open')
  }

  async #post (): Promise<void> {
    const recipient = `p1415555${String(this.#random.int(1, PEOPLE)).padStart(4, '0')}`
    const lane = this.#random.pick([1, 2, BULK, BULK])
    const digest = digestOf(++this.#count)
    const holder = `a1:${++this.#calls}`
    const reply = await this.run('admit', { sender: SENDER, digest }, admitting({
      digest,
      recipient,
      lane,
      inline: this.#random.chance(0.7),
      holder,
      lifeMs: 30 * DAY,
      leaseMs: DAY,
      caller: this.#hasCallers ? this.#random.pick(['crm', 'shop']) : ''
    }))
    if (reply.status !== 'granted' && reply.status !== 'queued') throw new TypeError(JSON.stringify(reply))
    const id = `${digest}.${reply.generation}`
    this.messages.set(id, { id, recipient, lane, seq: this.#count, attempt: 1, state: 'open', callers: this.#hasCallers })
    const isOutage = reply.status === 'queued' && reply.waitingFor === 'outage'
    if (isOutage !== (lane === BULK && this.#hold !== null)) {
      this.breaches.push(`lane ${lane}, ${this.#hold === null ? 'not ' : ''}held: admit replied ${JSON.stringify(reply)}`)
    }
    if (reply.status === 'granted') await this.#sent(grantOf(id, recipient, { lane }), holder, false)
  }

  /** `isClaimed`: by a drain run, which alone may send probes. */
  async #sent (grant: ClaimedGrant, holder: string, isClaimed: boolean): Promise<void> {
    const message = this.messages.get(grant.id)
    if (message === undefined || message.state !== 'open') {
      this.breaches.push(`${grant.id} was granted after its end`)
      return
    }
    this.#judge(message, isClaimed)
    const fails = message.attempt < 3 && this.#random.chance(0.05)
    const reply = await this.run('settle', { sender: SENDER, digest: grant.id.slice(0, 22) }, settling(grant, holder, {
      startedUs: 0, keepMs: KEEP_MS, resultSuffix: `web wamid.${grant.id}`, ...(fails ? { settlement: 'retry', afterMs: 1000 } : {})
    }))
    if (reply.status !== 'settled') throw new TypeError(reply.status)
    if (fails) {
      message.attempt++
      this.#retries.push({ at: this.#now + SECOND, id: message.id })
      return
    }
    message.state = 'sent'
    const accepted: Accepted = { id: message.id, at: this.#now, reportedAt: null }
    this.#accepted.push(accepted)
    // Some never get a status. In an outage most get theirs once it is over.
    if (this.#random.chance(0.05)) return
    this.#waiting.push({ at: this.#now + this.#random.int(SECOND / 2, 20 * SECOND), accepted })
  }

  #judge ({ recipient, lane, seq, attempt }: Message, isClaimed: boolean): void {
    this.counts.granted++
    if ((this.#lastGrants.get(recipient) ?? -Infinity) + PAIR_US > this.#now) this.breaches.push(`message ${seq} is too close to another`)
    this.#lastGrants.set(recipient, this.#now)
    const key = `${recipient} ${lane}`
    if (attempt === 1 && seq < (this.#youngest.get(key) ?? 0)) this.breaches.push(`${key}: ${seq} after a younger one`)
    if (attempt === 1) this.#youngest.set(key, seq)
    if (lane !== BULK || this.#hold === null) return
    if (!isClaimed) this.breaches.push(`bulk message ${seq} was granted at once while the lane is held`)
    if (this.#now < this.#hold.lastProbe + PROBE_US) this.breaches.push(`a probe ${this.#now - this.#hold.lastProbe} µs after the last one`)
    this.#hold.lastProbe = this.#now
    this.counts.probes++
  }

  /** WhatsApp reports what is due, unless it is silent. */
  async #report (): Promise<void> {
    if (this.#isSilent) return
    const due = this.#waiting.filter(({ at }) => at <= this.#now)
    this.#waiting = this.#waiting.filter(({ at }) => at > this.#now)
    for (const { accepted } of due) {
      const { id } = accepted
      accepted.reportedAt = this.#now
      const wamid = `wamid.${id}`
      const args = { id, attempt: 0, atMs: 0, wamid, resultSuffix: `web ${wamid}`, history: '{"outcome":"sent"}' }
      const { status } = await this.run('receipt', { sender: SENDER, digest: id.slice(0, 22) }, { ...args, status: this.#random.pick(['s', 'd']) })
      if (!['advanced', 'known'].includes(status)) this.breaches.push(`receipt replied ${status}`)
    }
  }

  async #retryDue (): Promise<void> {
    const due = this.#retries.filter(({ at }) => at <= this.#now)
    this.#retries = this.#retries.filter(({ at }) => at > this.#now)
    for (const { id } of due) {
      const holder = `a1:${++this.#calls}`
      const reply = await this.run('retry', { sender: SENDER, digest: id.slice(0, 22) }, {
        id, force: false, inline: true, holder, runId: 'run1', leaseMs: DAY, lifeMs: 30 * DAY
      })
      this.counts.retried++
      if (reply.status === 'granted') await this.#sent({ ...reply, id, lateUs: 0 }, holder, false)
      else if (reply.status !== 'queued') this.breaches.push(`retry replied ${reply.status}`)
    }
  }

  /** By the messages alone: how many were accepted between two checks, the older one 12 minutes ago at most, and how many have no status. */
  #missing (): { accepted: number, missing: number } {
    // The moments are kept in ms.
    const ageOf = (at: number): number => (Math.floor(this.#now / 1000) - Math.floor(at / 1000)) * 1000
    const [first, last] = [this.#moments.find(at => ageOf(at) <= 12 * MINUTE), this.#moments.findLast(at => ageOf(at) >= 2 * MINUTE)]
    if (first === undefined || last === undefined) return { accepted: 0, missing: 0 }
    const between = this.#accepted.filter(({ at }) => at > first && at <= last)
    return { accepted: between.length, missing: between.filter(({ reportedAt }) => reportedAt === null).length }
  }

  async #check (): Promise<void> {
    this.#checkedAt = this.#now
    this.#moments.push(this.#now)
    const { accepted, missing } = this.#missing()
    const isMissing = accepted >= 20 && 2 * missing > accepted
    if (accepted >= 20 && !isMissing) this.#seenAt = this.#now
    const reply = await this.run('watch-statuses', { sender: SENDER }, { mostMs: MOST_US / 1000 })
    if (reply.status !== 'watched') throw new TypeError(reply.status)
    if (reply.accepted !== accepted) this.breaches.push(`${reply.accepted} messages were accepted, and by the observer ${accepted}`)
    const isOver = this.#hold !== null && this.#now >= this.#hold.since + MOST_US
    const change = this.#hold === null
      ? isMissing && this.#seenAt > this.#now - 24 * 60 * MINUTE ? 'begun' : ''
      : !isMissing || isOver ? 'ended' : ''
    if (isMissing && isOver) this.#seenAt = -Infinity
    if (reply.change !== change) {
      this.breaches.push(`${reply.change || 'no change'}, and by the observer ${change || 'none'}: ${missing} of ${accepted} have no status`)
    }
    if (change === 'begun') this.#hold = { since: this.#now, lastProbe: this.#now }
    if (change === 'ended') this.#hold = null
    if (change !== '') this.counts[change as 'begun' | 'ended']++
    // What follows is in another millisecond, so that it does not count as before the check.
    this.#now += 1000
  }

  async #resume (): Promise<void> {
    await this.run('pause', { sender: SENDER }, { state: 'active', forMs: '', reason: '' })
    if (this.#hold === null) return
    this.counts.resumed++
    this.#hold = null
    this.#seenAt = -Infinity
  }
}
