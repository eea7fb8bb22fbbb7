import type { BaseAdapter } from '@bull-board/api/baseAdapter'
import type { QueueJob, QueueJobJson } from '@bull-board/api/typings/app'
import { SluiceError } from '../errors.js'
import type { Explain } from '../failure/failure.js'
import { attemptsOf } from '../failure/failure.js'
import { lanes } from '../message.js'
import { maskRecipient } from '../recipient.js'
import { admittedAt, parseId, publicId } from '../redis/keys.js'
import { readInfos } from '../redis/info.js'
import type { Store } from '../redis/store.js'
import type { SenderRegistry } from '../sender-registry.js'
import type { SenderView } from '../sender-facts.js'
import { inspectSenders, queueOf } from '../throttle/inspect.js'
import type { BullState, QueueRow } from './pages.js'
import { readPage, readRow } from './pages.js'

export interface MessagesQueueDeps {
  store: Store
  senders: Pick<SenderRegistry, 'ids' | 'has'>
  explain: Explain
  settlement: { backoff: (attempt: number) => number | null }
}

const states: BullState[] = ['waiting', 'active', 'delayed', 'paused', 'failed', 'completed']

const DESCRIPTION = "The messages of all senders, read-only: a view of the gateway's own data and no Bull queue. " +
  'To cancel, retry or pause, use the console. ' +
  "Waiting and delayed list each recipient's next message in the order of their ready times, then the messages behind them. " +
  'Sent messages are counted for 24 h and not listed.'

/**
 * All messages as one read-only queue for bull-board. bull-board exports the type of its base class and not the class itself, so this is an
 * object with all public members of it.
 */
export function createMessagesQueue (deps: MessagesQueueDeps): BaseAdapter {
  const readSenders = shared(async () => (await inspectSenders(deps.store, deps.senders.ids())).senders)

  async function find (name: string): Promise<QueueRow | null> {
    const parts = parseId(name)
    return parts === null || !deps.senders.has(parts.sender) ? null : await readRow(deps.store, parts.sender, parts.id)
  }

  const adapter: Pick<BaseAdapter, keyof BaseAdapter> = {
    // 'bull' and not 'bullmq': for the latter bull-board offers flows and concurrency, which need a Queue of BullMQ.
    type: 'bull',
    readOnlyMode: true,
    allowRetries: false,
    allowCompletedRetries: false,
    prefix: '',
    delimiter: '',
    description: DESCRIPTION,
    displayName: '',
    jobDataSchema: undefined,
    externalJobUrl: undefined,
    supportsJobSchedulerUpdate: false,
    supportsJobSchedulerRun: false,
    supportsGlobalRateLimit: false,
    getName: () => 'WHATSAPP',
    getDisplayName: () => '',
    getDescription: () => DESCRIPTION,
    getJobDataSchema: () => undefined,
    getStatuses: () => ['latest', ...states],
    getJobStatuses: () => states,
    isVisible: () => true,
    format: (_field, data, shown = data) => shown,
    async getJobCounts () {
      return { ...queueOf(await readSenders()) }
    },
    async isPaused () {
      return (await readSenders()).every(sender => sender.state !== 'active')
    },
    /** A page of several states has the first jobs of each. */
    async getJobs (statuses, start = 0, end = 9) {
      const senders = await readSenders()
      const wanted = states.filter(state => statuses.includes(state))
      const pages = await Promise.all(wanted.map(async state => await readPage(deps.store, senders, state, start, end)))
      return pages.flat().map(row => jobOf(deps, row))
    },
    async getJob (name) {
      const row = await find(name)
      return row === null ? null : jobOf(deps, row)
    },
    async getJobLogs (name) {
      const row = await find(name)
      return row === null ? [] : attemptLines(deps.explain, row)
    },
    getRedisInfo: async () => (await readInfos(deps.store.redis)).find(info => info !== null) ?? '',
    getDatastoreStats: async () => null,
    getMetrics: async () => ({ meta: { count: 0, prevTS: 0, prevCount: 0 }, data: [], count: 0 }),
    getArmedJobSchedulerId: async () => null,
    getJobSchedulers: async () => [],
    getJobSchedulersCount: async () => 0,
    getGlobalConcurrency: async () => null,
    getConfiguredRateLimit: async () => null,
    getActiveRateLimitTtl: async () => 0,
    getQueueDefaultJobOptions: () => ({}),
    getWorkers: async () => null,
    // bull-board calls none of these on a read-only queue.
    setFormatter: reject,
    setVisibilityGuard: reject,
    addJob: reject,
    clean: reject,
    empty: reject,
    obliterate: reject,
    pause: reject,
    resume: reject,
    promoteAll: reject,
    removeJobScheduler: reject,
    updateJobScheduler: reject,
    runJobSchedulerNow: reject,
    setGlobalConcurrency: reject,
    setConfiguredRateLimit: reject,
    removeConfiguredRateLimit: reject,
    releaseActiveRateLimit: reject
  }
  // What is missing is private to the class.
  return adapter as BaseAdapter
}

