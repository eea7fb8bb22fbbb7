import { elapsedNow } from '../deadlines.js'
import type { Grant } from '../message.js'
import { NEVER } from '../message.js'
import type { Store } from '../redis/store.js'
import { readGrant } from '../settlement/record.js'

export type Claim =
  | { status: 'leased' }
  | { status: 'claimed', grants: Grant[], expired: string[], unwanted: string[], closed: string[], dropped: number, nextAt: number | null }

/**
 * Claims up to `want` ready messages of a sender for a drain run. Returns `leased` if another run has the drain lease. `nextAt`: when to claim
 * again, by `performance.now()`; null for never. It counts from the request and not from the reply, since the next request takes as long to
 * arrive as this one did.
 */
export async function claim (deps: { store: Store, startWithinMs: number }, sender: string, drainRun: string, want: number): Promise<Claim> {
  const askedAt = elapsedNow()
  const callAt = performance.now()
  const { reply, terms, isCertain } = await deps.store.granting(sender, async (terms, isCertain) => ({
    terms,
    isCertain,
    reply: await deps.store.run('claim', { sender }, { drainRun, want, mode: 'keep', ...terms })
  }))
  // `no_rules`: Redis was emptied, so there is nothing to drain until the rules are written again.
  if (reply.status !== 'claimed') return { status: 'leased' }
  const { nowUs, nextUs, dropped, expired, grants, unwanted, isProbe = false, closed = [] } = reply
  const startBy = isCertain(nowUs / 1000) ? askedAt + deps.startWithinMs : NEVER
  return {
    status: 'claimed',
    grants: grants.map(grant => ({ ...readGrant(sender, grant, { askedAt, startBy, holder: terms.holder }), isProbe })),
    expired,
    unwanted,
    closed,
    dropped,
    nextAt: nextUs < 0 ? null : callAt + Math.max(0, (nextUs - nowUs) / 1000)
  }
}

/** Ends a drain run. If a message is ready soon, the lease becomes a request, and the wake hint adds a job; otherwise the lease is deleted. */
export async function release (deps: { store: Store }, sender: string, drainRun: string): Promise<void> {
  await deps.store.granting(sender, async terms =>
    await deps.store.run('claim', { sender }, { drainRun, want: 0, mode: 'end', ...terms }))
}
