import { Type } from '@sinclair/typebox'
import type { SenderView, ThroughputLevel } from '../../sender-facts.js'
import type { SenderRegistry } from '../../sender-registry.js'
import type { CloseDeps } from '../../drain/close.js'
import { resumeTemplates } from '../../templates/stop.js'
import { inspectSender, inspectSenders } from '../../throttle/inspect.js'
import { pauseSender as pause, resumeSender as resume, changeRules } from '../../throttle/sender.js'
import type { Api, ServedSenders } from '../api.js'
import { chooseSender } from '../api.js'
import type { AuditDeps } from './audit.js'
import { audit } from './audit.js'
import { addSchemas } from '../openapi.js'
import { json } from '../operation.js'
import { problems } from '../problem-responses.js'
import { sampleTime, SENDER } from '../samples.js'
import { DailyKnownSchema, DailySchema } from '../schemas/daily.js'
import { HealthErrorSchema, HealthProblemSchema, HealthSchema } from '../schemas/health.js'
import { BulkSchema, RateCountsSchema } from '../schemas/sender-parts.js'
import {
  count, flag, listOf, notCounted, oneOf, ref, refOrNull, text, textOrNull, timestamp, timestampOrNull, unavailable
} from '../schemas/common.js'

const SenderParamsSchema = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64, description: 'Phone number id of the sender' }) })

const PauseSchema = Type.Object({
  forMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 366 * 86_400_000, description: 'How long; default: until an operator resumes it' })),
  note: Type.Optional(Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\x00-\\x1f]*$', description: 'Why, for people to read' }))
}, { $id: 'Pause', additionalProperties: false, description: 'How long to pause, and why' })

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

const circuits: Record<SenderView['circuit']['state'], string> = {
  closed: 'messages are sent',
  open: 'WhatsApp is down: messages wait, and probes go out one at a time',
  'half-open': 'WhatsApp works again, and the backlog is sent at a part of the rate'
}

const CircuitSchema = Type.Object({
  state: oneOf(circuits, 'Whether WhatsApp works for this sender'),
  since: timestampOrNull('When it opened; null while it is closed'),
  nextProbeAt: timestampOrNull('When the next probe may go; null unless it is open'),
  code: textOrNull('Code of the last failure that was not the message\'s own; null while it is closed')
}, { $id: 'Circuit', description: 'The circuit breaker of a sender' })

const rateReasons: Record<SenderView['rate']['reason'], string> = {
  rule: 'its own rule',
  ceiling: 'the known limit of its number, which is lower than its rule',
  rejected: 'less than both, since WhatsApp rejected faster sending'
}

const throughputLevels: Record<ThroughputLevel, string> = {
  STANDARD: '80 per second', HIGH: '1,000 per second', COEXISTENCE: '20 per second: the number is also used in the WhatsApp Business app'
}

const CeilingSchema = Type.Object({
  perSecond: count('Messages per second'),
  level: oneOf(throughputLevels, 'Its name'),
  source: oneOf({ node: 'the node of the phone number', webhook: 'a webhook of an upgrade' }, 'Where it is known from'),
  since: timestamp('When WhatsApp said so last')
}, { $id: 'Ceiling', description: 'WhatsApp\'s limit of messages per second for a number' })

const RateSchema = Type.Object({
  perSecond: Type.Number({ minimum: 0, description: 'Messages per second that it may send now, at most its rule' }),
  reason: oneOf(rateReasons, 'What the rate follows from'),
  rejectedAt: timestampOrNull('When WhatsApp last rejected a higher rate; null unless the reason is `rejected`'),
  nextRiseAt: timestampOrNull('When the rate rises next at the earliest, if it is used; null unless the reason is `rejected`'),
  ceiling: refOrNull(CeilingSchema, 'The known limit of its number; null if none is known')
}, { $id: 'SenderRate', description: 'The rate in force of a sender' })

const templateStops: Record<SenderView['templates']['state'], string> = {
  active: 'they are sent, but for those that `GET /senders/{id}/templates` lists',
  stopped: 'WhatsApp sends none of them: messages of templates wait, and all others go on',
  ending: 'they are sent again, and what waited returns to its queue'
}

const TemplateStopSchema = Type.Object({
  state: oneOf(templateStops, 'Whether WhatsApp sends its templates'),
  reason: textOrNull('The code that stopped them, or WhatsApp\'s name of the restriction; null while they are sent'),
  since: timestampOrNull('Since when; null while they are sent'),
  until: timestampOrNull('When it ends by itself or is probed next; null if only an operator ends it'),
  waiting: count('Messages that wait for its end, outside of the queues')
}, { $id: 'TemplateStop', description: 'A stop of all templates of a sender' })

const windowStates: Record<SenderView['windows']['state'], string> = {
  off: 'WINDOW_CHECK is off, and every message passes',
  collecting: 'webhooks have not come for 24 hours, or some may be missing: every message passes',
  known: 'messages that need an open window are rejected, replaced or held where it is closed'
}

