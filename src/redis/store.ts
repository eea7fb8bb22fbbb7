import { randomBytes } from 'node:crypto'
import { SluiceError } from '../errors.js'
import type { RecoverySchedule } from './recovery-schedule.js'
import { createRecoverySchedule } from './recovery-schedule.js'
import type { Client } from './client.js'
import type { Replies, Run, ScriptName, ScriptObserver, WakeHint } from './commands.js'
import { createRun, createPendingCalls } from './commands.js'
import type { Connections } from './connect.js'
import { ownNowMs, createClockGuard, type ServerNow } from './server-clock.js'
import { globalKey, senderKey } from './keys.js'
import { isRefused, retryWhileUnavailable } from './unavailable.js'
import type { LostHolders } from './lost-holders.js'
import { createLostHolders } from './lost-holders.js'

export interface GrantTerms { holder: string, leaseMs: number }

/** What the modules may do with Redis. */
export interface Store {
  readonly prefix: string
  /** Random name of this process; first part of every holder and drain run. */
  readonly node: string
  readonly redis: Client
  readonly nowMs: ServerNow
  /** The server that has a sender's keys; in a cluster its address. */
  readonly serverOf: (sender: string) => string
  /**
   * Runs a script, and applies the wake hint of its reply. A reply that a caller relies on is returned once enough replicas have the write
   * (REDIS_WAIT_REPLICAS). Throws UNAVAILABLE if Redis is unavailable or too few replicas confirm; the script may have run all the same.
   */
  readonly run: Run
  /** Sets the function that applies wake hints; hints before this call are ignored. The function must not reject. */
  readonly onWakeHint: (apply: (sender: string, wakeHint: WakeHint) => Promise<void>) => void
  /**
   * Waits until enough replicas have all writes for this sender; null: for the gateway as a whole. For scripts after which `run` does not wait, and
   * for commands that are no script.
   */
  readonly confirmReplicas: (sender: string | null) => Promise<void>
  /** Throws if Redis would refuse a new message: unavailable, nearly full, or read-only. */
  readonly probe: () => Promise<void>
  readonly recoverySchedule: RecoverySchedule
  /** How long the oldest pending script call has waited for its reply, ms; 0 if none is pending. */
  readonly behindMs: () => number
  /** Throws UNAVAILABLE above 85 % of maxmemory. */
  readonly assertCapacity: () => void
  /**
   * Runs a script that may grant sends, with a new holder. If its reply is lost, the holder is remembered: no caller will start those sends,
   * and recovery gives the grants back. `isCertain`: whether grants of this reply may start, by the moment (ms) that their script read.
   */
  readonly granting: <Reply>(sender: string, call: (terms: GrantTerms, isCertain: (redisMs: number) => boolean) => Promise<Reply>) => Promise<Reply>
  /** After a step of Redis's clock: see createClockGuard. */
  readonly startCoolDown: (sender: string) => void
  /** Holders whose reply was lost. */
  readonly lost: LostHolders
}

export interface StoreOptions { prefix: string, leaseMs: number, startWithinMs?: number, observe?: ScriptObserver }

export function createStore (connections: Connections, options: StoreOptions): Store {
  const { redis, scripts, replyWithinMs, replicas, memoryRatio } = connections
  const node = randomBytes(6).toString('hex')
  const lost = createLostHolders()
  /** Errors of calls that did not run. */
  const refused = new WeakSet<object>()
  const recoverySchedule = createRecoverySchedule(redis, options.prefix)
  const pending = createPendingCalls()
  const serverOf = (sender: string): string => connections.serverOf(senderKey(options.prefix, sender, 'sender'))
  const nowMs: ServerNow = sender => connections.clock.nowMs(serverOf(sender)) ?? ownNowMs(sender)
  const run = createRun(scripts, options.prefix, { observe: options.observe, pending, replyWithinMs, nowMs })
  let calls = 0
  let applyWakeHint: ((sender: string, wakeHint: WakeHint) => Promise<void>) | undefined
  const { startWithinMs = 1000 } = options
  const guard = createClockGuard(
    connections.clock,
    serverOf,
    async sender => await retryWhileUnavailable(async () => await store.run('cool-sender', { sender }, { startingMs: startWithinMs }))
  )
  const store: Store = {
    prefix: options.prefix,
    node,
    redis,
    nowMs,
    serverOf,
    recoverySchedule,
    behindMs: pending.longestMs,
    async run (name, scope, args) {
      let hasRun = false
      try {
        const reply = await run(name, scope, args)
        hasRun = true
        if (replicas.isEnabled && isPromise(name, reply)) await replicas.confirm(options.prefix, scope.sender)
        const wakeHint = 'wakeHint' in reply ? reply.wakeHint ?? '' : ''
        if (wakeHint !== '') await applyWakeHint?.(scope.sender, wakeHint)
        return reply
      } catch (error) {
        if (!hasRun && isRefused(error)) refused.add(error as object)
        // The script may have run, and its wake hint is lost.
        recoverySchedule.markDue(scope.sender)
        throw error
      }
    },
    onWakeHint (apply) {
      applyWakeHint = apply
    },
    async confirmReplicas (sender) {
      if (replicas.isEnabled) await replicas.confirm(options.prefix, sender)
    },
    async probe () {
      store.assertCapacity()
      await redis.set(globalKey(options.prefix, 'probe'), node, 'PX', 1000)
    },
    assertCapacity () {
      if (memoryRatio() > 0.85) throw new SluiceError('UNAVAILABLE', { detail: 'Redis is nearly full', retryAfterMs: 5000 })
    },
    async granting (sender, call) {
      const terms = { holder: `${node}:${++calls}`, leaseMs: options.leaseMs }
      const askedAt = performance.now()
      try {
        return await call(terms, redisMs => guard.isCertain(sender, redisMs, askedAt))
      } catch (error) {
        if (!refused.has(error as object)) lost.add(sender, terms.holder)
        throw error
      }
    },
    startCoolDown: guard.startCoolDown,
    lost
  }
  return store
}

/**
 * Whether a caller relies on the reply: a place in the queue, a grant, an operator's change. Also a duplicate, since the replicas may not have
 * its first message yet.
 */
function isPromise<Name extends ScriptName> (name: Name, reply: Replies[Name]): boolean {
  switch (name) {
    case 'admit': return reply.status !== 'rejected' && reply.status !== 'no_rules'
    case 'claim': return 'grants' in reply && reply.grants.length > 0
    case 'retry':
    case 'cancel':
    case 'clear':
    case 'erase-message':
    case 'erase-pair':
    case 'erase-entries':
    case 'erase-callbacks':
    case 'relay':
    case 'pause':
    case 'opt-out':
    case 'set-campaign':
    case 'set-rate':
    case 'acknowledge': return true
    default: return false
  }
}
