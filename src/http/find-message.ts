import { Type } from '@sinclair/typebox'
import { digest } from '../admission/key.js'
import type { Caller } from '../callers.js'
import { SluiceError } from '../errors.js'
import { parseId } from '../redis/keys.js'
import { inspectMessage, type MessageView } from '../settlement/inspect.js'
import { formatDuration } from '../values/time.js'
import type { PostDeps } from './admission-result.js'
import { chooseSender } from './api.js'

export const MessageParamsSchema = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 300, description: 'Id of the message, or your own idempotency key' })
})

/** By id, or by the caller's own idempotency key. For a `send` key the messages of other keys do not exist. */
export async function findMessage (
  deps: PostDeps, name: string, senderName: string | undefined, caller: Caller
): Promise<{ sender: string, view: MessageView, key: string | null }> {
  const parts = parseId(name)
  const sender = chooseSender(deps.senders, parts?.sender ?? senderName)
  const view = await inspectMessage(deps.store, sender, parts === null ? { digest: digest(sender, caller.name, name) } : { id: parts.id })
  if (view === null || (caller.role === 'send' && view.caller !== caller.name)) throw notFound(deps, parts === null ? sender : null)
  return { sender, view, key: parts === null ? name : null }
}

/**
 * What was looked for, how long it would be there, and where else to look. The id or key is not repeated: it may hold a phone number, and proxies log
 * responses. A `send` key gets the same sentence for a message of another key. `sender`: where the key was looked for; null for an id.
 */
function notFound ({ admission, retentionMs }: PostDeps, sender: string | null): SluiceError {
  const what = sender === null ? 'no message has this id' : `this API key has posted no message with this idempotency key to the sender ${sender}`
  const kept = `results are kept for ${formatDuration(admission.findMs || admission.idempotencyTtlMs)}, failures for ${formatDuration(retentionMs)}`
  const elsewhere = sender === null ? '' : 'another sender is named by ?sender=, and '
  return new SluiceError('NOT_FOUND', { field: 'id', detail: `${what}; ${kept}. ${elsewhere}POST /api/v1/messages/find searches by recipient` })
}
