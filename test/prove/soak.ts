/** A soak: three nodes under load while faults are injected; then the judge checks the history. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endChild, startSandbox } from '../crash/child.js'
import { createRandom, type Random } from '../property/random.js'
import { keys } from '../support/gateway.js'
import { createPrefix, type Teardown } from '../support/redis.js'
import { request } from '../support/request.js'
import { pass, until } from '../support/until.js'
import { startCallbackReceiver } from './callback-receiver.js'
import { createCaller, type CallerOptions } from './caller.js'
import { endFaults, inject, schedule, type Targets } from './faults.js'
import { passDay, type Past } from './faults-of-time.js'
import { readFinal } from './final.js'
import { startFleet, type Fleet } from './fleet.js'
import { factsOf, monotonicNow, type Fact } from './history.js'
import { judge, type Judgement } from './judge.js'
import { createKeys } from './keys.js'
import { startLoad } from './load.js'
import { endLatePauses, operate } from './operators.js'
import { collect } from './provider-records.js'
import { startProxies } from './proxies.js'
import { startClusterServers, startSentinelServers } from './failover.js'
import { startServer, type Fsync, type On } from './servers.js'
import { CHANGING, DAILY, LEASE_END_MS, rules, senders, settings, shares } from './settings.js'
import { ACCOUNT, changeTemplates, templates } from './template-changes.js'
import { STILL_WITHIN_S, sum, untilStill, waitingIn, watchMachine } from './waits.js'
import { startWhatsApp } from './whatsapp.js'

export interface SoakOptions {
  on: On
  fsync: Fsync
  seconds: number
  /** Goes on beyond `seconds`, up to three times as long, until so many kinds of faults have happened. */
  leastKinds?: number
  seed: number
  /** Messages a second, over all senders. */
  perSecond: number
  /** Mean time from one fault to the next, s. */
  faultEverySeconds: number
  /** Only faults whose names contain one of these texts. */
  only?: string[]
  /** WhatsApp pauses and disables templates during the run. */
  hasTemplates?: boolean
  report: (progress: Progress) => void
}

export interface Progress { second: number, posted: number, responded: number, arrived: number, faults: number, doing: string }

export interface Soaked {
  on: On
  fsync: Fsync
  facts: Fact[]
  judgement: Judgement
  faults: Map<string, number>
  seconds: number
  settledInSeconds: number
}

