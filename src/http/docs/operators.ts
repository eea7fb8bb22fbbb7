import { AuditSchema } from '../schemas/audit.js'
import { ClearedSchema, ErasedSchema, RateLimitSchema } from '../schemas/rate-limit.js'
import { RulesSchema, SenderSchema, SendersSchema } from '../schemas/sender.js'
import { QueueStatsSchema, StatsSchema } from '../schemas/stats.js'
import { RetryWorkerStatusSchema } from '../schemas/worker.js'
import type { Operation } from './operation.js'
import { at, ID, SENDER } from './samples.js'

const rules = { pairIntervalMs: 2000, pairBurst: 1, perSecond: 80, maxInFlight: 500, version: 1 }
const failures = { pending: 2, resolved: 7, failed: 1 }
const sender = {
  id: SENDER, state: 'active', reason: null, resumesAt: null, rules, queued: 12, due: 3, inFlight: 4, scheduled: 1, unknown: 0, failures, sentLast24h: 5120, activeRateLimits: 9, unsettled: 19, oldestDueSeconds: 0.12, hasWorker: true
}
const queue = { waiting: 3, active: 4, delayed: 12, completed: 5120, failed: 1, paused: 0 }
const worker = {
  isRunning: true, intervalMs: 120_000, lastRunAt: at('09:30:00.000'), lastResult: { total: 3, succeeded: 2, failed: 1, permanentlyFailed: 0, deferred: 0 }, nextRunAt: at('09:32:00.000'), stoppedBy: null
}
const rateLimit = {
  recipient: '+15550104711', sender: SENDER, rule: { intervalMs: 2000, burst: 1 }, delayMs: 1948, nextSlotAt: at('09:30:01.948'), waitingFor: 'pair-rate', waiting: { urgent: 0, normal: 1, bulk: 0 }, sending: false, limited: true
}
const id = { summary: 'The default sender', params: { id: SENDER } }
const recipientErrors = ['INVALID_RECIPIENT', 'RECIPIENT_IS_USER_ID', 'SENDER_UNKNOWN'] as const

export const getRateLimit: Operation = {
  id: 'getRateLimit',
  tag: 'Rate limits',
  summary: 'Tells a recipient\'s rule, who waits, and when a new message would go',
  examples: { normal: { summary: 'For a message in the normal lane', params: { recipient: '+15550104711' } }, bulk: { summary: 'In the bulk lane', params: { recipient: '+15550104711' }, query: { priority: 'bulk' } } },
  answers: { 200: { is: 'The recipient\'s pace', schema: RateLimitSchema, examples: { limited: rateLimit } } },
  errors: recipientErrors
}

export const findRateLimit: Operation = {
  id: 'findRateLimit',
  tag: 'Rate limits',
  summary: 'Tells the same, with the recipient in the body',
  description: 'For pages and programs behind a proxy that logs addresses: no telephone number stands in one.',
  examples: { normal: { summary: 'For a message in the normal lane', body: { recipient: '+15550104711' } } },
  answers: { 200: { is: 'The recipient\'s pace', schema: RateLimitSchema, examples: { limited: rateLimit } } },
  errors: recipientErrors
}

export const clearRateLimit: Operation = {
  id: 'clearRateLimit',
  tag: 'Rate limits',
  summary: 'Forgets a recipient\'s pace, so that what waits may go at once',
  examples: { one: { summary: 'A recipient', params: { recipient: '+15550104711' } } },
  answers: { 200: { is: 'Whether there was one', schema: ClearedSchema, examples: { cleared: { recipient: '+15550104711', sender: SENDER, cleared: true } } } },
  errors: recipientErrors
}

export const eraseRecipient: Operation = {
  id: 'eraseRecipient',
  tag: 'Recipients',
  summary: 'Erases what is held about a recipient, for all senders or one',
  description: 'Messages that wait are cancelled first, unknown outcomes given up; then results, failures, the look-up index and the pace are forgotten. That a message was, and how it ended, stays under its key for as long as the key is remembered, so that a repeat is not sent; it tells no recipient, content, metadata or WhatsApp\'s id. May be repeated at any time, and has to be after 202.',
  examples: { all: { summary: 'Of all senders', params: { recipient: '+15550104711' } } },
  answers: {
    200: { is: 'Nothing is left', schema: ErasedSchema, examples: { all: { complete: true, erased: { waiting: 2, results: 5, failures: 1 }, remaining: [] } } },
    202: { is: 'Messages that are under way remain: repeat when they have ended', schema: ErasedSchema, examples: { remains: { complete: false, erased: { waiting: 0, results: 5, failures: 0 }, remaining: [ID] } } }
  },
  errors: recipientErrors
}

