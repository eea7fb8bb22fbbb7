/**
 * The gateway's own operations (admit, claim, settle) with many concurrent calls and nothing else around them, so that Redis's CPU
 * can be measured script by script. The rules delay nothing; the clock is Redis's own.
 */
import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { options, serve } from '../kit/child.mjs'
import { sendersOf } from '../kit/gateway.mjs'
import { createOperations } from '../kit/operations.mjs'
import { cpuOf } from '../kit/redis.mjs'

const CONCURRENCY = 200
const { redisUrl, senders: count, findMs } = options
const senders = sendersOf(count)
const operations = await createOperations({ redisUrl, senders, findMs })
const plain = new Redis(redisUrl)
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
  await operations.admit(senders[n % count], n, Math.floor(n / 2 / count))
}

/** Claims until `many` messages are granted, from one sender after the other. */
async function claimed (many, want) {
  const grants = []
  for (let i = 0; grants.length < many; i++) {
    const found = await operations.claim(senders[i % count], `bench.${i % count}`, Math.min(want, many - grants.length))
    if (found.length === 0 && i > many) throw new Error('nothing is left to claim')
    grants.push(...found)
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
    const settleUs = await usEach(many, async () => await each(grants, operations.settle))
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
