import type { Callers, Rules } from './history.js'
import type { Random } from './random.js'
import { createZipf } from './random.js'

/** A round: its rules, its traffic, and how much goes wrong in it. Shares are between 0 and 1, `perMinute` of virtual time. */
export interface Scenario {
  rules: Rules
  callers: Callers
  lanes: boolean
  punctual: boolean
  messages: number
  recipients: ReturnType<typeof createZipf>
  pattern: 'poisson' | 'bursts' | 'campaign'
  meanGapUs: number
  inline: number
  /** Longest delays: of a call to Redis and of its reply; from the grant's reply to the start; from the start to the decision. */
  callUs: number
  startUs: number
  decisionUs: number
  /** Shares of the outcomes of attempts; the rest of 1 is sent. */
  fates: Record<'retry' | 'failed' | 'pair' | 'rate' | 'throughput' | 'stop' | 'unknown' | 'unsent' | 'slow' | 'vanish', number>
  cancel: number
  /** Of messages that an operator moves; absent for none. */
  move?: number
  /** Absent for a minute. */
  housekeepingUs?: number
  repeat: number
  loseReply: number
  scheduled: number
  reject: number
  shortLife: number
  force: number
  perMinute: { outage: number, down: number, crash: number, pause: number, clear: number, restart: number, rules: number }
  /** A restart loses the buckets of all pairs and of the sender. */
  emptied: boolean
}

const LONGEST_S = 500

/** Draws a round. Its load is between half and one and a half of what its rules let through. */
export function drawScenario (random: Random, lanes: boolean, most: number): Scenario {
  const rules = drawRules(random)
  const hasFaults = random.chance(0.75)
  const punctual = random.chance(0.4)
  const decisionUs = random.logInt(1, 3000) * 1000
  const recipients = random.chance(0.3) ? createZipf(random.int(1, 8), 0) : createZipf(random.logInt(20, 600), random.next() * 1.1)
  const busyS = decisionUs / 2e6 + 0.06
  const perSecond = Math.min(rules.perSecond, rules.maxInFlight / busyS, 1 / (recipients.largestShare * (rules.pairIntervalMs / 1000 + busyS)))
  const wrong = (share: number): number => hasFaults && random.chance(0.7) ? share * random.next() * 2 : 0
  const unlessPunctual = (share: number): number => punctual ? 0 : wrong(share)
  const scenario: Scenario = {
    rules,
    callers: SINGLE_CALLER,
    lanes,
    punctual,
    messages: Math.max(40, Math.min(most, Math.round(perSecond * LONGEST_S))),
    recipients,
    pattern: random.pick(['poisson', 'poisson', 'bursts', 'campaign']),
    meanGapUs: Math.round(1e6 / (perSecond * (0.5 + random.next()))),
    inline: random.pick([0, 0.5, 1]),
    callUs: random.pick([0, 2000, 40_000]),
    startUs: random.pick([0, 5000, 150_000, 250_000]),
    decisionUs,
    fates: {
      retry: wrong(0.04),
      failed: wrong(0.02),
      pair: wrong(0.01),
      rate: wrong(0.004),
      throughput: 0,
      stop: unlessPunctual(0.002),
      unknown: wrong(0.01),
      unsent: wrong(0.004),
      slow: wrong(0.03),
      vanish: wrong(0.003)
    },
    cancel: wrong(0.04),
    repeat: 0.03,
    loseReply: unlessPunctual(0.02),
    scheduled: wrong(0.04),
    reject: wrong(0.05),
    shortLife: wrong(0.03),
    force: wrong(0.1),
    perMinute: {
      outage: unlessPunctual(2),
      down: unlessPunctual(2),
      crash: unlessPunctual(0.5),
      pause: wrong(2),
      clear: wrong(5),
      restart: wrong(0.7),
      rules: wrong(3)
    },
    emptied: random.chance(0.4)
  }
  // Not drawn, so that rounds of former seeds stay as they were.
  scenario.fates.throughput = scenario.fates.rate * 2
  return scenario
}

export const SINGLE_CALLER: Callers = { weights: { c0: 1 }, campaigns: 0, mixed: false }

/** One caller, or up to 50; each with a few campaigns, or none. */
export function drawCallers (random: Random): Callers {
  const count = random.chance(0.4) ? 1 : random.logInt(2, 50)
  const weights = Object.fromEntries(Array.from({ length: count }, (_, n) => [`c${n}`, random.pick([1, 1, 1, 2, 5])]))
  const mixed = random.chance(0.3)
  return { weights, campaigns: random.chance(0.5) ? 0 : random.int(1, 5), mixed }
}

export function drawRules (random: Random): Rules {
  return {
    pairIntervalMs: random.chance(0.3) ? 2000 : random.logInt(1, 6000),
    pairBurst: random.chance(0.5) ? 1 : random.int(2, 8),
    perSecond: random.logInt(1, 1000),
    maxInFlight: random.logInt(1, 500),
    queueCap: random.chance(0.2) ? random.int(2, 12) : 1000,
    backlogCap: random.chance(0.1) ? random.int(20, 200) : 1_000_000
  }
}
