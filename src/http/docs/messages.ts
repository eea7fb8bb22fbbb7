import { AcceptedSchema, DuplicateSchema, MessageSchema, MessagesSchema, SentSchema } from '../schemas/answer.js'
import { either } from '../schemas/common.js'
import { BatchAnswersSchema } from '../schemas/problem.js'
import type { Operation } from './operation.js'
import { at, deliveryError, ID, OTHER_ID, SENDER, WAMID } from './samples.js'

const head = { id: ID, jobId: 'order-4711', idempotencyKey: 'order-4711', keySource: 'field', immediate: false, queued: false, duplicate: false }
const other = { ...head, id: OTHER_ID, jobId: 'whatsapp:+15550104711:4ad2e1b0c5d6f789', idempotencyKey: 'whatsapp:+15550104711:4ad2e1b0c5d6f789', keySource: 'derived' }
const waits = { delayMs: 1948, expectedAt: at('09:30:01.948'), position: 1, waitingFor: 'pair-rate' }

const sent = {
  id: ID, jobId: 'order-4711', idempotencyKey: 'order-4711', keySource: null, status: 'delivered', sender: SENDER, to: null, message: null, type: null, metadata: { order: 4711 }, createdAt: at('09:30:00.000'), settledAt: at('09:30:00.180'), expiresAt: null, attemptCount: 1, providerMessageId: WAMID, deliveredAt: at('09:30:01.000'), readAt: null, attempts: []
}
const queued = {
  ...sent, id: OTHER_ID, jobId: 'reminder-4711', idempotencyKey: 'reminder-4711', keySource: 'header', status: 'queued', to: '+1 555 010 4711', message: 'See you tomorrow', type: 'text', metadata: null, settledAt: null, expiresAt: '2026-02-01T09:30:00.000Z', attemptCount: 0, providerMessageId: null, ...waits
}
const batchRow = { httpStatus: 202, ...other, status: 'queued', queued: true, ...waits }

export const postMessage: Operation = {
  id: 'postMessage',
  tag: 'Messages',
  summary: 'Accepts a message: sends it at once, or queues it and tells for how long',
  description: 'Exactly one of `immediate`, `queued` and `duplicate` is true in every 2xx. After a 2xx the message ends as sent, failed, cancelled or expired, and `GET /messages/{id}` tells as which and why. After a time-out or a 5xx repeat the request with the same idempotency key: it can not be sent twice by that.',
  headers: ['Idempotency-Key', 'Prefer'],
  examples: {
    text: { summary: 'A text', body: { to: '+1 555 010 4711', message: 'Your order has left', idempotencyKey: 'order-4711', metadata: { order: 4711 } } },
    repeat: { summary: 'The same once more: a duplicate', body: { to: '+1 555 010 4711', message: 'Your order has left', idempotencyKey: 'order-4711', metadata: { order: 4711 } } },
    next: { summary: 'Another to the same recipient: it waits', body: { to: '+1 555 010 4711', message: 'It comes tomorrow', priority: 'urgent' } },
    template: {
      summary: 'A template in the bulk lane',
      body: { to: '+1 555 010 4712', message: { type: 'template', template: { name: 'hello_world', language: { code: 'en_US' } } }, type: 'template', priority: 'bulk', expiresInMs: 3_600_000 }
    },
    scheduled: { summary: 'At a moment', headers: { 'Idempotency-Key': 'reminder-4711' }, body: { to: '+1 555 010 4713', message: 'See you tomorrow', scheduledFor: '2099-01-31T09:30:00Z', expiresInMs: 2_592_000_000 } },
    later: { summary: 'Not within the request', headers: { Prefer: 'respond-async' }, body: { to: '+1 555 010 4714', message: 'No hurry', deduplicate: false } },
    rejected: { summary: 'Now or not at all', body: { to: '+1 555 010 4711', message: 'Only if you are free', whenLimited: 'reject' } },
    user: { summary: 'To a business-scoped user id', body: { recipient: 'US.13491208655302741918', message: 'Hello' } },
    refused: { summary: 'A number of the sandbox that WhatsApp refuses for good', body: { to: '+1 556 0 131026', message: 'Hello' } }
  },
  answers: {
    200: {
      is: 'Sent within the request, or a duplicate of which nothing is sent',
      schema: either(SentSchema, DuplicateSchema),
      headers: ['Idempotent-Replayed', 'RateLimit', 'RateLimit-Policy'],
      examples: {
        sent: { ...head, status: 'sent', immediate: true, providerMessageId: WAMID },
        duplicate: { ...sent, ...head, duplicate: true }
      }
    },
    202: {
      is: 'Accepted; it waits',
      schema: AcceptedSchema,
      headers: ['RateLimit', 'RateLimit-Policy'],
      examples: {
        queued: { ...other, status: 'queued', queued: true, ...waits },
        scheduled: { ...head, status: 'scheduled', queued: true, delayMs: 86_400_000, expectedAt: at('09:30:00.000'), position: 1, waitingFor: 'schedule' },
        retrying: { ...head, status: 'retrying', queued: true, error: deliveryError, nextRetryAt: at('09:31:00.412') }
      }
    }
  },
  errors: ['INVALID_RECIPIENT', 'RECIPIENT_IS_USER_ID', 'INVALID_KEY', 'SENDER_UNKNOWN', 'NOT_SENT_YET', 'IDEMPOTENCY_KEY_REUSED', 'RECIPIENT_OPTED_OUT', 'PROVIDER_REJECTED', 'LIMITED', 'RECIPIENT_QUEUE_FULL', 'BACKLOG_FULL', 'WOULD_EXPIRE']
}

