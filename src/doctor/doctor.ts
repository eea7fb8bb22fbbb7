import { setTimeout as sleep } from 'node:timers/promises'
import { globalKey } from '../redis/keys.js'
import type { Area, AreaName, DoctorDeps, Candidate } from './area.js'
import { ask } from './area.js'
import { counts } from './counts.js'
import { bodies, holds, pairs } from './entries.js'
import { jobs } from './jobs.js'
import { keys, searchKeys, type Met } from './keys.js'
import type { KindName } from './kinds.js'
import { reportedAs, kinds } from './kinds.js'
import { messages } from './messages.js'
import { senders } from './senders.js'
import { shares } from './shares.js'
import { unsettled } from './unsettled.js'

/** Candidates of one kind that are checked a second time; further ones are only counted. */
const MAX_OF_KIND = 10_000
const EXAMPLES = 3
/** Candidates that are checked again at a time. */
const PAGE = 200

const areas: Record<AreaName, Area> = { messages, pairs, bodies, keys, senders, counts, unsettled, jobs, holds, shares }

const areasOfSender = [messages, pairs, holds, bodies, senders, counts, unsettled, shares]

/** The order of repairs: what is stored of a message first, since queues and ready times follow from it. */
const repairOrder: AreaName[] = ['messages', 'pairs', 'holds', 'bodies', 'senders', 'jobs', 'keys', 'counts', 'unsettled', 'shares']

export interface Finding {
  kind: KindName
  count: number
  /** There are more than were checked twice. */
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
  /** Between the two checks. */
  waitMs: number
  repair: boolean
  onProgress?: (step: string) => void
}

/**
 * Compares all that is stored with what the scripts leave behind. It reads in pages and writes only with `repair`, so it may run beside
 * gateways; each entry is checked by one script, in one atomic step. A finding is what a second check has found as well.
 */
export async function examine (deps: DoctorDeps, options: ExamineOptions): Promise<Report> {
  const { onProgress = () => undefined } = options
  let checked = 0
  const counting: DoctorDeps = { ...deps, onChecked (count) { checked += count; deps.onChecked(count) } }
  const { candidates, more, skippedSenders } = await firstPass(counting, onProgress)
  let found: Candidate[] = []
  if (candidates.length > 0) {
    onProgress('waiting for the second check')
    await sleep(options.waitMs, undefined, { signal: deps.signal })
    onProgress('second check')
    found = await recheckAll(counting, candidates)
  }
  const byKind = new Map<KindName, Finding>()
  for (const candidate of found) {
    const finding = findingOf(byKind, reportedAs(candidate.kind), more)
    finding.count++
    if (finding.examples.length < EXAMPLES) finding.examples.push(describe(candidate))
  }
  if (options.repair) {
    onProgress('repairing')
    const isOfThisLayout = !found.some(({ kind }) => kind === 'wrong-layout')
    await repairAll(counting, found, isOfThisLayout, candidate => findingOf(byKind, reportedAs(candidate.kind), more))
  }
  return { findings: [...byKind.values()], checked, skippedSenders }
}

interface FirstPass { candidates: Candidate[], more: Set<KindName>, skippedSenders: string[] }

async function firstPass (deps: DoctorDeps, onProgress: (step: string) => void): Promise<FirstPass> {
  const candidates = new Map<string, Candidate>()
  const counted = new Map<KindName, number>()
  const more = new Set<KindName>()
  const add = (page: Candidate[]): void => {
    for (const candidate of page) {
      if (candidates.has(candidateKey(candidate))) continue
      const kind = reportedAs(candidate.kind)
      const count = (counted.get(kind) ?? 0) + 1
      if (count > MAX_OF_KIND) more.add(kind)
      else candidates.set(candidateKey(candidate), candidate)
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
    for (const area of areasOfSender) for await (const page of area.search(deps, sender)) add(page)
  }
  return { candidates: [...candidates.values()], more, skippedSenders: [...met.broken] }
}

async function recheckAll (deps: DoctorDeps, candidates: Candidate[]): Promise<Candidate[]> {
  const groups = new Map<string, Candidate[]>()
  for (const candidate of candidates) {
    const name = `${candidate.area} ${candidate.sender}`
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [candidate])
    else group.push(candidate)
  }
  const found: Candidate[] = []
  for (const group of groups.values()) {
    const [first] = group
    if (first === undefined) continue
    for (let i = 0; i < group.length; i += PAGE) {
      found.push(...await areas[first.area].recheck(deps, first.sender, group.slice(i, i + PAGE)))
    }
  }
  return found
}

async function repairAll (
  deps: DoctorDeps, found: Candidate[], isOfThisLayout: boolean, findingFor: (candidate: Candidate) => Finding
): Promise<void> {
  const touched = new Set<string>()
  const inOrder = repairOrder.flatMap(name => found.filter(({ area }) => area === name))
  for (const candidate of inOrder) {
    const finding = findingFor(candidate)
    const repair = isOfThisLayout
      ? await areas[candidate.area].repair(deps, candidate)
      : { status: 'left' as const, why: 'the data has another layout: nothing is repaired' }
    if (repair.status !== 'left') {
      finding.repaired++
      if (candidate.sender !== '') touched.add(candidate.sender)
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

function candidateKey ({ kind, sender, target, lane, member }: Candidate): string {
  return [kind, sender, target, lane ?? '', member ?? ''].join(' ')
}

function describe ({ sender, target, kind, detail }: Candidate): string {
  return [sender === '' ? target : `${sender} ${target}`, detail ?? kind].join(': ')
}