export const getStats: Operation = {
  id: 'getStats',
  tag: 'Counts',
  summary: 'Counts of throttling, delivery failures and queue, and of each sender',
  examples: {},
  answers: {
    200: {
      is: 'The counts', schema: StatsSchema, examples: { stats: { throttling: { activeRateLimits: 9 }, deliveryFailures: failures, queue, senders: [sender] } }
    }
  }
}

export const getQueueStats: Operation = {
  id: 'getQueueStats',
  tag: 'Counts',
  summary: 'Counts of the queue in Bull\'s words',
  examples: {},
  answers: { 200: { is: 'The counts', schema: QueueStatsSchema, examples: { counts: { queue: 'WHATSAPP', ...queue } } } }
}

export const getRetryWorker: Operation = {
  id: 'getRetryWorker',
  tag: 'Retry worker',
  summary: 'Tells whether the retry worker runs, and what it last did',
  examples: {},
  answers: { 200: { is: 'The retry worker of all nodes', schema: RetryWorkerStatusSchema, examples: { running: worker } } }
}

export const stopRetryWorker: Operation = {
  id: 'stopRetryWorker',
  tag: 'Retry worker',
  summary: 'Stops the retry worker on all nodes, until somebody starts it',
  examples: {},
  answers: { 200: { is: 'Stopped', schema: RetryWorkerStatusSchema, examples: { stopped: { ...worker, isRunning: false, nextRunAt: null, stoppedBy: 'operator' } } } }
}

export const startRetryWorker: Operation = {
  id: 'startRetryWorker',
  tag: 'Retry worker',
  summary: 'Starts the retry worker on all nodes',
  examples: {},
  answers: { 200: { is: 'Started', schema: RetryWorkerStatusSchema, examples: { running: worker } } }
}

export const listSenders: Operation = {
  id: 'listSenders',
  tag: 'Senders',
  summary: 'Tells each sender\'s state, counts and rules',
  examples: {},
  answers: { 200: { is: 'All senders', schema: SendersSchema, examples: { one: { senders: [sender] } } } }
}

export const pauseSender: Operation = {
  id: 'pauseSender',
  tag: 'Senders',
  summary: 'Closes a sender, for a time or until it is resumed',
  description: 'What waits keeps its place; nothing under way is called back.',
  examples: { minute: { ...id, summary: 'For a minute', body: { forMs: 60_000 } }, open: { ...id, summary: 'Until somebody resumes', body: {} } },
  answers: { 200: { is: 'The sender, paused', schema: SenderSchema, examples: { paused: { ...sender, state: 'paused', reason: 'operator', resumesAt: at('09:31:00.000') } } } },
  errors: ['SENDER_UNKNOWN']
}

export const resumeSender: Operation = {
  id: 'resumeSender',
  tag: 'Senders',
  summary: 'Opens a sender, whoever or whatever closed it',
  examples: { one: id },
  answers: { 200: { is: 'The sender, open', schema: SenderSchema, examples: { open: sender } } },
  errors: ['SENDER_UNKNOWN']
}

export const changeQuota: Operation = {
  id: 'changeQuota',
  tag: 'Senders',
  summary: 'Changes a sender\'s rules',
  description: 'What is left out stays. It governs from the next grant, on all nodes, until it is changed again or a start has new settings.',
  examples: { slower: { ...id, summary: 'A slower pace for each recipient', body: { pairIntervalMs: 6000 } } },
  answers: { 200: { is: 'The rules as they are now', schema: RulesSchema, examples: { slower: { ...rules, pairIntervalMs: 6000, version: 2 } } } },
  errors: ['SENDER_UNKNOWN']
}

export const listAudit: Operation = {
  id: 'listAudit',
  tag: 'Audit',
  summary: 'Tells who retried, cancelled, acknowledged, cleared, paused and changed what',
  examples: { latest: { summary: 'The latest ten', query: { limit: '10' } } },
  answers: {
    200: { is: 'What was done by hand, newest first', schema: AuditSchema, examples: { one: { entries: [{ at: at('09:30:00.000'), by: 'operator', action: 'retry', sender: SENDER, subject: ID, detail: 'succeeded' }] } } }
  }
}
