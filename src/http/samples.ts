/** Example values that several operations share: one sender, one message of each kind, one time after another. */

export const SENDER = '100000000000001'
export const ID = `${SENDER}.VQsgTFMDzhvdFY_Ebd4Eqg.1a209feb32a`
export const OTHER_ID = `${SENDER}.IA3q0ocOxKL6-ksx9QEW1A.1a209feb369`
export const REQUEST_ID = '5c0f3a52-6a0e-4f6c-9a5f-0c1a52f9d2e1'
export const WAMID = 'wamid.HBgLMTIzNDU2Nzg5MBUCABEYEjQ3MTE'

export const sampleTime = (time: string): string => `2026-01-31T${time}Z`

export const attempt = {
  attempt: 1, at: sampleTime('09:30:00.412'), durationMs: 212, outcome: 'retryable', code: '131000', error: 'Something went wrong'
}
export const deliveryError = {
  code: '131000', message: 'Something went wrong', explanation: 'WhatsApp had an internal error.', remedy: 'Nothing: the gateway retries it.'
}
export const undeliverable = {
  code: '131026', message: 'Message undeliverable', explanation: 'WhatsApp cannot deliver to this number.', remedy: 'Check the number.'
}

/** What every 2xx response of POST /messages has. */
export const posted = {
  id: ID, jobId: 'order-4711', idempotencyKey: 'order-4711', keySource: 'field', immediate: false, queued: false, duplicate: false
}
const derivedKey = 'whatsapp:+15550104711:4ad2e1b0c5d6f789'
export const postedWithoutKey = { ...posted, id: OTHER_ID, jobId: derivedKey, idempotencyKey: derivedKey, keySource: 'derived' }
export const wait = { delayMs: 1948, expectedAt: sampleTime('09:30:01.948'), position: 1, waitingFor: 'pair-rate' }

export const sentMessage = {
  id: ID,
  jobId: 'order-4711',
  idempotencyKey: 'order-4711',
  keySource: null,
  status: 'delivered',
  sender: SENDER,
  to: null,
  recipient: '15550104711',
  caller: 'shop',
  message: null,
  type: null,
  metadata: { order: 4711 },
  createdAt: sampleTime('09:30:00.000'),
  settledAt: sampleTime('09:30:00.180'),
  expiresAt: null,
  attemptCount: 1,
  providerMessageId: WAMID,
  deliveredAt: sampleTime('09:30:01.000'),
  readAt: null,
  attempts: []
}
export const queuedMessage = {
  ...sentMessage,
  id: OTHER_ID,
  jobId: 'reminder-4711',
  idempotencyKey: 'reminder-4711',
  keySource: 'header',
  status: 'queued',
  to: '+1 555 010 4711',
  message: 'See you tomorrow',
  type: 'text',
  metadata: null,
  settledAt: null,
  expiresAt: '2026-02-01T09:30:00.000Z',
  attemptCount: 0,
  providerMessageId: null,
  ...wait
}

export const runningCampaign = {
  name: 'spring-sale',
  state: 'running',
  senders: [SENDER],
  accepted: 100_000,
  waiting: 61_180,
  inFlight: 12,
  sent: 38_301,
  delivered: 35_870,
  read: 9420,
  failed: 507,
  cancelled: 0,
  expired: 0,
  lane: 'bulk',
  perSecond: 80,
  startAt: null,
  endAt: sampleTime('18:00:00.000'),
  failures: [{ code: '131026', count: 507, explanation: 'WhatsApp cannot deliver to this number.' }],
  ratePerSecond: 79.6,
  expectedEndAt: sampleTime('09:42:48.000'),
  startedAt: sampleTime('09:21:55.000'),
  lastAt: sampleTime('09:30:00.000')
}
const noMessages = {
  senders: [], accepted: 0, waiting: 0, inFlight: 0, sent: 0, delivered: 0, read: 0, failed: 0, cancelled: 0, ratePerSecond: 0, failures: []
}
export const newCampaign = {
  ...runningCampaign,
  ...noMessages,
  lane: null,
  perSecond: null,
  endAt: null,
  expectedEndAt: null
}

export const callerState = {
  name: 'shop',
  role: 'send',
  rules: {
    senders: null,
    lanes: ['urgent', 'normal'],
    categories: ['utility', 'authentication'],
    defaultLane: 'normal',
    defaultCampaign: null,
    rate: { perSecond: 50, burst: 100 },
    backlog: 5000,
    weight: 3
  },
  senders: [SENDER],
  accepted: 8123,
  waiting: 12,
  inFlight: 2,
  sent: 8090,
  delivered: 7904,
  read: 5120,
  failed: 17,
  cancelled: 2,
  expired: 0,
  ratePerSecond: 4.2,
  failures: [{ code: '131026', count: 17, explanation: 'WhatsApp cannot deliver to this number.' }],
  readySince: sampleTime('09:29:59.400'),
  firstAcceptedAt: sampleTime('08:00:00.000'),
  lastAcceptedAt: sampleTime('09:29:59.900')
}
export const idleCaller = {
  ...callerState,
  name: 'operator',
  role: 'admin',
  rules: { ...callerState.rules, lanes: null, categories: null, rate: null, backlog: null, weight: 1 },
  ...noMessages,
  readySince: null,
  firstAcceptedAt: null,
  lastAcceptedAt: null
}
