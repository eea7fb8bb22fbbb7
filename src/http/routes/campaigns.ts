import { type Static, Type } from '@sinclair/typebox'
import { actionable, jobIdOf, readBulkJob, startBulkJob, type BulkRequest } from '../../bulk/jobs.js'
import { notPermitted, type Caller } from '../../callers.js'
import { planFields, type Plan, type PlanChange } from '../../campaigns/plan.js'
import { planCampaign, readCampaigns, resumeCampaign, writeCampaign, type Campaign } from '../../campaigns/state.js'
import type { CloseDeps } from '../../drain/close.js'
import { invalidValue, SluiceError } from '../../errors.js'
import type { OperatorAction } from '../../events.js'
import type { Explain } from '../../failure/failure.js'
import { CAMPAIGN_NAME } from '../../values/campaign-name.js'
import { formatTime, formatTimeOrNull, parseTime } from '../../values/time.js'
import type { Api } from '../api.js'
import { chooseSenders } from '../api.js'
import { addSchemas } from '../openapi.js'
import { json } from '../operation.js'
import { problems } from '../problem-responses.js'
import { newCampaign, runningCampaign } from '../samples.js'
import { CampaignParamsSchema, CampaignSchema, campaignSchemas, CampaignsSchema, PutCampaignSchema } from '../schemas/campaign.js'
import { defaulted, notCounted, ref } from '../schemas/common.js'
import { audit } from './audit.js'
import { bulkJob, describeJobs, nowOf, type JobRouteDeps } from './jobs.js'

const cancelling = {
  ...runningCampaign,
  state: 'cancelled',
  expectedEndAt: null,
  jobs: [{ ...bulkJob, dryRun: false, filter: 'campaign=spring-sale' }]
}
const params = { name: 'spring-sale' }
const ofOne = { tags: ['Campaigns'], params: CampaignParamsSchema }
const requests = { one: { summary: 'A campaign', params } }
const errors = problems('INVALID_REQUEST', 'NOT_FOUND', 'CAMPAIGN_CANCELLED')
const campaignResponse = (description: string, examples: Record<string, unknown>) => json(description, ref(CampaignSchema), { examples })

const operations = {
  list: {
    operationId: 'listCampaigns',
    tags: ['Campaigns'],
    summary: 'Lists the campaigns with their counts',
    description: 'A campaign is kept for as long as failures are, from its last change.',
    querystring: Type.Object({
      name: Type.Optional(Type.String({ pattern: CAMPAIGN_NAME, description: 'Only campaigns whose names begin with this' })),
      limit: defaulted(Type.Integer({ minimum: 1, maximum: 1000, default: 200, description: 'Maximum number of campaigns' }))
    }, { additionalProperties: false }),
    response: {
      200: json('The campaigns', ref(CampaignsSchema), { examples: { one: { campaigns: [runningCampaign], total: 1 } } }),
      ...problems('INVALID_REQUEST')
    },
    'x-requests': { all: { summary: 'The latest' }, named: { summary: 'By the beginning of their names', query: { name: 'spring' } } }
  },
  put: {
    ...ofOne,
    operationId: 'putCampaign',
    summary: 'Creates a campaign before its first message, or changes its plan',
    description: 'The first message creates it as well. A change of the plan takes effect at the next grant, also for messages that wait.',
    body: PutCampaignSchema,
    response: {
      200: campaignResponse('The campaign', { created: { ...newCampaign, jobs: [] } }),
      ...problems('INVALID_REQUEST', 'SENDER_UNKNOWN', 'NOT_PERMITTED', 'CAMPAIGN_CANCELLED')
    },
    'x-requests': {
      one: { summary: 'For all senders', params, body: {} },
      planned: {
        summary: 'With a plan', params, body: { lane: 'bulk', perSecond: 80, startAt: '2030-01-31T09:00:00Z', endAt: '2030-01-31T18:00:00Z' }
      }
    }
  },
  get: {
    ...ofOne,
    operationId: 'getCampaign',
    summary: 'Returns the counts of a campaign and when it is expected to end',
    response: { 200: campaignResponse('The campaign', { running: { ...runningCampaign, jobs: [] } }), ...problems('INVALID_REQUEST', 'NOT_FOUND') },
    'x-requests': requests
  },
  pause: {
    ...ofOne,
    operationId: 'pauseCampaign',
    summary: 'Pauses a campaign',
    description: 'From the next grant on, none of its messages is sent. They keep their order, and other messages pass them.',
    response: {
      200: campaignResponse('The campaign, paused', { paused: { ...runningCampaign, state: 'paused', expectedEndAt: null, jobs: [] } }), ...errors
    },
    'x-requests': requests
  },
  resume: {
    ...ofOne,
    operationId: 'resumeCampaign',
    summary: 'Resumes a paused campaign',
    description: 'Its messages go before younger ones of their recipients.',
    response: { 200: campaignResponse('The campaign, running', { running: { ...runningCampaign, jobs: [] } }), ...errors },
    'x-requests': requests
  },
  retry: {
    ...ofOne,
    operationId: 'retryCampaign',
    summary: 'Retries the FAILED messages of a campaign, in the background',
    response: {
      202: campaignResponse('The campaign, with the job', {
        retrying: { ...cancelling, state: 'running', jobs: [{ ...cancelling.jobs[0], action: 'retry', states: ['failed'] }] }
      }),
      ...errors
    },
    'x-requests': requests
  },
  cancel: {
    ...ofOne,
    operationId: 'cancelCampaign',
    summary: 'Cancels a campaign: none of its messages is sent any more',
    description: 'At once nothing more is granted or accepted. The waiting messages are cancelled in the background. It cannot be undone.',
    response: { 202: campaignResponse('The campaign, with the job', { cancelling }), ...problems('INVALID_REQUEST', 'NOT_FOUND') },
    'x-requests': requests
  }
}

