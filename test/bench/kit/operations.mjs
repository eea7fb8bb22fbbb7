/** The gateway's own admit, claim and settle, called without HTTP, a drain run or a provider around them. The clock is Redis's own. */
import { Redis } from 'ioredis'
import { admit } from '../../../dist/admission/admit.js'
import { claim } from '../../../dist/drain/claim.js'
import { createBus } from '../../../dist/events.js'
import { createReplicas } from '../../../dist/redis/replicas.js'
import { createServerClock } from '../../../dist/redis/server-clock.js'
import { createStore } from '../../../dist/redis/store.js'
import { settle } from '../../../dist/settlement/settle.js'
import { TEXT } from './text.mjs'

const DAY_MS = 86_400_000
const WAMID = `wamid.${Buffer.from('HBgLMTc3NzAwMDAwMDAVAgARGBI5QTNDQTVCM0Q0Q0').toString('base64')}`

/** What `admit` takes for each message of a bench that calls the script itself, besides its key, recipient and content. */
export const ADMISSION = {
  lane: 2,
  inline: false,
  whenLimited: 'wait',
  lifeMs: DAY_MS,
  scheduledFor: '',
  windowMs: DAY_MS,
  holder: 'n:1',
  leaseMs: 30_000,
  queueCap: 1000,
  backlogCap: 1e9
}

/**
 * `pairIntervalUs`: of the rules, which delay nothing else. `findMs`: life of the look-up index, 0 for none. `shareOf`: of the settings of admission,
 * where there are several callers.
 */
export async function createOperations ({ redisUrl, senders, findMs = DAY_MS, leaseMs = 30_000, pairIntervalUs = 2e6, shareOf }) {
  const events = createBus()
  const redis = new Redis(redisUrl)
  // Without the gateway's own time limits, which would spoil a round on a busy machine.
  const clock = createServerClock(() => {})
  const connections = { redis, scripts: redis, replicas: createReplicas(null, 0), clock, serverOf: () => 'redis', memoryRatio: () => 0 }
  const store = createStore(connections, { prefix: 'wa', leaseMs })
  const deps = {
    store,
    events,
    admission: {
      idempotencyTtlMs: DAY_MS,
      derivedTtlMs: DAY_MS,
      lifeMs: DAY_MS,
      queueCap: 1000,
      backlogCap: 1e9,
      findMs,
      ...(shareOf === undefined ? {} : { shareOf })
    },
    startWithinMs: 10_000,
    settlement: { backoff: () => null, unknownOutcome: 'fail', unknownHoldMs: 0, findMs }
  }
  const rules = {
    operator: true, settings: '', pairIntervalUs, pairBurst: 1, senderIntervalUs: 1, senderBurst: 1000, maxInFlight: 1e6, perSecond: 1000
  }
  for (const sender of senders) await store.run('quota', { sender }, rules)

  return {
    /** Admits message number `n` to recipient number `recipient`; returns the grant, which a message that is not `inline` never gets. */
    async admit (sender, n, recipient, inline = false, caller = 'bench') {
      const admission = await admit(deps, {
        sender,
        caller,
        to: `+1777${String(recipient).padStart(7, '0')}`,
        recipient: `p1777${String(recipient).padStart(7, '0')}`,
        message: TEXT,
        idempotencyKey: `key-${String(n).padStart(7, '0')}`,
        lane: 'normal',
        inline,
        whenLimited: 'wait'
      })
      if (admission.status !== (inline ? 'granted' : 'queued')) throw new Error(`admitted as ${admission.status}`)
      return admission.grant
    },
    /** Claims up to `want` messages. */
    async claim (sender, drainRun, want) {
      const reply = await claim(deps, sender, drainRun, want)
      if (reply.status !== 'claimed') throw new Error(`a claim returned ${reply.status}`)
      return reply.grants
    },
    /** Settles a grant as sent. */
    async settle (grant) {
      await settle(deps, grant, { status: 'sent', providerMessageId: `${WAMID}${grant.id.slice(0, 16)}`, startedAfterMs: 1, durationMs: 50 })
    },
    /** Settles a grant as rejected for good, with this code. */
    async reject (grant, code) {
      const error = `(#${code}) Rejected`
      await settle(deps, grant, { status: 'rejected', code, error, startedAfterMs: 1, durationMs: 50 })
    },
    store,
    events,
    end: () => redis.disconnect()
  }
}
