import type { FoundGrant } from '../../src/redis/commands.js'
import { applyWakeHint } from './drain.js'
import { close } from './callers.js'
import type { Grant, Settlement } from './node.js'
import { came, deliver, settle } from './node.js'
import type { World } from './world.js'
import { START_WITHIN_US } from './world.js'

export const LIFE_MS = 86_400_000

/** Retries one failure, as the retry worker does when it is due, or an operator at any time. */
export async function retryFailure (world: World, id: string, force: boolean): Promise<void> {
  const post = world.posts.get(id)
  if (post === undefined) return
  const askedAt = world.now
  world.at(world.now + world.lag(), async () => {
    const terms = world.terms()
    const reply = await world.run('retry', { sender: world.sender, digest: post.digest }, { id, force, inline: true, lifeMs: LIFE_MS, ...terms })
    if (reply.status === 'expired') await close(world, id, 'expired')
    if (reply.status !== 'granted' && reply.status !== 'queued') return
    await world.readSender()
    world.failures.delete(id)
    world.unsettled.add(id)
    world.record({ fact: 'retried', at: world.now, id, queued: reply.status === 'queued', expiresMs: Math.floor(world.now / 1000) + LIFE_MS })
    const lost = world.losesReply()
    if (lost) world.lose(terms.holder)
    if (reply.status === 'queued') {
      if (reply.wakeHint === 'enqueue') world.drainRequested()
      if (!lost) applyWakeHint(world, reply.wakeHint)
      return
    }
    const { recipient, attempt, stops } = reply
    world.record({ fact: 'granted', at: world.now, id, attempt, by: 'retry' })
    if (!lost) world.at(world.now + world.lag(), () => deliver(world, { id, recipient, attempt, stops, askedAt, holder: terms.holder }))
  })
}

/** The retry worker's run: every due failure, oldest first. */
export async function retryDue (world: World): Promise<void> {
  const due = [...world.failures].filter(([, dueMs]) => dueMs <= world.now / 1000).sort((a, b) => a[1] - b[1])
  for (const [id] of due) await retryFailure(world, id, false)
}

/** A recovery run, once a second: grants of lost calls, expired leases, unknown outcomes whose hold is over. */
export async function recover (world: World): Promise<void> {
  for (const [holder, since] of world.lostHolders) {
    if (world.now - since > 120e6) world.lostHolders.delete(holder)
  }
  const reply = await world.run('recover', { sender: world.sender }, { lost: [...world.lostHolders.keys()].join(' '), limit: 200 })
  applyWakeHint(world, reply.wakeHint)
  for (const found of reply.lost) await settle(world, grantOf(found), { decision: 'wait', startedUs: null })
  for (const found of reply.leases) {
    world.record({ fact: 'lost', at: world.now, what: 'lease' })
    const settlement: Settlement = { decision: 'unknown', startedUs: START_WITHIN_US, afterMs: world.random.logInt(500, 20_000) }
    await settle(world, grantOf(found), settlement)
  }
  for (const { id, record } of reply.unknown) await decide(world, id, record)
}

function grantOf ({ id, recipient, attempt, holder, record }: FoundGrant): Grant {
  return { id, recipient, attempt, holder, stops: Number(headerOf(record)[5] ?? 0), askedAt: 0 }
}

function headerOf (record: string): string[] {
  return record.split('\n', 1)[0]?.split(' ') ?? []
}

/** No receipt came: the message is retried, or given up. */
async function decide (world: World, id: string, record: string): Promise<void> {
  const [recipient = '', , , , attempts = '0'] = headerOf(record)
  const decision = Number(attempts) < 6 && world.random.chance(0.8) ? 'retry' : 'failed'
  const reply = await world.run(
    'settle',
    { sender: world.sender, digest: world.posts.get(id)?.digest ?? '' },
    {
      id,
      recipient,
      attempt: Number(attempts),
      holder: '',
      settlement: decision,
      startedUs: '',
      afterMs: decision === 'failed' ? 2000 : 0,
      bucket: '',
      coolMs: 0,
      code: '',
      resultSuffix: 'tester -',
      history: '{"outcome":"unknown"}'
    }
  )
  if (reply.status !== 'settled') return
  // Held on, while WhatsApp is down.
  if (reply.settlement === 'unknown') return
  world.record({ fact: 'decided', at: world.now, id, decision })
  came(world, id, decision, reply.dueMs)
}

/** Housekeeping: idle buckets are removed, messages whose lifetime is over are closed. */
export async function prune (world: World): Promise<void> {
  for (let full = true; full;) {
    const { expired, buckets } = await world.run('prune', { sender: world.sender }, { retentionMs: LIFE_MS, cap: 100_000, limit: 500 })
    full = buckets === 500
    await world.readSender()
    if (!full) world.record({ fact: 'pruned', at: world.now })
    for (const id of expired) await close(world, id, 'expired')
  }
}
