/**
 * Redis's instructions per message, script by script, one message at a time and 50 at a time, and those of the composed peer. Unlike CPU time they
 * are the same in each run. expected-instructions.json keeps them per build of redis-server; instructions.test.ts compares.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { RateLimiterRedis } from 'rate-limiter-flexible'
import { canCount, startCountedRedis } from '../kit/callgrind.mjs'
import { sendersOf } from '../kit/gateway.mjs'
import { createOperations } from '../kit/operations.mjs'
import { figure, judge } from '../kit/rounds.mjs'
import { TEXT } from '../kit/text.mjs'

const kept = fileURLToPath(new URL('../expected-instructions.json', import.meta.url))
const TOGETHER = 50
/**
 * So many messages wait for their pairs' next slots all the time, as for a busy sender. Sorted sets of fewer than 128 entries are lists, which
 * take longer.
 */
const WAITING = 150
const MANY = 200
/** Fair shares of so many callers: of one once another one has posted, or for a campaign. */
const SHARING = [1, 10]
const goals = { 'whole message, one at a time': 800, [`whole message, ${TOGETHER} at a time`]: 300 }

export async function instructions ({ quick, report, write }) {
  if (!canCount()) throw new Error('no valgrind: run "node bin/setup.mjs valgrind"')
  const redis = await startCountedRedis()
  try {
    const found = await countScripts(redis, report)
    if (!quick) await countPeer(redis, found, report)
    if (write) writeFileSync(kept, `${JSON.stringify({ ...JSON.parse(readFileSync(kept, 'utf8')), [redis.build]: found }, null, 2)}\n`)
    return Object.entries(found).map(([name, thousands]) => {
      const most = goals[name]
      const measured = [`instructions: ${name}`, { most, unit: 'thousand' }, [thousands]]
      return { ...(most === undefined ? figure(...measured) : judge(...measured)), step: name, exact: thousands, build: redis.build }
    })
  } finally {
    await redis.stop()
  }
}

async function countScripts (redis, report) {
  const found = {}
  const senders = sendersOf(2)
  // No key expires meanwhile: that would be counted at random.
  const operations = await createOperations({ redisUrl: redis.url, senders, leaseMs: 3_600_000, pairIntervalUs: 3.6e9 })
  let last = 0

  for (const [sender, together, label] of [[senders[0], 1, 'one at a time'], [senders[1], TOGETHER, `${TOGETHER} at a time`]]) {
    /** Runs `work` for each item, `together` in one tick, and returns the results. */
    const each = async (items, work) => {
      const results = []
      for (let from = 0; from < items.length; from += together) results.push(...await Promise.all(items.slice(from, from + together).map(work)))
      return results
    }
    const admitted = async (count, inline, recipient = () => last) => await each([...Array(count).keys()], async at => {
      last++
      return await operations.admit(sender, last, recipient(at), inline)
    })
    const claimed = async count => {
      const grants = []
      while (grants.length < count) grants.push(...await operations.claim(sender, 'bench.1', together))
      return grants
    }
    const counted = async (name, work) => {
      report(`${name}, ${label}`)
      let result
      const thousands = await redis.count(async () => { result = await work() })
      found[`${name}, ${label}`] = Number((thousands / MANY).toFixed(1))
      return result
    }
    // The first call of a script compiles it.
    await operations.claim(sender, 'bench.1', 0)
    const used = last + 1
    await each(await admitted(WAITING, true), operations.settle)
    await admitted(WAITING, false, at => used + at)

    const granted = await counted('admit granted', async () => await admitted(MANY, true))
    await counted('settle of a granted one', async () => await each(granted, operations.settle))
    await counted('admit queued', async () => await admitted(MANY, false))
    const grants = await counted('claim', async () => await claimed(MANY))
    await counted('settle', async () => await each(grants, operations.settle))
    const whole = ['admit queued', 'claim', 'settle'].reduce((sum, name) => sum + found[`${name}, ${label}`], 0)
    found[`whole message, ${label}`] = Number(whole.toFixed(1))
  }
  for (const callers of SHARING) await countShared(redis, found, report, callers)
  operations.end()
  return found
}

/** A claim where callers have fair shares, one message at a time; the last caller has posted one message that is sent. */
async function countShared (redis, found, report, callers) {
  const name = `claim, with fair shares of ${callers} ${callers === 1 ? 'caller' : 'callers'}, one at a time`
  report(name)
  const [sender] = sendersOf(3 + callers).slice(-1)
  const shareOf = caller => caller
  const operations = await createOperations({ redisUrl: redis.url, senders: [sender], leaseMs: 3_600_000, pairIntervalUs: 3.6e9, shareOf })
  let last = 0
  const admit = async (inline, caller) => await operations.admit(sender, ++last, last, inline, caller)
  await operations.settle(await admit(true, 'other'))
  for (let n = 0; n < WAITING + MANY + callers; n++) await admit(false, `caller${n % callers}`)
  // The first claim compiles the script, and gives the ready pairs their scores.
  const claimed = async () => { if ((await operations.claim(sender, 'bench.1', 1)).length !== 1) throw new Error('nothing to claim') }
  await claimed()
  const thousands = await redis.count(async () => { for (let n = 0; n < MANY; n++) await claimed() })
  found[name] = Number((thousands / MANY).toFixed(1))
  operations.end()
}

/** The same steps by SET NX, rate-limiter-flexible and BullMQ, one message at a time; the worker takes many at once. */
async function countPeer (redis, found, report) {
  const connection = new Redis(redis.url)
  const workerConnection = new Redis(redis.url, { maxRetriesPerRequest: null })
  const defaultJobOptions = { removeOnComplete: true, attempts: 6, backoff: { type: 'exponential', delay: 60_000 } }
  const queue = new Queue('send', { connection, defaultJobOptions })
  const limiter = new RateLimiterRedis({ storeClient: connection, keyPrefix: 'rl', points: 1, duration: 3600 })
  const result = JSON.stringify({ status: 'sent', id: 'wamid.HBgLMTc3NzAwMDAwMDAVAgARGBI5QTNDQTVCM0Q0Q0', at: Date.now() })
  const steps = {
    'SET NX': async n => await connection.set(`idem:key-${n}`, '1', 'EX', 86_400, 'NX'),
    'rate limiter': async n => await limiter.consume(`+1777${String(n).padStart(7, '0')}`),
    'BullMQ add': async n =>
      await queue.add('send', { to: `+1777${String(n).padStart(7, '0')}`, message: TEXT, idempotencyKey: `key-${n}` }, { jobId: `key-${n}` }),
    'BullMQ worker': null,
    'SET KEEPTTL': async n => await connection.set(`idem:key-${n}`, result, 'KEEPTTL')
  }
  await queue.waitUntilReady()
  let whole = 0
  for (const [name, step] of Object.entries(steps)) {
    report(`peer: ${name}`)
    const work = step === null ? finished : async () => { for (let n = 0; n < MANY; n++) await step(n) }
    const thousands = await redis.count(work) / MANY
    found[`peer: ${name}`] = Number(thousands.toFixed(1))
    whole += thousands
  }
  found['peer: whole message'] = Number(whole.toFixed(1))
  await queue.close()
  for (const one of [connection, workerConnection]) one.disconnect()

  async function finished () {
    const worker = new Worker('send', async () => undefined, { connection: workerConnection, concurrency: 50 })
    let left = MANY
    await new Promise(resolve => worker.on('completed', () => { if (--left === 0) resolve() }))
    await worker.close()
  }
}
