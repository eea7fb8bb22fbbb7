import { SluiceError } from '../errors.js'
import { atEndOfTick } from './end-of-tick.js'
import type { CallScript, Part } from './script-call.js'

/** Runs a script for one message. `args` are the same for all messages of a batch. */
export type RunScript = (sender: string, args: readonly string[], part: Part) => Promise<unknown>

/** Messages in one call at most: Redis runs nothing else meanwhile. */
const MAX_MESSAGES = 50
/** Fewer messages than this wait for the end of the tick: the call itself would cost more than they do. */
const MIN_MESSAGES = 16
/** A call is sent once it holds this many characters: a larger one could occupy the connection for longer than the command timeout. */
const MAX_CHARACTERS = 256 * 1024

export function runAlone (call: CallScript): RunScript {
  return async (sender, args, part) => await call(sender, args, [part])
}

interface Caller { resolve: (reply: unknown) => void, reject: (error: unknown) => void }
interface Batch { sender: string, args: readonly string[], parts: Part[], callers: Caller[], characters: number }

/**
 * Joins the calls of one script for one sender within one tick of the event loop into one call, and gives each caller its own reply. More than
 * half of a call is the same for all messages: the round trip, the sender's rules, buckets and lanes.
 *
 * The problem: Redis would be idle while this process reads the requests of a long tick, and this process while Redis works on all of them. The fix:
 * a call goes before the end of the tick once it has as many messages as Redis is working on. So calls grow with the load, and both are busy.
 * `flush` writes such a call, since the connection is corked until the end of the tick (end-of-tick.ts).
 */
export function runBatched (call: CallScript, flush: () => void): RunScript {
  const open = new Map<string, Batch>()
  /** Messages without a reply. */
  let inFlight = 0

  function sendAll (): void {
    const batches = [...open.values()]
    open.clear()
    for (const batch of batches) send(batch)
  }

  function send (batch: Batch): void {
    inFlight += batch.parts.length
    callAndReply(call, batch).finally(() => { inFlight -= batch.parts.length }).catch(() => undefined) // every caller has got the error
  }

  return (sender, args, part) => new Promise((resolve, reject) => {
    let batch = open.get(sender)
    // Other shared arguments need another call. The open one goes first, so that the messages of a sender stay in order.
    if (batch !== undefined && !batch.args.every((arg, i) => arg === args[i])) {
      send(batch)
      batch = undefined
    }
    if (batch === undefined) {
      if (open.size === 0) atEndOfTick(sendAll)
      open.set(sender, batch = { sender, args, parts: [], callers: [], characters: 0 })
    }
    batch.parts.push(part)
    batch.callers.push({ resolve, reject })
    for (const arg of part.args) batch.characters += arg.length
    if (batch.parts.length < Math.min(MAX_MESSAGES, Math.max(MIN_MESSAGES, inFlight)) && batch.characters < MAX_CHARACTERS) return
    open.delete(sender)
    send(batch)
    flush()
  })
}

async function callAndReply (call: CallScript, { sender, args, parts, callers }: Batch): Promise<void> {
  try {
    const replies = await call(sender, args, parts) as Array<[status: string, ...rest: unknown[]] | ['error', text: string]>
    callers.forEach(({ resolve, reject }, i) => {
      const reply = replies[i]
      if (reply === undefined) reject(new SluiceError('INTERNAL', { detail: 'no reply' }))
      else if (reply[0] === 'error') reject(new SluiceError('INTERNAL', { detail: reply[1] as string }))
      else resolve(reply)
    })
  } catch (error) {
    for (const { reject } of callers) reject(error)
  }
}
