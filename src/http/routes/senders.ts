import { Type } from '@sinclair/typebox'
import type { SenderView } from '../../sender-facts.js'
import { inspectSender, inspectSenders } from '../../throttle/inspect.js'
import { pauseSender as pause, resumeSender as resume } from '../../throttle/pause.js'
import { changeRules } from '../../throttle/rules.js'
import type { Api, ApiDeps } from '../api.js'
import { chooseSender } from '../api.js'
import { audit } from '../audit.js'
import { addSchemas } from '../openapi.js'
import { json } from '../operation.js'
import { problems } from '../problem-responses.js'
import { at, SENDER } from '../samples.js'
import { count, flag, listOf, oneOf, ref, text, textOrNull, timestampOrNull } from '../schemas/common.js'

const SenderParamsSchema = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64, description: 'Phone number id of the sender' }) })

const PauseSchema = Type.Object({
  forMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 366 * 86_400_000, description: 'How long; default: until an operator resumes it' }))
}, { $id: 'Pause', additionalProperties: false, description: 'How long to pause' })

const rule = {
  pairIntervalMs: 'Minimum time between two messages to one recipient',
  pairBurst: 'Messages that a recipient may get without an interval after a quiet time',
  perSecond: 'Maximum messages in any second',
  maxInFlight: 'Maximum messages in flight at once, over all nodes'
}

const QuotaSchema = Type.Partial(Type.Object({
  pairIntervalMs: Type.Integer({ minimum: 1, maximum: 86_400_000, description: rule.pairIntervalMs }),
  pairBurst: Type.Integer({ minimum: 1, maximum: 1000, description: rule.pairBurst }),
  perSecond: Type.Integer({ minimum: 1, maximum: 1000, description: rule.perSecond }),
  maxInFlight: Type.Integer({ minimum: 1, maximum: 100_000, description: rule.maxInFlight })
}), { $id: 'Quota', additionalProperties: false, minProperties: 1, description: 'The rules to change; omitted ones stay' })

const RulesSchema = Type.Object({
  pairIntervalMs: Type.Number({ description: rule.pairIntervalMs }),
  pairBurst: count(rule.pairBurst),
  perSecond: count(rule.perSecond),
  maxInFlight: count(rule.maxInFlight),
  version: count('Increases with each change')
}, { $id: 'Rules', description: 'The rate limits in force' })

export const FailureCountsSchema = Type.Object({
  pending: count('Not sent yet: wait for a retry, or their retry has begun'), resolved: count('Sent by a retry'), failed: count('Failed permanently')
}, { $id: 'FailureCounts', description: 'Delivery failures by status' })

const states: Record<SenderView['state'], string> = {
  active: 'it sends', paused: 'an operator paused it', stopped: 'WhatsApp rejects everything it sends'
}

export const SenderSchema = Type.Object({
  id: text('Phone number id'),
  state: oneOf(states, 'Whether it sends'),
  reason: textOrNull('The operator who paused it, or the code that stopped it'),
  resumesAt: timestampOrNull('When it resumes by itself, or is probed next; null if no end is known'),
  rules: ref(RulesSchema, 'Its rules'),
  queued: count('Messages in queues'),
  due: count('Queued messages whose ready time has come'),
  inFlight: count('Messages in flight to WhatsApp'),
  scheduled: count('Messages that wait for their `scheduledFor`'),
  unknown: count('Messages of unknown outcome'),
  retrying: count('Messages that wait for their next retry'),
  failures: ref(FailureCountsSchema, 'Its delivery failures'),
  sentLast24h: count('Messages sent in the last 24 h'),
  activeRateLimits: count('Recipients whose rate limit delays their next message'),
  unsettled: count('Messages accepted and not ended'),
  oldestDueSeconds: Type.Number({ minimum: 0, description: 'How long the oldest due message has waited beyond its ready time' }),
  hasWorker: flag('A worker drains it now')
}, { $id: 'Sender', description: 'A sending number with its counts and rules' })

const SendersSchema = Type.Object({ senders: listOf([SenderSchema], 'All configured senders') }, {
  $id: 'Senders', description: 'The sending numbers'
})