const WindowsSchema = Type.Object({
  state: oneOf(windowStates, 'Whether closed windows are known'),
  since: timestampOrNull('Since when no webhook of the sender is missing; null while that is not known'),
  lastWebhookAt: timestampOrNull('When the last webhook of the sender came; null for none'),
  people: count('People whose last message or call is known')
}, { $id: 'Windows', description: 'What is known of the customer service windows of a sender\'s recipients' })

export const SenderSchema = Type.Object({
  id: text('Phone number id'),
  name: textOrNull('Its name for people; null without one'),
  state: oneOf(states, 'Whether it sends'),
  reason: textOrNull('The operator who paused it and the note after a colon, or the code that stopped it'),
  resumesAt: timestampOrNull('When it resumes by itself, or is probed next; null if no end is known'),
  circuit: ref(CircuitSchema, 'Its circuit breaker'),
  templates: ref(TemplateStopSchema, 'Whether WhatsApp sends its templates at all'),
  health: ref(HealthSchema, 'What WhatsApp says of its number, account and business'),
  windows: ref(WindowsSchema, 'The customer service windows of its recipients'),
  bulk: ref(BulkSchema, 'Its lane `bulk`'),
  rate: ref(RateSchema, 'The rate in force'),
  daily: refOrNull(DailySchema, 'Its daily limit; null where recipients are not counted'),
  rules: ref(RulesSchema, 'Its rules'),
  queued: count('Messages in queues'),
  due: count('Queued messages whose ready time has come'),
  inFlight: count('Messages in flight to WhatsApp'),
  scheduled: count('Messages that wait for their `scheduledFor`'),
  suspended: count('Messages that wait for their own template to be approved, outside of the queues'),
  awaiting: count('Messages that wait until their recipient writes, outside of the queues'),
  rates: ref(RateCountsSchema, 'Rates of templates and categories'),
  unknown: count('Messages of unknown outcome'),
  retrying: count('Messages that wait for their next retry'),
  failures: ref(FailureCountsSchema, 'Its delivery failures'),
  sentLast24h: count('Messages sent in the last 24 h'),
  activeRateLimits: count('Recipients whose rate limit delays their next message'),
  unsettled: count('Messages accepted and not ended'),
  oldestDueSeconds: Type.Number({ minimum: 0, description: 'How long the oldest due message has waited beyond its ready time' }),
  hasWorker: flag('A worker drains it now')
}, { $id: 'Sender', description: 'A sending number with its counts and rules' })

const SendersSchema = Type.Object({ senders: listOf([SenderSchema], 'All configured senders'), unavailable }, {
  $id: 'Senders', description: 'The sending numbers'
})

const ceiling = { perSecond: 80, level: 'STANDARD', source: 'node', since: sampleTime('06:00:00.000') }
const rules = { pairIntervalMs: 2000, pairBurst: 1, perSecond: 80, maxInFlight: 500, version: 1 }
export const senderSample = {
  id: SENDER,
  name: 'Support line',
  state: 'active',
  reason: null,
  resumesAt: null,
  circuit: { state: 'closed', since: null, nextProbeAt: null, code: null },
  templates: { state: 'active', reason: null, since: null, until: null, waiting: 0 },
  health: { state: 'available', readAt: sampleTime('06:00:00.000'), problems: [] },
  windows: { state: 'off', since: null, lastWebhookAt: null, people: 0 },
  bulk: { state: 'off', since: null, until: null, nextProbeAt: null, missingPercent: null },
  rate: { perSecond: 80, reason: 'rule', rejectedAt: null, nextRiseAt: null, ceiling },
  daily: null,
  rules,
  queued: 12,
  due: 3,
  inFlight: 4,
  scheduled: 1,
  suspended: 0,
  awaiting: 0,
  rates: { count: 0, templateWaiting: 0, categoryWaiting: 0 },
  unknown: 0,
  retrying: 2,
  failures: { pending: 3, resolved: 7, failed: 1 },
  sentLast24h: 5120,
  activeRateLimits: 9,
  unsettled: 19,
  oldestDueSeconds: 0.12,
  hasWorker: true
}
const paused = { ...senderSample, state: 'paused', reason: 'operator: New price list first', resumesAt: sampleTime('09:31:00.000') }
const slower = {
  ...senderSample,
  rate: { perSecond: 19.4, reason: 'rejected', rejectedAt: sampleTime('09:30:00.000'), nextRiseAt: sampleTime('09:30:30.000'), ceiling }
}

const params = { id: SENDER }
const ofOne = { tags: ['Senders'], params: SenderParamsSchema }
const errors = problems('INVALID_REQUEST', 'SENDER_UNKNOWN')

