/** Operators start bulk jobs of each action and wait for their ends, and support searches while faults happen. */
import type { Random } from '../property/random.js'
import type { ProvingCaller } from './caller.js'
import { monotonicNow, type Fact, type Found, type JobEnded } from './history.js'
import type { Load } from './load.js'
import { jobOf, type JobRequest } from './operation.js'
import type { Act } from './operators.js'

interface Deps { caller: ProvingCaller, load: Load, record: (fact: Fact) => void }

/** Conclusive for an operator. */
const isFinal = (status: number): boolean => status >= 200 && status < 500 && status !== 408 && status !== 429
const MOST_FOUND = 100

export function jobActs ({ caller, load, record }: Deps): Act[] {
  /** Waits for the end of a job that a request has started, and records it. */
  async function follow (id: unknown, askedAt: number, job: JobRequest): Promise<void> {
    if (typeof id !== 'string') return
    const view = await caller.persist('GET', `/jobs/${id}`, undefined, (status, { finishedAt }) => isFinal(status) && finishedAt !== null)
    if (typeof view?.['finishedAt'] !== 'string') return
    const { sender, filter = {}, movedTo } = jobOf(job)
    const ended: JobEnded = {
      fact: 'job-ended',
      // One that another request has started is about what there was then.
      askedAt: Math.min(askedAt, Date.parse(view['startedAt'])),
      at: monotonicNow(),
      action: job.action,
      sender,
      filter,
      state: view['state']
    }
    record(movedTo === undefined ? ended : { ...ended, movedTo })
  }

  async function run (job: JobRequest): Promise<void> {
    const askedAt = monotonicNow()
    const started = await caller.persist('POST', '/jobs', job, isFinal)
    await follow(started?.['id'], askedAt, job)
  }

  return [
    async sender => {
      const tag = load.tag(sender)
      load.nextTag(sender)
      await run({ action: 'cancel', filter: { sender, tag } })
    },
    async (sender, random) => {
      const tag = load.tag(sender)
      load.nextTag(sender)
      const scheduledFor = Date.now() + random.int(2000, 6000)
      const move = random.pick<JobRequest['move'] & object>([{ priority: 'urgent' }, { priority: 'bulk' }, { scheduledFor }, { scheduledFor }])
      await run({ action: 'move', filter: { sender, tag }, move })
    },
    async sender => await run({ action: 'retry', filter: { sender, errorCode: '131026' } }),
    async sender => await run({ action: 'acknowledge', filter: { sender } }),
    async sender => {
      const campaign = load.campaign(sender)
      const askedAt = monotonicNow()
      const body = await caller.persist('POST', `/campaigns/${campaign}/retry`, undefined, isFinal)
      const job = (body?.['jobs'] as Array<{ id: string, action: string }> | undefined)?.find(({ action }) => action === 'retry')
      await follow(job?.id, askedAt, { action: 'retry', filter: { sender, campaign } })
    }
  ]
}

/** One request each, without a repeat: what counts is what it finds while Redis and nodes fail. */
export function searchActs ({ caller, origins, load, record }: Deps & { origins: () => string[] }): Act[] {
  async function search (sender: string, by: Found['by']): Promise<void> {
    const { to, campaign, tag } = by
    const criterion = to !== undefined ? `recipient=${to}` : campaign !== undefined ? `campaign=${campaign}` : `tag=${encodeURIComponent(tag ?? '')}`
    const askedAt = monotonicNow()
    const { status, body } = await caller.ask(origins()[0] ?? '', 'GET', `/messages?${criterion}&sender=${sender}&limit=${MOST_FOUND}`)
    if (status !== 200 || body['unavailable'] !== undefined) return
    const ids = (body['messages'] as Array<{ id: string }>).map(({ id }) => id)
    record({ fact: 'found', askedAt, at: monotonicNow(), sender, by, ids, isAll: body['nextCursor'] === null })
  }
  const recipientOf = (sender: string, random: Random): string | undefined => {
    const own = [...load.drafts.values()].slice(-200).filter(draft => draft.sender === sender && !load.isErased(`${sender}/${draft.to}`))
    return own.length === 0 ? undefined : random.pick(own).to
  }
  return [
    async (sender, random) => {
      await search(sender, { campaign: load.campaign(sender) })
      await search(sender, { tag: load.tag(sender) })
      const to = recipientOf(sender, random)
      if (to !== undefined) await search(sender, { to })
    }
  ]
}
