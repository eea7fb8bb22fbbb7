/** A soak: three nodes under load while faults are injected; then the judge checks the history. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endChild, startSandbox } from '../crash/child.js'
import { toFact } from '../crash/ground.js'
import { LEASE_GRACE_MS } from '../../src/recovery/recover.js'
import { createRandom } from '../property/random.js'
import { keys } from '../support/gateway.js'
import { createPrefix, startRedis, type Teardown } from '../support/redis.js'
import { request } from '../support/request.js'
import { each, pass, until } from '../support/until.js'
import { createCaller } from './caller.js'
import { endFaults, inject, schedule, type Targets } from './faults.js'
import { startFleet } from './fleet.js'
import { attemptOf, messagesOf, monotonicNow, type Arrived, type Fact, type Rules } from './history.js'
import { judge, type Judgement } from './judge.js'
import { startLoad } from './load.js'
import { startProxies } from './proxies.js'

export interface SoakOptions {
  seconds: number
  seed: number
  /** Messages a second, over all senders. */
  perSecond: number
  /** Mean time from one fault to the next, s. */
  faultEverySeconds: number
  report: (progress: Progress) => void
}

export interface Progress { second: number, posted: number, responded: number, arrived: number, faults: number, doing: string }

export interface Soaked {
  facts: Fact[]
  judgement: Judgement
  faults: Map<string, number>
  errors: string[]
  seconds: number
  settledInSeconds: number
}

const LEASE_MS = 8000
const senders = ['800001', '800002', '800003']
const rules: Rules = { intervalMs: 1000, startWithinMs: 250, perSecond: 40 }
/**
 * After the faults: how long the number of unsettled messages may stay the same before they count as left unsettled. Covers leases, holds and five
 * retries.
 */
const STILL_WITHIN_S = 180

const settings = {
  WHATSAPP_RATE_LIMIT_MS: String(rules.intervalMs),
  WHATSAPP_SENDER_RATE_PER_SECOND: String(rules.perSecond),
  WHATSAPP_RETRY_SCHEDULE_MS: '1000,2000,4000,8000,8000',
  WHATSAPP_RETRY_INTERVAL_MS: '1000',
  SEND_TIMEOUT_MS: '2000',
  UNKNOWN_HOLD_MS: '3000',
  LEASE_MS: String(LEASE_MS),
  SHUTDOWN_GRACE_MS: '3000',
  INLINE_WAIT_MS: '1000'
}