function reject (): never {
  throw new SluiceError('NOT_SUPPORTED')
}

/** One poll of bull-board reads the counts several times at once: calls that come while one is under way share it. */
function shared (read: () => Promise<SenderView[]>): () => Promise<SenderView[]> {
  let running: Promise<SenderView[]> | null = null
  return async () => await (running ??= read().finally(() => { running = null }))
}

/** A message in the shape of a Bull job. The recipient is masked; the text and the idempotency key, which may contain a number, are left out. */
function jobOf (deps: MessagesQueueDeps, row: QueueRow): QueueJob {
  const { dueAt, lane } = row
  const opts = {
    attempts: attemptsAllowed(deps.settlement.backoff),
    ...(dueAt === null ? {} : { delay: Math.max(0, dueAt - admittedAt(row.id)) }),
    ...(lane === null ? {} : { priority: lanes.indexOf(lane) + 1 })
  }
  return { opts, toJSON: () => jobJson(deps, row, opts), getState: async () => row.state, remove: reject, retry: reject, promote: reject }
}

function jobJson ({ explain }: MessagesQueueDeps, row: QueueRow, opts: { delay?: number, priority?: number }): QueueJobJson {
  const { sender, id, state, recipient, lane, payload, metadata, attempts, waitingFor, position, startedAt, finishedAt } = row
  const reason = state === 'completed' ? '' : failedReason(explain, row)
  return {
    id: publicId(sender, id),
    name: payload?.type ?? 'message',
    data: {
      sender,
      recipient: maskRecipient(recipient),
      lane,
      caller: payload?.caller ?? null,
      metadata: Object.keys(metadata ?? {}),
      waitingFor,
      ...(position === 0 ? {} : { position })
    },
    opts,
    timestamp: admittedAt(id),
    attemptsMade: attempts,
    progress: 0,
    failedReason: reason,
    // bull-board shows the last line first: the reason, then the attempts.
    stacktrace: reason === '' ? [] : [...attemptLines(explain, row), reason],
    returnvalue: null,
    ...(opts.delay === undefined ? {} : { delay: opts.delay }),
    ...(opts.priority === undefined ? {} : { priority: opts.priority }),
    ...(startedAt === null ? {} : { processedOn: startedAt }),
    ...(finishedAt === null ? {} : { finishedOn: finishedAt })
  }
}

function failedReason (explain: Explain, { history }: QueueRow): string {
  const code = history.filter(entry => entry.code !== undefined).at(-1)?.code
  const reason = history.at(-1)?.reason
  if (code === undefined) return reason ?? ''
  return `${code}: ${explain(code).explanation}${reason === undefined ? '' : ` (${reason})`}`
}

/** One line per attempt. WhatsApp's own error text may name the recipient, so the code is explained instead. */
function attemptLines (explain: Explain, { history }: QueueRow): string[] {
  return attemptsOf(history).map(({ at, attempt, outcome, code }) =>
    `${at} attempt ${attempt}: ${outcome}${code === null ? '' : ` ${code}, ${explain(code).title}`}`)
}

function attemptsAllowed (backoff: (attempt: number) => number | null): number {
  let attempt = 1
  while (backoff(attempt) !== null) attempt++
  return attempt
}