export interface CampaignRouteDeps extends JobRouteDeps, CloseDeps { explain: Explain }

/** The job of a cancellation or retry: one of each a campaign. */
function workOn (action: 'cancel' | 'retry', name: string): BulkRequest {
  const states = action === 'cancel' ? actionable.cancel : ['failed'] as const
  return { action, filter: { campaign: name }, about: `campaign=${name}`, states, isCampaign: true, dryRun: false }
}

/** A campaign of a sender that cannot be read may exist, and may be cancelled. */
function away (unavailable: readonly string[]): SluiceError {
  return new SluiceError('UNAVAILABLE', { detail: `the campaigns of ${unavailable.length} senders cannot be read now; repeat it later` })
}

/** The fields of the plan that a body has. */
function readChange (body: Static<typeof PutCampaignSchema>): PlanChange {
  const change: PlanChange = {}
  if (body.lane !== undefined) change.lane = body.lane
  if (body.perSecond !== undefined) change.perSecond = body.perSecond
  for (const field of ['startAt', 'endAt'] as const) {
    const value = body[field]
    if (value !== undefined) change[field] = value === null ? null : msOf(value, field)
  }
  return change
}

function msOf (value: string | number, field: string): number {
  const parsed = parseTime(value, field)
  if ('invalid' in parsed) throw invalidValue(parsed.invalid)
  return parsed.value
}

/** The plan in the words of the body, for the audit trail. */
function detailOf (body: Static<typeof PutCampaignSchema>): string {
  return planFields.flatMap(field => body[field] === undefined ? [] : [`${field}=${String(body[field])}`]).join(' ')
}

/** Of these senders those that the API key may use. Throws NOT_PERMITTED where it may not use the one that it names. */
function permittedOf (caller: Caller, senders: readonly string[], named: string | undefined): readonly string[] {
  const wrong = named === undefined ? undefined : notPermitted(caller, { sender: named })
  if (wrong !== undefined) throw wrong
  return senders.filter(sender => notPermitted(caller, { sender }) === undefined)
}

