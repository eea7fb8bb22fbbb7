import { publicId } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import { inspectMessage } from './inspect.js'

/** The message and attempt that `biz_opaque_callback_data` names where it is ours; null for anybody else's. */
export function parseAttemptName (text: string): { id: string, attempt: number } | null {
  const [, id = '', attempt = ''] = /^([A-Za-z0-9_-]{22}\.[0-9a-f]{8,14})\.(\d{1,6})$/.exec(text) ?? []
  return id === '' ? null : { id, attempt: Number(attempt) }
}

export interface Owned {
  /** The gateway's id, which the caller got where the message had to wait. */
  id: string
  attempt: number
  /** The caller's own `biz_opaque_callback_data`; null where it gave none, or nothing is known of the message any more. */
  callbackData: string | null
}

/** Whose a status webhook is, so that it can be handed on as the caller would have got it from Meta; null where it is none of ours. */
export async function findOwner (store: Store, sender: string, callbackData: string): Promise<Owned | null> {
  const named = parseAttemptName(callbackData)
  if (named === null) return null
  const view = await inspectMessage(store, sender, { id: named.id })
  return { id: publicId(sender, named.id), attempt: named.attempt, callbackData: view?.callbackData ?? null }
}
