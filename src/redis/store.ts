import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { SluiceError } from '../errors.js'
import type { Agenda } from './agenda.js'
import { createAgenda } from './agenda.js'
import type { Run, ScriptWatch } from './commands.js'
import { createRun } from './commands.js'
import type { Connections } from './connect.js'
import { createWaiting } from './waiting.js'

/** How long the grants of a lost call are looked for; after it, the leases have run out anyway. */
const LOST_FOR_MS = 120_000
const LOST_AT_MOST = 1000

export interface GrantTerms { holder: string, runId: string, leaseMs: number }

/** All that the rooms may do to Redis. */
export interface Store {
  readonly prefix: string
  /** Random name of this process; the first part of every holder and shift. */
  readonly node: string
  readonly redis: Redis
  readonly run: Run
  readonly agenda: Agenda
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
  const { redis, runId, memoryRatio } = connections
  const node = randomBytes(6).toString('hex')
  const lost = new Map<string, { sender: string, since: number }>()
  const run = createRun(redis, options.prefix, options.watch)
  const agenda = createAgenda(redis, options.prefix)
  const waiting = createWaiting()
  let calls = 0
  return {
    prefix: options.prefix,
    node,
    redis,
    agenda,
    behindMs: waiting.longestMs,
    async run (name, at, args) {
      try {
        return await waiting.add(run(name, at, args))
      } catch (error) {
        // It may have run all the same, and nobody heard what it asked for.
        agenda.remind(at.sender)
        throw error
      }
    },
    assertRoom () {
      if (memoryRatio() > 0.85) throw new SluiceError('UNAVAILABLE', { detail: 'Redis is nearly full', retryAfterMs: 5000 })
    },
    async granting (sender, call) {
      const terms = { holder: `${node}:${++calls}`, runId: runId(), leaseMs: options.leaseMs }
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
}
