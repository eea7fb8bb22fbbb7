import { inParallel } from '../parallel.js'
import type { Moment } from '../redis/recovery-schedule.js'
import { globalKey } from '../redis/keys.js'
import { isUnavailable } from '../redis/unavailable.js'
import type { FoundGrant } from '../redis/commands.js'
import type { Grant, Outcome } from '../message.js'
import { parseRecord } from '../settlement/record.js'
import { retryParked } from '../settlement/parked.js'
import type { ReceiptDeps } from '../settlement/receipt.js'
import { settle, settleUnknown } from '../settlement/settle.js'
import type { Wakes } from '../drain/wake.js'
import { every } from './every.js'

export interface SenderRecoveryDeps extends ReceiptDeps { wakes: Wakes, startWithinMs: number }

export interface RecoveryDeps extends SenderRecoveryDeps {
  /** Every sender is asked at least this often, ms; not longer than a lease, so that none of a dead node's is missed. */
  roundMs: number
  /** Writes again what an emptied Redis would have lost of this node's settings; once a round. */
  refresh: () => Promise<void>
}

const TICK_MS = 500
/** Until the next look at a sender that is being asked, should this node die meanwhile. */
const SOON_MS = 4000
/** Senders taken from the agenda at once, and asked at once. */
const SLICE = 100
const AT_ONCE = 25
/** Leases, and unknown outcomes, of a sender at a time. */
const AT_MOST = 200

/**
 * Looks twice a second, one node at a time by a Redis lock, at the senders whose moment on the agenda has come: leases that
 * ran out, unknown outcomes whose hold is over, turns that nobody attends. An attended sender's moment is the end of its
 * shift's lease; one that needs nobody is asked once in `roundMs`.
 */
export function startRecovery (deps: RecoveryDeps): { stop: () => Promise<void> } {
  const calm = new Set<string>()
  let enteredAt = -Infinity

  async function tick (): Promise<void> {
    const { store } = deps
    if (performance.now() - enteredAt > deps.roundMs) {
      await deps.refresh()
      enteredAt = performance.now()
    }
    if (await store.redis.set(globalKey(store.prefix, 'recovery-lease'), store.node, 'PX', TICK_MS - 100, 'NX') !== 'OK') return
    while (await recoverSlice(deps, calm) === SLICE);
  }

  return every(TICK_MS, deps.events, 'recovery', tick)
}

/**
 * Asks the senders whose moment has come, up to `SLICE`; returns how many. Each is put off first and brought forward by what
 * it answers: that way round nothing that happens while it is asked gets lost. It is put off for a whole round only if it
 * was calm when last asked and nobody reminded of it since.
 */
async function recoverSlice (deps: RecoveryDeps, calm: Set<string>): Promise<number> {
  const { recoverySchedule } = deps.store
  const { nowMs, senders } = await recoverySchedule.due(SLICE)
  // Spread, so that senders that were entered together are not asked together for ever.
  const roundMs = (): number => deps.roundMs * (0.5 + Math.random() / 2)
  try {
    await recoverySchedule.postpone(senders.map(({ sender, isMarkedDue }) =>
      [sender, Math.round(nowMs + (calm.has(sender) && !isMarkedDue ? roundMs() : Math.min(SOON_MS, deps.roundMs)))]))
    const moments = await inParallel(senders, AT_ONCE, async ({ sender }): Promise<Moment[]> => {
      const nextMs = await ask(deps, sender)
      if (nextMs === 0 || nextMs > nowMs + SOON_MS) calm.add(sender)
      else calm.delete(sender)
      return nextMs === 0 ? [] : [[sender, nextMs]]
    })
    await recoverySchedule.advance(moments.flat())
  } catch (error) {
    // Redis went away in the middle; whoever was not asked, or whose answer is lost with the others', is asked again.
    for (const { sender } of senders) recoverySchedule.markDue(sender)
    throw error
  }
  return senders.length
}

/** One sender that can't be recovered is told of, and doesn't keep the others from being. */
async function ask (deps: RecoveryDeps, sender: string): Promise<number> {
  try {
    return await recoverSender(deps, sender, [], true)
  } catch (error) {
    if (isUnavailable(error)) throw error
    deps.events.emit('unexpected-error', { location: `recovery of ${sender}`, error })
    return 0
  }
}

/**
 * Recovers one sender; without the lock only the grants of this node's lost calls. Returns when to look again, ms since the
 * epoch, or 0 where nothing is in sight.
 */
export async function recoverSender (deps: SenderRecoveryDeps, sender: string, lost: string[], all: boolean): Promise<number> {
  const found = await deps.store.run('recover', { sender }, { lost: lost.join(' '), limit: all ? AT_MOST : 0 })
  const { nextMs } = found
  if (found.wakeHint !== '') deps.events.emit('recovery.found', { sender, kind: 'unattended' })
  for (const grant of found.lost) await giveBack(deps, sender, grant)
  for (const grant of found.leases) await expireLease(deps, sender, grant)
  for (const { id, record } of found.unknown) {
    if (record === '') continue
    deps.events.emit('recovery.found', { sender, kind: 'unknown', id })
    await settleUnknown(deps, sender, id, parseRecord(record))
  }
  // After the leases and holds, which a receipt that came early waits for.
  const parkedMs = found.parkedDue && all ? await retryParked(deps, sender) : 0
  return parkedMs > 0 && nextMs > 0 ? Math.min(parkedMs, nextMs) : parkedMs || nextMs
}

/** Nobody ever learned of this grant, so it was never started. */
async function giveBack (deps: SenderRecoveryDeps, sender: string, found: FoundGrant): Promise<void> {
  deps.events.emit('recovery.found', { sender, kind: 'lost-grant', id: found.id })
  const outcome: Outcome = { status: 'unsent', code: 'GIVEN_BACK', error: 'the reply that granted it was lost', startedAfterMs: null, durationMs: 0 }
  await settle(deps, grantOf(sender, found), outcome)
}

/** Its holder is gone. Whether and when it started nobody can tell: the latest moment it may have started counts. */
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

function grantOf (sender: string, { id, recipient, attempt, holder, record }: FoundGrant): Grant {
  const { payload, lane, stops, pairHits } = parseRecord(record)
  return { sender, id, recipient, attempt, holder, lane, stops, pairHits, payload, askedAt: 0, startBy: 0, lateUs: 0 }
}
