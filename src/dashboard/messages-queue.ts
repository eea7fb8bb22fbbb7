import { BaseAdapter } from '@bull-board/api/dist/queueAdapters/base.js'
import type { JobCounts, JobStatus, QueueJob, QueueMetrics, Status } from '@bull-board/api/dist/types.js'
import { SluiceError } from '../errors.js'
import { audit } from '../http/audit.js'
import { parseId } from '../redis/keys.js'
import { queueOf } from '../throttle/inspect.js'
import { pauseSender, resumeSender } from '../throttle/pause.js'
import { admin, readSenders } from './asking.js'
import { look } from './look.js'
import { MessageJob, historyOf } from './message-job.js'
import { readPage } from './pages.js'
import type { BullState, DashboardDeps } from './room.js'

const states: BullState[] = ['waiting', 'active', 'delayed', 'paused', 'failed', 'completed']

const DESCRIPTION = 'The messages of all senders, read from their lines: this is a view, no Bull queue. Waiting and delayed show each ' +
  "recipient's next message by its turn, then those behind it. Sent messages are counted for 24 h and not listed. Remove cancels; " +
  'promote retries a failure before its time; pause and resume close and open every sender.'

/** All messages as one queue for bull-board: a read model over the senders' lines and sets, with the few actions that make sense. */
export class MessagesQueue extends BaseAdapter {
  readonly #room: DashboardDeps

  constructor (deps: DashboardDeps) {
    // 'bull', not 'bullmq': for that bull-board offers flows, global concurrency and schedulers, and reaches for a real Queue.
    super('bull', { description: DESCRIPTION, allowCompletedRetries: false })
    this.#room = deps
  }

  getName (): string {
    return 'WHATSAPP'
  }

  getStatuses (): Status[] {
    return ['latest', ...states]
  }

  getJobStatuses (): JobStatus[] {
    return states
  }

  async getJobCounts (): Promise<JobCounts> {
    return { ...queueOf(await readSenders(this.#room)) } as JobCounts
  }

  /** Pages of several states are short looks at each: its first jobs. */
  async getJobs (statuses: JobStatus[], start = 0, end = 9): Promise<QueueJob[]> {
    const senders = await readSenders(this.#room)
    const wanted = states.filter(state => statuses.includes(state))
    const pages = await Promise.all(wanted.map(async state => await readPage(this.#room, senders, state, start, end)))
    return pages.flat().map(shown => new MessageJob(this.#room, shown))
  }

  async getJob (id: string): Promise<QueueJob | null> {
    const shown = await this.#find(id)
    return shown === null ? null : new MessageJob(this.#room, shown)
  }

  async getJobLogs (id: string): Promise<string[]> {
    const shown = await this.#find(id)
    return shown === null ? [] : historyOf(this.#room, shown)
  }

  async isPaused (): Promise<boolean> {
    return (await readSenders(this.#room)).every(sender => sender.state !== 'active')
  }

  /** Closes every sender that is open; one that is stopped stays stopped, for its reason. */
  async pause (): Promise<void> {
    const by = admin()
    for (const { id: sender, state } of await readSenders(this.#room)) {
      if (state !== 'active') continue
      await pauseSender(this.#room.store, sender, by)
      await audit(this.#room, { by, action: 'pause', sender, subject: sender })
    }
  }

  /** Opens every sender that is closed, whoever closed it. */
  async resume (): Promise<void> {
    const by = admin()
    for (const { id: sender, state } of await readSenders(this.#room)) {
      if (state === 'active') continue
      await resumeSender(this.#room.store, sender)
      await audit(this.#room, { by, action: 'resume', sender, subject: sender })
      this.#room.events.emit('sender.resumed', { sender })
    }
  }

  async getRedisInfo (): Promise<string> {
    return await this.#room.store.redis.info()
  }

  async getMetrics (): Promise<QueueMetrics> {
    return { meta: { count: 0, prevTS: 0, prevCount: 0 }, data: [], count: 0 }
  }

  async getJobSchedulers (): Promise<never[]> {
    return []
  }

  async getJobSchedulersCount (): Promise<number> {
    return 0
  }

  async getGlobalConcurrency (): Promise<null> {
    return null
  }

  async addJob (): Promise<never> {
    throw refused('post a message to /api/v1/messages')
  }

  async clean (): Promise<never> {
    throw refused('messages are cancelled one by one, failures are kept until their retention is over')
  }

  async empty (): Promise<never> {
    throw refused('messages are cancelled one by one; to hold all of them, pause')
  }

  async obliterate (): Promise<never> {
    throw refused('nobody can forget all messages at once')
  }

  async promoteAll (): Promise<never> {
    throw refused('promote retries one by one, or post {"force": true} to /api/v1/failures/retry')
  }

  async removeJobScheduler (): Promise<never> {
    throw refused('it has no job schedulers')
  }

  async updateJobScheduler (): Promise<never> {
    throw refused('it has no job schedulers')
  }

  async runJobSchedulerNow (): Promise<never> {
    throw refused('it has no job schedulers')
  }

  async setGlobalConcurrency (): Promise<never> {
    throw refused('a sender has a quota: put it to /api/v1/senders/:id/quota')
  }

  async #find (name: string): ReturnType<typeof look> {
    const parts = parseId(name)
    return parts === null || !this.#room.senders.includes(parts.sender) ? null : await look(this.#room, parts.sender, parts.id)
  }
}

function refused (detail: string): SluiceError {
  return new SluiceError('NOT_SUPPORTED', { detail })
}
