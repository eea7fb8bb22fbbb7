import type { Decision } from './history.js'
import type { DrainRun } from './drain.js'
import { applyWakeHint } from './drain.js'
import { retryFailure } from './keeper.js'
import type { World } from './world.js'
import { START_WITHIN_US } from './world.js'

export interface Grant { id: string, recipient: string, attempt: number, stops: number, askedAt: number, holder: string, drainRun?: DrainRun }

export interface Settlement {
  decision: Decision
  /** From the claim of the grant to the start; null: never started. */
  startedUs: number | null
  afterMs?: number
  bucket?: '' | 'pair' | 'sender-rate' | 'throughput' | 'sender' | 'outage'
  coolMs?: number
}

const MOST_ATTEMPTS = 6
/** Wait for the first probe of an open circuit. */
export const PROBE_MS = 500

/** Sends a granted message on its node: it starts in time and is settled, or its grant is returned, or its node dies. */
export function deliver (world: World, grant: Grant): void {
  const { fates, startUs, decisionUs } = world.scenario
  const gone = (): boolean => grant.drainRun?.crashed === true
  const vanishes = world.random.chance(fates.vanish)
  const slow = world.random.chance(fates.slow)
  let startAt = Math.min(world.now + world.random.int(0, startUs), Math.max(world.now, grant.askedAt + START_WITHIN_US))
  if (slow) startAt = grant.askedAt + START_WITHIN_US + 1
  if (startAt > grant.askedAt + START_WITHIN_US) {
    const at = Math.max(world.now, grant.askedAt + START_WITHIN_US + world.random.int(0, 3000))
    world.at(at, async () => { if (!gone()) await settle(world, grant, { decision: 'wait', startedUs: null }) })
    return
  }
  if (vanishes && world.random.chance(0.5)) {
    grant.drainRun?.settled()
    return
  }
  if (world.random.chance(fates.unsent)) {
    world.at(startAt, async () => {
      if (!gone()) await settle(world, grant, { decision: 'wait', startedUs: null, bucket: 'sender-rate', coolMs: 1000 })
    })
    return
  }
  world.at(startAt, () => {
    if (gone()) return
    world.record({ fact: 'started', at: world.now, id: grant.id })
    if (vanishes) {
      grant.drainRun?.settled()
      return
    }
    const settlement = drawOutcome(world, grant, startAt - grant.askedAt)
    world.at(world.now + world.random.int(1000, Math.max(1000, decisionUs)), async () => { if (!gone()) await settle(world, grant, settlement) })
  })
}

/** The provider's response, as the settlement that the product writes of it. */
function drawOutcome (world: World, grant: Grant, startedUs: number): Settlement {
  const { random, scenario: { fates } } = world
  const exhausted = grant.attempt >= MOST_ATTEMPTS
  let draw = random.next()
  if (world.now < world.downUntil) {
    const outage = { startedUs, bucket: 'outage' as const, coolMs: PROBE_MS, afterMs: random.logInt(200, 20_000) }
    return { decision: random.chance(0.2) ? 'unknown' : exhausted ? 'failed' : 'retry', ...outage }
  }
  const is = (share: number): boolean => (draw -= share) < 0
  if (is(fates.retry)) return exhausted ? { decision: 'failed', startedUs } : { decision: 'retry', startedUs, afterMs: random.logInt(200, 30_000) }
  if (is(fates.failed)) return { decision: 'failed', startedUs }
  if (is(fates.pair)) return { decision: 'wait', startedUs, bucket: 'pair', coolMs: random.logInt(100, 15_000) }
  if (is(fates.rate)) return { decision: 'wait', startedUs, bucket: 'sender-rate', coolMs: random.logInt(100, 5000) }
  if (is(fates.throughput)) return { decision: 'wait', startedUs, bucket: 'throughput', coolMs: random.pick([1000, 1000, 2000]) }
  if (is(fates.stop)) return { decision: grant.stops > 0 ? 'failed' : 'wait', startedUs, bucket: 'sender', coolMs: 3000 }
  if (is(fates.unknown)) return { decision: 'unknown', startedUs, afterMs: random.logInt(500, 20_000) }
  return { decision: 'sent', startedUs }
}

/** Writes the outcome; now and then twice, as a node does that lost the reply to the first call. */
export async function settle (world: World, grant: Grant, settlement: Settlement): Promise<void> {
  const { decision: requested, startedUs, afterMs = 0, bucket = '', coolMs = 0 } = settlement
  const scope = { sender: world.sender, digest: world.posts.get(grant.id)?.digest ?? '' }
  const args = {
    id: grant.id,
    recipient: grant.recipient,
    attempt: grant.attempt,
    holder: grant.holder,
    settlement: requested,
    startedUs: startedUs ?? '',
    afterMs,
    bucket,
    coolMs,
    code: bucket === 'sender' ? 'STOPPED' : bucket === 'outage' ? 'DOWN' : '',
    resultSuffix: 'tester wamid',
    history: requested === 'retry' || bucket === 'outage' ? '{"outcome":"retryable"}' : ''
  }
  const reply = await world.run('settle', scope, args)
  world.keepStarts(grant.recipient)
  grant.drainRun?.settled()
  if (reply.status === 'stale') {
    world.record({ fact: 'settled again', at: world.now, status: 'stale at first' })
    return
  }
  // Only an outage changes a settlement.
  const decision = bucket === 'outage' ? reply.settlement as Decision : requested
  world.record({ fact: 'settled', at: world.now, id: grant.id, decision, startedUs, bucket, coolMs, circuit: reply.circuit })
  const { gapUs, leastUs } = reply
  if (gapUs !== undefined && leastUs !== undefined) world.record({ fact: 'alarm', at: world.now, id: grant.id, gapUs, leastUs })
  came(world, grant.id, decision, reply.dueMs)
  applyWakeHint(world, reply.wakeHint)
  if (world.random.chance(0.01)) {
    const { status } = await world.run('settle', scope, args)
    world.record({ fact: 'settled again', at: world.now, status })
  }
}

/** Records a decision; an operator retries some failures before they are due, or after they were given up. */
export function came (world: World, id: string, decision: Decision, dueMs: number): void {
  const { random, scenario } = world
  if (decision === 'sent' || decision === 'failed') world.unsettled.delete(id)
  if (decision === 'retry') world.failures.set(id, dueMs)
  const byHand = (decision === 'retry' || (decision === 'failed' && world.arrivals > 0)) && random.chance(scenario.force)
  if (byHand) world.at(world.now + random.gap(3_000_000), async () => await retryFailure(world, id, true))
}
