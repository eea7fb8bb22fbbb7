import { SluiceError } from '../errors.js'
import type { RunScript } from './batch-calls.js'
import { runAlone, runBatched } from './batch-calls.js'
import type { Client } from './client.js'
import { flush } from './cork-writes.js'
import type { Arguments, Replies, ScriptName } from './replies.js'
import { isCallerError } from './unavailable.js'
import type { CallScript } from './script-call.js'
import { defineScript } from './script-call.js'
import type { ReplyField, Script } from './scripts.js'
import { loadScripts } from './scripts.js'
import type { Waiting } from './waiting.js'
import { createWaiting } from './waiting.js'

export type { Arguments, ClaimedGrant, FoundGrant, LeasedCallback, Replies, ScriptName, SenderReply, WakeHint } from './replies.js'

/** The sender whose keys a script uses, and the digest of the idempotency record if it needs one. */
export interface At { sender: string, digest?: string }

type Value = string | number | boolean

export type Run = <Name extends ScriptName>(name: Name, at: At, args: Arguments[Name]) => Promise<Replies[Name]>

/** Called after every script that has run or failed. Hot path: at least twice per message. */
export type ScriptWatch = (script: ScriptName, durationMs: number, isFailed: boolean) => void

export interface RunOptions { watch?: ScriptWatch | undefined, waiting?: Waiting, replyWithinMs?: number | undefined }

/** Defines every script on the connection. The returned function runs one by its name; its header names the arguments and the fields of replies. */
export function createRun (
  redis: Client,
  prefix: string,
  { watch = () => undefined, waiting = createWaiting(), replyWithinMs }: RunOptions = {}
): Run {
  const plans = new Map<string, { run: RunScript; names: string[]; own: string[]; replies: Script['replies'] }>()
  for (const script of loadScripts()) {
    const call = watched(script.name as ScriptName, defineScript(redis, prefix, script, replyWithinMs), watch)
    const run = script.own === undefined ? runAlone(call) : runBatched(call)
    plans.set(script.name, { run, names: script.args, own: script.own?.args ?? [], replies: script.replies })
  }
  return async <Name extends ScriptName>(name: Name, at: At, args: Arguments[Name]) => {
    const plan = plans.get(name)
    if (plan === undefined) throw new SluiceError('SCRIPT_INVALID', { detail: `lua/${name}.lua is missing` })
    const values = args as Record<string, Value | undefined>
    const part = { digest: at.digest, recipient: text(values['recipient']), args: toTexts(plan.own, values) }
    // From now on and not from when the call is sent: messages that a long tick has accepted wait, too.
    const place = waiting.begin()
    try {
      const reply = plan.run(at.sender, toTexts(plan.names, values), part)
      // A claim is latency-critical: it does not wait for the end of this tick.
      if (name === 'claim') flush(redis)
      return toReply(plan.replies, await reply as WireReply) as Replies[Name]
    } catch (error) {
      throw translate(name, error)
    } finally {
      waiting.end(place)
    }
  }
}

function watched (name: ScriptName, call: CallScript, watch: ScriptWatch): CallScript {
  return async (sender, args, parts) => {
    const calledAt = performance.now()
    let isFailed = true
    try {
      const reply = await call(sender, args, parts)
      isFailed = false
      return reply
    } finally {
      watch(name, performance.now() - calledAt, isFailed)
    }
  }
}

type WireReply = [status: string, ...values: unknown[]]

/** Names the values of a reply as the header declares them for its status. */
function toReply (replies: Script['replies'], wire: WireReply): Record<string, unknown> {
  const status = wire[0]
  const fields = replies.get(status)
  if (fields === undefined) throw new SluiceError('INTERNAL', { detail: `an undeclared reply: ${status}` })
  return named({ status }, fields, wire, 1)
}

function named (into: Record<string, unknown>, fields: readonly ReplyField[], values: readonly unknown[], from: number): Record<string, unknown> {
  for (let at = 0; at < fields.length; at++) {
    const field = fields[at]
    const value = values[from + at]
    if (field === undefined || value === undefined) continue
    if (field.isFlag) into[field.name] = value === 1
    else if (field.items === null) into[field.name] = value
    else {
      const { items } = field
      into[field.name] = (value as unknown[][]).map(entry => named({}, items, entry, 0))
    }
  }
  return into
}

function toTexts (names: string[], values: Record<string, Value | undefined>): string[] {
  const list: string[] = []
  for (const name of names) list.push(text(values[name]))
  return list
}

function text (value: Value | undefined): string {
  if (value === undefined) return ''
  if (typeof value === 'boolean') return value ? '1' : '0'
  return String(value)
}

/**
 * An error of the script itself is INTERNAL; everything else that Redis or the connection refuses is UNAVAILABLE. Only the
 * message is kept: the client's error has the command, and so the text and the recipient of a message.
 */
function translate (name: string, cause: unknown): SluiceError {
  if (cause instanceof SluiceError) return new SluiceError(cause.code, { ...cause.facts, detail: `lua/${name}.lua: ${cause.facts.detail ?? ''}` })
  const message = cause instanceof Error ? cause.message : String(cause)
  if (isCallerError(message)) return new SluiceError('INTERNAL', { detail: `lua/${name}.lua: ${message}` })
  return new SluiceError('UNAVAILABLE', { retryAfterMs: 1000, cause: message })
}
