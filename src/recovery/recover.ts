import { globalKey } from '../redis/keys.js'
import type { FoundGrant } from '../redis/commands.js'
import type { Grant, Outcome } from '../message.js'
import { parseRecord } from '../settlement/record.js'
import type { SettlementRoom } from '../settlement/settle.js'
import { settle, settleUnknown } from '../settlement/settle.js'
import type { Wakes } from '../drain/wake.js'

export interface RecoveryRoom extends SettlementRoom { wakes: Wakes, senders: string[], startWithinMs: number }

const TICK_MS = 1000
const AT_MOST = 200

/**
 * Looks once a second, one node at a time by a Redis lock: leases that ran out, unknown outcomes whose hold is over, turns
 * that nobody attends. Each node also looks for the grants of its own calls whose reply was lost.
 */
export function startRecovery (room: RecoveryRoom): { stop: () => Promise<void> } {
  let running: Promise<void> | null = null
  const timer = setInterval(() => {
    running ??= look(room)
      .catch(error => { room.events.emit('fault', { where: 'recovery', error }) })
      .finally(() => { running = null })
  }, TICK_MS)
  return {
    async stop () {
      clearInterval(timer)
      await running
    }
  }
}

async function look (room: RecoveryRoom): Promise<void> {
  const { store } = room
  const lost = store.lostHolders()
  const mine = await store.redis.set(globalKey(store.prefix, 'recovery'), store.node, 'PX', TICK_MS - 100, 'NX') === 'OK'
  if (!mine && lost.length === 0) return
  for (const sender of room.senders) await recoverSender(room, sender, lost, mine)
}

/** Recovers one sender; without the lock only the grants of this node's lost calls. */
export async function recoverSender (room: RecoveryRoom, sender: string, lost: string[], all: boolean): Promise<void> {
  const [attention, leases, grants, unknowns] = await room.store.run('recover', { sender }, { lost: JSON.stringify(lost), limit: all ? AT_MOST : 0 })
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
  const { payload, lane, stops } = parseRecord(text)
  return { sender, id, recipient, attempt, holder, lane, stops, payload, askedAt: 0, startBy: 0, lateUs: 0 }
}
