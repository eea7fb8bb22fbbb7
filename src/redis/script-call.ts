import { Command } from 'ioredis'
import type { Client } from './client.js'
import { hourNow, isOwn, senderKey } from './keys.js'
import type { Script } from './scripts.js'

/** What one message brings to a script: the parts of keys that are its own, and its arguments in the header's order. */
export interface Part { digest?: string | undefined, recipient?: string, args: readonly string[] }

/** Calls one script of one sender for so many messages, or for none in particular. `args`: what they share, in the header's order. */
export type CallScript = (sender: string, args: readonly string[], parts: readonly Part[]) => Promise<unknown>

/** What of a call to a script is the same each time for a sender: its shared keys as words and as bytes. */
interface CommandTemplate { sha: string, keys: string[], text: string, hour: number }

/** What the client knows of the scripts that were defined on it. */
interface Defined { scriptsSet: Record<string, { sha: string, lua: string } | undefined> }

/**
 * Defines a script on the client and calls it by its hash. A sender's keys are written once and not with each call, of which they are the
 * larger part. Where the server has forgotten the script, it is sent in full.
 */
export function defineScript (redis: Client, prefix: string, script: Script): CallScript {
  const name = `sluice:${script.name}`
  redis.defineCommand(name, { numberOfKeys: script.keys.length, lua: script.lua })
  const own = script.own?.keys ?? []
  const isFixed = !script.keys.some(isOwn)
  const templates = new Map<string, CommandTemplate>()

  function templateOf (sender: string, part: Part | undefined): CommandTemplate {
    const hour = hourNow()
    const kept = templates.get(sender)
    if (kept?.hour === hour) return kept
    const sha = (redis as unknown as Defined).scriptsSet[name]?.sha ?? ''
    const keys = script.keys.map(key => senderKey(prefix, sender, key, { ...part, hour }))
    const template = { sha, keys, text: keys.map(bulk).join(''), hour }
    if (isFixed) templates.set(sender, template)
    return template
  }

  return async (sender, args, parts) => {
    const template = templateOf(sender, parts[0])
    const keyCount = String(template.keys.length + parts.length * own.length)
    const words = [template.sha, keyCount, ...template.keys]
    const known = words.length
    for (const part of parts) for (const key of own) words.push(senderKey(prefix, sender, key, part))
    for (const arg of args) words.push(arg)
    for (const part of parts) for (const arg of part.args) words.push(arg)
    let text = `*${1 + words.length}\r\n${bulk('evalsha')}${bulk(template.sha)}${bulk(keyCount)}${template.text}`
    for (let at = known; at < words.length; at++) text += bulk(words[at] ?? '')
    try {
      return await redis.sendCommand(new ScriptCommand(words, text))
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      const lua = (redis as unknown as Defined).scriptsSet[name]?.lua ?? script.lua
      return await redis.eval(lua, keyCount, ...words.slice(2))
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
    // A process that has been busy for as long finds the timer due and the answer unread: it is read before anything is called lost.
    const { reject } = this
    this.reject = error => {
      if (!isLate(error)) reject(error)
      else setImmediate(() => { if (!this.isResolved) reject(error) })
    }
  }

  override toWritable (): string {
    return this.#text
  }
}

function isLate (error: unknown): boolean {
  return error instanceof Error && error.message === 'Command timed out'
}

/** What stands before a word of so many bytes. */
const heads = Array.from({ length: 512 }, (_, bytes) => `$${bytes}\r\n`)

function bulk (text: string): string {
  const bytes = Buffer.byteLength(text)
  return (heads[bytes] ?? `$${bytes}\r\n`) + text + '\r\n'
}
