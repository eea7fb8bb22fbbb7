import { randomBytes } from 'node:crypto'
import { SluiceError } from '../errors.js'
import type { RecoverySchedule } from './recovery-schedule.js'
import { createRecoverySchedule } from './recovery-schedule.js'
import type { Client } from './client.js'
import type { Replies, Run, ScriptName, ScriptWatch } from './commands.js'
import { createRun } from './commands.js'
import type { Connections } from './connect.js'
import { globalKey } from './keys.js'
import { createWaiting } from './waiting.js'

/** How long the grants of a lost call are looked for; after it, the leases have run out anyway. */
const LOST_FOR_MS = 120_000
const LOST_AT_MOST = 1000

export interface GrantTerms { holder: string, leaseMs: number }

/** All that the rooms may do to Redis. */
export interface Store {
  readonly prefix: string
  /** Random name of this process; the first part of every holder and shift. */
  readonly node: string
  readonly redis: Client
  /** Runs a script. What it promises to somebody outside is held by the replicas that are waited for, or it throws UNAVAILABLE. */
  readonly run: Run
  /** The same for what a script of this sender wrote that promises nothing by itself. */
  readonly hold: (sender: string) => Promise<void>
  /** Throws where Redis would refuse a new message now: away, nearly full, or taking no writes. */
  readonly probe: () => Promise<void>
  readonly recoverySchedule: RecoverySchedule
  /** How long the oldest script that runs or waits has waited for its answer, ms; 0 where none does. */
  readonly behindMs: () => number
  /** Refuses new work above 85 % of maxmemory. */
  readonly assertRoom: () => void
  /**
   * Runs a script that may grant sends, under a holder of its own. If its reply is lost, the holder is remembered, so that
   * recovery gives back what it was granted: nobody here will ever start it.
   */
  readonly granting: <Reply>(sender: string, call: (terms: GrantTerms) => Promise<Reply>) => Promise<Reply>
  /** Holders whose reply was lost, by sender. */
  readonly lostHolders: () => Map<string, string[]>
}

export function createStore (connections: Connections, options: { prefix: string, leaseMs: number, watch?: ScriptWatch }): Store {
  const { redis, scripts, replyWithinMs, replicas, memoryRatio } = connections
  const node = randomBytes(6).toString('hex')
  const lost = new Map<string, { sender: string, since: number }>()
  const recoverySchedule = createRecoverySchedule(redis, options.prefix)
  const waiting = createWaiting()
  const run = createRun(scripts, options.prefix, { watch: options.watch, waiting, replyWithinMs })
  let calls = 0
  const store: Store = {
    prefix: options.prefix,
    node,
    redis,
    recoverySchedule,
    behindMs: waiting.longestMs,
    async run (name, at, args) {
      try {
        const reply = await run(name, at, args)
        if (replicas.areAsked && isPromise(name, reply)) await replicas.hold(options.prefix, at.sender)
        return reply
      } catch (error) {
        // It may have run all the same, and nobody heard what it asked for.
        recoverySchedule.markDue(at.sender)
        throw error
      }
    },
    async hold (sender) {
      if (replicas.areAsked) await replicas.hold(options.prefix, sender)
    },
    async probe () {
      store.assertRoom()
      await redis.set(globalKey(options.prefix, 'probe'), node, 'PX', 1000)
    },
    assertRoom () {
      if (memoryRatio() > 0.85) throw new SluiceError('UNAVAILABLE', { detail: 'Redis is nearly full', retryAfterMs: 5000 })
    },
    async granting (sender, call) {
      const terms = { holder: `${node}:${++calls}`, leaseMs: options.leaseMs }
      try {
        return await call(terms)
      } catch (error) {
        lost.set(terms.holder, { sender, since: performance.now() })
        // While Redis hangs every call is lost. Beyond so many the oldest are left to their lease.
        for (const oldest of lost.keys()) {
          if (lost.size <= LOST_AT_MOST) break
          lost.delete(oldest)
        }
        throw error
      }
    },
    lostHolders () {
      const bySender = new Map<string, string[]>()
      for (const [holder, { sender, since }] of lost) {
        if (performance.now() - since > LOST_FOR_MS) {
          lost.delete(holder)
          continue
        }
        const holders = bySender.get(sender)
        if (holders === undefined) bySender.set(sender, [holder])
        else holders.push(holder)
      }
      return bySender
    }
  }
  return store
}

/** A place, a grant or an act of which somebody outside hears, and by which they go. A duplicate too: its first may be unconfirmed. */
function isPromise<Name extends ScriptName> (name: Name, reply: Replies[Name]): boolean {
  switch (name) {
    case 'admit': return reply[0] !== 'refused' && reply[0] !== 'unruled'
    case 'claim': return reply[0] === 'claimed' && (reply as Replies['claim'])[5]?.length !== 0
    case 'retake':
    case 'cancel':
    case 'clear':
    case 'erase-message':
    case 'erase-pair':
    case 'erase-callbacks':
    case 'relay':
    case 'pause':
    case 'acknowledge': return true
    default: return false
  }
}
