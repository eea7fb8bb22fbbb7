import { Command } from 'ioredis'
import type { Client } from './client.js'
import { isOwn, senderKey } from './keys.js'
import type { Script } from './scripts.js'

/** Calls one script of one sender. `own`: the parts of keys that are the message's; `args` in the header's order. */
export type CallScript = (sender: string, own: { digest?: string | undefined, recipient?: string }, args: readonly string[]) => Promise<unknown>

type Call = (...words: string[]) => Promise<unknown>

/** What of a call to a script is the same each time for a sender: the bytes before, between and after the keys that are a message's own. */
interface Mould { sha: string, keys: string[], pieces: string[] }

/** What the client knows of the scripts that were defined on it. */
interface Defined { scriptsSet: Record<string, { sha: string } | undefined> }

/**
 * Defines a script on the client and calls it by its hash. A sender's keys are written once and not with each call, of which they are the
 * larger part. Where the server has forgotten the script, the client's own way sends it in full.
 */
export function defineScript (redis: Client, prefix: string, script: Script): CallScript {
  const name = `sluice:${script.name}`
  redis.defineCommand(name, { numberOfKeys: script.keys.length, lua: script.lua })
  const own = script.keys.flatMap((key, index) => isOwn(key) ? [{ key, index }] : [])
  const moulds = new Map<string, Mould>()

  function mouldOf (sender: string): Mould {
    let mould = moulds.get(sender)
    if (mould === undefined) moulds.set(sender, mould = cast(sender))
    return mould
  }

  function cast (sender: string): Mould {
    const sha = (redis as unknown as Defined).scriptsSet[name]?.sha ?? ''
    const keys = script.keys.map(key => senderKey(prefix, sender, key))
    const pieces = [`*${3 + keys.length + script.args.length}\r\n${bulk('evalsha')}${bulk(sha)}${bulk(String(keys.length))}`]
    keys.forEach((key, index) => {
      if (isOwn(script.keys[index] ?? '')) pieces.push('')
      else pieces[pieces.length - 1] += bulk(key)
    })
    return { sha, keys, pieces }
  }

  return async (sender, parts, args) => {
    const { sha, keys, pieces } = mouldOf(sender)
    const words = [sha, String(keys.length), ...keys, ...args]
    let text = pieces[0] ?? ''
    own.forEach(({ key, index }, n) => {
      const named = senderKey(prefix, sender, key, parts)
      words[index + 2] = named
      text += bulk(named) + (pieces[n + 1] ?? '')
    })
    for (const arg of args) text += bulk(arg)
    try {
      return await redis.sendCommand(new ScriptCommand(words, text))
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      return await (redis as unknown as Record<string, Call>)[name]?.call(redis, ...words.slice(2))
    }
  }
}

/** A command whose bytes are known already. */
class ScriptCommand extends Command {
  readonly #text: string

  constructor (words: string[], text: string) {
    // The client looks at the first key alone, to find the server that has it.
    super('evalsha', [words[0] ?? '', '1', words[2] ?? ''], { replyEncoding: 'utf8' })
    this.args = words
    this.#text = text
  }

  override toWritable (): string {
    return this.#text
  }
}

function bulk (text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`
}
