/** The settings of a node in the matrix. */
import { DAILY } from './days.js'
import { HOLD } from './silence.js'
import type { Step } from './steps.js'
import { accountOf, HOOKS } from './webhooks.js'

export const LEASE_MS = 6000
export const INTERVAL_MS = 300
const settings = {
  WHATSAPP_RATE_LIMIT_MS: String(INTERVAL_MS),
  WHATSAPP_SENDER_RATE_PER_SECOND: '200',
  THROUGHPUT_POLL_MS: '0',
  WHATSAPP_RETRY_SCHEDULE_MS: '500,500,500,500,500',
  WHATSAPP_RETRY_INTERVAL_MS: '500',
  SEND_TIMEOUT_MS: '500',
  UNKNOWN_HOLD_MS: '1000',
  LEASE_MS: String(LEASE_MS),
  // A node that shuts down needs the time to reach its step.
  SHUTDOWN_GRACE_MS: '5000'
}

/** With those that its steps need. */
export function settingsOf (steps: Step[], sender: string): Record<string, string> {
  const needs = (name: 'hooks' | 'daily' | 'bulkHold' | 'windows' | 'templates'): boolean => steps.some(step => step[name] === true)
  return {
    ...settings,
    ...(needs('hooks') ? HOOKS : {}),
    ...(needs('daily') ? DAILY : {}),
    ...(needs('bulkHold') ? HOLD : {}),
    ...(needs('windows') ? { WINDOW_CHECK: 'true' } : {}),
    ...(needs('templates') ? { WHATSAPP_BUSINESS_ACCOUNT_ID: accountOf(sender), TEMPLATE_POLL_MS: '60000' } : {})
  }
}
