import { SluiceError } from '../errors.js'
import { inParallel } from '../parallel.js'
import type { Moment } from '../redis/agenda.js'
import { globalKey } from '../redis/keys.js'
import type { FoundGrant } from '../redis/commands.js'
import type { Grant, Outcome } from '../message.js'
import { parseRecord } from '../settlement/record.js'
import { lookAgain } from '../settlement/parked.js'
import type { ReceiptRoom } from '../settlement/receipt.js'
import { settle, settleUnknown } from '../settlement/settle.js'
import type { Wakes } from '../drain/wake.js'
import { every } from './every.js'

export interface RecoveryRoom extends ReceiptRoom {
  wakes: Wakes
  senders: string[]
  startWithinMs: number
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
export function startRecovery (room: RecoveryRoom): { stop: () => Promise<void> } {
  const calm = new Set<string>()
  let enteredAt = -Infinity

  async function tick (): Promise<void> {
    const { store } = room
    if (performance.now() - enteredAt > room.roundMs) {
      await room.refresh()
      enteredAt = performance.now()
    }
    if (await store.redis.set(globalKey(store.prefix, 'recovery'), store.node, 'PX', TICK_MS - 100, 'NX') !== 'OK') return
    while (await recoverSlice(room, calm) === SLICE);
  }

  return every(TICK_MS, room.events, 'recovery', tick)
}

/**
 * Asks the senders whose moment has come, up to `SLICE`; returns how many. Each is put off first and brought forward by what
 * it answers: that way round nothing that happens while it is asked gets lost. It is put off for a whole round only if it
 * was calm when last asked and nobody reminded of it since.
 */
async function recoverSlice (room: RecoveryRoom, calm: Set<string>): Promise<number> {
  const { agenda } = room.store
  const { nowMs, senders } = await agenda.due(SLICE)
  // Spread, so that senders that were entered together are not asked together for ever.
  const roundMs = (): number => room.roundMs * (0.5 + Math.random() / 2)
  try {
    await agenda.putOff(senders.map(({ sender, isReminded }) =>
      [sender, Math.round(nowMs + (calm.has(sender) && !isReminded ? roundMs() : Math.min(SOON_MS, room.roundMs)))]))
    const moments = await inParallel(senders, AT_ONCE, async ({ sender }): Promise<Moment[]> => {
      const nextMs = await ask(room, sender)
      if (nextMs === 0 || nextMs > nowMs + SOON_MS) calm.add(sender)
      else calm.delete(sender)
      return nextMs === 0 ? [] : [[sender, nextMs]]
    })
    await agenda.bringForward(moments.flat())
  } catch (error) {
    // Redis went away in the middle; whoever was not asked, or whose answer is lost with the others', is asked again.
    for (const { sender } of senders) agenda.remind(sender)
    throw error
  }
  return senders.length
}

/** One sender that can't be recovered is told of, and doesn't keep the others from being. */
async function ask (room: RecoveryRoom, sender: string): Promise<number> {
  try {
    return await recoverSender(room, sender, [], true)
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'UNAVAILABLE') throw error
    room.events.emit('fault', { where: `recovery of ${sender}`, error })
    return 0
  }
}

/**
 * Recovers one sender; without the lock only the grants of this node's lost calls. Returns when to look again, ms since the
 * epoch, or 0 where nothing is in sight.
 */
export async function recoverSender (room: RecoveryRoom, sender: string, lost: string[], all: boolean): Promise<number> {
  const [attention, leases, grants, unknowns, nextMs, parkedDue] = await room.store.run('recover', { sender }, { lost: JSON.stringify(lost), limit: all ? AT_MOST : 0 })
  if (attention === 'call') {
    room.events.emit('recovery.found', { sender, what: 'unattended' })
    await room.wakes.attend(sender, 'call')
  }
  for (const found of grants) await giveBack(room, sender, found)
  for (const found of leases) await expireLease(room, sender, found)
  for (const [id, text] of unknowns) {
    if (text === '') continue
    room.events.emit('recovery.found', { sender, what: 'unknown', id })
    await settleUnknown(room, sender, id, parseRecord(text))
  }
  // After the leases and holds, which a receipt that came early waits for.
  const parkedMs = parkedDue === 1 && all ? await lookAgain(room, sender) : 0
  return parkedMs > 0 && nextMs > 0 ? Math.min(parkedMs, nextMs) : parkedMs || nextMs
}

/** Nobody ever learned of this grant, so it was never started. */
async function giveBack (room: RecoveryRoom, sender: string, found: FoundGrant): Promise<void> {
  room.events.emit('recovery.found', { sender, what: 'lost-grant', id: found[0] })
  const outcome: Outcome = { status: 'unsent', code: 'GIVEN_BACK', error: 'the reply that granted it was lost', startedAfterMs: null, durationMs: 0 }
  const settled = await settle(room, grantOf(sender, found), outcome)
  await room.wakes.attend(sender, settled.attention)
}

/** Its holder is gone. Whether and when it started nobody can tell: the latest moment it may have started counts. */
async function expireLease (room: RecoveryRoom, sender: string, found: FoundGrant): Promise<void> {
  room.events.emit('recovery.found', { sender, what: 'lease', id: found[0] })
  const outcome: Outcome = { status: 'unknown', code: 'LEASE_EXPIRED', error: 'the node that sent it is gone', startedAfterMs: room.startWithinMs, durationMs: 0 }
  const settled = await settle(room, grantOf(sender, found), outcome)
  await room.wakes.attend(sender, settled.attention)
}

function grantOf (sender: string, [id, recipient, attempt, holder, text]: FoundGrant): Grant {
  const { payload, lane, stops, pairHits } = parseRecord(text)
  return { sender, id, recipient, attempt, holder, lane, stops, pairHits, payload, askedAt: 0, startBy: 0, lateUs: 0 }
}
