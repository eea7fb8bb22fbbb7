import type { Wakes } from '../drain/wake.js'
import type { Grant, Outcome } from '../message.js'
import { inParallel } from '../parallel.js'
import type { FoundGrant } from '../redis/commands.js'
import { globalKey } from '../redis/keys.js'
import type { Moment } from '../redis/recovery-schedule.js'
import type { Store } from '../redis/store.js'
import { reportError, every } from '../redis/unavailable.js'
import { applyParked, retryParked } from '../settlement/parked.js'
import type { ReceiptDeps } from '../settlement/receipt.js'
import { parseRecord } from '../settlement/record.js'
import { settle, settleUnknown } from '../settlement/settle.js'
import { watchStatuses } from '../throttle/bulk-hold.js'
import type { Checks } from './checks.js'
import { createChecks, UNAVAILABLE_MS } from './checks.js'

export interface SenderRecoveryDeps extends ReceiptDeps {
  wakes: Wakes
  startWithinMs: number
  /** How long the lane `bulk` of a sender is held at most while statuses are missing, ms; 0 for no hold, null where no webhooks come. */
  bulkHoldMs?: (sender: string) => number | null
}

export interface RecoveryDeps extends SenderRecoveryDeps {
  /** Longest interval between two checks of a sender, ms. At most LEASE_MS, so that no lease of a dead node is missed. */
  roundMs: number
  /** Restores the settings of this node that an emptied Redis has lost; called once a round. */
  refresh: () => Promise<void>
}

const TICK_MS = 500
/** Shorter than a tick, so that another node can take it at the next one. */
const LEASE_MS = TICK_MS - 100
/** Time until another node checks a sender again if this node dies while it checks it. */
const CHECK_AGAIN_MS = 4000
/** Time until a refresh that failed is repeated. Without jitter: one node recovers at a time. */
const REFRESH_AGAIN_MS = 2000
/** Senders taken from the recovery schedule at a time, and senders checked in parallel. */
const BATCH = 100
const CONCURRENCY = 25
/**
 * A lease that recovery finds expired is left for this long before its outcome counts as unknown. After an outage of Redis that outlasts leases,
 * running nodes settle what they hold in this time: they reconnect within a second, and repeat each settlement twice a second.
 */
export const LEASE_GRACE_MS = 3000
/** Leases, and unknown outcomes, that one script call returns. */
const LIMIT = 200

/**
 * Checks twice a second the senders that are due in the recovery schedule, on one node at a time by a Redis lock. It finds expired leases,
 * unknown outcomes whose hold is over, and ready messages without a drain run. A sender with a drain run is due when its drain lease expires;
 * an idle sender once in `roundMs`. In a cluster a sender may be on a server that is down: the others do not wait for it. The same node calls
 * `addDueRuns`, which adds the jobs of retries and housekeeping.
 */
export function startRecovery (deps: RecoveryDeps, addDueRuns: () => Promise<void>): { stop: () => Promise<void> } {
  const idle = new Set<string>()
  const checks = createChecks(deps.events)
  let refreshAt = -Infinity

  async function tick (): Promise<void> {
    if (!await holdLease(deps.store)) return
    await addDueRuns().catch(error => reportError(deps.events, 'scheduled runs', error))
    while (await recoverBatch(deps, checks, idle) === BATCH && await holdLease(deps.store));
  }

  /** Apart from the checks, since it asks all senders. */
  async function refresh (): Promise<void> {
    if (performance.now() < refreshAt) return
    refreshAt = performance.now() + REFRESH_AGAIN_MS
    await deps.refresh()
    refreshAt = performance.now() + deps.roundMs
  }

  const loops = [every(TICK_MS, deps.events, 'recovery', tick), every(TICK_MS, deps.events, 'refresh', refresh)]
  return {
    async stop () {
      await Promise.all(loops.map(async loop => await loop.stop()))
      await checks.end()
    }
  }
}

/**
 * Takes the recovery lease, or extends it; false while another node has it. It only saves work: should two nodes hold it, since a call came late,
 * both check the same senders, with the same result.
 */
async function holdLease ({ redis, prefix, node }: Store): Promise<boolean> {
  const key = globalKey(prefix, 'recovery-lease')
  if (await redis.set(key, node, 'PX', LEASE_MS, 'NX') === 'OK') return true
  return await redis.get(key) === node && await redis.pexpire(key, LEASE_MS) === 1
}

/**
 * Takes up to `BATCH` senders that are due; returns their number. Each is postponed before its check and advanced by the result: in this order
 * a `markDue` during the check is not lost. A sender is postponed for a whole round only if it was idle at its last check and was not marked due
 * since. One that did not respond is postponed without a check: many of them, marked due by their callers again and again, must not keep the
 * others from their checks.
 */
