import { SluiceError } from '../errors.js'
import { atEndOfTick } from './end-of-tick.js'
import type { CallScript, Part } from './script-call.js'

/** Runs a script for one message; `args` are what it shares with others. */
export type RunScript = (sender: string, args: readonly string[], part: Part) => Promise<unknown>

/** Messages in one call at most: while it runs Redis does nothing else. */
const AT_MOST = 50
/** Characters in one call, once another message has come: many large ones would keep the connection longer than a script may take. */
const CHARACTERS = 256 * 1024

export function runAlone (call: CallScript): RunScript {
  return async (sender, args, part) => await call(sender, args, [part])
}

interface Ask { resolve: (reply: unknown) => void, reject: (error: unknown) => void }
interface Gathering { sender: string, args: readonly string[], parts: Part[], asks: Ask[], characters: number }

/**
 * Has what messages of one sender ask of a script within one turn of the event loop travel as one call, and gives each its own answer. Of a call
 * more than half is the same for all of them: the way there and back, the sender's rules, buckets and lanes. Nothing waits for it: the
 * connection writes at the end of the turn anyway (gather.ts).
 */
export function runBatched (call: CallScript): RunScript {
  const open = new Map<string, Gathering>()

  function flush (): void {
    const gatherings = [...open.values()]
    open.clear()
    for (const gathering of gatherings) leave(gathering)
  }

  function leave (gathering: Gathering): void {
    answer(call, gathering).catch(() => undefined) // each ask has heard of it
  }

  return (sender, args, part) => new Promise((resolve, reject) => {
    let gathering = open.get(sender)
    // Of one sender's messages none goes ahead of another.
    if (gathering !== undefined && !gathering.args.every((arg, at) => arg === args[at])) {
      leave(gathering)
      gathering = undefined
    }
    if (gathering === undefined) {
      if (open.size === 0) atEndOfTick(flush)
      open.set(sender, gathering = { sender, args, parts: [], asks: [], characters: 0 })
    }
    gathering.parts.push(part)
    gathering.asks.push({ resolve, reject })
    for (const arg of part.args) gathering.characters += arg.length
    if (gathering.parts.length < AT_MOST && gathering.characters < CHARACTERS) return
    open.delete(sender)
    leave(gathering)
  })
}

async function answer (call: CallScript, { sender, args, parts, asks }: Gathering): Promise<void> {
  try {
    const replies = await call(sender, args, parts) as Array<[status: string, ...rest: unknown[]] | ['error', text: string]>
    asks.forEach(({ resolve, reject }, at) => {
      const reply = replies[at]
      if (reply === undefined || reply[0] === 'error') { reject(new SluiceError('INTERNAL', { detail: reply === undefined ? 'no reply' : (reply[1] as string) })) } else resolve(reply)
    })
  } catch (error) {
    for (const { reject } of asks) reject(error)
  }
}
