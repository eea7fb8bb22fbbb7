import { span } from './time.js'

/** Where a message stands, in a word or two. */
export const states = {
  scheduled: 'scheduled', queued: 'waits', sending: 'being sent', sent: 'taken by WhatsApp', delivered: 'on the phone', read: 'read', retrying: 'will be tried again', unknown: 'not known', failed: 'failed', cancelled: 'cancelled', expired: 'not sent in time'
}

export const tones = {
  scheduled: 'wait', queued: 'wait', sending: 'wait', sent: 'good', delivered: 'good', read: 'good', retrying: 'wait', unknown: 'wait', failed: 'bad', cancelled: 'bad', expired: 'bad'
}

/** What an attempt came to. */
export const outcomes = {
  sent: 'WhatsApp took it',
  retryable: 'WhatsApp did not take it, for a reason that passes',
  limited: 'WhatsApp asked for a rest; the message kept its place and used up no attempt',
  rejected: 'WhatsApp refused it for good',
  'sender-stopped': 'WhatsApp refused the sender as a whole; the message kept its place',
  unsent: 'It never left the gateway; it kept its place and used up no attempt',
  unknown: 'It went out, and no answer came back'
}

/** What a message, or a new one to this person, waits for. `rules` are the sender's. */
export function bound (by, rules) {
  const words = {
    'pair-rate': `this person may be written to once in ${span(rules?.pairIntervalMs ?? 0)}${(rules?.pairBurst ?? 1) > 1 ? `, ${rules.pairBurst} ahead of time` : ''}`,
    'sender-rate': `the sender is at its rate of ${rules?.perSecond ?? '?'} messages a second`,
    'turn-in-queue': 'others are before it in the line, or all places under way are taken',
    'cool-down': 'WhatsApp asked for a rest, or Redis was restarted',
    pause: 'the sender is paused',
    'sender-stopped': 'WhatsApp refuses all that this sender sends',
    schedule: 'the calling service set a later moment',
    retry: 'the retry schedule'
  }
  return words[by] ?? String(by)
}

/** What became of a retry, by the name of its count. */
export const retried = { succeeded: 'sent', failed: 'not taken again, a later retry follows', permanentlyFailed: 'refused for good', deferred: 'back in line until their turn' }

/** Why an answer did not come, and what to do: a sentence each. */
export function troubleOf (trouble) {
  switch (trouble.code || trouble.status) {
    case 0: return ['This node does not answer.', 'It may be down, or the network between. What is shown may be old. Messages that were accepted are safe in Redis; other nodes go on.']
    case 'SHUTTING_DOWN': return ['This node is closing.', 'Open the console again in a moment: another node takes over.']
    case 'UNAVAILABLE': return ['Redis is away or full.', 'Nothing goes and nothing is lost. If it lasts, call whoever runs the gateway.']
    case 'OVERLOADED': return ['This node is behind its work.', 'Try again in a moment.']
    case 'UNAUTHENTICATED': return ['The gateway does not know this key.', 'Check it for missing letters, or ask whoever runs the gateway.']
    case 'FORBIDDEN': return ['This key may not do that.', trouble.message]
    case 'NOT_RETRYABLE': return ['It is no failure any more, or is already on its way.', 'Look again.']
    case 'NOT_CANCELLABLE': return ['It can not be cancelled any more.', trouble.message]
    case 'NOT_FOUND': return ['Nothing is known of it.', 'Results are kept for a day as a rule, failures for a month.']
    case 'INVALID_RECIPIENT':
    case 'RECIPIENT_IS_USER_ID': return ['That is no telephone number.', 'A number has 7 to 15 digits, with its country code.']
    default: return [trouble.title === '' ? 'The gateway could not do that.' : `${trouble.title}.`, trouble.message === trouble.title ? '' : trouble.message]
  }
}
