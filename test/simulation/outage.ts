/** Two hours without WhatsApp, 240 times as fast: an outage of 30 s, retries after 0.25 to 15 s, probes after 20 to 250 ms. */
import type { Random } from '../property/random.js'
import { messagesOf, type Fact } from '../prove/history.js'
import { drawScenario, type Fate, type Scenario } from './scenario.js'
import { EPOCH_MS } from './virtual-time.js'

const FASTER = 240
const OUTAGE_MS = 2 * 3_600_000 / FASTER
const BEGINS_MS = 2000
export const MESSAGES = 100
const PEOPLE = 40

/** Messages come at the same rate before and during the outage. */
export const outageScenario = (fate: Fate, policy: 'retry' | 'fail') => (random: Random): Scenario => {
  const drawn = drawScenario(random)
  const [sender] = drawn.senders
  if (sender === undefined) throw new TypeError('a scenario has a sender')
  const rules = { intervalMs: 1000, burst: 1, perSecond: 10 }
  return {
    ...drawn,
    webhooks: false,
    senders: [{ ...sender, appSecrets: [], rules: { pairIntervalMs: 1000, pairBurst: 1, perSecond: 10, maxInFlight: 20 } }],
    rules: { [sender.id]: rules },
    nodes: 1,
    drafts: Array.from({ length: MESSAGES }, (_, i) => ({
      atMs: Math.round(i * (BEGINS_MS + OUTAGE_MS) / MESSAGES),
      key: `m${i + 1}`,
      sender: sender.id,
      to: `155501000${String(random.int(1, PEOPLE)).padStart(2, '0')}`,
      lane: 2 as const,
      policy,
      inline: random.chance(0.5)
    })),
    actions: [],
    faults: [],
    outages: [{ atMs: BEGINS_MS, forMs: OUTAGE_MS, fate }],
    circuit: { recipients: 5, percent: 50, probeMs: 5000 / FASTER, probeMostMs: 60_000 / FASTER, stageMs: 100 },
    callbacks: false,
    fates: {},
    slowConnect: 0,
    delayMs: 2,
    settings: {
      ...drawn.settings, retriesMs: [1, 5, 15, 30, 60].map(minutes => minutes * 60_000 / FASTER), retryIntervalMs: 500, unknownHoldMs: 500
    }
  }
}

export interface OutageFigures {
  sent: number
  /** Messages that no request has delivered. */
  failed: number
  /** Requests during the outage: what opened the circuit, and probes. */
  requests: number
  /** Attempts that the messages have used up by failing. */
  used: number
  /** From the end of the outage until the last message was sent, ms. */
  clearedMs: number
  leastSpacingMs: number
  mostInSecond: number
}

export function figuresOf (facts: Fact[], spacing: Pick<OutageFigures, 'leastSpacingMs' | 'mostInSecond'>): OutageFigures {
  const messages = [...messagesOf(facts).values()]
  const [from, to] = [EPOCH_MS + BEGINS_MS, EPOCH_MS + BEGINS_MS + OUTAGE_MS]
  const arrivals = messages.flatMap(({ arrivals }) => arrivals)
  const states = messages.map(({ ended }) => ended?.state ?? 'none')
  return {
    sent: states.filter(state => ['sent', 'delivered', 'read'].includes(state)).length,
    failed: states.filter(state => state === 'failed').length,
    requests: arrivals.filter(({ at }) => at >= from && at < to).length,
    used: messages.flatMap(({ ended }) => ended?.attempts ?? []).filter(({ outcome }) => outcome !== 'sent').length,
    clearedMs: Math.round(Math.max(...arrivals.map(({ at }) => at)) - to),
    leastSpacingMs: Math.round(spacing.leastSpacingMs),
    mostInSecond: spacing.mostInSecond
  }
}