const rules = { pairIntervalMs: 2000, pairBurst: 1, perSecond: 80, maxInFlight: 500, version: 1 }
export const senderSample = {
  id: SENDER,
  state: 'active',
  reason: null,
  resumesAt: null,
  rules,
  queued: 12,
  due: 3,
  inFlight: 4,
  scheduled: 1,
  unknown: 0,
  retrying: 2,
  failures: { pending: 3, resolved: 7, failed: 1 },
  sentLast24h: 5120,
  activeRateLimits: 9,
  unsettled: 19,
  oldestDueSeconds: 0.12,
  hasWorker: true
}
const paused = { ...senderSample, state: 'paused', reason: 'operator', resumesAt: at('09:31:00.000') }

const params = { id: SENDER }
const one = { tags: ['Senders'], params: SenderParamsSchema }
const errors = problems('INVALID_REQUEST', 'SENDER_UNKNOWN')

const listSenders = {
  operationId: 'listSenders',
  tags: ['Senders'],
  summary: 'Lists the senders with their state, counts and rules',
  response: { 200: json('All senders', ref(SendersSchema), { examples: { one: { senders: [senderSample] } } }) }
}
const pauseSender = {
  ...one,
  operationId: 'pauseSender',
  summary: 'Pauses a sender, for a time or until it is resumed',
  description: 'Queued messages keep their position; messages in flight are not recalled.',
  body: PauseSchema,
  response: { 200: json('The sender, paused', ref(SenderSchema), { examples: { paused } }), ...errors },
  'x-requests': {
    minute: { summary: 'For a minute', params, body: { forMs: 60_000 } }, open: { summary: 'Until an operator resumes it', params, body: {} }
  }
}
const resumeSender = {
  ...one,
  operationId: 'resumeSender',
  summary: 'Resumes a sender that is paused or stopped',
  response: { 200: json('The sender, active', ref(SenderSchema), { examples: { open: senderSample } }), ...errors },
  'x-requests': { one: { summary: 'The default sender', params } }
}
const changeQuota = {
  ...one,
  operationId: 'changeQuota',
  summary: 'Changes a sender\'s rules',
  description: 'Omitted rules stay. The change applies from the next grant, on all nodes, until the next change or a start with new settings.',
  body: QuotaSchema,
  response: {
    200: json('The rules in force', ref(RulesSchema), { examples: { slower: { ...rules, pairIntervalMs: 6000, version: 2 } } }), ...errors
  },
  'x-requests': { slower: { summary: 'A longer interval for each recipient', params, body: { pairIntervalMs: 6000 } } }
}

/** The sending numbers: counts and rules, pausing and resuming. */
export function senderRoutes (api: Api, deps: ApiDeps): void {
  addSchemas(api, PauseSchema, QuotaSchema, RulesSchema, FailureCountsSchema, SenderSchema, SendersSchema)

  api.get('/senders', { schema: listSenders, config: { roles: ['read', 'admin'] } }, async () => ({
    senders: await inspectSenders(deps.store, deps.senders.ids())
  }))

  api.post('/senders/:id/pause', { schema: pauseSender, config: { roles: ['admin'] } }, async request => {
    const sender = chooseSender(deps, request.params.id)
    const { forMs } = request.body
    await pause(deps.store, sender, request.caller.name, forMs)
    const detail = forMs === undefined ? {} : { detail: `${forMs} ms` }
    await audit(deps, { by: request.caller.name, action: 'pause', sender, subject: sender, ...detail })
    return await inspectSender(deps.store, sender)
  })

  api.post('/senders/:id/resume', { schema: resumeSender, config: { roles: ['admin'] } }, async request => {
    const sender = chooseSender(deps, request.params.id)
    const before = await resume(deps.store, sender)
    await audit(deps, { by: request.caller.name, action: 'resume', sender, subject: sender })
    if (before !== 'active') deps.events.emit('sender.resumed', { sender })
    return await inspectSender(deps.store, sender)
  })

  api.put('/senders/:id/quota', { schema: changeQuota, config: { roles: ['admin'] } }, async request => {
    const sender = chooseSender(deps, request.params.id)
    const version = await changeRules(deps.store, sender, request.body)
    const detail = `version ${version}: ${JSON.stringify(request.body)}`
    await audit(deps, { by: request.caller.name, action: 'quota', sender, subject: sender, detail })
    return (await inspectSender(deps.store, sender)).rules
  })
}
