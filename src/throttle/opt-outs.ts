import { senderKey } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import { optOutNote } from '../settlement/record.js'

/** A recipient that wants no marketing from a sender. */
export interface OptOut {
  /** Canonical. */
  recipient: string
  /** ms since the epoch. */
  since: number
  /** `whatsapp`, or the name of an API key. */
  by: string
  reason: string
}

/** What was said of an opt-out: by whom, why, and when the recipient did (ms since the epoch; left out for now). */
export interface Wish { by: string, reason: string, atMs?: number }

/**
 * No marketing for this recipient any more. What waits in its line is named, and is for the caller to cancel; whatever else
 * comes to its turn later, out of a schedule or for a retry, is dropped then.
 */
export async function stopMarketing (
  store: Store,
  sender: string,
  recipient: string,
  { by, reason, atMs }: Wish
): Promise<{ wasOut: boolean; since: number; waiting: string[] }> {
  const { was, sinceMs, waiting } = await store.run(
    'opt-out',
    { sender },
    { recipient, preference: 'stop', note: optOutNote(by, reason), atMs: atMs ?? '' }
  )
  return { wasOut: was, since: sinceMs, waiting }
}

/** Marketing is welcome again; true where it was not. What a recipient said before it stopped does not count. */
export async function resumeMarketing (store: Store, sender: string, recipient: string, atMs?: number): Promise<boolean> {
  return (await store.run('opt-out', { sender }, { recipient, preference: 'resume', note: '', atMs: atMs ?? '' })).was
}

/** A page of a sender's opt-outs, in no order; `limit` is about, and a page may be empty before the last. `cursor` is null at the end. */
export async function listOptOuts (
  store: Store,
  sender: string,
  cursor: string,
  limit: number
): Promise<{ optOuts: OptOut[]; cursor: string | null }> {
  const [next, entries] = await store.redis.hscan(senderKey(store.prefix, sender, 'opt-outs'), cursor, 'COUNT', limit)
  const optOuts: OptOut[] = []
  for (let at = 0; at < entries.length; at += 2) {
    const [recipient = '', text = ''] = entries.slice(at, at + 2)
    // `-<recipient>` wants some again.
    if (!recipient.startsWith('-')) optOuts.push(read(recipient, text))
  }
  return { optOuts, cursor: next === '0' ? null : next }
}

function read (recipient: string, text: string): OptOut {
  const space = text.indexOf(' ')
  return { recipient, since: Number(text.slice(0, space)), ...JSON.parse(text.slice(space + 1)) as Pick<OptOut, 'by' | 'reason'> }
}
