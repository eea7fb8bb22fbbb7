import type { Queue } from 'bullmq'
import type { Client } from '../redis/client.js'
import type { Run } from '../redis/commands.js'
import { senderKey } from '../redis/keys.js'
import type { RecoverySchedule } from '../redis/recovery-schedule.js'
import { retryWhileUnavailable } from '../redis/unavailable.js'

export type AreaName = 'messages' | 'pairs' | 'bodies' | 'keys' | 'senders' | 'counts' | 'unsettled' | 'jobs' | 'holds' | 'shares'

/** Something that may be wrong; a finding once a second check has found it too. */
export interface Candidate {
  area: AreaName
  /** A name of kinds.ts, or a finer one of a script. */
  kind: string
  /** Empty for what belongs to no sender. */
  sender: string
  /** The message, recipient, hold, portfolio, key or sender that it is about. */
  target: string
  /** An entry of a queue, of the schedule, whose lane is 0, or of `suspended`, whose lane is 4. */
  lane?: number
  member?: string
  /** For people: a count, a cap, a type. */
  detail?: string
}

export interface DoctorSettings {
  prefix: string
  backlogCap: number
  callbackCap: number
  /** How long an idempotency key is remembered at least, from admission. */
  rememberMs: number
}

export interface DoctorDeps extends DoctorSettings {
  redis: Client
  run: Run
  drainQueue: Queue
  recoverySchedule: RecoverySchedule
  /** Counts entries that have been checked. */
  onChecked: (count: number) => void
  signal?: AbortSignal | undefined
}

export type Repair = { status: 'repaired' | 'gone' } | { status: 'left', why: string }

/** One part of the data: how it is searched, how a suspicion is checked again, how it is repaired. */
export interface Area {
  /** Searches everything of one sender, or, with an empty one, of the gateway; page by page. */
  search: (deps: DoctorDeps, sender: string) => AsyncGenerator<Candidate[]>
  /** Checks candidates once more; returns those that are still wrong. */
  recheck: (deps: DoctorDeps, sender: string, candidates: Candidate[]) => Promise<Candidate[]>
  repair: (deps: DoctorDeps, candidate: Candidate) => Promise<Repair>
}

/** Approximate number of entries in a page: less than a millisecond of Redis. */
const PAGE = 200
const RETRY_WITHIN_MS = 15_000

/** One call to Redis, repeated while Redis is busy or fails over. */
export async function ask<Result> (deps: DoctorDeps, call: () => Promise<Result>): Promise<Result> {
  deps.signal?.throwIfAborted()
  return await retryWhileUnavailable(call, { withinMs: RETRY_WITHIN_MS })
}

type Entry = [member: string, value: string]

/** Entries of a hash or a sorted set. One that is there throughout is returned at least once. */
export async function * pagesOf (deps: DoctorDeps, kind: 'hash' | 'zset', key: string): AsyncGenerator<Entry[]> {
  const { redis } = deps
  let cursor = '0'
  do {
    const [next, flat] = await ask(deps, async () =>
      await (kind === 'hash' ? redis.hscan(key, cursor, 'COUNT', PAGE) : redis.zscan(key, cursor, 'COUNT', PAGE)))
    const entries = flat.flatMap((member, i): Entry[] => i % 2 === 0 ? [[member, flat[i + 1] ?? '']] : [])
    deps.onChecked(entries.length)
    // A small hash or set is returned whole, whatever COUNT says.
    for (let i = 0; i < entries.length; i += PAGE) yield entries.slice(i, i + PAGE)
    cursor = next
  } while (cursor !== '0')
}

/** The entries of a sender's key, page by page. */
export function pagesOfSender (deps: DoctorDeps, kind: 'hash' | 'zset', sender: string, name: string): AsyncGenerator<Entry[]> {
  return pagesOf(deps, kind, senderKey(deps.prefix, sender, name))
}
