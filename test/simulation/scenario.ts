/** A history to come, drawn from its seed: settings, messages, operators' actions and faults. */
import type { SenderSettings } from '../../src/senders.js'
import type { Random } from '../property/random.js'
import type { SenderRules } from '../prove/history.js'

export const APP_SECRET = 'app-secret-of-the-simulation'

/** What happens to a request at the provider. `connection refused`: it never gets there. */
export type Fate =
  | 'accepted' | 'accepted without response' | 'accepted and reset' | 'hang' | 'reset' | 'temporary' | 'permanent' | 'pair-limit' | 'rate-limit'
  | 'stop' | 'connection refused'

export interface Draft {
  atMs: number
  key: string
  sender: string
  to: string
  lane: 1 | 2 | 3
  policy: 'retry' | 'fail'
  inline: boolean
  expiresInMs?: number
  /** ms after the post. */
  scheduledInMs?: number
  isMarketing?: boolean
}

export type ActionKind = 'pause' | 'rules' | 'cancel' | 'retry' | 'opt-out' | 'clear' | 'retry all'
export interface Action { atMs: number, kind: ActionKind, sender: string, forMs: number }

export type FaultKind = 'kill' | 'freeze' | 'cut' | 'stall' | 'outage' | 'slow' | 'clock'
/** `forMs`: of `clock` the step, negative for one back. */
export interface Fault { atMs: number, kind: FaultKind, node: number, forMs: number }

export interface Scenario {
  senders: SenderSettings[]
  rules: Record<string, SenderRules>
  nodes: number
  drafts: Draft[]
  actions: Action[]
  faults: Fault[]
  /** While WhatsApp is down, every request has this fate. */
  outages: Array<{ atMs: number, forMs: number, fate: Fate }>
  /** Null for no circuit breaker. */
  circuit: { recipients: number, percent: number, probeMs: number, probeMostMs: number, stageMs: number } | null
  callbacks: boolean
  webhooks: boolean
  fates: Partial<Record<Fate, number>>
  /** Share of the requests that wait long for a connection. */
  slowConnect: number
  /** Longest usual delay to Redis, one way, ms. */
  delayMs: number
  settings: {
    leaseMs: number
    startWithinMs: number
    sendTimeoutMs: number
    retriesMs: number[]
    retryIntervalMs: number
    unknownHoldMs: number
    lifeMs: number
    inlineWaitMs: number
  }
}

const INTERVAL_MS = 1000
/** The time in which messages are posted, operators act and faults begin. */
const SPANS_MS = [1000, 4000, 12_000]

export function drawScenario (random: Random): Scenario {
  const ids = Array.from({ length: random.pick([1, 1, 1, 2, 3]) }, (_, i) => `70000${i + 1}`)
  const rules = Object.fromEntries(ids.map(id => [id, {
    intervalMs: random.chance(0.7) ? INTERVAL_MS : random.pick([300, 2000]),
    burst: random.chance(0.8) ? 1 : random.int(2, 3),
    perSecond: random.chance(0.8) ? 40 : random.int(1, 10)
  }]))
  const webhooks = random.chance(0.7)
  const nodes = random.pick([1, 1, 2, 2, 3])
  const spanMs = random.pick(SPANS_MS)
  const rare = (share: number): number => random.chance(0.4) ? share * 2 * random.next() : 0
  const scenario: Scenario = {
    senders: ids.map(id => senderOf(id, rules[id] as SenderRules, webhooks, random)),
    rules,
    nodes,
    webhooks,
    callbacks: random.chance(0.4),
    drafts: drawDrafts(random, ids, spanMs),
    actions: random.chance(0.5) ? drawActions(random, ids, spanMs) : [],
    faults: drawFaults(random, nodes, spanMs),
    ...drawOutages(random, spanMs),
    fates: {
      'accepted without response': rare(0.1),
      'accepted and reset': rare(0.05),
      hang: rare(0.05),
      reset: rare(0.05),
      temporary: rare(0.2),
      permanent: rare(0.05),
      'pair-limit': rare(0.03),
      'rate-limit': rare(0.05),
      'connection refused': rare(0.05)
    },
    slowConnect: rare(0.1),
    delayMs: random.pick([1, 2, 2, 10, 40]),
    settings: {
      leaseMs: 6000,
      startWithinMs: 250,
      sendTimeoutMs: 500,
      retriesMs: random.pick([[500, 1000, 2000], [1000], [500, 500, 500, 500, 500]]),
      retryIntervalMs: random.pick([1000, 2000]),
      unknownHoldMs: random.pick([500, 3000]),
      lifeMs: 86_400_000,
      inlineWaitMs: random.pick([100, 1000])
    }
  }
  return random.chance(0.2) ? withClockStep(scenario, spanMs, random) : scenario
}

