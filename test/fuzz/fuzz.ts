/** Random calls of all scripts on one sender, judged after each by independent invariants, by the doctor's checks, and by the layout. */
import { createRun, type Run } from '../../src/redis/commands.js'
import type { DoctorDeps } from '../../src/doctor/area.js'
import { bodies, holds, pairs } from '../../src/doctor/entries.js'
import { searchKeys } from '../../src/doctor/keys.js'
import { messages } from '../../src/doctor/messages.js'
import { digestOf, LAYOUT } from '../../src/redis/keys.js'
import { strangers } from '../lua/layout.js'
import { createRandom } from '../property/random.js'
import { createPrefix, type Teardown } from '../support/redis.js'
import { startStoppedRedis } from '../support/redis-clock.js'
import { judge, type Judged } from './invariants.js'
import { operations } from './operations.js'
import { FuzzWorld, RECIPIENTS, SENDER, START_US, WINDOW_MS, type FuzzServer } from './world.js'

/** Every so many steps all keys are compared with the layout. */
const LAYOUT_EVERY = 50

export interface Fuzzed { seed: number, steps: number, messages: number, calls: Map<string, number>, failure: Failure | null }
export interface Failure { step: number, operation: string, problems: string[], log: string[] }
export interface FuzzPlan { seed: number, steps: number, onStep?: (step: number) => void }

/** A server whose clock is that of the run, so that a seed repeats a run exactly. Null where there is no C compiler. */
export async function startServer (t: Teardown): Promise<FuzzServer | null> {
  const server = await startStoppedRedis(t, START_US)
  return server === null ? null : { redis: server.connect(), setClock: server.setClock }
}

/** Plays one run. It ends at the first failure. */
export async function fuzz (server: FuzzServer, { seed, steps, onStep }: FuzzPlan): Promise<Fuzzed> {
  const { redis } = server
  const prefix = createPrefix()
  const random = createRandom(seed)
  const calls = new Map<string, number>()
  const script = createRun(redis, prefix, { observe: name => { calls.set(name, (calls.get(name) ?? 0) + 1) } })
  const w = new FuzzWorld(server, script, prefix, random)
  await redis.set(`{${prefix}}:layout`, LAYOUT)
  await w.start()
  const names = Object.keys(operations)
  const total = names.reduce((sum, name) => sum + (operations[name]?.weight ?? 0), 0)
  const doctor = doctorOf(w, script)
  let step = 0
  let failure: Failure | null = null
  for (; step < steps && failure === null; step++) {
    w.pass()
    let aim = random.next() * total
    const operation = names.find(name => (aim -= operations[name]?.weight ?? 0) < 0) ?? 'admit'
    w.addToLog(`step ${step}, ${operation}, ${w.ms} ms`)
    const problems = await problemsOf(async () => {
      await operations[operation]?.run(w)
      const { violations, entries } = await judge(w)
      const isWhole = step % LAYOUT_EVERY === 0
      return [...violations, ...await checks(w, script, entries), ...isWhole ? [...await findings(doctor), ...await strangers(redis, prefix)] : []]
    })
    if (problems.length > 0) failure = { step, operation, problems: problems.slice(0, 5), log: w.log.slice(-25) }
    onStep?.(step)
  }
  const left = await redis.keys(`{${prefix}*`)
  if (left.length > 0) await redis.unlink(...left)
  return { seed, steps: step, messages: w.messages.size, calls, failure }
}

async function problemsOf (work: () => Promise<string[]>): Promise<string[]> {
  try {
    return await work()
  } catch (error) {
    return [error instanceof Error ? `${error.message} ${JSON.stringify((error as { facts?: unknown }).facts ?? '')}` : String(error)]
  }
}

function doctorOf (w: FuzzWorld, script: Run): DoctorDeps {
  const unused = (): never => { throw new TypeError('not used by a fuzz run') }
  return {
    prefix: w.prefix,
    redis: w.redis,
    run: async (name, scope, args) => await script(name, scope, name.startsWith('check-') ? { ...args, now: w.now } : args),
    backlogCap: 1_000_000,
    callbackCap: 1_000_000,
    rememberMs: WINDOW_MS,
    drainQueue: new Proxy({}, { get: unused }) as DoctorDeps['drainQueue'],
    recoverySchedule: new Proxy({}, { get: unused }) as DoctorDeps['recoverySchedule'],
    onChecked: () => undefined
  }
}

/**
 * What a receipt leaves of a message whose next attempt is in flight. A gateway's recovery ends it within seconds after its lease; here recovery
 * comes by chance.
 */
const LEFT_BY_RECEIPT = 'grant_without_record'

/** The doctor's checks of everything that a step may have changed. */
async function checks (w: FuzzWorld, script: Run, { ids, members, names }: Judged['entries']): Promise<string[]> {
  const scopeOf = (id: string) => ({ sender: SENDER, digest: digestOf(id) })
  const args = { now: w.now, rememberMs: WINDOW_MS }
  const checked = await Promise.all([
    ...ids.map(async id => [id, await script('check-messages', scopeOf(id), { ...args, id, lane: '', member: '' })] as const),
    ...members.map(async ([lane, member]) => {
      const id = member.split(':').at(-1) ?? ''
      return [member, await script('check-messages', scopeOf(id), { ...args, id, lane, member })] as const
    }),
    ...RECIPIENTS.map(async recipient => [recipient, await script('check-pairs', { sender: SENDER }, { now: w.now, recipient })] as const),
    ...names.map(async name => [name, await script('check-bodies', { sender: SENDER }, { name })] as const)
  ])
  return checked.flatMap(([target, { kinds }]) => kinds === '' || kinds === LEFT_BY_RECEIPT ? [] : [`the doctor finds ${kinds}: ${target}`])
}

/** All candidates of the doctor's first check. Nothing else runs meanwhile, so a second check would find the same. */
async function findings (doctor: DoctorDeps): Promise<string[]> {
  const found: string[] = []
  const ofSender = [messages, pairs, holds, bodies].map(area => area.search(doctor, SENDER))
  const searches = [...ofSender, searchKeys(doctor, { senders: new Set(), broken: new Set() })]
  for (const search of searches) {
    for await (const page of search) {
      const others = page.filter(({ kind }) => kind !== LEFT_BY_RECEIPT)
      found.push(...others.map(({ kind, target, detail }) => `the doctor finds ${kind}: ${target} ${detail ?? ''}`))
    }
  }
  return found
}

/** A failure for people, with the command that repeats it. */
export function describeFailure ({ seed, failure }: Fuzzed): string {
  if (failure === null) return ''
  const { step, operation, problems, log } = failure
  return [`seed ${seed}, step ${step}, ${operation}:`, ...problems, 'The calls before:', ...log,
    `To repeat it: npm run fuzz -- --seed ${seed} --steps ${step + 1}`].join('\n')
}
