import { SluiceError } from '../errors.js'
import type { RunScript } from './batch-calls.js'
import { runAlone, runBatched } from './batch-calls.js'
import type { Client } from './client.js'
import { flush } from './end-of-tick.js'
import type { Arguments, Replies, ScriptName } from './replies.js'
import type { CallScript } from './script-call.js'
import { defineScript } from './script-call.js'
import type { ReplyField, Script } from './scripts.js'
import { loadScripts } from './scripts.js'
import type { ServerNow } from './server-clock.js'
import { ownNowMs } from './server-clock.js'
import { isCallerError } from './unavailable.js'

export type { Arguments, ClaimedGrant, FoundGrant, LeasedCallback, RejectionCode, Replies, ScriptName, WakeHint } from './replies.js'
export type { SenderReply } from './sender-reply.js'

/** The sender whose keys a script uses, the digest of the idempotency record if it needs one, and the hour of the index if it is not this one. */
export interface KeyScope { sender: string, digest?: string, hour?: number }

type Value = string | number | boolean

export type Run = <Name extends ScriptName>(name: Name, scope: KeyScope, args: Arguments[Name]) => Promise<Replies[Name]>

/** Called after every script that has run or failed. Hot path: at least twice per message. */
export type ScriptObserver = (script: ScriptName, durationMs: number, isFailed: boolean) => void

export interface RunOptions { observe?: ScriptObserver | undefined, pending?: PendingCalls, replyWithinMs?: number | undefined, nowMs?: ServerNow }

/** Defines every script on the connection. The returned function runs one by its name; its header names the arguments and the fields of replies. */
export function createRun (
  redis: Client,
  prefix: string,
  { observe = () => undefined, pending = createPendingCalls(), replyWithinMs, nowMs = ownNowMs }: RunOptions = {}
): Run {
  const plans = new Map<string, { run: RunScript; names: string[]; own: string[]; replies: Script['replies'] }>()
  for (const script of loadScripts()) {
    const call = observed(script.name as ScriptName, defineScript(redis, prefix, script, { nowMs, replyWithinMs }), observe)
    const run = script.own === undefined ? runAlone(call) : runBatched(call, () => flush(redis))
    plans.set(script.name, { run, names: script.args, own: script.own?.args ?? [], replies: script.replies })
  }
  return async <Name extends ScriptName>(name: Name, scope: KeyScope, args: Arguments[Name]) => {
    const plan = plans.get(name)
    if (plan === undefined) throw new SluiceError('SCRIPT_INVALID', { detail: `lua/${name}.lua is missing` })
    const values = args as Record<string, Value | undefined>
    const part = { digest: scope.digest, hour: scope.hour, recipient: text(values['recipient']), args: toTexts(plan.own, values) }
    // From now on and not from when the call is sent: messages that a long tick has accepted wait, too.
    const call = pending.begin()
    try {
      const reply = plan.run(scope.sender, toTexts(plan.names, values), part)
      // A claim is latency-critical: it does not wait for the end of this tick.
      if (name === 'claim') flush(redis)
      return toReply(plan.replies, await reply as WireReply) as Replies[Name]
    } catch (error) {
      throw translate(name, error)
    } finally {
      pending.end(call)
    }
  }
}

function observed (name: ScriptName, call: CallScript, observe: ScriptObserver): CallScript {
  return async (sender, args, parts) => {
    const calledAt = performance.now()
    let isFailed = true
    try {
      const reply = await call(sender, args, parts)
      isFailed = false
      return reply
    } finally {
      observe(name, performance.now() - calledAt, isFailed)
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
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i]
    const value = values[from + i]
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

/** The calls that wait for a reply of Redis, in the order in which they were made. */
export interface PendingCalls {
  /** Adds a call; `end` removes it. */
  begin: () => number
  end: (call: number) => void
  /** How long the oldest of them has waited, ms; 0 where none waits. */
  longestMs: () => number
}

/**
 * Measures how far this process is behind. A reply is late while Redis is slow, and also while this process has not come to read it: one
 * figure for both, at any moment, on a machine of any speed.
 */
export function createPendingCalls (): PendingCalls {
  const since = new Map<number, number>()
  let calls = 0
  return {
    begin () {
      since.set(++calls, performance.now())
      return calls
    },
    end (call) {
      since.delete(call)
    },
    longestMs () {
      // A Map keeps the order of its entries, so the first is the oldest.
      const oldest = since.values().next().value
      return oldest === undefined ? 0 : performance.now() - oldest
    }
  }
}
