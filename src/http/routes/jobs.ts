import { type Static, Type } from '@sinclair/typebox'
import type { Queue } from 'bullmq'
import { actionable, jobIdOf, listBulkJobs, readBulkJob, startBulkJob, stopBulkJob, type BulkAction, type BulkJobView } from '../../bulk/jobs.js'
import type { Move } from '../../drain/move.js'
import { hasWorkerNode } from '../../failure/retry-worker.js'
import { invalidField, SluiceError } from '../../errors.js'
import { globalKey } from '../../redis/keys.js'
import { redisNowMs } from '../../redis/server-clock.js'
import { formatTime, formatTimeOrNull } from '../../values/time.js'
import type { Api, ServedSenders } from '../api.js'
import { chooseSenders } from '../api.js'
import { describeFilter, readKeptFilter, type Criteria } from '../message-filter.js'
import { describeMove, readMove } from '../move.js'
import { addSchemas } from '../openapi.js'
import { json } from '../operation.js'
import { problems } from '../problem-responses.js'
import { sampleTime } from '../samples.js'
import { defaulted, ref } from '../schemas/common.js'
import { BulkJobSchema, BulkJobsSchema, JobParamsSchema, jobSchemas, StartJobSchema } from '../schemas/job.js'
import type { MoveMessageSchema } from '../schemas/move.js'
import type { AuditDeps } from './audit.js'
import { audit } from './audit.js'

/** The job of the first example of `startJob`, so that the examples of its id work. */
const example = { action: 'cancel', filter: { template: 'order_ready' }, states: actionable.cancel, dryRun: true } as const

export const bulkJob = {
  id: jobIdOf({ ...example, about: '' }),
  action: 'cancel',
  state: 'active',
  dryRun: false,
  waitingFor: null,
  filter: 'template=order_ready',
  states: [...actionable.cancel],
  move: null,
  note: null,
  scanned: 40_000,
  total: 100_000,
  matched: 12_512,
  done: 12_500,
  left: 0,
  by: 'operator',
  startedAt: sampleTime('09:30:00.000'),
  finishedAt: null
}
const counted = {
  ...bulkJob, state: 'completed', dryRun: true, scanned: 100_000, matched: 31_280, done: 0, finishedAt: sampleTime('09:30:04.000')
}
const params = { id: bulkJob.id }
const ofOne = { tags: ['Bulk jobs'], params: JobParamsSchema }

const operations = {
  start: {
    operationId: 'startJob',
    tags: ['Bulk jobs'],
    summary: 'Cancels, retries, moves or acknowledges all messages that match a filter, in the background',
    description: 'With `dryRun` they are counted. A worker node does it, and if that dies, another one goes on. While a job with the same action ' +
      'and filter is under way, the response has that one. Messages that are accepted, or fail, after the request are not concerned.',
    body: StartJobSchema,
    response: {
      202: json('The job', ref(BulkJobSchema), {
        examples: { started: { ...bulkJob, state: 'waiting', scanned: 0, total: 0, matched: 0, done: 0 } }
      }),
      ...problems('INVALID_REQUEST', 'SENDER_UNKNOWN', 'INVALID_RECIPIENT', 'RECIPIENT_IS_USER_ID')
    },
    'x-requests': {
      count: { summary: 'Count first', body: { action: example.action, filter: example.filter, dryRun: true } },
      retry: { summary: 'Retry what failed with one code', body: { action: 'retry', filter: { errorCode: '131049' } } },
      move: { summary: 'Send what is scheduled now', body: { action: 'move', filter: { state: 'scheduled' }, move: { scheduledFor: null } } },
      acknowledge: {
        summary: 'Acknowledge the failures of one hour',
        body: {
          action: 'acknowledge',
          filter: { failedFrom: sampleTime('09:00:00'), failedUntil: sampleTime('10:00:00') },
          note: 'Outage at WhatsApp'
        }
      }
    }
  },
  list: {
    operationId: 'listJobs',
    tags: ['Bulk jobs'],
    summary: 'Lists the latest bulk jobs with their progress',
    description: 'A job is kept for a week after its end.',
    querystring: Type.Object({
      limit: defaulted(Type.Integer({ minimum: 1, maximum: 200, default: 50, description: 'Maximum number of jobs' }))
    }, { additionalProperties: false }),
    response: { 200: json('The jobs', ref(BulkJobsSchema), { examples: { one: { jobs: [bulkJob] } } }), ...problems('INVALID_REQUEST') },
    'x-requests': { all: { summary: 'The latest' } }
  },
  get: {
    ...ofOne,
    operationId: 'getJob',
    summary: 'Returns the progress and result of a bulk job',
    response: { 200: json('The job', ref(BulkJobSchema), { examples: { active: bulkJob, counted } }), ...problems('INVALID_REQUEST', 'NOT_FOUND') },
    'x-requests': { one: { summary: 'A job', params } }
  },
  stop: {
    ...ofOne,
    operationId: 'stopJob',
    summary: 'Stops a bulk job',
    description: 'It ends within some hundred messages. What it has done stays.',
    response: { 200: json('The job', ref(BulkJobSchema), { examples: { stopping: bulkJob } }), ...problems('INVALID_REQUEST', 'NOT_FOUND') },
    'x-requests': { one: { summary: 'A job', params } }
  }
}

export interface JobRouteDeps extends AuditDeps { senders: ServedSenders, bulkQueue: Queue, retryIntervalMs: number }