const listSenders = {
  operationId: 'listSenders',
  tags: ['Senders'],
  summary: 'Lists the senders with their state, counts and rules',
  response: { 200: json('All senders', ref(SendersSchema), { examples: { one: { senders: [senderSample] }, slower: { senders: [slower] } } }) }
}
const pauseSender = {
  ...ofOne,
  operationId: 'pauseSender',
  summary: 'Pauses a sender, for a time or until it is resumed',
  description: 'Queued messages keep their position; messages in flight are not recalled.',
  body: PauseSchema,
  response: { 200: json('The sender, paused', ref(SenderSchema), { examples: { paused } }), ...errors },
  'x-requests': {
    minute: { summary: 'For a minute', params, body: { forMs: 60_000, note: 'New price list first' } },
    open: { summary: 'Until an operator resumes it', params, body: {} }
  }
}
const resumeSender = {
  ...ofOne,
  operationId: 'resumeSender',
  summary: 'Resumes a sender: ends its pause, all stops and the hold of its lane `bulk`, closes its circuit, and restores its rate',
  response: { 200: json('The sender, active', ref(SenderSchema), { examples: { open: senderSample } }), ...errors },
  'x-requests': { one: { summary: 'The default sender', params } }
}
const changeQuota = {
  ...ofOne,
  operationId: 'changeQuota',
  summary: 'Changes a sender\'s rules',
  description: 'Omitted rules stay. The change applies from the next grant, on all nodes, until the next change or a start with new settings.',
  body: QuotaSchema,
  response: {
    200: json('The rules in force', ref(RulesSchema), { examples: { slower: { ...rules, pairIntervalMs: 6000, version: 2 } } }), ...errors
  },
  'x-requests': { slower: { summary: 'A longer interval for each recipient', params, body: { pairIntervalMs: 6000 } } }
}

export type NamingSenders = ServedSenders & Pick<SenderRegistry, 'settingsOf'>
export type NamedSender = SenderView & { name: string | null }

export function nameSender (senders: NamingSenders, view: SenderView): NamedSender {
  return { ...view, name: senders.settingsOf(view.id)?.name ?? null }
}

/** The sending numbers: counts and rules, pausing and resuming. */
export interface SenderRouteDeps extends AuditDeps, CloseDeps { senders: NamingSenders }

export function senderRoutes (api: Api, deps: SenderRouteDeps): void {
  const withName = (view: SenderView): NamedSender => nameSender(deps.senders, view)
  addSchemas(
    api, PauseSchema, QuotaSchema, RulesSchema, CircuitSchema, TemplateStopSchema, CeilingSchema, RateSchema, WindowsSchema, BulkSchema,
    RateCountsSchema, HealthErrorSchema, HealthProblemSchema, HealthSchema, FailureCountsSchema, DailyKnownSchema, DailySchema, SenderSchema,
    SendersSchema
  )

  api.get('/senders', { schema: listSenders, config: { roles: ['read', 'admin'] } }, async () => {
    const { senders, unavailable } = await inspectSenders(deps.store, deps.senders.ids())
    return { senders: senders.map(withName), ...notCounted(unavailable) }
  })

  api.post('/senders/:id/pause', { schema: pauseSender, config: { roles: ['admin'] } }, async request => {
    const sender = chooseSender(deps.senders, request.params.id)
    const { forMs, note } = request.body
    await pause(deps.store, sender, note === undefined ? request.caller.name : `${request.caller.name}: ${note}`, forMs)
    const details = [...(forMs === undefined ? [] : [`${forMs} ms`]), ...(note === undefined ? [] : [note])].join('; ')
    const detail = details === '' ? {} : { detail: details }
    await audit(deps, { by: request.caller.name, action: 'pause', sender, subject: sender, ...detail })
    return withName(await inspectSender(deps.store, sender))
  })

  api.post('/senders/:id/resume', { schema: resumeSender, config: { roles: ['admin'] } }, async request => {
    const sender = chooseSender(deps.senders, request.params.id)
    const { before, circuit, hadHold } = await resume(deps.store, sender)
    await resumeTemplates(deps, sender)
    const were = [circuit === 'closed' ? '' : `circuit was ${circuit}`, hadHold === true ? 'bulk was held' : ''].filter(Boolean).join('; ')
    const detail = were === '' ? {} : { detail: were }
    if (hadHold === true) deps.events.emit('bulk-hold.changed', { sender, state: 'ended' })
    await audit(deps, { by: request.caller.name, action: 'resume', sender, subject: sender, ...detail })
    if (before !== 'active') deps.events.emit('sender.resumed', { sender })
    return withName(await inspectSender(deps.store, sender))
  })

  api.put('/senders/:id/quota', { schema: changeQuota, config: { roles: ['admin'] } }, async request => {
    const sender = chooseSender(deps.senders, request.params.id)
    const version = await changeRules(deps.store, sender, request.body)
    const detail = `version ${version}: ${JSON.stringify(request.body)}`
    await audit(deps, { by: request.caller.name, action: 'quota', sender, subject: sender, detail })
    return (await inspectSender(deps.store, sender)).rules
  })
}
