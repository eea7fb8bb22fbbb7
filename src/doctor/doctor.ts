import { setTimeout as sleep } from 'node:timers/promises'
import { globalKey } from '../redis/keys.js'
import type { Area, AreaName, DoctorDeps, Suspect } from './area.js'
import { bodies } from './bodies.js'
import { counts } from './counts.js'
import { jobs } from './jobs.js'
import { keys, searchKeys, type Met } from './keys.js'
import type { KindName } from './kinds.js'
import { kindOf, kinds } from './kinds.js'
import { messages } from './messages.js'
import { ask } from './pages.js'
import { pairs } from './pairs.js'
import { senders } from './senders.js'

/** Suspects of one kind that are kept for the second look; of further ones only their number. */
const KEPT_OF_KIND = 10_000
const EXAMPLES = 3
/** Suspects that are checked again at a time. */
const PAGE = 200

const areas: Record<AreaName, Area> = { messages, pairs, bodies, keys, senders, counts, jobs }

/** The order of repairs: what is stored of a message first, since queues and ready times follow from it. */
const repairOrder: AreaName[] = ['messages', 'pairs', 'bodies', 'senders', 'jobs', 'keys', 'counts']

export interface Finding {
  kind: KindName
  count: number
  /** There are more than were looked at twice. */
  isMore: boolean
  means: string
  remedy: string
  examples: string[]
  repaired: number
  /** What was not repaired, by the reason. */
  left: Array<{ why: string, count: number }>
}

export interface Report { findings: Finding[], checked: number, skippedSenders: string[] }

export interface ExamineOptions {
  /** Between the two looks. */
  waitMs: number
  repair: boolean
  onProgress?: (step: string) => void
}

/**
 * Compares all that is stored with what the scripts leave behind. It reads in pages and writes only with `repair`, so it may run beside
 * gateways; each entry is checked by one script, in one atomic step. A finding is what a second look has seen as well.
 */
export async function examine (deps: DoctorDeps, options: ExamineOptions): Promise<Report> {
  const { onProgress = () => undefined } = options
  let checked = 0
  const counting: DoctorDeps = { ...deps, onChecked (count) { checked += count; deps.onChecked(count) } }
  const { suspects, more, skippedSenders } = await firstLook(counting, onProgress)
  let found: Suspect[] = []
  if (suspects.length > 0) {
    onProgress('waiting for the second look')
    await sleep(options.waitMs, undefined, { signal: deps.signal })
    onProgress('second look')
    found = await lookAgain(counting, suspects)
  }
  const byKind = new Map<KindName, Finding>()
  for (const suspect of found) {
    const finding = findingOf(byKind, kindOf(suspect.fault), more)
    finding.count++
    if (finding.examples.length < EXAMPLES) finding.examples.push(describe(suspect))
  }
  if (options.repair) {
    onProgress('repairing')
    const isOfThisLayout = !found.some(({ fault }) => fault === 'wrong-layout')
    await repairAll(counting, found, isOfThisLayout, suspect => findingOf(byKind, kindOf(suspect.fault), more))
  }
  return { findings: [...byKind.values()], checked, skippedSenders }
}

interface Look { suspects: Suspect[], more: Set<KindName>, skippedSenders: string[] }

async function firstLook (deps: DoctorDeps, onProgress: (step: string) => void): Promise<Look> {
  const suspects = new Map<string, Suspect>()
  const counted = new Map<KindName, number>()
  const more = new Set<KindName>()
  const add = (page: Suspect[]): void => {
    for (const suspect of page) {
      if (suspects.has(nameOf(suspect))) continue
      const kind = kindOf(suspect.fault)
      const count = (counted.get(kind) ?? 0) + 1
      if (count > KEPT_OF_KIND) more.add(kind)
      else suspects.set(nameOf(suspect), suspect)
      counted.set(kind, count)
    }
  }
  onProgress('keys')
  const met: Met = { senders: new Set(), broken: new Set() }
  for await (const page of searchKeys(deps, met)) add(page)
  onProgress('gateway')
  for (const area of [senders, counts, jobs]) for await (const page of area.search(deps, '')) add(page)
  for (const sender of met.senders) {
    if (met.broken.has(sender)) continue
    onProgress(`sender ${sender}`)
    for (const area of [messages, pairs, bodies, senders, counts]) for await (const page of area.search(deps, sender)) add(page)
  }
  return { suspects: [...suspects.values()], more, skippedSenders: [...met.broken] }
}

async function lookAgain (deps: DoctorDeps, suspects: Suspect[]): Promise<Suspect[]> {
  const groups = new Map<string, Suspect[]>()
  for (const suspect of suspects) {
    const name = `${suspect.area} ${suspect.sender}`
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [suspect])
    else group.push(suspect)
  }
  const found: Suspect[] = []
  for (const group of groups.values()) {
    const [first] = group
    if (first === undefined) continue
    for (let at = 0; at < group.length; at += PAGE) {
      found.push(...await areas[first.area].again(deps, first.sender, group.slice(at, at + PAGE)))
    }
  }
  return found
}

async function repairAll (deps: DoctorDeps, found: Suspect[], isOfThisLayout: boolean, findingFor: (suspect: Suspect) => Finding): Promise<void> {
  const touched = new Set<string>()
  const inOrder = repairOrder.flatMap(name => found.filter(({ area }) => area === name))
  for (const suspect of inOrder) {
    const finding = findingFor(suspect)
    const repair = isOfThisLayout
      ? await areas[suspect.area].repair(deps, suspect)
      : { status: 'left' as const, why: 'the data has another layout: nothing is repaired' }
    if (repair.status !== 'left') {
      finding.repaired++
      if (suspect.sender !== '') touched.add(suspect.sender)
      continue
    }
    const known = finding.left.find(({ why }) => why === repair.why)
    if (known === undefined) finding.left.push({ why: repair.why, count: 1 })
    else known.count++
  }
  // Recovery acts on what is ready or unknown now.
  const listed = globalKey(deps.prefix, 'senders')
  for (const sender of touched) {
    if (await ask(deps, async () => await deps.redis.hexists(listed, sender)) === 1) {
      await ask(deps, async () => await deps.recoverySchedule.markDueNow(sender))
    }
  }
}

function findingOf (byKind: Map<KindName, Finding>, kind: KindName, more: Set<KindName>): Finding {
  const known = byKind.get(kind)
  if (known !== undefined) return known
  const { means, remedy } = kinds[kind]
  const finding: Finding = { kind, count: 0, isMore: more.has(kind), means, remedy, examples: [], repaired: 0, left: [] }
  byKind.set(kind, finding)
  return finding
}

function nameOf ({ fault, sender, target, lane, member }: Suspect): string {
  return [fault, sender, target, lane ?? '', member ?? ''].join(' ')
}

function describe ({ sender, target, fault, detail }: Suspect): string {
  return [sender === '' ? target : `${sender} ${target}`, detail ?? fault].join(': ')
}
