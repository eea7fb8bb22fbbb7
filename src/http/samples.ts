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
