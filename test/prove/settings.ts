/** The senders, callers and settings of every soak. */
import { LEASE_GRACE_MS } from '../../src/recovery/recover.js'
import { CALLBACK_SECRET } from '../support/receiver.js'
import type { Rules } from './history.js'
import { CALLBACK_TIMEOUT_MS } from './model.js'
import { APP_SECRET } from './whatsapp.js'

const LEASE_MS = 8000
/** Until recovery takes over what a dead node was sending. */
export const LEASE_END_MS = LEASE_MS + LEASE_GRACE_MS
export const senders = ['800001', '800002', '800003']
/** Removed from the senders' file and added again, time after time. */
export const CHANGING = '800004'
/** Writes to so many people a day. */
export const DAILY = { sender: '800005', people: 5 }
const retriesMs = [500, 1000, 2000, 4000, 4000]
/** Of all messages, by the callers that are not the operator. As fast as `crm` may post, on average. */
export const shares: Record<string, number> = { shop: 0.25, crm: 0.075 }
/** The settings of every soak. */
export const rules: Rules = {
  intervalMs: 1000,
  startWithinMs: 250,
  perSecond: 40,
  retriesMs,
  leaseMs: LEASE_END_MS,
  callbacks: true,
  circuit: { recipients: 5, tailMs: 10_000 },
  senders: { [CHANGING]: { intervalMs: 1500, burst: 2 } },
  callers: {
    shop: { perSecond: Infinity, burst: Infinity, backlog: Infinity },
    crm: { perSecond: 6, burst: 4, backlog: 10 }
  },
  changing: [CHANGING],
  daily: DAILY
}
export const settings = {
  WHATSAPP_RATE_LIMIT_MS: String(rules.intervalMs),
  WHATSAPP_SENDER_RATE_PER_SECOND: String(rules.perSecond),
  WHATSAPP_RETRY_SCHEDULE_MS: retriesMs.join(','),
  WHATSAPP_RETRY_INTERVAL_MS: '1000',
  WHATSAPP_APP_SECRET: APP_SECRET,
  CALLBACK_SECRET,
  CALLBACK_TIMEOUT_MS: String(CALLBACK_TIMEOUT_MS),
  CALLBACK_RETRY_MS: '500',
  SEND_TIMEOUT_MS: '2000',
  UNKNOWN_HOLD_MS: '3000',
  LEASE_MS: String(LEASE_MS),
  SHUTDOWN_GRACE_MS: '3000',
  INLINE_WAIT_MS: '1000',
  // Probes every 2 s at least, and three stages of half a second: an outage is over 10 s after its end.
  CIRCUIT_RECIPIENTS: '5',
  CIRCUIT_PROBE_MS: '500',
  CIRCUIT_PROBE_MOST_MS: '2000',
  CIRCUIT_STAGE_MS: '500',
  BULK_HOLD_MS: '3600000'
}