/**
 * The clock of Redis is set. A node that starts after that has nothing to compare with (docs/proof.md), so no node dies. What is scheduled or expires
 * by that clock has no place by another one.
 */
function withClockStep (scenario: Scenario, spanMs: number, random: Random): Scenario {
  const forMs = random.pick([-10_000, -3000, -1000, 500, 1000, 3000, 10_000])
  const step: Fault = { atMs: random.int(1000, 1000 + 2 * spanMs), kind: 'clock', node: 0, forMs }
  const faults = [...scenario.faults.map(fault => fault.kind === 'kill' ? { ...fault, kind: 'freeze' as const } : fault), step]
  return { ...scenario, faults, drafts: scenario.drafts.map(({ scheduledInMs, expiresInMs, ...draft }) => draft) }
}

function senderOf (id: string, { intervalMs, burst, perSecond }: SenderRules, webhooks: boolean, random: Random): SenderSettings {
  return {
    id,
    name: null,
    daily: null,
    accessToken: 'token',
    accountId: null,
    accessTokenFile: null,
    apiUrl: 'http://127.0.0.1:1/v25.0',
    appSecrets: webhooks ? [APP_SECRET] : [],
    rules: { pairIntervalMs: intervalMs, pairBurst: burst, perSecond, maxInFlight: random.pick([1, 3, 20, 20]) },
    onUnknown: null
  }
}

function drawDrafts (random: Random, senders: string[], spanMs: number): Draft[] {
  const people = random.int(1, 4)
  const count = random.int(3, 30)
  const policies = random.pick([['retry'], ['fail'], ['retry', 'fail']] as const)
  const lanes = random.chance(0.5) ? [2] as const : [1, 2, 3] as const
  const inline = random.pick([0, 0.5, 1])
  const [scheduled, short, marketing] = [random.chance(0.3) ? 0.3 : 0, random.chance(0.3) ? 0.2 : 0, random.chance(0.3)]
  return Array.from({ length: count }, (_, i): Draft => ({
    atMs: random.int(0, spanMs),
    key: `m${i + 1}`,
    sender: random.pick(senders),
    to: `1555010000${random.int(1, people)}`,
    lane: random.pick(lanes),
    policy: random.pick(policies),
    inline: random.chance(inline),
    ...(random.chance(scheduled) ? { scheduledInMs: random.pick([500, 3000, 8000, random.int(1, 10_000)]) } : {}),
    ...(random.chance(short) ? { expiresInMs: random.int(500, 8000) } : {}),
    ...(marketing && random.chance(0.5) ? { isMarketing: true } : {})
  })).sort((a, b) => a.atMs - b.atMs)
}

function drawActions (random: Random, senders: string[], spanMs: number): Action[] {
  const kinds: ActionKind[] = ['pause', 'pause', 'pause', 'rules', 'cancel', 'cancel', 'retry', 'retry all', 'opt-out', 'clear']
  return Array.from({ length: random.int(1, 6) }, () => ({
    atMs: random.int(0, 2 * spanMs), kind: random.pick(kinds), sender: random.pick(senders), forMs: random.int(200, 4000)
  })).sort((a, b) => a.atMs - b.atMs)
}

function drawOutages (random: Random, spanMs: number): Pick<Scenario, 'outages' | 'circuit'> {
  const fates: Fate[] = ['temporary', 'temporary', 'hang', 'reset', 'accepted without response', 'connection refused']
  const count = random.chance(0.3) ? random.int(1, 2) : 0
  return {
    outages: Array.from({ length: count }, () => ({ atMs: random.int(0, spanMs), forMs: random.int(500, 15_000), fate: random.pick(fates) })),
    circuit: random.chance(0.8) ? { recipients: random.int(2, 3), percent: 50, probeMs: random.int(100, 300), probeMostMs: 1000, stageMs: 300 } : null
  }
}

function drawFaults (random: Random, nodes: number, spanMs: number): Fault[] {
  const kinds: FaultKind[] = ['kill', 'kill', 'freeze', 'cut', 'cut', 'stall', 'outage', 'slow']
  const lengths: Record<FaultKind, () => number> = {
    kill: () => random.pick([100, 3000, 10_000]),
    freeze: () => random.pick([100, 300, 2000, 8000, 12_000]),
    cut: () => random.pick([0, 500, 4000]),
    stall: () => random.pick([100, 250, 1000, 3000]),
    outage: () => random.pick([300, 3000, 8000]),
    slow: () => random.int(500, 5000),
    clock: () => 0
  }
  return Array.from({ length: random.int(0, 4) }, () => {
    const kind = random.pick(kinds)
    return { atMs: random.int(50, 2 * spanMs), kind, node: random.int(0, nodes - 1), forMs: lengths[kind]() }
  }).sort((a, b) => a.atMs - b.atMs)
}
