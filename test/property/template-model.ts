/** What an observer knows of templates and campaigns: what WhatsApp and operators say; and the traffic of templates.test.ts. */
import type { ClaimedGrant, Run } from '../../src/redis/commands.js'
import { admitting, contradictionsOf, digestOf, grantOf, SENDER, settling, writeRules } from './frame.js'
import { keyOf, ProbeBook, type Effect, type Message } from './probe-book.js'
import type { Random } from './random.js'

export const STEPS = 500
const START = 1_800_000_000_000_000
const TEMPLATES = ['aaaaaaaaaaa', 'bbbbbbbbbbb', 'ccccccccccc']
const PAIR_US = 50_000
const PLAIN = 'text'
const PROBE_MS = 200
const CAMPAIGN = 'spring'

export class Model {
  readonly messages = new Map<string, Message>()
  readonly breaches: string[] = []
  granted = 0
  suspended = 0
  stops = 0
  probes = 0
  /** Messages that waited for their campaign. */
  held = 0
  #now = START
  #count = 0
  #calls = 0
  /** What is written of each template. */
  readonly #effects = new Map<string, Effect>(TEMPLATES.map(template => [template, 'sent']))
  /** First attempts by pair and template: the number of the youngest. */
  readonly #youngest = new Map<string, number>()
  #flights: ClaimedGrant[] = []
  #holders = new Map<string, string>()
  /** All templates are stopped until then, µs. Only the message with the number of the last probe may go. */
  #stop: { untilUs: number, lastProbe: number } | null = null
  readonly #probes = new ProbeBook(this.messages)
  #isCampaignPaused = false
  readonly #run: Run
  readonly #random: Random
  readonly #entry: (template: string) => Promise<string | null>

  constructor (run: Run, random: Random, entry: (template: string) => Promise<string | null>) {
    this.#run = run
    this.#random = random
    this.#entry = entry
  }

  readonly run: Run = async (name, at, args) => await this.#run(name, at, { ...args, now: this.#now })

  async begin (): Promise<void> {
    await writeRules(this.run, { pairIntervalUs: PAIR_US })
  }

  async step (): Promise<void> {
    this.#now += this.#random.int(1, 30_000)
    const draw = this.#random.int(1, 100)
    if (draw <= 40) return await this.#post()
    if (draw <= 65) return await this.#claim()
    if (draw <= 85) return await this.#settle()
    if (draw <= 86) return await this.#stopAll(this.#random.chance(0.75))
    if (draw <= 88) return await this.#pauseCampaign(this.#random.chance(0.5))
    if (draw <= 92) return await this.#change(this.#random.pick(TEMPLATES), this.#random.pick(['sent', 'waits', 'waits', 'rejected'] as const))
    if (draw <= 96) return await this.#release()
    await this.#cancel()
  }

  async contradictions (): Promise<string[]> {
    return await contradictionsOf(this.run, this.messages.values())
  }

  /** WhatsApp approves all; everything is sent. */
  async finish (): Promise<void> {
    for (const template of TEMPLATES) await this.#change(template, 'sent')
    await this.#stopAll(false)
    await this.#pauseCampaign(false)
    for (let pass = 0; pass < 4 * STEPS && this.#isOpen(); pass++) {
      this.#now += PAIR_US
      await this.#release()
      await this.#claim()
      while (this.#flights.length > 0) await this.#settle(true)
    }
    await this.#release()
  }

  #isOpen (): boolean {
    return [...this.messages.values()].some(({ state }) => state === 'open')
  }

  async #post (): Promise<void> {
    const template = this.#random.pick([PLAIN, ...TEMPLATES])
    const recipient = `p1415555000${this.#random.int(1, 4)}`
    const digest = digestOf(++this.#count)
    const isOfCampaign = this.#random.chance(0.3)
    const isPaused = isOfCampaign && this.#isCampaignPaused
    const effect = this.#effects.get(template) ?? 'sent'
    const holder = `a1:${++this.#calls}`
    const isStopped = template !== PLAIN && this.#stop !== null
    const reply = await this.run('admit', { sender: SENDER, digest }, admitting({
      digest,
      recipient,
      inline: this.#random.chance(0.5),
      holder,
      template: (template === PLAIN ? '' : template) + (isOfCampaign ? `#${CAMPAIGN}` : '')
    }))
    const isRefused = reply.status === 'rejected' && reply.code === 'TEMPLATE_REJECTED'
    const reason = reply.status === 'queued' ? reply.waitingFor : reply.status
    // Also for a while after its pause, until the older ones are released.
    const isHeld = isOfCampaign && reason === 'campaign-paused'
    if (isPaused && !isHeld) this.breaches.push(`the campaign is paused: admit replied ${reason}`)
    if (isHeld) this.held++
    if (!isHeld && isRefused !== (effect === 'rejected')) this.breaches.push(`${template} ${effect}: admit replied ${reason}`)
    if (reply.status !== 'granted' && reply.status !== 'queued') return
    // Behind a stop that has ended, messages wait until the older ones are released.
    const reasons = isStopped ? ['templates-stopped'] : ['templates-stopped', 'template-paused']
    const isWaiting = reply.status === 'queued' && reply.waitUs === -1
    if (!isHeld && (effect === 'waits' || isStopped) && !(isWaiting && reasons.includes(reason))) {
      this.breaches.push(`${template} waits: admit replied ${JSON.stringify(reply)}`)
    }
    const id = `${digest}.${reply.generation}`
    const waitsApart = isHeld || reason === 'template-paused'
    this.messages.set(id, { id, recipient, template, isOfCampaign, seq: this.messages.size + 1, state: 'open', attempts: 0, waitsApart })
    if (reply.status === 'granted') this.#see(grantOf(id, recipient), holder)
  }

