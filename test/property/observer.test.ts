/** The observer by small histories: which time of the next claim it accepts after the stages of a half-open circuit. */
import t from 'tap'
import type { Fact, Rules } from './history.js'
import { judge } from './observer.js'

const START = 1_800_000_000_000_000
/** One message a second, so that a slot of the stages takes 8, 4 and 2 s. */
const RULES: Rules = { pairIntervalMs: 100, pairBurst: 1, perSecond: 1, maxInFlight: 40, queueCap: 1000, backlogCap: 1000 }

const CALLERS = { weights: { web: 1 }, campaigns: 0, mixed: false }

/** Moments are seconds from the start of the round. */
const us = (second: number): number => START + Math.round(second * 1e6)
const admitted = (id: string): Fact => ({
  fact: 'admitted',
  at: START,
  id,
  recipient: `p${id}`,
  lane: 2,
  share: 'web',
  inline: false,
  expiresMs: us(86_400) / 1000,
  scheduledMs: null,
  as: 'queued',
  wait: null
})
const granted = (second: number, id: string): Fact => ({ fact: 'granted', at: us(second), id, attempt: 1, by: 'claim' })
type Settled = Extract<Fact, { fact: 'settled' }>
const settled = (second: number, id: string, change: Partial<Settled> = {}): Fact => ({
  fact: 'settled', at: us(second), id, decision: 'sent', startedUs: 0, bucket: '', coolMs: 0, circuit: '', ...change
})
const claimed = (second: number, next: number): Fact => ({ fact: 'claimed', at: us(second), want: 10, grants: 0, nextUs: us(next), dropped: 0 })
const paused = (second: number): Fact => ({ fact: 'paused', at: us(second), until: null })
const resumed = (second: number): Fact => ({ fact: 'resumed', at: us(second) })
const rules = (second: number, perSecond: number): Fact => ({ fact: 'rules', at: us(second), rules: { ...RULES, perSecond } })

/** The circuit opens, and the success of a probe at 2.2 s makes it half-open. */
const HALF_OPEN = [
  ...['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(admitted),
  granted(0, 'a'),
  settled(0.5, 'a', { decision: 'wait', bucket: 'outage', coolMs: 500, circuit: 'opened' }),
  granted(2, 'b'),
  settled(2.2, 'b', { circuit: 'half-open' })
]
/** A slot of the first stage is used: the next one is at 11 s, whatever ends the stage. */
const FIRST_SLOT = [...HALF_OPEN, granted(3, 'c'), settled(3.2, 'c')]
/** The third stage began at 33 s. Its last slot is used at 48.2 s by the probe of a stopped sender. */
const LAST_STAGE = [
  ...HALF_OPEN,
  granted(3, 'c'),
  settled(17.3, 'c'),
  granted(18, 'd'),
  settled(33, 'd'),
  granted(45, 'e'),
  settled(45.1, 'e', { decision: 'wait', bucket: 'sender', coolMs: 3000 }),
  granted(48.2, 'f')
]

const cases: Array<{ name: string, facts: Fact[], now: number, next: number }> = [
  { name: 'in the first stage', facts: FIRST_SLOT, now: 4, next: 11 },
  { name: 'after an operator closed the circuit', facts: [...FIRST_SLOT, resumed(5)], now: 5.1, next: 11 },
  { name: 'after an operator resumed the sender twice', facts: [...FIRST_SLOT, paused(4), resumed(5), paused(6), resumed(7)], now: 7.1, next: 11 },
  { name: 'after other rules in the stage', facts: [...FIRST_SLOT, rules(4, 40), resumed(5)], now: 5.1, next: 11 },
  {
    name: 'after the probe of a stopped sender ended the last stage',
    facts: [...LAST_STAGE, settled(48.3, 'f', { circuit: 'closed' })],
    now: 48.4,
    next: 50.2
  }
]

for (const { name, facts, now, next } of cases) {
  await t.test(`the last slot of a stage counts ${name}, and no longer`, async t => {
    t.strictSame([...judge({ rules: RULES, callers: CALLERS, punctual: false, facts: [...facts, claimed(now, next)] }).breaches], [])
    const late = judge({ rules: RULES, callers: CALLERS, punctual: false, facts: [...facts, claimed(now, next + 0.001)] })
    t.strictSame([...late.breaches.keys()], ['idle'])
  })
}

await t.test('a grant before the slot of its stage is a breach of the rate', async t => {
  t.strictSame([...judge({ rules: RULES, callers: CALLERS, punctual: false, facts: [...FIRST_SLOT, granted(10.9, 'd')] }).breaches.keys()], ['rate'])
})

await t.test('a failure stops the sender, unless it was granted before an operator resumed the sender', async t => {
  const stop = settled(6, 'a', { decision: 'wait', bucket: 'sender', coolMs: 3000 })
  const kindsOf = (...facts: Fact[]): string[] =>
    [...judge({ rules: RULES, callers: CALLERS, punctual: false, facts: [...['a', 'b'].map(admitted), ...facts, granted(7, 'b')] }).breaches.keys()]
  t.strictSame(kindsOf(granted(1, 'a'), paused(2), resumed(5), stop), [])
  t.strictSame(kindsOf(paused(1), resumed(2), granted(5, 'a'), stop), ['closed'])
  t.strictSame(kindsOf(granted(1, 'a'), resumed(5), stop), ['closed'], 'nothing was ended')
})