export async function soak (t: Teardown, options: SoakOptions): Promise<Soaked> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-prove-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const redis = await startRedis(t, { appendfsync: 'always' })
  const sandbox = startSandbox()
  t.teardown(async () => await endChild(sandbox))
  const origin = new URL(await sandbox.ready).origin
  const control = `${origin}/_sandbox`
  await request(`${control}/settings`, { method: 'PUT', body: JSON.stringify({ latencyMs: 40, enforcePair: false, throughputPerSecond: null }) })

  const facts: Fact[] = []
  const note = (fact: Fact): void => { facts.push(fact) }
  const proxies = startProxies(t)
  const sendersFile = join(folder, 'senders.json')
  writeFileSync(sendersFile, JSON.stringify(senders.map(id => ({ id, accessToken: `token-of-${id}` }))))
  // Otherwise a pair's cool-down grows to minutes, and a run waits for all of them.
  const policyFile = join(folder, 'policy.json')
  writeFileSync(policyFile, JSON.stringify([{ code: '131056', growth: 1 }]))
  const fleet = await startFleet(
    {
      redisPort: redis.port,
      sandboxPort: Number(new URL(origin).port),
      folder,
      prefix: createPrefix(),
      proxies,
      settings: { ...settings, POLICY_FILE: policyFile, WHATSAPP_SENDERS_FILE: sendersFile, WHATSAPP_ACCESS_TOKEN: '' }
    },
    note
  )
  t.teardown(fleet.close)

  const records = collect(control, note)
  let isOver = false
  const caller = createCaller({ apiKey: keys.operator, origins: fleet.origins, note, timeoutMs: 2500, isOver: () => isOver })
  const random = createRandom(options.seed)
  const load = startLoad({
    senders,
    people: 150,
    perSecond: options.perSecond,
    seconds: options.seconds,
    caller,
    random: createRandom(options.seed + 1)
  })
  const faults = new Map<string, number>()
  const targets: Targets = { fleet, proxies, redis, control, leaseMs: LEASE_MS + LEASE_GRACE_MS }
  const startedAt = performance.now()
  const second = (): number => (performance.now() - startedAt) / 1000
  let doing = ''
  let arrived = 0
  const progress = setInterval(() => {
    records.read().then(count => { arrived = count }, () => undefined)
    options.report({ second: Math.round(second()), posted: load.wishes.size, responded: load.responded(), arrived, faults: sum(faults), doing })
  }, 5000)

  const injections = new Set<Promise<unknown>>()
  for (const kind of schedule(random)) {
    await pass(random.gap(options.faultEverySeconds * 1000))
    if (second() > options.seconds) break
    doing = kind
    note({ fact: 'fault-injected', at: monotonicNow(), kind })
    // A generator of its own, so that a fault does not depend on how long another one takes.
    const injection = inject(kind, targets, random.fork()).then(happened => {
      if (happened) faults.set(kind, (faults.get(kind) ?? 0) + 1)
    }).finally(() => injections.delete(injection))
    injections.add(injection)
    // Only one fault of Redis is active at a time.
    if (kind.startsWith('Redis')) await injection
  }
  await Promise.all(injections)
  doing = 'all faults have ended'
  await endFaults(targets)
  const healedAt = performance.now()
  await untilStill(async () => load.wishes.size - load.responded())
  await until('all callers have repeated their requests', () => load.isDone(), STILL_WITHIN_S * 1000).catch(() => undefined)
  const unsettled = async (): Promise<number> => {
    const stats = await caller.persist('GET', '/stats', undefined, status => status === 200)
    return (stats?.['senders'] as Array<{ unsettled: number }>).reduce((sum, one) => sum + one.unsettled, 0)
  }
  await untilStill(unsettled)
  const settledInSeconds = (performance.now() - healedAt) / 1000
  doing = 'reading the final states'
  await records.read()
  // One by one: the facts of half an hour are too many for the arguments of one call.
  for (const fact of fleet.watched()) facts.push(fact)
  await each([...messagesOf(facts).values()].filter(({ arrivals }) => !isPlain(arrivals)), 10, async ({ posted: { key } }) => {
    const ended = await caller.look({ key, sender: load.wishes.get(key)?.sender ?? '' })
    if (ended !== null) note(ended)
  })
  note({ fact: 'over', at: monotonicNow(), unsettled: await unsettled() })
  clearInterval(progress)
  isOver = true
  return { facts, judgement: judge({ rules, facts }), faults, errors: fleet.errors(), seconds: second(), settledInSeconds }
}

/** Accepted at the first attempt: its final state need not be read. */
function isPlain (arrivals: Arrived[]): boolean {
  return arrivals.length === 1 && arrivals[0]?.outcome === 'accepted' && attemptOf(arrivals[0].opaque) === 1
}

/** Reads what the provider has recorded since the last read; returns the total number. */
function collect (control: string, note: (fact: Fact) => void): { read: () => Promise<number> } {
  let since = 0
  let count = 0
  let reading: Promise<number> | null = null
  async function read (): Promise<number> {
    const { body } = await request(`${control}/messages?since=${since}`)
    for (const record of body['messages']) {
      // Two reads at once return the same records.
      if (record.seq <= since) continue
      since = record.seq
      count++
      // The sandbox reset the connection before it read the request, so only the observer in the node knows the recipient.
      if (record.opaque !== null) note(toFact(record))
    }
    return count
  }
  return {
    async read () {
      await reading
      reading = read()
      return await reading
    }
  }
}

/** Waits until nothing is left, or until the number has not changed for STILL_WITHIN_S. */
async function untilStill (left: () => Promise<number>): Promise<void> {
  let last = -1
  let changedAt = performance.now()
  while (last !== 0 && performance.now() - changedAt < STILL_WITHIN_S * 1000) {
    const now = await left()
    if (now !== last) changedAt = performance.now()
    last = now
    await pass(200)
  }
}

function sum (counts: Map<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}
