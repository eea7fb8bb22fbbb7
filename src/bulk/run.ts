import { setTimeout as sleep } from 'node:timers/promises'
import type { Job, Queue } from 'bullmq'
import { cancelledBy, closeMessage, type CloseDeps, type Ending } from '../drain/close.js'
import { moveMessage } from '../drain/move.js'
import { SluiceError } from '../errors.js'
import { acknowledge } from '../failure/acknowledge.js'
import { createMatcher, type MessageFilter } from '../failure/match.js'
import { retryEach, type RetryDeps } from '../failure/retry.js'
import { inParallel } from '../parallel.js'
import { senderKey } from '../redis/keys.js'
import { parseRecord } from '../settlement/record.js'
import { actionable, progressOf, type BulkJob, type BulkProgress } from './jobs.js'

export interface BulkJobDeps extends CloseDeps, RetryDeps { queues: { bulkQueue: Queue } }

/** Messages that one script call scans: a few ms of Redis. */
const PAGE = 500
/** Messages at once. */
const CONCURRENCY = 20
/** When a cancellation looks again for messages that were in flight, and how often. */
const AGAIN_MS = 1000
const PASSES = 5

interface Found { id: string, record: string, state: string }
/** The result of one page: messages that are done, and those that are in flight or of unknown outcome. */
interface Worked { done: number, busy: number }
type Work = (deps: BulkJobDeps, job: BulkJob, sender: string, page: readonly Found[]) => Promise<Worked>

const works: Record<BulkJob['action'], Work> = { cancel: cancelPage, retry: retryPage, move: movePage, acknowledge: acknowledgePage }

/**
 * Works on all messages that match, page by page, until that is done, an operator stops the job, or the node shuts down. Every step finds what is
 * left to do, so a job whose node died begins again on another node and does only the rest.
 */
export async function runBulkJob (deps: BulkJobDeps, job: Job<BulkJob>, closing: AbortSignal): Promise<BulkProgress> {
  const { done } = progressOf(job)
  const { action, about, by, dryRun, senders } = job.data
  const parts = senders.flatMap(sender => hashesOf(job.data).map(which => ({ sender, which })))
  // What is done no longer matches. Everything else is counted again.
  const progress: BulkProgress = { scanned: 0, total: await countRecords(deps, parts), matched: done, done, left: 0 }
  const goesOn = async (): Promise<boolean> => {
    progress.total = Math.max(progress.total, progress.scanned)
    await job.updateProgress({ ...progress })
    if (closing.aborted) throw new SluiceError('SHUTTING_DOWN', { detail: 'another node goes on with the job' })
    const stored = await deps.queues.bulkQueue.getJob(job.id ?? '') as Job<BulkJob> | undefined
    return stored?.data.isStopped !== true
  }
  if (await goesOn()) {
    for (const part of parts) if (!await runPart(deps, job.data, part, progress, goesOn)) break
  }
  deps.events.emit('bulk-job.ended', { job: job.id ?? '', action, filter: about, by, dryRun, ...progress })
  return progress
}

interface Part { sender: string, which: 'waiting' | 'failed' }

/** Where a job finds its messages. */
function hashesOf ({ states }: BulkJob): Array<Part['which']> {
  return (['waiting', 'failed'] as const).filter(which => states.some(state => (state === 'failed') === (which === 'failed')))
}

async function countRecords ({ store }: BulkJobDeps, parts: readonly Part[]): Promise<number> {
  const counts = await inParallel(parts, CONCURRENCY, async ({ sender, which }) =>
    await store.redis.hlen(senderKey(store.prefix, sender, which === 'failed' ? 'failure-records' : 'backlog')))
  return counts.reduce((sum, count) => sum + count, 0)
}

/** False if the job is stopped. */
async function runPart (
  deps: BulkJobDeps, job: BulkJob, { sender, which }: Part, progress: BulkProgress, goesOn: () => Promise<boolean>
): Promise<boolean> {
  const matches = createMatcher(limitsOf(job))
  const campaign = job.filter.campaign ?? ''
  for (let pass = 0; pass < PASSES; pass++) {
    if (pass > 0) await sleep(AGAIN_MS)
    let [cursor, busy] = ['0', 0]
    do {
      const page = await deps.store.run('find-messages', { sender }, { which, campaign, cursor, limit: PAGE })
      cursor = page.cursor
      const found = page.messages.filter(({ id, record, state }) => isWanted(state, job) && matches(id, record))
      const worked = job.dryRun ? { done: 0, busy: 0 } : await works[job.action](deps, job, sender, found)
      busy += worked.busy
      progress.done += worked.done
      if (pass === 0) {
        progress.scanned += page.scanned
        progress.matched += found.length
      }
      if (!await goesOn()) return false
    } while (cursor !== '0')
    if (busy === 0) break
    if (pass === PASSES - 1) progress.left += busy
  }
  await goesOn()
  return true
}

/** What is in flight may come back: a cancellation of all states waits for it, and counts it as left. */
function isWanted (state: string, { action, states, dryRun }: BulkJob): boolean {
  if (state === 'sending' || state === 'unknown') return action === 'cancel' && !dryRun && states.length === actionable.cancel.length
  return (states as readonly string[]).includes(state)
}

/** The filter of the job, and no message or failure that is younger than the job: what it retries may fail again meanwhile. */
function limitsOf ({ action, filter, atMs, isCampaign }: BulkJob): MessageFilter {
  const after = atMs + 1
  const limited: MessageFilter = { ...filter }
  if (isCampaign !== true) limited.acceptedUntil = Math.min(filter.acceptedUntil ?? after, after)
  if (action === 'retry') limited.failedUntil = Math.min(filter.failedUntil ?? after, after)
  if (action === 'acknowledge') limited.acknowledged = false
  return limited
}

async function cancelPage (deps: BulkJobDeps, { by, isCampaign }: BulkJob, sender: string, page: readonly Found[]): Promise<Worked> {
  const ending: Ending = isCampaign === true
    ? { state: 'cancelled', note: `its campaign was cancelled by ${by}`, reason: 'campaign' }
    : cancelledBy(by)
  const closed = await inParallel(page, CONCURRENCY, async ({ id, record }) =>
    await closeMessage(deps, sender, id, ending, parseRecord(record).payload))
  return { done: closed.filter(status => status === 'done').length, busy: closed.filter(status => status === 'busy').length }
}

async function retryPage (deps: BulkJobDeps, { by }: BulkJob, sender: string, page: readonly Found[]): Promise<Worked> {
  const { counts } = await retryEach(deps, page.map(({ id }) => ({ sender, id })), { force: true, by, isOver: () => false })
  return { done: counts.total, busy: 0 }
}

/** What has such a lane and time already is not counted; what is in flight by now is left as it is. */
async function movePage ({ store }: BulkJobDeps, { by, move = {} }: BulkJob, sender: string, page: readonly Found[]): Promise<Worked> {
  const moved = await inParallel(page, CONCURRENCY, async ({ id }) => await moveMessage(store, sender, id, move, by))
  return { done: moved.filter(status => status === 'moved').length, busy: 0 }
}

async function acknowledgePage ({ store }: BulkJobDeps, { by, note }: BulkJob, sender: string, page: readonly Found[]): Promise<Worked> {
  const done = await inParallel(page, CONCURRENCY, async ({ id }) => await acknowledge(store, sender, id, by, note))
  return { done: done.filter(Boolean).length, busy: 0 }
}