export async function soak (t: Teardown, options: SoakOptions): Promise<Soaked> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-prove-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const facts: Fact[] = []
  const record = (fact: Fact): void => { facts.push(fact) }
  const prefix = createPrefix()
  const start = { server: startServer, sentinel: startSentinelServers, cluster: startClusterServers }[options.on]
  const servers = await start(t, { fsync: options.fsync, leaseMs: LEASE_END_MS, record })
  const sandbox = startSandbox()
  t.teardown(async () => await endChild(sandbox))
  const control = `${new URL(await sandbox.ready).origin}/_sandbox`
  // What the node of a number says stays above the rule: limits come and go with the faults, and are found by rejections.
  const limits = { enforcePair: false, throughputPerSecond: null, throughputLevel: 'HIGH' }
  await request(`${control}/settings`, { method: 'PUT', body: JSON.stringify({ latencyMs: 200, ...limits }) })
  const receiver = await startCallbackReceiver(t, record)
  const proxies = startProxies(t)
  const { perSecond, seconds, hasTemplates = false } = options
  const sendersFile = join(folder, 'senders.json')
  const writeSenders = (ids: string[]): void => {
    // A node may start at any moment, and must find a whole file.
    writeFileSync(`${sendersFile}.new`, JSON.stringify(ids.map(id => ({
      id,
      accessToken: `token-of-${id}`,
      ...(hasTemplates ? { accountId: ACCOUNT } : {}),
      ...(id === DAILY.sender ? { dailyLimit: DAILY.people } : {}),
      ...(id === CHANGING ? { rules: { pairIntervalMs: 1500, pairBurst: 2 } } : {})
    }))))
    renameSync(`${sendersFile}.new`, sendersFile)
  }
  const past: Past | null = !('port' in servers.redis) ? null : { redisPort: servers.redis.port, prefix, senders, daily: DAILY.sender, record }
  const always = past === null ? senders : [...senders, DAILY.sender]
  const all = [...always, CHANGING]
  writeSenders(all)
  // Otherwise a pair's cool-down grows to minutes, and a run waits for all of them.
  const policyFile = join(folder, 'policy.json')
  writeFileSync(policyFile, JSON.stringify([{ code: '131056', growth: 1 }]))
  const keysFile = join(folder, 'keys.json')
  // The nodes start with the file.
  let reached: Pick<Fleet, 'origins' | 'reload'> = { origins: () => [], reload: () => undefined }
  const exchanged = createKeys({
    path: keysFile, callers: rules.callers ?? {}, origins: () => reached.origins(), reload: () => reached.reload(), record
  })
  const fleet = await startFleet(
    {
      redis: servers.redis,
      sandboxPort: Number(new URL(control).port),
      folder,
      prefix,
      proxies,
      settings: {
        ...settings,
        CALLBACK_URL: receiver.url,
        POLICY_FILE: policyFile,
        WHATSAPP_SENDERS_FILE: sendersFile,
        WHATSAPP_ACCESS_TOKEN: '',
        API_KEYS: '',
        API_KEYS_FILE: keysFile
      }
    },
    record
  )
  t.teardown(fleet.close)
  reached = fleet

  let isOver = false
  const asCaller = (apiKey: CallerOptions['apiKey']) =>
    createCaller({ apiKey, origins: fleet.origins, record, timeoutMs: 2500, isOver: () => isOver })
  const caller = asCaller(keys.operator)
  const callers = Object.fromEntries(Object.entries(shares).map(([name, share]) => [name, { caller: asCaller(exchanged.keyOf(name)), share }]))
  const random = createRandom(options.seed)
  // Who waits then gets the next days of the run.
  let greeted = 0
  const mayGreet = (): boolean => greeted < DAILY.people * (factsOf(facts, 'day-passed').length + 2) && ++greeted > 0
  const load = startLoad({
    senders: [...senders, CHANGING],
    people: 150,
    perSecond,
    seconds,
    caller,
    callers,
    random: createRandom(options.seed + 1),
    templates: hasTemplates ? templates : [],
    daily: past === null ? null : { sender: DAILY.sender, mayGreet }
  })
  const whatsapp = startWhatsApp({
    origins: fleet.origins,
    record,
    random: createRandom(options.seed + 2),
    lateMs: Math.min(25_000, options.seconds * 250)
  })
  t.teardown(whatsapp.close)
  const records = collect(control, arrival => {
    record(arrival)
    whatsapp.follow(arrival)
  })
  const startedAt = performance.now()
  const second = (): number => (performance.now() - startedAt) / 1000
  const operators = operate({
    caller,
    origins: fleet.origins,
    load,
    senders,
    templates: hasTemplates ? templates : [],
    rules,
    random: createRandom(options.seed + 3),
    everySeconds: 2,
    record,
    isOver: () => second() > options.seconds
  })
  /** Reads come a minute apart at least, for which neither a change nor the end waits. */
  const readSoon = async (): Promise<void> => {
    for (const client of await servers.masters()) await client.zadd(`{${prefix}}:account-reads`, 1, ACCOUNT).catch(() => undefined)
  }
  const inTime = { random: createRandom(options.seed + 4), isOver: () => second() > options.seconds }
  const changes = hasTemplates ? changeTemplates({ control, origins: fleet.origins, record, readSoon, ...inTime }) : Promise.resolve()
  const exchanges = exchanged.exchange(createRandom(options.seed + 5), inTime.isOver)
  t.teardown(watchMachine(record))
  const faults = new Map<string, number>()
  let reloads = 0
  const reload = (random: Random): void => {
    writeSenders(++reloads % 2 === 1 ? always : all)
    fleet.reload()
    random.next()
  }
  const targets: Targets = { fleet, proxies, servers, receiver, control, leaseMs: LEASE_END_MS, record, reload, past }
  let doing = ''
  const progress = setInterval(() => {
    const counts = { posted: load.drafts.size, responded: load.responded(), arrived: records.count(), faults: sum(faults) }
    options.report({ second: Math.round(second()), ...counts, doing })
  }, 5000)

  const injections = new Set<Promise<unknown>>()
  for (const kind of schedule(options.on, random, options.only)) {
    await pass(random.gap(options.faultEverySeconds * 1000))
    const isEnough = faults.size >= (options.leastKinds ?? 0) || second() > 3 * options.seconds
    if (second() > options.seconds && isEnough) break
    doing = kind
    record({ fact: 'fault-injected', at: monotonicNow(), kind })
    // A generator of its own, so that a fault does not depend on how long another one takes.
    const injection = inject(kind, targets, random.fork()).then(happened => {
      if (happened) faults.set(kind, (faults.get(kind) ?? 0) + 1)
    }).finally(() => injections.delete(injection))
    injections.add(injection)
    // Only one fault of Redis is active at a time.
    if (/Redis (?:is|fails)|of Redis/.test(kind)) await injection
  }
  await Promise.all(injections)
  doing = 'all faults have ended'
  writeSenders(all)
  await endFaults(targets)
  const healedAt = performance.now()
  await Promise.all([operators, changes, exchanges])
  // A node that did not reach Redis rejects the list, and has to be asked again.
  let lists = ''
  await until('every node has the whole list of senders', async () => {
    fleet.reload()
    await pass(1000)
    const responses = await Promise.all(fleet.origins().map(async origin => await caller.ask(origin, 'GET', '/senders')))
    lists = JSON.stringify(responses).slice(0, 1000)
    return responses.every(({ body }) => (body['senders'] as unknown[] | undefined)?.length === all.length)
  }, STILL_WITHIN_S * 1000).catch(() => record({ fact: 'node-failed', node: 'all', text: `not all have the whole list of senders: ${lists}` }))
  await endLatePauses(caller, facts)
  await untilStill(async () => load.isDone() ? 0 : 1 + load.drafts.size - load.responded())
  const unsettled = async (): Promise<number> => {
    const stats = await caller.persist('GET', '/stats', undefined, (status, body) => status === 200 && body['unavailable'] === undefined)
    return (stats?.['senders'] as Array<{ unsettled: number }>).reduce((sum, one) => sum + one.unsettled, 0)
  }
  let reads = 0
  await untilStill(async () => {
    if ((performance.now() - healedAt) / 5000 > reads++) {
      if (hasTemplates) await readSoon()
      if (past !== null) await passDay(past)
    }
    return await unsettled() + whatsapp.left() + await waitingIn(servers, prefix, all)
  })
  const settledInSeconds = (performance.now() - healedAt) / 1000
  doing = 'reading the final states'
  await records.close()
  // One by one: the facts of half an hour are too many for the arguments of one call.
  for (const fact of fleet.watched()) facts.push(fact)
  for (const fact of await servers.grants()) facts.push(fact)
  for (const text of receiver.unsigned()) record({ fact: 'node-failed', node: 'receiver', text: `a callback with a wrong signature: ${text}` })
  await readFinal({
    caller,
    origins: fleet.origins,
    senders: all,
    drafts: load.drafts,
    callerOf: load.callerOf,
    isErased: load.isErased,
    masters: await servers.masters(),
    prefix,
    record
  })
  record({ fact: 'over', at: monotonicNow(), unsettled: await unsettled() })
  clearInterval(progress)
  isOver = true
  const judgement = judge({ rules, facts })
  return { on: options.on, fsync: options.fsync, facts, judgement, faults, seconds: second(), settledInSeconds }
}
