/** Works of the matrix whose steps bulk jobs meet, or housekeeping: each also checks what it was to bring about. */
import { Redis } from 'ioredis'
import type { MessageRequest } from '../prove/caller.js'
import { pass, until } from '../support/until.js'
import { runHousekeeping } from './due.js'
import { drafts, operate, postCampaign, postInOrder, posts, type Stage } from './stage.js'

/** A worker takes a job over from a dead one after half a minute. */
const JOB_WITHIN_MS = 80_000

const isDone = (status: number): boolean => status >= 200 && status < 300

/** Starts a job, whatever becomes of its node, and waits for its end. */
async function runJob ({ caller, sender }: Stage, job: { action: string, move?: object }): Promise<void> {
  const started = await caller.persist('POST', '/jobs', { ...job, filter: { sender } }, isDone)
  await caller.persist('GET', `/jobs/${String(started?.['id'])}`, undefined, (status, { finishedAt }) => isDone(status) && finishedAt !== null)
}

async function stateOf ({ caller }: Stage, draft: MessageRequest): Promise<string> {
  return (await caller.readEnd(draft))?.state ?? ''
}

/** Nothing starts before the job has ended. */
async function behindPause ({ caller, sender }: Stage, work: () => Promise<void>): Promise<void> {
  await caller.persist('POST', `/senders/${sender}/pause`, {}, isDone)
  await work()
  await caller.persist('POST', `/senders/${sender}/resume`, {}, isDone)
}

export const jobWorks = {
  /** All messages of the sender by one job, behind a pause until it has ended. */
  async movedByJob (stage: Stage) {
    await behindPause(stage, async () => {
      await posts(stage, '1555000', 2, 2)
      await runJob(stage, { action: 'move', move: { priority: 'urgent' } })
    })
  },
  async cancelledByJob (stage: Stage) {
    const all = drafts(stage, '1555000', 2, 2)
    await behindPause(stage, async () => {
      await postInOrder(stage, all)
      await runJob(stage, { action: 'cancel' })
      for (const draft of all) {
        const state = await stateOf(stage, draft)
        if (/^(queued|scheduled|retrying)$/.test(state)) throw new Error(`${draft.key} is ${state} after a job that cancels it`)
      }
    })
  },
  /** WhatsApp rejects each of them once. */
  async retriedByJob (stage: Stage) {
    const all = await postRejected(stage, '15561131026')
    await runJob(stage, { action: 'retry' })
    for (const draft of all) await until(`${draft.key} is sent`, async () => await stateOf(stage, draft) === 'sent', JOB_WITHIN_MS)
  },
  async acknowledgedByJob (stage: Stage) {
    const { caller, sender } = stage
    await postRejected(stage, '15560131026')
    await runJob(stage, { action: 'acknowledge' })
    const body = await caller.persist('GET', `/failures?status=FAILED&acknowledged=false&sender=${sender}`, undefined, isDone)
    if (body?.['failures'].length !== 0) throw new Error(`a job left ${body?.['failures'].length} failures that are not acknowledged`)
  },
  /** Fair shares begin with a campaign, and end with its messages, while others wait. */
  async unshared (stage: Stage) {
    await postCampaign(stage)
    await pass(1500)
    await postInOrder(stage, drafts(stage, '1555300', 2, 6))
    await until('fair shares end', async () => {
      await runHousekeeping(stage)
      await pass(500)
      return !await isShared(stage)
    }, JOB_WITHIN_MS)
  },
  /** To a later time and back. */
  async rescheduled (stage: Stage) {
    const all = drafts(stage, '1555000', 2, 2)
    await operate(stage, 'POST', '/pause', {})
    await postInOrder(stage, all)
    for (const scheduledFor of [Date.now() + 60_000, null]) {
      for (const { key } of all) await stage.caller.persist('PATCH', `/messages/${key}?sender=${stage.sender}`, { scheduledFor }, isSettled)
    }
    await operate(stage, 'POST', '/resume', {})
  }
}

const isSettled = (status: number): boolean => status >= 200 && status < 500 && status !== 408 && status !== 429

/** Two messages that have failed. */
async function postRejected (stage: Stage, start: string): Promise<MessageRequest[]> {
  const all = drafts(stage, start, 2, 1)
  await postInOrder(stage, all)
  for (const draft of all) await until(`${draft.key} has failed`, async () => await stateOf(stage, draft) === 'failed', JOB_WITHIN_MS)
  return all
}

async function isShared ({ prefix, redisPort, sender }: Stage): Promise<boolean> {
  const redis = new Redis(redisPort, '127.0.0.1')
  const limits = await redis.hget(`{${prefix}:${sender}}:sender`, 'limits')
  await redis.quit()
  return limits?.includes('shares') === true
}
