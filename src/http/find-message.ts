import { Type } from '@sinclair/typebox'
import { digest } from '../admission/key.js'
import type { Caller } from '../callers.js'
import { SluiceError } from '../errors.js'
import { parseId } from '../redis/keys.js'
import { inspectMessage, type MessageView } from '../settlement/inspect.js'
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
  if (view === null || (caller.role === 'send' && view.caller !== caller.name)) throw new SluiceError('NOT_FOUND', { field: 'id' })
  return { sender, view, key: parts === null ? name : null }
}
