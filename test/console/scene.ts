/** A morning at a shop, as the API would describe it: the fixed data of the pictures. Nothing here moves, and a test checks it against OpenAPI. */
import { countNames } from '../../src/activity/count.js'
import { callers, campaigns, shownCampaign } from './scene-teams.js'
import { before, MINUTE, NOW, texts } from './scene-time.js'

const errorOf = (code: string): object => {
  const [title, explanation, remedy] = texts[code] ?? ['', '', '']
  return { code, message: `(#${code}) ${title}`, explanation, remedy }
}

const names = { 104711: 'Orders', 104712: 'Marketing', 104713: 'Support' } as const
type Id = keyof typeof names
const sender = (id: Id, own: object): object => ({
  id: `10000000${id}`,
  state: 'active',
  reason: null,
  resumesAt: null,
  circuit: { state: 'closed', since: null, nextProbeAt: null, code: null },
  templates: { state: 'active', reason: null, since: null, until: null, waiting: 0 },
  health: { state: 'available', readAt: '2026-01-31T06:00:00.000Z', problems: [] },
  windows: { state: 'off', since: null, lastWebhookAt: null, people: 0 },
  bulk: { state: 'off', since: null, until: null, nextProbeAt: null, missingPercent: null },
  rate: { perSecond: 80, reason: 'rule', rejectedAt: null, nextRiseAt: null, ceiling: null },
  rates: { count: 0, templateWaiting: 0, categoryWaiting: 0 },
  daily: null,
  rules: { pairIntervalMs: 2000, pairBurst: 1, perSecond: 80, maxInFlight: 500, version: 1 },
  queued: 0,
  due: 0,
  inFlight: 0,
  scheduled: 0,
  suspended: 0,
  awaiting: 0,
  unknown: 0,
  retrying: 0,
  failures: { pending: 0, resolved: 0, failed: 0 },
  sentLast24h: 0,
  activeRateLimits: 0,
  unsettled: 0,
  oldestDueSeconds: 0,
  hasWorker: true,
  name: names[id],
  ...own
})

const senders = [
  sender(104711, {
    queued: 214,
    due: 38,
    inFlight: 6,
    scheduled: 120,
    retrying: 14,
    failures: { pending: 14, resolved: 61, failed: 402 },
    sentLast24h: 18_204,
    activeRateLimits: 96,
    unsettled: 354,
    oldestDueSeconds: 0.4,
    unknown: 2
  }),
  sender(104712, {
    state: 'paused',
    reason: 'maria: new price list',
    resumesAt: '2026-03-10T12:00:00.000Z',
    queued: 8233,
    due: 0,
    failures: { pending: 0, resolved: 9, failed: 1240 },
    sentLast24h: 31_877,
    unsettled: 8233
  }),
  sender(104713, { queued: 3, sentLast24h: 1204, failures: { pending: 1, resolved: 3, failed: 12 }, unsettled: 4, retrying: 1 })
]

/** A curve that looks like work and is the same each time. */
const wave = (base: number, share: number): number[] =>
  Array.from({ length: 60 }, (_, i) => Math.round(base * share * (1 + 0.35 * Math.sin(i / 6) + 0.15 * Math.cos(i / 2.3))))
function activityOf (id: Id, perMinute: number, failing: number, day: number): object {
  const shares = { accepted: 1.02, sent: 1, delivered: 0.94, read: 0.61, failed: failing, attempts: 1 + failing, failing }
  const scaled = (total: number): object => Object.fromEntries(countNames.map(name => [name, Math.round(total * shares[name])]))
  return {
    id: `10000000${id}`,
    minutes: Object.fromEntries(countNames.map(name => [name, wave(perMinute, shares[name])])),
    since: scaled(day),
    dayBefore: scaled(day * 0.91)
  }
}

