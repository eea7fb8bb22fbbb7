import type { Grant } from '../message.js'
import { lanes } from '../message.js'
import type { ClaimedGrant } from '../redis/commands.js'
import type { GrantTerms, Store } from '../redis/store.js'
import { parsePayload } from '../settlement/record.js'

export type Claim =
  | { status: 'leased' }
  | { status: 'claimed', grants: Grant[], expired: string[], unwanted: string[], dropped: number, nextAt: number | null }

/**
 * Grants up to `want` messages of a sender that are ready, to the drain run of this name. `nextAt`: when to ask for the next one, by this
 * process's clock. It counts from the request and not from the reply: the next request takes as long to arrive as this one did.
 */
export async function claim (deps: { store: Store, startWithinMs: number }, sender: string, drainRun: string, want: number): Promise<Claim> {
  const askedAt = performance.now()
  const { reply, terms } = await deps.store.granting(sender, async terms => ({
    terms,
    reply: await deps.store.run('claim', { sender }, { drainRun, want, mode: 'keep', ...terms })
  }))
  // 'no_rules': Redis was emptied, so there is nothing to drain until a start writes the rules again.
  if (reply.status !== 'claimed') return { status: 'leased' }
  const { nowUs, nextUs, dropped, expired, grants, unwanted } = reply
  return {
    status: 'claimed',
    grants: grants.map(grant => read(grant, sender, terms, askedAt, askedAt + deps.startWithinMs)),
    expired,
    unwanted,
    dropped,
    nextAt: nextUs < 0 ? null : askedAt + Math.max(0, (nextUs - nowUs) / 1000)
  }
}

/** Ends a drain run: hands the lease over where a message is ready soon, which adds a job, else drops it. */
export async function release (deps: { store: Store }, sender: string, drainRun: string): Promise<void> {
  await deps.store.granting(sender, async terms =>
    await deps.store.run('claim', { sender }, { drainRun, want: 0, mode: 'end', ...terms }))
}

function read (claimed: ClaimedGrant, sender: string, terms: GrantTerms, askedAt: number, startBy: number): Grant {
  const { id, recipient, attempt, stops, lane, lateUs, body, pairHits } = claimed
  return {
    sender,
    id,
    recipient,
    attempt,
    stops,
    pairHits,
    lateUs,
    askedAt,
    startBy,
    holder: terms.holder,
    lane: lanes[lane - 1] ?? 'normal',
    payload: parsePayload(recipient, body)
  }
}