async function recoverBatch (deps: RecoveryDeps, checks: Checks, idle: Set<string>): Promise<number> {
  const { recoverySchedule } = deps.store
  const { nowMs, senders } = await recoverySchedule.due(BATCH)
  // With jitter, so that senders that were added together are not checked together for ever.
  const roundMs = (): number => deps.roundMs * (0.5 + Math.random() / 2)
  function waitMs (sender: string, isMarkedDue: boolean): number {
    if (checks.isPostponed(sender)) return UNAVAILABLE_MS
    return idle.has(sender) && !isMarkedDue ? roundMs() : Math.min(CHECK_AGAIN_MS, deps.roundMs)
  }
  try {
    const wanted = senders.filter(({ sender }) => !checks.isPostponed(sender))
    await recoverySchedule.postpone(senders.map(({ sender, isMarkedDue }) => [sender, Math.round(nowMs + waitMs(sender, isMarkedDue))]))
    const moments = await inParallel(wanted, CONCURRENCY, async ({ sender }): Promise<Moment[]> => {
      const nextMs = await checks.run(sender, async () => await recoverSender(deps, sender, [], true)) ?? nowMs + UNAVAILABLE_MS
      if (nextMs === 0 || nextMs > nowMs + CHECK_AGAIN_MS) idle.add(sender)
      else idle.delete(sender)
      return nextMs === 0 ? [] : [[sender, nextMs]]
    })
    await recoverySchedule.advance(moments.flat())
  } catch (error) {
    // The server of the recovery schedule was lost in between. Senders that were not checked, or whose results are lost, are checked again.
    for (const { sender } of senders) recoverySchedule.markDue(sender)
    throw error
  }
  return senders.length
}

/**
 * Recovers one sender: the grants of the holders in `lost`, whose replies this node never got, and with `all` everything else, which needs the
 * recovery lock. Returns when to check again, ms since the epoch; 0 if nothing is foreseen.
 */
export async function recoverSender (deps: SenderRecoveryDeps, sender: string, lost: string[], all: boolean): Promise<number> {
  const found = await deps.store.run('recover', { sender }, { lost: lost.join(' '), limit: all ? LIMIT : 0, graceMs: LEASE_GRACE_MS })
  const { nextMs } = found
  if (found.wakeHint !== '') deps.events.emit('recovery.found', { sender, kind: 'unattended' })
  for (const grant of found.lost) await giveBack(deps, sender, grant)
  for (const grant of found.leases) await expireLease(deps, sender, grant)
  for (const { id, record } of found.unknown) {
    if (record === '') continue
    deps.events.emit('recovery.found', { sender, kind: 'unknown', id })
    const stored = parseRecord(record)
    await applyParked(deps, sender, id, stored.attempts)
    await settleUnknown(deps, sender, id, stored)
  }
  const bulkHoldMs = all ? deps.bulkHoldMs?.(sender) ?? null : null
  if (bulkHoldMs !== null) await watchStatuses(deps, sender, bulkHoldMs)
  // After leases and holds, since a status that arrived early matches once its attempt is settled.
  const parkedMs = found.parkedDue && all ? await retryParked(deps, sender) : 0
  return parkedMs > 0 && nextMs > 0 ? Math.min(parkedMs, nextMs) : parkedMs || nextMs
}

/** The reply with this grant was lost, so the send never started. */
async function giveBack (deps: SenderRecoveryDeps, sender: string, found: FoundGrant): Promise<void> {
  deps.events.emit('recovery.found', { sender, kind: 'lost-grant', id: found.id })
  const outcome: Outcome = { status: 'unsent', code: 'GIVEN_BACK', error: 'the reply that granted it was lost', startedAfterMs: null, durationMs: 0 }
  await settle(deps, grantOf(sender, found), outcome)
}

/** Whether the send of a holder that is dead or out of reach started is unknown. The pair rate counts from the latest time at which it may have. */
async function expireLease (deps: SenderRecoveryDeps, sender: string, found: FoundGrant): Promise<void> {
  deps.events.emit('recovery.found', { sender, kind: 'lease', id: found.id })
  const outcome: Outcome = {
    status: 'unknown',
    code: 'LEASE_EXPIRED',
    error: 'the node that sent it is gone',
    startedAfterMs: deps.startWithinMs,
    durationMs: 0
  }
  await settle(deps, grantOf(sender, found), outcome)
}

/** A message without a record was settled as sent by a receipt, and only its grant is left: nothing reads its content. */
const NO_CONTENT: Pick<Grant, 'payload' | 'lane' | 'stops' | 'pairHits' | 'spared'> = {
  payload: { to: '', type: 'text', message: '', keySource: 'none', caller: '-' }, lane: 'normal', stops: 0, pairHits: 0, spared: 0
}

function grantOf (sender: string, { id, recipient, attempt, holder, record }: FoundGrant): Grant {
  const { payload, lane, stops, pairHits, spared } = record === '' ? NO_CONTENT : parseRecord(record)
  return { sender, id, recipient, attempt, holder, lane, stops, pairHits, spared, payload, askedAt: 0, startBy: 0, lateUs: 0 }
}

const GIVE_BACK_MS = 500

/**
 * Gives back the grants of this node's own calls whose reply was lost. Every node does so, whatever its role: no other node knows that these
 * sends never started, and their leases would expire as unknown outcomes.
 */
export function startGiveBack (deps: SenderRecoveryDeps): { stop: () => Promise<void> } {
  const checks = createChecks(deps.events)
  return every(GIVE_BACK_MS, deps.events, 'giving back grants', async () => {
    const lost = [...deps.store.lost.list()].filter(([sender]) => !checks.isPostponed(sender))
    await inParallel(lost, CONCURRENCY, async ([sender, holders]) => await checks.run(sender, async () => {
      const nextMs = await recoverSender(deps, sender, holders, false)
      deps.store.lost.markChecked(holders)
      return nextMs
    }))
  })
}
