import { span } from './time.js'

/** Message states in one or two words. */
export const states = {
  scheduled: 'scheduled',
  queued: 'queued',
  sending: 'in flight',
  sent: 'sent',
  delivered: 'delivered',
  read: 'read',
  retrying: 'retry scheduled',
  unknown: 'unknown',
  failed: 'failed',
  cancelled: 'cancelled',
  expired: 'expired'
}

export const tones = {
  scheduled: 'wait',
  queued: 'wait',
  sending: 'wait',
  sent: 'good',
  delivered: 'good',
  read: 'good',
  retrying: 'wait',
  unknown: 'wait',
  failed: 'bad',
  cancelled: 'bad',
  expired: 'bad'
}

/** Outcomes of an attempt. */
export const outcomes = {
  sent: 'accepted by WhatsApp',
  retryable: 'failed for a transient reason',
  limited: 'rate limited by WhatsApp; the message keeps its place and its attempt',
  rejected: 'rejected by WhatsApp',
  'sender-stopped': 'WhatsApp rejected the sender; the message keeps its place',
  unsent: 'not started; the message keeps its place and its attempt',
  unknown: 'sent, but no response arrived'
}

/** Why a message waits, as text. `rules` are the sender's. */
export function waitReason (waitingFor, rules) {
  const texts = {
    'pair-rate': `one message per person in ${span(rules?.pairIntervalMs ?? 0)}${(rules?.pairBurst ?? 1) > 1 ? `, burst ${rules.pairBurst}` : ''}`,
    'sender-rate': `the sender is at its limit of ${rules?.perSecond ?? '?'} messages per second`,
    'turn-in-queue': 'other messages are before it, or too many are in flight',
    'cool-down': 'WhatsApp asked to slow down, or Redis was restarted',
    pause: 'the sender is paused',
    'sender-stopped': 'WhatsApp rejects all messages of this sender',
    schedule: 'the caller scheduled it for later',
    retry: 'the retry schedule'
  }
  return texts[waitingFor] ?? String(waitingFor)
}

/** Results of a retry, by the name of the count. */
export const retried = { succeeded: 'sent', failed: 'failed again, retry scheduled', permanentlyFailed: 'failed for good', deferred: 'queued' }

/** What went wrong and what to do: one text each. */
export function explainError (error) {
  switch (error.code || error.status) {
    case 0:
      return [
        'This node does not respond.',
        'The node or the network is down, and this page may be outdated. Accepted messages are safe in Redis; other nodes continue.'
      ]
    case 'SHUTTING_DOWN':
      return ['This node is shutting down.', 'Reload the console in a moment: another node takes over.']
    case 'UNAVAILABLE':
      return ['Redis is unavailable or full.', 'Nothing is sent and nothing is lost. If it lasts, contact the operators of the gateway.']
    case 'OVERLOADED':
      return ['This node is overloaded.', 'Try again in a moment.']
    case 'UNAUTHENTICATED':
      return ['This API key is not valid.', 'Check the key, or ask the operators of the gateway for one.']
    case 'FORBIDDEN':
      return ['This API key does not permit this.', error.message]
    case 'NOT_RETRYABLE':
      return ['It is no longer a failure, or a retry is in flight.', 'Refresh the page.']
    case 'NOT_CANCELLABLE':
      return ['It can no longer be cancelled.', error.message]
    case 'NOT_FOUND':
      return ['Not found.', 'Results are kept for one day by default, failures for 30 days.']
    case 'INVALID_RECIPIENT':
    case 'RECIPIENT_IS_USER_ID': return ['Not a phone number.', 'A phone number has 7 to 15 digits including the country code.']
    default: return [error.title === '' ? 'The request failed.' : `${error.title}.`, error.message === error.title ? '' : error.message]
  }
}
