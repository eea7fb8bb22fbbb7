import { SluiceError } from '../errors.js'
import { createHash } from 'node:crypto'
import { startReadTimeout } from '../read-timeout.js'
import type { Client } from './client.js'
import { corkWrites } from './cork-writes.js'
import { hourNow, isOwn, senderKey } from './keys.js'
import type { Script } from './scripts.js'

/** One message of a call: the values that its own keys are built from, and its arguments in the header's order. */
export interface Part { digest?: string | undefined, recipient?: string, args: readonly string[] }

/** Calls one script for one sender. `args` are shared by all parts, in the header's order; `parts` is one per message, or one without a message. */
export type CallScript = (sender: string, args: readonly string[], parts: readonly Part[]) => Promise<unknown>

/**
 * Calls a script by its hash (EVALSHA), or in full (EVAL) if Redis does not have it. The keys of a sender are built once and kept, since they
 * are the larger part of a call. A call without a reply after `replyWithinMs` fails; without it, a call waits.
 */
export function defineScript (redis: Client, prefix: string, script: Script, replyWithinMs?: number): CallScript {
  const sha = createHash('sha1').update(script.lua).digest('hex')
  const own = script.own?.keys ?? []
  const isFixed = !script.keys.some(isOwn)
  const keysBySender = new Map<string, { keys: string[], hour: number }>()

  function sharedKeys (sender: string, part: Part | undefined): string[] {
    const hour = hourNow()
    const kept = keysBySender.get(sender)
    if (kept?.hour === hour) return kept.keys
    const keys = script.keys.map(key => senderKey(prefix, sender, key, { ...part, hour }))
    if (isFixed) keysBySender.set(sender, { keys, hour })
    return keys
  }

  return async (sender, args, parts) => {
    const words = [...sharedKeys(sender, parts[0])]
    for (const part of parts) for (const key of own) words.push(senderKey(prefix, sender, key, part))
    const keyCount = words.length
    for (const arg of args) words.push(arg)
    for (const part of parts) for (const arg of part.args) words.push(arg)
    try {
      corkWrites(redis)
      return await inTime(redis.evalsha(sha, keyCount, ...words), replyWithinMs)
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      return await inTime(redis.eval(script.lua, keyCount, ...words), replyWithinMs)
    }
  }
}

/** The reply, or an error once it is late. Not ioredis' `commandTimeout`, which reports calls as lost that Redis has run (read-timeout.ts). */
async function inTime (reply: Promise<unknown>, replyWithinMs: number | undefined): Promise<unknown> {
  if (replyWithinMs === undefined) return await reply
  return await new Promise((resolve, reject) => {
    const cancel = startReadTimeout(replyWithinMs, () => {
      reject(new SluiceError('UNAVAILABLE', { retryAfterMs: 1000, cause: 'Command timed out' }))
    })
    reply.then(
      value => {
        cancel()
        resolve(value)
      },
      error => {
        cancel()
        reject(error)
      }
    )
  })
}
