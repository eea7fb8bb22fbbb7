import { senderKey } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import { optOutSource } from '../settlement/record.js'

/** A recipient that has opted out of a sender's marketing. */
export interface OptOut {
  /** Canonical. */
  recipient: string
  /** ms since the epoch. */
  since: number
  /** `whatsapp`, or the name of an API key. */
  by: string
  reason: string
}

/** Who opted the recipient out and why. `atMs`: when the recipient did, ms since the epoch; default now. */
export interface OptOutRequest { by: string, reason: string, atMs?: number }

/**
 * Opts a recipient out of marketing. Returns the ids of queued marketing messages in `waiting`; the caller cancels them. Scheduled messages and
 * retries are closed when they are due.
 */
export async function stopMarketing (
  store: Store,
  sender: string,
  recipient: string,
  { by, reason, atMs }: OptOutRequest
): Promise<{ wasOut: boolean; since: number; waiting: string[] }> {
  const { was, sinceMs, waiting } = await store.run(
    'opt-out',
    { sender },
    { recipient, preference: 'stop', source: optOutSource(by, reason), atMs: atMs ?? '' }
  )
  return { wasOut: was, since: sinceMs, waiting }
}

/** Ends an opt-out; returns whether there was one. A request that is older than the opt-out (`atMs`, ms since the epoch) changes nothing. */
export async function resumeMarketing (store: Store, sender: string, recipient: string, atMs?: number): Promise<boolean> {
  return (await store.run('opt-out', { sender }, { recipient, preference: 'resume', source: '', atMs: atMs ?? '' })).was
}

/** A page of a sender's opt-outs, unordered. `limit` is approximate, and a page may be empty. `cursor` is null at the end. */
export async function listOptOuts (
  store: Store,
  sender: string,
  cursor: string,
  limit: number
): Promise<{ optOuts: OptOut[]; cursor: string | null }> {
  const [next, entries] = await store.redis.hscan(senderKey(store.prefix, sender, 'opt-outs'), cursor, 'COUNT', limit)
  const optOuts: OptOut[] = []
  for (let i = 0; i < entries.length; i += 2) {
    const [recipient = '', text = ''] = entries.slice(i, i + 2)
    // `-<recipient>`: the recipient has opted in again.
    if (!recipient.startsWith('-')) optOuts.push(read(recipient, text))
  }
  return { optOuts, cursor: next === '0' ? null : next }
}

function read (recipient: string, text: string): OptOut {
  const space = text.indexOf(' ')
  return { recipient, since: Number(text.slice(0, space)), ...JSON.parse(text.slice(space + 1)) as Pick<OptOut, 'by' | 'reason'> }
}