const cause = (status: string, code: string, count: number, lastMs: number, own: object = {}): object => {
  const [title, explanation, remedy] = texts[code] ?? ['', '', '']
  return {
    status,
    errorCode: code,
    reason: status === 'FAILED' ? 'rejected' : null,
    acknowledged: false,
    count,
    hours: Array.from({ length: 24 }, (_, i) => Math.round(count / 40 * (1 + Math.sin(i / 3)))),
    recipients: Math.round(count * 0.97),
    firstAt: before(23 * 60 * MINUTE),
    lastAt: before(lastMs),
    nextRetryAt: null,
    title,
    explanation,
    remedy,
    cursor: null,
    ...own
  }
}
const groups = [
  cause('FAILED', '131026', 741, 2 * MINUTE), cause('FAILED', '132001', 512, 31 * MINUTE), cause('FAILED', '131047', 318, 4 * MINUTE),
  cause('FAILED', '131053', 83, 55 * MINUTE), cause('PENDING', '131000', 15, MINUTE, { nextRetryAt: '2026-03-10T10:33:05.000Z' }),
  cause('FAILED', '131026', 206, 300 * MINUTE, { acknowledged: true })
]

const people = ['5521999990041', '5511988880172', '34611222333', '351912345678', '15550104711', '4915112345678', '5215512345678', '15550104788']
const lines = [
  'Your order has been shipped', 'Your table is free at eight', 'Your parcel arrives today between 14:00 and 16:00', 'Your invoice for March'
]
const statuses = ['delivered', 'failed', 'queued', 'read', 'sent', 'retrying', 'delivered', 'scheduled', 'read', 'unknown', 'sent', 'cancelled']
const idOf = (n: number): string => `10000000104711.${String(n).padStart(4, '0')}4irZRaAe6s0W5inPSZ.1a228f882bb`
function message (n: number): Record<string, unknown> {
  const status = statuses[n % statuses.length] ?? 'sent'
  const at = 20_000 + n * 47_000
  const to = people[n % people.length] ?? ''
  const isOver = ['delivered', 'read', 'sent', 'failed', 'cancelled'].includes(status)
  const code = status === 'failed' ? '131026' : status === 'retrying' ? '131000' : null
  const isTemplate = n % 3 === 1
  return {
    id: idOf(n),
    jobId: `order-${4711 + n}`,
    status,
    sender: '10000000104711',
    to: `+${to}`,
    recipient: to,
    caller: n % 2 === 0 ? 'shop' : 'crm',
    ...(isTemplate ? { campaign: 'spring-sale' } : {}),
    message: isTemplate ? { name: 'order_shipped', language: { code: 'pt_BR' } } : lines[n % lines.length],
    type: isTemplate ? 'template' : 'text',
    metadata: { orderId: `A-${4711 + n}` },
    idempotencyKey: `order-${4711 + n}`,
    keySource: 'header',
    createdAt: before(at),
    settledAt: isOver ? before(at - 1400) : null,
    expiresAt: isOver ? null : before(at - 86_400_000),
    attemptCount: isOver || code !== null ? 1 : 0,
    providerMessageId: ['delivered', 'read', 'sent'].includes(status) ? `wamid.HBgL${to}` : null,
    deliveredAt: ['delivered', 'read'].includes(status) ? before(at - 2600) : null,
    readAt: status === 'read' ? before(at - 9000) : null,
    attempts: code === null
      ? []
      : [{ attempt: 1, at: before(at - 1400), durationMs: 212, outcome: code === '131026' ? 'rejected' : 'retryable', code, error: `(#${code})` }],
    ...(code === null ? {} : { error: errorOf(code) }),
    ...(status === 'retrying' ? { nextRetryAt: '2026-03-10T10:33:05.000Z' } : {}),
    ...(status === 'queued' ? { delayMs: 1948, expectedAt: '2026-03-10T10:32:22.000Z', position: 1, waitingFor: 'pair-rate' } : {}),
    ...(status === 'scheduled' ? { waitingFor: 'schedule', expectedAt: '2026-03-10T16:00:00.000Z', scheduledFor: '2026-03-10T16:00:00.000Z' } : {}),
    sandbox: false
  }
}
export const messages = Array.from({ length: 40 }, (_, n) => message(n))
/** The message whose panel the pictures show: it failed once, and its retry comes. */
export const SHOWN = idOf(5)