/** Campaigns: counts, pausing, resuming, cancelling and retrying. */
export function campaignRoutes (api: Api, deps: CampaignRouteDeps): void {
  addSchemas(api, ...campaignSchemas)
  const { store, senders, bulkQueue } = deps
  const describePlan = <Planned extends Plan>({ startAt, endAt, ...plan }: Planned) =>
    ({ ...plan, startAt: formatTimeOrNull(startAt), endAt: formatTimeOrNull(endAt) })
  const describe = ({ failures, plans, expectedEndAt, startedAt, lastAt, ...campaign }: Campaign) => ({
    ...describePlan(campaign),
    ...(plans === undefined ? {} : { plans: plans.map(describePlan) }),
    failures: failures.map(({ code, count }) => ({ code, count, explanation: deps.explain(code).explanation })),
    expectedEndAt: formatTimeOrNull(expectedEndAt),
    startedAt: formatTime(startedAt),
    lastAt: formatTime(lastAt)
  })

  async function find (name: string): Promise<{ campaign: Campaign, unavailable: string[] }> {
    const { campaigns: [campaign], unavailable } = await readCampaigns(store, senders.ids(), { name })
    if (campaign === undefined && unavailable.length > 0) throw away(unavailable)
    if (campaign === undefined) throw new SluiceError('NOT_FOUND', { field: 'name', detail: 'no campaign has this name' })
    return { campaign, unavailable }
  }

  async function show (name: string) {
    const { campaign, unavailable } = await find(name)
    const jobs = await Promise.all((['cancel', 'retry'] as const).map(async action => await readBulkJob(bulkQueue, jobIdOf(workOn(action, name)))))
    return {
      ...describe(campaign),
      jobs: await describeJobs(deps, jobs.filter(job => job !== null).sort((a, b) => b.startedAt - a.startedAt)),
      ...notCounted(unavailable)
    }
  }

  /** The campaign, unless it is cancelled. */
  async function findOpen (name: string): Promise<Campaign> {
    const { campaign } = await find(name)
    if (campaign.state === 'cancelled') throw new SluiceError('CAMPAIGN_CANCELLED', { field: 'name' })
    return campaign
  }

  const record = async (by: string, action: OperatorAction, subject: string, detail = '', sender = '*'): Promise<void> =>
    await audit(deps, { by, action, sender, subject, ...(detail === '' ? {} : { detail }) })

  async function start (action: 'cancel' | 'retry', { name }: Pick<Campaign, 'name'>, by: string): Promise<void> {
    await startBulkJob(bulkQueue, { ...workOn(action, name), senders: senders.ids(), by, atMs: await nowOf(deps) })
    await record(by, `${action}-campaign`, name)
  }

  api.get('/campaigns', { schema: operations.list, config: { roles: ['read', 'admin'] } }, async request => {
    const { name, limit } = request.query
    const { campaigns, unavailable } = await readCampaigns(store, senders.ids(), { prefix: name })
    return { campaigns: campaigns.slice(0, limit).map(describe), total: campaigns.length, ...notCounted(unavailable) }
  })

  api.put('/campaigns/:name', { schema: operations.put, config: { roles: ['admin'] } }, async request => {
    const { name } = request.params
    const { sender } = request.body
    const change = readChange(request.body)
    const wanted = permittedOf(request.caller, chooseSenders(senders, sender), sender)
    const { campaigns: [known], unavailable } = await readCampaigns(store, senders.ids(), { name })
    if (known === undefined && unavailable.length > 0) throw away(unavailable)
    if (known?.state === 'cancelled') throw new SluiceError('CAMPAIGN_CANCELLED', { field: 'name' })
    const isPlanned = known === undefined || Object.keys(change).length > 0 ? await planCampaign(deps, wanted, name, change) : false
    if (known === undefined || isPlanned) {
      await record(request.caller.name, known === undefined ? 'create-campaign' : 'plan-campaign', name, detailOf(request.body), sender)
    }
    return await show(name)
  })

  api.get('/campaigns/:name', { schema: operations.get, config: { roles: ['read', 'admin'] } }, async request => await show(request.params.name))

  api.post('/campaigns/:name/pause', { schema: operations.pause, config: { roles: ['admin'] } }, async request => {
    const { name } = await findOpen(request.params.name)
    // Also where it has no message yet.
    await writeCampaign(store, senders.ids(), name, 'paused')
    await record(request.caller.name, 'pause-campaign', name)
    return await show(name)
  })

  api.post('/campaigns/:name/resume', { schema: operations.resume, config: { roles: ['admin'] } }, async request => {
    const { name } = await findOpen(request.params.name)
    await resumeCampaign(deps, senders.ids(), name)
    await record(request.caller.name, 'resume-campaign', name)
    return await show(name)
  })

  api.post('/campaigns/:name/retry', { schema: operations.retry, config: { roles: ['admin'] } }, async (request, reply) => {
    await start('retry', await findOpen(request.params.name), request.caller.name)
    reply.status(202)
    return await show(request.params.name)
  })

  api.post('/campaigns/:name/cancel', { schema: operations.cancel, config: { roles: ['admin'] } }, async (request, reply) => {
    const { campaign } = await find(request.params.name)
    await writeCampaign(store, senders.ids(), campaign.name, 'cancelled')
    await start('cancel', campaign, request.caller.name)
    reply.status(202)
    return await show(campaign.name)
  })
}