export const postBatch: Operation = {
  id: 'postBatch',
  tag: 'Messages',
  summary: 'Accepts up to 1,000 messages, one answer each in the same order',
  description: 'Never sends within the request, and is not atomic as a whole. Each row is answered as POST /messages with `Prefer: respond-async` would answer it, its status as `httpStatus`.',
  headers: ['Idempotency-Key'],
  examples: {
    list: { summary: 'A list', body: [{ to: '+1 555 010 4721', message: 'Hello' }, { to: '+1 555 010 4722', message: 'Hello', priority: 'bulk' }] },
    object: {
      summary: 'An object, with a key for all; its second row is not valid',
      headers: { 'Idempotency-Key': 'campaign-7' },
      body: { messages: [{ to: '+1 555 010 4723', message: 'Hello' }, { to: '12', message: 'Hello' }] }
    }
  },
  answers: {
    207: {
      is: 'One answer for each row',
      schema: BatchAnswersSchema,
      examples: {
        mixed: {
          results: [batchRow, { httpStatus: 400, type: 'urn:sluice:error:INVALID_RECIPIENT', title: 'A recipient is 7 to 15 digits, with or without + - ( ) and spaces', status: 400, code: 'INVALID_RECIPIENT', field: 'to' }]
        }
      }
    }
  }
}

export const findMessages: Operation = {
  id: 'findMessages',
  tag: 'Messages',
  summary: 'Finds messages by recipient, key, WhatsApp\'s id or an entry of their metadata',
  description: 'At least one of `recipient`, `idempotencyKey`, `providerMessageId` and `tag`; given several, all have to fit. A `send` key finds its own messages only. What is older than `FIND_WITHIN_MS` is found by its idempotency key or not at all.',
  examples: {
    recipient: { summary: 'All for a recipient', query: { recipient: '+15550104711', limit: '10' } },
    key: { summary: 'By its key', query: { idempotencyKey: 'order-4711' } },
    tag: { summary: 'By what it is about', query: { tag: 'order:4711' } }
  },
  answers: { 200: { is: 'What was found, newest first', schema: MessagesSchema, examples: { found: { messages: [queued, sent] } } } },
  errors: ['SENDER_UNKNOWN', 'INVALID_RECIPIENT', 'RECIPIENT_IS_USER_ID']
}

export const findAllMessages: Operation = {
  id: 'findAllMessages',
  tag: 'Messages',
  summary: 'Finds messages of all senders, with what is looked for in the body',
  description: 'As GET /messages, for pages and programs behind a proxy that logs addresses: no telephone number stands in one.',
  examples: {
    recipient: { summary: 'All for a recipient', body: { recipient: '+1 555 010 4711', limit: 10 } },
    tag: { summary: 'By what it is about', body: { tag: 'order:4711' } }
  },
  answers: { 200: { is: 'What was found, newest first', schema: MessagesSchema, examples: { found: { messages: [queued, sent] } } } },
  errors: ['SENDER_UNKNOWN', 'INVALID_RECIPIENT', 'RECIPIENT_IS_USER_ID']
}

export const getMessage: Operation = {
  id: 'getMessage',
  tag: 'Messages',
  summary: 'Tells a message\'s state and story',
  description: 'A `send` key sees its own messages only.',
  examples: {
    key: { summary: 'By your own idempotency key', params: { id: 'order-4711' } },
    keyOfSender: { summary: 'By the key, with another sender than the first', params: { id: 'order-4711' }, query: { sender: SENDER } }
  },
  answers: { 200: { is: 'The message', schema: MessageSchema, examples: { sent, queued } } },
  errors: ['NOT_FOUND', 'SENDER_UNKNOWN']
}

export const cancelMessage: Operation = {
  id: 'cancelMessage',
  tag: 'Messages',
  summary: 'Takes a waiting message out',
  description: 'A `send` key cancels its own messages only. Those behind it move up.',
  examples: { key: { summary: 'By your own idempotency key', params: { id: 'reminder-4711' } } },
  answers: {
    200: { is: 'The message as it is now', schema: MessageSchema, examples: { cancelled: { ...sent, id: OTHER_ID, jobId: null, idempotencyKey: null, status: 'cancelled', metadata: null, attemptCount: 0, providerMessageId: null } } },
    204: { is: 'Cancelled; nothing more is known of it' }
  },
  errors: ['NOT_FOUND', 'SENDER_UNKNOWN', 'NOT_CANCELLABLE']
}
