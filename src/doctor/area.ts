import type { Queue } from 'bullmq'
import type { Client } from '../redis/client.js'
import type { Run } from '../redis/commands.js'
import type { RecoverySchedule } from '../redis/recovery-schedule.js'

export type AreaName = 'messages' | 'pairs' | 'bodies' | 'keys' | 'senders' | 'counts' | 'jobs'

/** Something that looks wrong; a finding once a second look has seen it too. */
export interface Suspect {
  area: AreaName
  /** A name of kinds.ts, or what a script calls it. */
  fault: string
  /** Empty for what belongs to no sender. */
  sender: string
  /** The message, recipient, key or sender that it is about. */
  target: string
  /** An entry of a queue, or of the schedule, whose lane is 0. */
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
  search: (deps: DoctorDeps, sender: string) => AsyncGenerator<Suspect[]>
  /** Those that are still suspect. */
  again: (deps: DoctorDeps, sender: string, suspects: Suspect[]) => Promise<Suspect[]>
  repair: (deps: DoctorDeps, suspect: Suspect) => Promise<Repair>
}
