import { writePayload } from '../redis/payload.js'
import type { Store } from '../redis/store.js'
import type { HistoryEntry, Result } from './record.js'
import { parseResult } from './record.js'

/**
 * Frees a key whose window is over while statuses of its message may still arrive. `text`: the compact result of that message, as admit.lua
 * returns it.
 */
export async function releaseKey (store: Store, sender: string, digest: string, text: string): Promise<void> {
  const result = parseResult(text)
  if (result === null) return
  const { attempts, providerMessageId } = result
  const history: Omit<HistoryEntry, 'at'> = {
    attempt: attempts, outcome: 'sent', ...(providerMessageId === null ? {} : { providerMessageId })
  }
  const id = `${digest}.${result.admittedAt.toString(16)}`
  await store.run('release-key', { sender, digest }, { id, payload: payloadOfResult(result), history: JSON.stringify(history) })
}

/** The payload of a record whose message was sent and no longer has its content. */
export function payloadOfResult ({ recipient, caller, metadata, callbackData, idempotencyKey }: Result): string {
  return writePayload(recipient, {
    to: recipient.startsWith('p') ? `+${recipient.slice(1)}` : recipient.slice(1),
    type: 'text',
    message: '',
    keySource: 'none',
    caller,
    ...(metadata === undefined ? {} : { metadata }),
    ...(callbackData === undefined ? {} : { callbackData }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey })
  })
}
