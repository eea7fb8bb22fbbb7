import { createHash } from 'node:crypto'
import type { Job, Queue } from 'bullmq'
import type { Move } from '../drain/move.js'
import type { MessageFilter } from '../failure/match.js'

/** What a job does with each message that matches. */
export const bulkActions = ['cancel', 'retry', 'move', 'acknowledge'] as const
export type BulkAction = typeof bulkActions[number]
/** States in which a job finds messages. */
export type BulkState = 'scheduled' | 'queued' | 'retrying' | 'failed'

/** The states that an action is possible in. Without a choice it is all of them for a cancellation and a move, and else `failed`. */
export const actionable: Record<BulkAction, readonly BulkState[]> = {
  cancel: ['scheduled', 'queued', 'retrying'],
  retry: ['failed', 'retrying'],
  move: ['scheduled', 'queued', 'retrying'],
  acknowledge: ['failed', 'retrying']
}

/** What a job is to do. It names no recipient and no value of metadata, since it is kept longer than the messages. */
export interface BulkRequest {
  action: BulkAction
  filter: MessageFilter
  /** The filter for people: `campaign=spring-sale`, with the recipient masked. */
  about: string
  states: readonly BulkState[]
  /** Also messages that come back from an attempt, or are accepted later: its campaign is cancelled. */
  isCampaign?: true
  /** Where the messages of a move go. */
  move?: Move | undefined
  /** Counts only. */
  dryRun: boolean
  note?: string | undefined
}

/** `atMs`: by Redis's clock. Later messages and later failures are not concerned. */
export interface BulkJob extends BulkRequest { senders: readonly string[], by: string, atMs: number, isStopped?: true }

/**
 * `scanned` of `total`: how far the job is. `matched`: messages that fit. `done`: those that are cancelled, moved, acknowledged, or whose retry has
 * begun.
 * `left`: of a finished cancellation, those in flight and of unknown outcome, which end by themselves.
 */
export interface BulkProgress { scanned: number, total: number, matched: number, done: number, left: number }

export interface BulkJobView extends BulkProgress {
  id: string
  action: BulkAction
  state: 'waiting' | 'active' | 'completed' | 'stopped' | 'failed'
  dryRun: boolean
  filter: string
  states: readonly BulkState[]
  /** Of a move: where its messages go. */
  move: Move | null
  note: string | null
  by: string
  startedAt: number
  finishedAt: number | null
}

/** A job that Redis interrupts goes on later. */
const ATTEMPTS = 100
const BACKOFF_MS = 5000
const KEPT_S = 7 * 86_400
const MOST_KEPT = 1000

/** Adds the job, unless one like it is under way: then that one is returned. */
export async function startBulkJob (queue: Queue, data: BulkJob): Promise<BulkJobView> {
  const jobId = jobIdOf(data)
  const former = await queue.getJob(jobId)
  if (former !== undefined && isOver(await former.getState())) await former.remove()
  const job = await queue.add(data.action, data, {
    jobId,
    attempts: ATTEMPTS,
    backoff: { type: 'fixed', delay: BACKOFF_MS },
    removeOnComplete: { age: KEPT_S, count: MOST_KEPT },
    removeOnFail: { age: KEPT_S, count: MOST_KEPT }
  })
  return await readBulkJob(queue, jobId) ?? await viewOf(job)
}

export async function readBulkJob (queue: Queue, id: string): Promise<BulkJobView | null> {
  const job = await queue.getJob(id) as Job<BulkJob> | undefined
  return job === undefined ? null : await viewOf(job)
}

/** The latest jobs, newest first. */
export async function listBulkJobs (queue: Queue, limit: number): Promise<BulkJobView[]> {
  const jobs = await queue.getJobs(['waiting', 'active', 'delayed', 'completed', 'failed'], 0, limit - 1) as Array<Job<BulkJob> | undefined>
  const views = await Promise.all(jobs.map(async job => job === undefined ? [] : [await viewOf(job)]))
  return views.flat().sort((a, b) => b.startedAt - a.startedAt).slice(0, limit)
}

/** Stops a job: it ends before its next page. False if there is none, or it has ended. */
export async function stopBulkJob (queue: Queue, id: string): Promise<boolean> {
  const job = await queue.getJob(id) as Job<BulkJob> | undefined
  if (job === undefined || isOver(await job.getState())) return false
  await job.updateData({ ...job.data, isStopped: true })
  return true
}

/** The id of a job: the same for the same work, by every operator. */
export function jobIdOf ({ action, filter, states, dryRun, isCampaign, move }: BulkRequest): string {
  const sorted = Object.entries(filter).filter(([, value]) => value !== undefined).sort(([a], [b]) => a < b ? -1 : 1)
  const parts = [sorted, [...states].sort(), dryRun, isCampaign ?? false, ...(move === undefined ? [] : [move])]
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex')
  return `${action}-${hash.slice(0, 16)}`
}

export function progressOf ({ progress }: Job): BulkProgress {
  const { scanned = 0, total = 0, matched = 0, done = 0, left = 0 } = typeof progress === 'object' ? progress as Partial<BulkProgress> : {}
  return { scanned, total, matched, done, left }
}

async function viewOf (job: Job<BulkJob>): Promise<BulkJobView> {
  const state = await job.getState()
  const { action, dryRun, about, states, move, note, by, atMs, isStopped } = job.data
  return {
    id: job.id ?? '',
    action,
    state: state === 'completed' && isStopped === true ? 'stopped' : isShown(state) ? state : 'waiting',
    dryRun,
    filter: about,
    states,
    move: move ?? null,
    note: note ?? null,
    by,
    ...progressOf(job),
    startedAt: atMs,
    finishedAt: job.finishedOn ?? null
  }
}

function isShown (state: string): state is 'completed' | 'failed' | 'active' {
  return state === 'completed' || state === 'failed' || state === 'active'
}

function isOver (state: string): boolean {
  return state === 'completed' || state === 'failed' || state === 'unknown'
}
