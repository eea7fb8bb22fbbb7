/**
 * The gateway's own operations (admit, claim, settle) with many concurrent calls and nothing else around them, so that Redis's CPU
 * can be measured script by script. The rules delay nothing; the clock is Redis's own.
 */
import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { admit } from '../../../dist/admission/admit.js'
import { claim } from '../../../dist/drain/claim.js'
import { createBus } from '../../../dist/events.js'
import { createReplicas } from '../../../dist/redis/replicas.js'
import { createServerClock } from '../../../dist/redis/server-clock.js'
import { createStore } from '../../../dist/redis/store.js'
import { settle } from '../../../dist/settlement/settle.js'
import { options, serve } from '../kit/child.mjs'
import { sendersOf } from '../kit/gateway.mjs'
import { cpuOf } from '../kit/redis.mjs'
import { TEXT } from '../kit/text.mjs'

const CONCURRENCY = 200
const DAY_MS = 86_400_000
const { redisUrl, senders: count, findMs = DAY_MS } = options
const senders = sendersOf(count)
const events = createBus()
const redis = new Redis(redisUrl)
// Without the gateway's own time limits, which would spoil a round on a busy machine.
const clock = createServerClock(() => {})
const connections = { redis, scripts: redis, replicas: createReplicas(null, 0), clock, serverOf: () => 'redis', memoryRatio: () => 0 }
const store = createStore(connections, { prefix: 'wa', leaseMs: 30_000 })
const plain = new Redis(redisUrl)
const deps = {
  store,
  events,
  settings: { idempotencyTtlMs: DAY_MS, derivedTtlMs: DAY_MS, lifeMs: DAY_MS, queueCap: 1000, backlogCap: 1e9, findMs },
  startWithinMs: 10_000,
  settlement: { backoff: () => null, unknownOutcome: 'fail', unknownHoldMs: 0, findMs }
}
const rules = {
  operator: true,
  settings: '',
  pairIntervalUs: 2e6,
  pairBurst: 1,
  senderIntervalUs: 1,
  senderBurst: 1000,
  maxInFlight: 1e6,
  perSecond: 1000
}
await each(senders, async sender => await store.run('quota', { sender }, rules))

const wamid = `wamid.${Buffer.from('HBgLMTc3NzAwMDAwMDAVAgARGBI5QTNDQTVCM0Q0Q0').toString('base64')}`
let admitted = 0

/** Processes the items, CONCURRENCY at a time. */
async function each (items, work) {
  const entries = items.values()
  await Promise.all(Array.from({ length: CONCURRENCY }, async () => { for (const item of entries) await work(item) }))
}

/** Redis's CPU per item, µs. */
async function usEach (items, work) {
  const before = await cpuOf(plain)
  await work()
  return (await cpuOf(plain) - before) / items
}

/** Two messages per recipient, so that most pairs are free. */
async function admitOne () {
  const n = admitted++
  const admission = await admit(deps, {
    sender: senders[n % count],
    caller: 'bench',
    to: `+1777${String(Math.floor(n / 2 / count)).padStart(7, '0')}`,
    message: TEXT,
    idempotencyKey: `key-${n}`,
    lane: 'normal',
    inline: false,
    whenLimited: 'wait'
  })
  if (admission.status !== 'queued') throw new Error(`admitted as ${admission.status}`)
}

/** Claims until `many` messages are granted, from one sender after the other. */
async function claimed (many, want) {
  const grants = []
  for (let i = 0; grants.length < many; i++) {
    const sender = senders[i % count]
    const reply = await claim(deps, sender, `bench.${i % count}`, Math.min(want, many - grants.length))
    if (reply.status !== 'claimed') throw new Error(`a claim returned ${reply.status}`)
    if (reply.grants.length === 0 && i > many) throw new Error('nothing is left to claim')
    grants.push(...reply.grants)
  }
  return grants
}

serve({
  /** Admits `many` messages; returns Redis's CPU per message, µs. */
  admit: async many => await usEach(many, async () => await each(Array.from({ length: many }), admitOne)),
  /** Claims `many` messages, `want` at a time, and settles them as sent; returns Redis's CPU per claim and per settlement, µs. */
  async claimAndSettle ({ many, want }) {
    let grants = []
    const claimUs = await usEach(many, async () => {
      grants = await claimed(many, want)
    })
    const settleUs = await usEach(
      many,
      async () =>
        await each(
          grants,
          async grant =>
            await settle(deps, grant, { status: 'sent', providerMessageId: `${wamid}${grant.id.slice(0, 16)}`, startedAfterMs: 1, durationMs: 50 })
        )
    )
    return { claimUs, settleUs }
  },
  /** The minimum of any idempotent gateway: one `SET NX PX` per message; µs. */
  floor: async many =>
    await usEach(
      many,
      async () =>
        await each(
          Array.from({ length: many }),
          async () => await plain.set(`floor:${randomBytes(16).toString('base64url')}`, '1', 'PX', 60_000, 'NX')
        )
    )
})
