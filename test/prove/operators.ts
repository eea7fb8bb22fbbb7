/** Operators at work: pauses, rules, plans of campaigns, retries, opt-outs and cancellations, one after the other for a sender. */
import type { Random } from '../property/random.js'
import { pass } from '../support/until.js'
import type { ProvingCaller } from './caller.js'
import { factsOf, isInconclusive, type Fact } from './history.js'
import type { Load } from './load.js'
import { jobActs, searchActs } from './operator-jobs.js'

export interface OperatorOptions {
  templates: readonly string[]
  caller: ProvingCaller
  origins: () => string[]
  load: Load
  senders: string[]
  rules: { intervalMs: number, perSecond: number }
  random: Random
  /** Mean time from one action to the next, s. */
  everySeconds: number
  record: (fact: Fact) => void
  isOver: () => boolean
}

const unplanned = { perSecond: null, startAt: null, endAt: null }

export type Act = (sender: string, random: Random) => Promise<unknown>

/** Resolves when the last action is done; every pause is ended, and the rules are those of the settings. */
export async function operate (
  { caller, origins, load, senders, templates, rules, random, everySeconds, record, isOver }: OperatorOptions
): Promise<void> {
  const busy = new Set<string>()
  const changed = new Set<string>()
  const retried = new Set<string>()
  const underway = new Set<Promise<unknown>>()
  const quota = async (sender: string, body: Record<string, number>): Promise<number> => await caller.operate('PUT', `/senders/${sender}/quota`, body)

  const acts: Act[] = [
    async (sender, random) => {
      await caller.operate('POST', `/senders/${sender}/pause`, {})
      await pass(random.int(500, 5000))
      await caller.operate('POST', `/senders/${sender}/resume`, {})
    },
    async (sender, random) => {
      changed.add(sender)
      await quota(sender, { pairIntervalMs: random.pick([500, 1000, 1500, 2000]), perSecond: random.pick([20, 40, 60]) })
    },
    async (sender, random) => {
      changed.add(sender)
      await quota(sender, { pairBurst: random.int(1, 3) })
    },
    async sender => {
      const { body } = await caller.ask(origins()[0] ?? '', 'GET', `/failures?status=FAILED&sender=${sender}&limit=50`)
      const failures = (body['failures'] ?? []) as Array<{ id: string, idempotencyKey: string | null }>
      const found = failures.find(({ id, idempotencyKey }) => idempotencyKey !== null && !retried.has(id))
      if (found === undefined) return
      retried.add(found.id)
      await caller.operate('POST', `/failures/${found.id}/retry?key=${found.idempotencyKey}`, {})
    },
    async (sender, random) => {
      const mine = load.marketed().filter(pair => pair.startsWith(`${sender}/`))
      if (mine.length === 0) return
      const [, to = ''] = random.pick(mine).split('/')
      await caller.operate('PUT', `/opt-outs/+${to}?sender=${sender}`, { reason: 'asked by phone' })
      await pass(random.int(2000, 10_000))
      await caller.operate('DELETE', `/opt-outs/+${to}?sender=${sender}`)
    },
    async (sender, random) => {
      const campaign = load.campaign(sender)
      await caller.operate('POST', `/campaigns/${campaign}/pause`)
      await pass(random.int(500, 8000))
      await caller.operate('POST', `/campaigns/${campaign}/resume`)
      if (random.chance(0.7)) return
      load.nextCampaign(sender)
      await caller.persist('POST', `/campaigns/${campaign}/cancel`, undefined, status => status === 202 || status === 404)
    },
    async (sender, random) => {
      const path = `/campaigns/${load.campaign(sender)}`
      const [now, perSecond] = [Date.now(), random.pick([0.5, 1, 2, 5])]
      const plan = random.pick([{ perSecond }, { perSecond, startAt: now + random.int(1000, 5000) }, { endAt: now + random.int(1000, 4000) }])
      await caller.operate('PUT', path, { ...unplanned, ...plan, sender })
      await pass(random.int(2000, 10_000))
      await caller.operate('PUT', path, { ...unplanned, sender })
    },
    async (sender, random) => {
      const isOfTemplate = templates.length > 0 && random.chance(0.5)
      const rated = isOfTemplate ? { template: random.pick([...templates]), language: 'en_US' } : { category: 'marketing' }
      for (let changes = random.int(1, 2); changes > 0; changes--) {
        await caller.operate('PUT', `/senders/${sender}/rates`, { ...rated, perSecond: random.pick([0.5, 1, 3, 60]) })
        await pass(random.int(2000, 10_000))
      }
      await caller.operate('PUT', `/senders/${sender}/rates`, { ...rated, perSecond: null })
    },
    ...jobActs({ caller, load, record }),
    ...searchActs({ caller, origins, load, record })
  ]

  while (!isOver()) {
    await pass(random.gap(everySeconds * 1000))
    const sender = random.pick(senders)
    if (busy.has(sender) || isOver()) continue
    busy.add(sender)
    const task = random.pick(acts)(sender, random.fork()).catch(() => undefined).finally(() => {
      busy.delete(sender)
      underway.delete(task)
    })
    underway.add(task)
  }
  await Promise.all(underway)
  for (const sender of changed) await quota(sender, { pairIntervalMs: rules.intervalMs, pairBurst: 1, perSecond: rules.perSecond })
}

/** A pause, a plan or a rate that got no response may take effect after the request to end it, by a node that was frozen. */
export async function endLatePauses (caller: ProvingCaller, facts: Fact[]): Promise<void> {
  const late = factsOf(facts, 'operated').filter(isInconclusive)
  const planned = new Map(late.filter(({ action }) => action === 'plan-campaign').map(({ campaign = '', sender }) => [campaign, sender]))
  for (const [campaign, sender] of planned) await caller.operate('PUT', `/campaigns/${campaign}`, { ...unplanned, sender })
  const rated = new Map(late.filter(({ action }) => action === 'rate').map(({ sender, rated = '' }) => [`${sender} ${rated}`, { sender, rated }]))
  for (const { sender, rated: of } of rated.values()) {
    const what = of === 'marketing' ? { category: of } : { template: of, language: 'en_US' }
    await caller.operate('PUT', `/senders/${sender}/rates`, { ...what, perSecond: null })
  }
  const resume = new Set(late.flatMap(({ action, sender, campaign }) =>
    action === 'pause' ? `/senders/${sender}/resume` : action === 'pause-campaign' ? `/campaigns/${campaign}/resume` : []))
  for (const path of resume) await caller.operate('POST', path, path.startsWith('/senders') ? {} : undefined)
}