/** Bulk jobs: one action on all messages that match a filter. */
export function jobRoutes (api: Api, deps: JobRouteDeps): void {
  addSchemas(api, ...jobSchemas)
  const { senders, bulkQueue } = deps
  const describeOne = async (job: BulkJobView): Promise<JobResource> => {
    const [one] = await describeJobs(deps, [job])
    if (one === undefined) throw new SluiceError('INTERNAL', { detail: 'a job has no description' })
    return one
  }

  api.post('/jobs', { schema: operations.start, config: { roles: ['admin'] } }, async (request, reply) => {
    const { action, dryRun, note, move: wanted, filter: { sender, state, ...criteria } } = request.body
    const by = request.caller.name
    const atMs = await nowOf(deps)
    const move = readBulkMove(action, wanted, atMs)
    checkApplies(action, criteria, note)
    // A message that has been attempted keeps its time.
    const possible = actionable[action].filter(state => state !== 'retrying' || move?.scheduledFor === undefined)
    if (state !== undefined && !possible.includes(state)) {
      const what = move?.scheduledFor === undefined ? action : `${action} to another time`
      throw invalidField('INVALID_REQUEST', {
        field: 'filter.state', detail: `must be one of ${possible.join(', ')} for ${what}`, value: state, allowed: [...possible]
      })
    }
    const states = state !== undefined ? [state] : action === 'cancel' || action === 'move' ? possible : ['failed' as const]
    const chosen = chooseSenders(senders, sender)
    const about = describeFilter({ ...(sender === undefined ? {} : { sender }), ...(state === undefined ? {} : { state }), ...criteria })
    const filter = { ...readKeptFilter(criteria), ...(sender === undefined ? {} : { sender }) }
    const job = await startBulkJob(bulkQueue, { action, filter, about, states, move, dryRun, note, senders: chosen, by, atMs })
    const detail = move === undefined ? note : describeMove(move)
    const noted = detail === undefined ? {} : { detail }
    if (!dryRun) await audit(deps, { by, action: `bulk-${action}`, sender: sender ?? '*', subject: about, ...noted })
    reply.status(202)
    return await describeOne(job)
  })

  api.get('/jobs', { schema: operations.list, config: { roles: ['read', 'admin'] } }, async request =>
    ({ jobs: await describeJobs(deps, await listBulkJobs(bulkQueue, request.query.limit)) }))

  const find = async (id: string) => {
    const job = await readBulkJob(bulkQueue, id)
    if (job === null) throw new SluiceError('NOT_FOUND', { field: 'id', detail: 'no job has this id' })
    return await describeOne(job)
  }

  api.get('/jobs/:id', { schema: operations.get, config: { roles: ['read', 'admin'] } }, async request => await find(request.params.id))

  api.post('/jobs/:id/stop', { schema: operations.stop, config: { roles: ['admin'] } }, async request => {
    const { id } = request.params
    if (await stopBulkJob(bulkQueue, id)) await audit(deps, { by: request.caller.name, action: 'stop-job', sender: '*', subject: id })
    return await find(id)
  })
}

/** `move` is there for a move, and for nothing else. */
function readBulkMove (action: BulkAction, wanted: Static<typeof MoveMessageSchema> | undefined, nowMs: number): Move | undefined {
  if ((action === 'move') !== (wanted !== undefined)) {
    throw invalidField('INVALID_REQUEST', { field: 'move', detail: action === 'move' ? 'is required for move' : `must be absent for ${action}` })
  }
  return wanted === undefined ? undefined : readMove(wanted, nowMs, 'move.')
}

/** Rejects what says nothing about the messages of an action: a job would find none, or others than meant. */
function checkApplies (action: BulkAction, { reason, acknowledged }: Pick<Criteria, 'reason' | 'acknowledged'>, note: string | undefined): void {
  const isOfFailures = (actionable[action] as readonly string[]).includes('failed')
  const absent = (field: string, why: string): SluiceError =>
    invalidField('INVALID_REQUEST', { field, detail: `must be absent for ${action}: ${why}` })
  if (reason !== undefined && !isOfFailures) throw absent('filter.reason', 'only messages that FAILED have a reason')
  if (acknowledged !== undefined && !isOfFailures) throw absent('filter.acknowledged', 'only failures are acknowledged')
  if (acknowledged === true && action === 'acknowledge') {
    throw invalidField('INVALID_REQUEST', {
      field: 'filter.acknowledged',
      detail: 'must be false or absent for acknowledge: it finds what is not acknowledged yet',
      value: true,
      allowed: [false]
    })
  }
  if (note !== undefined && action !== 'acknowledge') throw absent('note', 'only an acknowledgement stores one')
}

/** Jobs as the API returns them. */
export async function describeJobs (
  { store, retryIntervalMs }: Pick<JobRouteDeps, 'store' | 'retryIntervalMs'>, jobs: readonly BulkJobView[]
): Promise<JobResource[]> {
  const waits = jobs.some(({ state }) => state === 'waiting')
  const isServed = !waits || await hasWorkerNode(store, retryIntervalMs)
  return jobs.map(job => describeJob(job, isServed))
}

type JobResource = ReturnType<typeof describeJob>

function describeJob ({ startedAt, finishedAt, states, move, ...job }: BulkJobView, isServed: boolean) {
  const target = move === null ? null : describeMove(move)
  const waitingFor = job.state === 'waiting' && !isServed ? 'worker' as const : null
  return { ...job, waitingFor, move: target, states: [...states], startedAt: formatTime(startedAt), finishedAt: formatTimeOrNull(finishedAt) }
}

/** Redis's clock. */
export async function nowOf ({ store }: Pick<JobRouteDeps, 'store'>): Promise<number> {
  return await redisNowMs(store.redis, globalKey(store.prefix, 'runs'))
}
