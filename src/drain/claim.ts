import type { Grant } from '../message.js'
import { lanes } from '../message.js'
import type { ClaimedGrant } from '../redis/commands.js'
import type { GrantTerms, Store } from '../redis/store.js'
import { parsePayload } from '../settlement/record.js'

export type Claim =
  | { status: 'attended' }
  | { status: 'claimed', grants: Grant[], expired: string[], unwanted: string[], dropped: number, nextAt: number | null }

/**
 * Takes up to `want` heads of a sender whose turn has come, for the shift of this name. `nextAt`: when to ask for the next one, by this process's clock. It counts from the asking
 * and not from the answer: the next question takes as long to get there as this one did.
 */
export async function claim (deps: { store: Store, startWithinMs: number }, sender: string, shift: string, want: number): Promise<Claim> {
  const askedAt = performance.now()
  const { reply, terms } = await deps.store.granting(sender, async terms => ({
    terms,
    reply: await deps.store.run('claim', { sender }, { shift, want, mode: 'keep', ...terms })
  }))
  // 'unruled': Redis was emptied, so there is nobody to attend until a start writes the rules again.
  if (reply[0] !== 'claimed') return { status: 'attended' }
  const [, nowUs, nextUs, dropped, expired, grants, unwanted] = reply
  return {
    status: 'claimed',
    grants: grants.map(grant => read(grant, sender, terms, askedAt, askedAt + deps.startWithinMs)),
    expired,
    unwanted,
    dropped,
    nextAt: nextUs < 0 ? null : askedAt + Math.max(0, (nextUs - nowUs) / 1000)
  }
}

/** Ends a shift: hands the lease over where a turn is near ('call': somebody has to add the job), else drops it. */
export async function release (deps: { store: Store }, sender: string, shift: string): Promise<'' | 'call'> {
  const reply = await deps.store.granting(sender, async terms =>
    await deps.store.run('claim', { sender }, { shift, want: 0, mode: 'end', ...terms }))
  return reply[0] === 'ended' && reply[1] === 'call' ? 'call' : ''
}

function read (told: ClaimedGrant, sender: string, terms: GrantTerms, askedAt: number, startBy: number): Grant {
  const [id, recipient, attempt, stops, lane, lateUs, body, pairHits] = told
  return {
    sender, id, recipient, attempt, stops, pairHits, lateUs, askedAt, startBy, holder: terms.holder, lane: lanes[lane - 1] ?? 'normal', payload: parsePayload(recipient, body)
  }
}