  async #claim (): Promise<void> {
    const holder = `a1:${++this.#calls}`
    const reply = await this.run('claim', { sender: SENDER }, { drainRun: 'a1.1', want: 10, mode: 'keep', holder, runId: 'run1', leaseMs: 60_000 })
    if (reply.status !== 'claimed') throw new TypeError(reply.status)
    for (const grant of reply.grants) this.#see(grant, holder)
    if (reply.dropped > 0) this.breaches.push(`${reply.dropped} heads were dropped`)
    // A head whose pair is free leaves its queue by the claim that could grant it: no other message of the pair waits for it.
    if (reply.grants.length < 10 && reply.nextUs >= 0 && reply.nextUs < this.#now) this.breaches.push('a due head stays')
  }

  #see (grant: ClaimedGrant, holder: string): void {
    const message = this.messages.get(grant.id)
    if (message === undefined || message.state !== 'open') {
      this.breaches.push(`${grant.id} was granted after its end`)
      return
    }
    const effect = this.#effects.get(message.template) ?? 'sent'
    if (effect !== 'sent') this.breaches.push(`${message.template} ${effect}: granted`)
    if (message.isOfCampaign && this.#isCampaignPaused) this.breaches.push('a message of a paused campaign was granted')
    const isProbe = message.template !== PLAIN && this.#stop !== null
    if (isProbe && this.#stop !== null) {
      if (message.seq !== this.#stop.lastProbe) this.breaches.push(`${message.template}: granted while all templates are stopped`)
      this.probes++
    }
    this.granted++
    this.#flights.push(grant)
    this.#holders.set(grant.id, holder)
    const key = keyOf(message)
    if (isProbe) {
      this.breaches.push(...this.#probes.judge(message))
      return
    }
    if (message.attempts === 0 && message.seq < (this.#youngest.get(key) ?? 0)) this.breaches.push(`${key}: ${message.seq} after a younger one`)
    if (message.attempts === 0) this.#youngest.set(key, message.seq)
  }

  async #settle (isGood = false): Promise<void> {
    const grant = this.#flights.shift()
    const message = grant === undefined ? undefined : this.messages.get(grant.id)
    if (grant === undefined || message === undefined) return
    const isTemplate = message.template !== PLAIN
    const draw = isGood ? 0 : this.#random.int(1, 100)
    const outcome = draw <= 60 ? 'sent' : draw <= 70 ? 'retry' : !isTemplate ? 'sent' : draw <= 85 ? 'paused' : draw <= 93 ? 'missing' : 'all'
    const byTemplate = { bucket: 'template', coolMs: outcome === 'missing' ? 90_000 : 0, code: `${outcome === 'missing' ? 132001 : 132015} name en` }
    const holder = this.#holders.get(grant.id) ?? ''
    const reply = await this.run('settle', { sender: SENDER, digest: grant.id.slice(0, 22) }, settling(grant, holder, {
      settlement: outcome === 'sent' || outcome === 'retry' ? outcome : 'stop',
      ...(outcome === 'paused' || outcome === 'missing' ? byTemplate : {}),
      ...(outcome === 'all' ? { bucket: 'templates', coolMs: PROBE_MS, code: '131042' } : {})
    }))
    if (reply.status !== 'settled') {
      this.breaches.push(`settle replied ${reply.status}`)
      return
    }
    if (outcome === 'paused' && reply.settlement !== 'wait') this.breaches.push(`a paused template: ${reply.settlement}`)
    if (outcome === 'paused' || (outcome === 'missing' && reply.settlement === 'wait')) {
      if (this.#effects.get(message.template) === 'sent') this.#mark(message.template, 'waits')
    }
    if (outcome === 'all' || outcome === 'sent') await this.#readStop()
    // A missing template is marked for a failed message, too.
    if (outcome === 'missing' && reply.settlement === 'failed' && this.#effects.get(message.template) === 'sent') {
      this.#mark(message.template, 'waits')
    }
    if (reply.settlement === 'sent' || reply.settlement === 'failed') message.state = reply.settlement
    if (reply.settlement === 'retry') message.attempts++
    if (reply.settlement === 'retry') await this.#retry(grant.id)
  }

  async #retry (id: string): Promise<void> {
    const holder = `a1:${++this.#calls}`
    const reply = await this.run('retry', { sender: SENDER, digest: id.slice(0, 22) }, {
      id, force: true, inline: this.#random.chance(0.5), holder, runId: 'run1', leaseMs: 60_000, lifeMs: 86_400_000
    })
    if (reply.status === 'granted') this.#see({ ...reply, id, lateUs: 0 }, holder)
  }

  async #change (template: string, effect: Effect): Promise<void> {
    const state = effect === 'sent' ? 'approved' : effect === 'waits' ? 'paused' : 'rejected'
    const { status } = await this.run('set-template', { sender: SENDER }, { template, state, code: 'X', atMs: '', untilMs: '', name: 'name en' })
    if (status !== 'written') this.breaches.push(`set-template replied ${status}`)
    this.#mark(template, effect)
  }

  #mark (template: string, effect: Effect): void {
    this.#effects.set(template, effect)
    if (effect !== 'sent') this.#probes.mark(message => message.template === template, true)
  }

  /** A webhook stops all templates, or an operator lets them go. */
  async #stopAll (isStopped: boolean): Promise<void> {
    const untilMs = isStopped ? Math.floor(this.#now / 1000) + PROBE_MS : ''
    const state = isStopped ? 'paused' : 'approved'
    await this.run('set-template', { sender: SENDER }, { template: '*', state, code: 'X', atMs: '', untilMs, name: `X ${PROBE_MS * 1000}` })
    await this.#readStop()
  }

  async #readStop (): Promise<void> {
    const [state, , untilUs, code] = (await this.#entry('*'))?.split(' ') ?? []
    const isStopped = state === 'paused' || state === 'probing'
    if (isStopped && this.#stop === null) this.stops++
    this.#stop = !isStopped ? null : { untilUs: Number(untilUs), lastProbe: state === 'probing' ? Number(code) : 0 }
  }

  async #pauseCampaign (isPaused: boolean): Promise<void> {
    await this.run('set-campaign', { sender: SENDER }, { campaign: CAMPAIGN, state: isPaused ? 'paused' : 'running' })
    this.#isCampaignPaused = isPaused
    if (isPaused) this.#probes.mark(message => message.isOfCampaign, true)
  }

  async #release (): Promise<void> {
    const isDue = this.#stop !== null && this.#stop.untilUs <= this.#now
    const apart = this.#probes.apart()
    await this.#releaseAll()
    const isReleased = ({ isOfCampaign, template }: Message): boolean =>
      !(isOfCampaign && this.#isCampaignPaused) && (this.#effects.get(template) ?? 'sent') === 'sent'
    this.#probes.mark(isReleased, false)
    const before = this.#stop?.lastProbe ?? 0
    await this.#readStop()
    if ((this.#stop?.lastProbe ?? 0) !== before) this.#probes.choose(apart)
    // What waited for the stop, and has a template or a campaign that is paused, waits for that now.
    if (this.#stop === null) this.#probes.mark(message => !isReleased(message), true)
    if (!isDue && (this.#stop?.lastProbe ?? 0) !== before) this.breaches.push('a probe before its time')
  }

  async #releaseAll (): Promise<void> {
    for (;;) {
      const reply = await this.run('release-suspended', { sender: SENDER }, { limit: 5 })
      if (reply.status !== 'released') throw new TypeError(reply.status)
      this.suspended += reply.count + reply.rejected.length
      for (const id of reply.rejected) await this.#close(id, 'rejected')
      if (reply.isDone) return
    }
  }

  async #cancel (): Promise<void> {
    const open = [...this.messages.values()].filter(({ state }) => state === 'open')
    if (open.length > 0) await this.#close(this.#random.pick(open).id, 'cancelled')
  }

  async #close (id: string, reason: string): Promise<void> {
    const message = this.messages.get(id)
    const args = { id, reason, resultSuffix: 'web -', history: '{"outcome":"closed"}' }
    const { status } = await this.run('cancel', { sender: SENDER, digest: id.slice(0, 22) }, args)
    if (status === 'done' && message !== undefined) message.state = reason === 'rejected' ? 'failed' : 'closed'
    if (reason === 'rejected' && status !== 'done') this.breaches.push(`a suspended message of a rejected template: ${status}`)
  }
}
