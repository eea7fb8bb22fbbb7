import { SluiceError } from '../errors.js'
import { createHash } from 'node:crypto'
import { startReadTimeout } from '../deadlines.js'
import type { Client } from './client.js'
import { corkWrites } from './end-of-tick.js'
import type { ServerNow } from './server-clock.js'
import { hourOf, isByHour, isOwn, senderKey } from './keys.js'
import type { Script } from './scripts.js'

/** One message of a call: the values that its own keys are built from, and its arguments in the header's order. */
export interface Part { digest?: string | undefined, hour?: number | undefined, recipient?: string, args: readonly string[] }

/** Calls one script for one sender. `args` are shared by all parts, in the header's order; `parts` is one per message, or one without a message. */
export type CallScript = (sender: string, args: readonly string[], parts: readonly Part[]) => Promise<unknown>

/** How long the name of the hour's index is kept. A look-up reads the neighbouring hours too. */
const HOUR_FOR_MS = 1000

export interface CallOptions { nowMs: ServerNow, replyWithinMs?: number | undefined }

/**
 * Calls a script by its hash (EVALSHA), or in full (EVAL) if Redis does not have it. The keys of a sender are built once and kept, since they
 * are the larger part of a call. A call without a reply after `replyWithinMs` fails; without it, a call waits.
 */
export function defineScript (redis: Client, prefix: string, script: Script, { nowMs, replyWithinMs }: CallOptions): CallScript {
  const sha = createHash('sha1').update(script.lua).digest('hex')
  const own = script.own?.keys ?? []
  const isFixed = !script.keys.some(isOwn)
  const hasHour = script.keys.some(isByHour)
  const keysBySender = new Map<string, { keys: string[], until: number }>()

  function sharedKeys (sender: string, part: Part | undefined): string[] {
    if (part?.hour !== undefined) return script.keys.map(key => senderKey(prefix, sender, key, part))
    const cached = keysBySender.get(sender)
    if (cached !== undefined && (!hasHour || performance.now() < cached.until)) return cached.keys
    const shared = hasHour ? { ...part, hour: hourOf(nowMs(sender)) } : part
    const keys = script.keys.map(key => senderKey(prefix, sender, key, shared))
    if (isFixed) keysBySender.set(sender, { keys, until: performance.now() + HOUR_FOR_MS })
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

/** The reply, or an error once it is late. Not ioredis' `commandTimeout`, which reports calls as lost that Redis has run (deadlines.ts). */
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
