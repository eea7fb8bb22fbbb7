import { setTimeout as sleep } from 'node:timers/promises'
import type { Job, Queue } from 'bullmq'
import { closeMessage, type CloseDeps, type Ending } from '../drain/close.js'
import { SluiceError } from '../errors.js'
import type { RetryDeps } from '../failure/retry.js'
import { retryEach } from '../failure/retry.js'
import { inParallel } from '../parallel.js'
import { parseRecord } from '../settlement/record.js'

/**
 * Work on all messages of a campaign, as a BullMQ job. A job reads the messages of each sender page by page. Every step finds what is left
 * to do, so a job whose node died begins again on another node and does only the rest.
 */
export type CampaignAction = 'cancel' | 'retry'
export interface CampaignJob { action: CampaignAction, campaign: string, senders: readonly string[], by: string }

/**
 * `done`: messages that are cancelled, or whose retry has begun. `left`: of a finished cancellation, those in flight and of unknown outcome, which
 * end by themselves; if they come back, they are cancelled.
 */
export interface CampaignProgress { done: number, left: number }

export interface CampaignJobView extends CampaignProgress {
  action: CampaignAction
  state: 'waiting' | 'active' | 'completed' | 'failed'
  by: string
  startedAt: number
  finishedAt: number | null
}

export interface CampaignJobDeps extends CloseDeps, RetryDeps {}

/** Messages that one script call scans: a few ms of Redis. */
const PAGE = 500
/** Messages at once. */
const CONCURRENCY = 20
/** When a cancellation looks again for messages that were in flight, and how often. */
const AGAIN_MS = 1000
const PASSES = 5
/** A job that Redis interrupts goes on later. */
const ATTEMPTS = 100
const BACKOFF_MS = 5000
const KEPT_S = 7 * 86_400
const MOST_KEPT = 1000

/** Adds the job, unless one for this campaign is under way. */
export async function startCampaignJob (queue: Queue, data: CampaignJob): Promise<void> {
  const jobId = jobIdOf(data)
  const former = await queue.getJob(jobId)
  if (former !== undefined && isOver(await former.getState())) await former.remove()
  await queue.add(data.action, data, {
    jobId,
    attempts: ATTEMPTS,
    backoff: { type: 'fixed', delay: BACKOFF_MS },
    removeOnComplete: { age: KEPT_S, count: MOST_KEPT },
    removeOnFail: { age: KEPT_S, count: MOST_KEPT }
  })
}

/** The jobs of a campaign, the latest first. */
export async function readCampaignJobs (queue: Queue, campaign: string): Promise<CampaignJobView[]> {
  const found = await Promise.all((['cancel', 'retry'] as const).map(async action => {
    const job = await queue.getJob(jobIdOf({ action, campaign })) as Job<CampaignJob> | undefined
    if (job === undefined) return []
    const state = await job.getState()
    return [{
      action,
      by: job.data.by,
      ...progressOf(job),
      state: state === 'completed' || state === 'failed' || state === 'active' ? state : 'waiting' as const,
      startedAt: job.timestamp,
      finishedAt: job.finishedOn ?? null
    }]
  }))
  return found.flat().sort((a, b) => b.startedAt - a.startedAt)
}

/** Runs a job until it is done or the node shuts down; then it throws, and another node goes on. */
export async function runCampaignJob (deps: CampaignJobDeps, job: Job<CampaignJob>, closing: AbortSignal): Promise<CampaignProgress> {
  // What was left is counted again.
  const progress = { ...progressOf(job), left: 0 }
  const { action } = job.data
  const run = action === 'cancel' ? cancelAll : retryFailed
  for (const sender of job.data.senders) {
    await run(deps, job.data, sender, async (done, left) => {
      progress.done += done
      progress.left += left
      await job.updateProgress({ ...progress })
      if (closing.aborted) throw new SluiceError('SHUTTING_DOWN', { detail: 'another node goes on with the job' })
    })
  }
  deps.events.emit('campaign.worked', { campaign: job.data.campaign, action, by: job.data.by, ...progress })
  return progress
}

/** Called after each page, with the messages that are done, and at the end of a sender with those that are left. */
type Report = (done: number, left: number) => Promise<void>

async function cancelAll (deps: CampaignJobDeps, { campaign, by }: CampaignJob, sender: string, report: Report): Promise<void> {
  const ending: Ending = { state: 'cancelled', note: `its campaign was cancelled by ${by}`, reason: 'campaign' }
  let busy = 0
  for (let pass = 0; pass < PASSES; pass++) {
    if (pass > 0) await sleep(AGAIN_MS)
    busy = 0
    for await (const page of pagesOf(deps, sender, campaign, 'waiting')) {
      const closed = await inParallel(page, CONCURRENCY, async ({ id, record }) =>
        await closeMessage(deps, sender, id, ending, parseRecord(record).payload))
      busy += closed.filter(status => status === 'busy').length
      await report(closed.filter(status => status === 'done').length, 0)
    }
    if (busy === 0) break
  }
  await report(0, busy)
}

async function retryFailed (deps: CampaignJobDeps, { campaign, by }: CampaignJob, sender: string, report: Report): Promise<void> {
  for await (const page of pagesOf(deps, sender, campaign, 'failed')) {
    const { counts } = await retryEach(deps, page.map(({ id }) => ({ sender, id })), { force: true, by, isOver: () => false })
    await report(counts.total, 0)
  }
}

async function * pagesOf (
  { store }: CampaignJobDeps, sender: string, campaign: string, which: 'waiting' | 'failed'
): AsyncGenerator<Array<{ id: string, record: string }>> {
  let cursor = '0'
  do {
    const page = await store.run('find-campaign', { sender }, { campaign, which, cursor, limit: PAGE })
    if (page.messages.length > 0) yield page.messages
    cursor = page.cursor
  } while (cursor !== '0')
}

function progressOf ({ progress }: Job): CampaignProgress {
  const { done = 0, left = 0 } = typeof progress === 'object' ? progress as Partial<CampaignProgress> : {}
  return { done, left }
}

function jobIdOf ({ action, campaign }: Pick<CampaignJob, 'action' | 'campaign'>): string {
  return `${action}-${campaign}`
}

function isOver (state: string): boolean {
  return state === 'completed' || state === 'failed' || state === 'unknown'
}