const failures = Array.from({ length: 50 }, (_, n) => ({
  id: `${idOf(100 + n)}`,
  sender: '10000000104711',
  phoneNumber: `+${people[n % people.length] ?? ''}`,
  message: lines[n % lines.length],
  idempotencyKey: `order-${9000 + n}`,
  errorMessage: '(#131026) Message undeliverable',
  errorCode: '131026',
  attemptCount: 1,
  status: 'FAILED',
  messageStatus: null,
  waitingFor: null,
  metadata: { orderId: `B-${9000 + n}` },
  nextRetryAt: null,
  lastAttemptAt: before((2 + n * 3) * MINUTE),
  resolvedAt: null,
  createdAt: before((3 + n * 3) * MINUTE),
  updatedAt: before((2 + n * 3) * MINUTE),
  reason: 'rejected',
  ...errorTexts('131026'),
  retryNotBefore: null,
  acknowledgedAt: null,
  acknowledgedBy: null,
  attempts: []
}))
function errorTexts (code: string): object {
  const [, explanation, remedy] = texts[code] ?? ['', '', '']
  return { explanation, remedy }
}

const audit = [
  {
    at: before(3 * MINUTE),
    by: 'maria',
    sender: '*',
    action: 'bulk-move',
    subject: 'campaign=spring-sale',
    detail: 'priority=bulk scheduledFor=2026-03-10T12:00:00.000Z'
  },
  { at: before(42 * MINUTE), by: 'maria', sender: '10000000104712', action: 'pause', subject: '10000000104712', detail: 'new price list' },
  { at: before(58 * MINUTE), by: 'joao', sender: '10000000104711', action: 'plan-campaign', subject: 'spring-sale', detail: 'perSecond=40' },
  { at: before(61 * MINUTE), by: 'joao', sender: '10000000104711', action: 'cancel', subject: idOf(11) },
  { at: before(95 * MINUTE), by: 'joao', sender: '*', action: 'bulk-acknowledge', subject: 'errorCode=131026', detail: 'customers called' }
]

/** `METHOD /path` without a query, as OpenAPI spells it, and the response. */
export const responses: Record<string, unknown> = {
  'GET /caller': { name: 'maria', role: 'admin', sandbox: false },
  'GET /senders': { senders },
  'GET /senders/{id}/templates': { account: null, readAt: null, failedWith: null, templates: [] },
  'GET /activity': {
    now: NOW,
    since: '2026-03-10T00:00:00.000Z',
    senders: [activityOf(104711, 61, 0.02, 11_240), activityOf(104712, 0, 0.04, 24_310), activityOf(104713, 4, 0, 618)]
  },
  'GET /messages': { messages, nextCursor: null },
  'POST /messages/find': {
    messages: messages.filter(({ caller }) => caller === 'shop').map(one => ({ ...one, campaign: 'spring-sale' })), nextCursor: null
  },
  'GET /failures/summary': { groups },
  'GET /failures': { failures, nextCursor: 'more' },
  'GET /campaigns': { campaigns, total: campaigns.length },
  'GET /campaigns/{name}': { ...shownCampaign, jobs: [] },
  'GET /workers/retry': {
    isRunning: true,
    intervalMs: 120_000,
    lastRunAt: before(MINUTE),
    nextRunAt: before(-MINUTE),
    stoppedBy: null,
    lastResult: { total: 6, succeeded: 5, failed: 1, permanentlyFailed: 0, deferred: 0 }
  },
  'GET /callers': { callers },
  'GET /audit': { entries: audit },
  'GET /opt-outs': {
    optOuts: people.slice(0, 4).map((recipient, n) =>
      ({ sender: '10000000104711', recipient, since: before((n + 1) * 400 * MINUTE), by: 'whatsapp', reason: 'user_preferences' })),
    nextCursor: null
  },
  'GET /messages/{id}': messages[5],
  'GET /codes/{code}': { code: '131000', ...Object.fromEntries(['title', 'explanation', 'remedy'].map((name, i) => [name, texts['131000']?.[i]])) }
}
