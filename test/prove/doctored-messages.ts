/** Histories that violate one of sentences 1 to 17. */
import {
  arrived, ended, granted, insteadOfB, isOf, NODE, operated, outage, PAIR, postedWith, refused, responded, sendOf, sent, sound, status, strict,
  trouble, unanswered, withCircuit, withPolicy, without, type Doctored
} from './doctored.js'

const reset = { outcome: 'reset' }

export const aboutMessages: Doctored[] = [
  { what: 'two ids for one key', sentence: 1, facts: [...sound, responded('b', 60, { id: '8.other' })] },
  { what: 'two messages at the provider for one key', sentence: 1, facts: [...sound, arrived('b', 4000, 1, { opaque: 'other.1' })] },
  {
    what: 'a repeat of an accepted message that is refused',
    sentence: 1,
    facts: [...sound, { fact: 'responded', at: 70, askedAt: 60, key: 'b', status: 400 }]
  },
  { what: 'an accepted message that is not found', sentence: 2, facts: without(isOf('b', 'ended')) },
  { what: 'messages that stay unsettled', sentence: 3, facts: [...sound, { fact: 'over', at: 90_000, unsettled: 2 }] },
  { what: 'a message that is still queued', sentence: 3, facts: insteadOfB(ended('b', 'queued')) },
  { what: 'a history without an end', sentence: 3, facts: without(({ fact }) => fact === 'over') },
  { what: 'a message that is reported as sent and never arrived', sentence: 4, facts: without(sendOf('b')) },
  {
    what: 'a message that a webhook reported as failed and that is still sent',
    sentence: 4,
    facts: [...sound, status('b', 1500, 'failed', { code: 131000 })]
  },
  {
    what: 'a message that failed although its node read the acceptance and lived on',
    sentence: 5,
    facts: withPolicy(insteadOfB(...sent('b', 1010), ended('b', 'failed', 'unknown')))
  },
  {
    what: 'a message that failed although a webhook had said that it was delivered',
    sentence: 5,
    facts: withPolicy(insteadOfB(...unanswered('b', 1010), status('b', 1500, 'delivered'), ended('b', 'failed', 'unknown')))
  },
  {
    what: 'a message that failed although its node had read the acceptance before its lease ended, while its recipient was erased',
    sentence: 5,
    rules: strict,
    facts: withPolicy(insteadOfB(...sent('b', 1010), operated('erase', 1020, { pair: PAIR }), ended('b', 'failed', 'unknown')))
  },
  {
    what: 'a message that failed although a webhook had said that it was delivered, before its recipient was erased',
    sentence: 5,
    facts: withPolicy(insteadOfB(
      ...unanswered('b', 1010), status('b', 1500, 'delivered'), operated('erase', 1600, { pair: PAIR }), ended('b', 'failed', 'unknown')
    ))
  },
  {
    what: 'an expired message that had been accepted',
    sentence: 5,
    facts: [...without(isOf('b', 'ended')), { ...ended('b', 'expired'), settledAt: 86_400_100 }]
  },
  {
    what: 'a message that failed after one refusal',
    sentence: 6,
    rules: strict,
    facts: insteadOfB(...refused('b', 1010, 1, 131000), ended('b', 'failed', 'retryable'))
  },
  {
    what: 'a message that failed after a grant that its running node never used',
    sentence: 6,
    rules: strict,
    facts: withPolicy(insteadOfB(...refused('b', 1010, 1, 131000), granted('b', 2500, 2), ended('b', 'failed', 'retryable', 'unknown')))
  },
  {
    what: 'a refusal that the running node held during an outage, given up as unknown',
    sentence: 6,
    rules: strict,
    facts: withPolicy(insteadOfB(
      ...refused('b', 1010, 1, 131000), trouble('redis', 1020, 12_000), { ...ended('b', 'failed', 'unknown'), settledAt: 15_300 }
    ))
  },
  {
    what: 'a limit that the running node held during an outage, given up as unknown',
    sentence: 6,
    rules: strict,
    facts: withPolicy(insteadOfB(
      ...refused('b', 1010, 1, 131056), trouble('redis', 1020, 12_000), { ...ended('b', 'failed', 'unknown'), settledAt: 15_300 }
    ))
  },
  {
    what: 'an unknown outcome that failed with the policy to retry',
    sentence: 6,
    rules: strict,
    facts: insteadOfB(...unanswered('b', 1010, 1, reset), ended('b', 'failed', 'unknown'))
  },
  { what: 'a cancelled message that no caller cancelled', sentence: 7, facts: insteadOfB(ended('b', 'cancelled')) },
  {
    what: 'a message that expired too soon',
    sentence: 7,
    facts: postedWith({ expiresInMs: 5000 }, insteadOfB({ ...ended('b', 'expired'), settledAt: 3000 }))
  },
  {
    what: 'a message that starts after its cancellation',
    sentence: 8,
    facts: [...sound, operated('cancel', 900, { key: 'b' })]
  },
  { what: 'a read message that no webhook reported', sentence: 9, facts: [...without(isOf('b', 'ended')), ended('b', 'read')] },
  { what: 'a delivered message that is still sent', sentence: 9, facts: [...sound, status('b', 1500, 'delivered')] },
  {
    what: 'a message to another recipient',
    sentence: 10,
    facts: insteadOfB(...sent('b', 1010, 1, { pair: '8/15559999' }), ended('b', 'sent'))
  },
  {
    what: 'a message that refers to another message than it should',
    sentence: 10,
    facts: postedWith({ quotes: 'a' }, insteadOfB(...sent('b', 1010, 1, { quotes: 'wamid.x' }), ended('b', 'sent')))
  },
  {
    what: 'a message accepted twice although its node read the acceptance',
    sentence: 11,
    facts: [...sound, ...sent('b', 6000, 2), ended('b', 'sent', 'unknown', 'sent')]
  },
  {
    what: 'a message accepted again after a webhook had said that it was delivered',
    sentence: 11,
    facts: insteadOfB(...unanswered('b', 1010), status('b', 1500, 'delivered'), ...sent('b', 6000, 2), ended('b', 'delivered', 'unknown', 'sent'))
  },
  {
    what: 'a message sent again, and refused, after a webhook had said that it was sent',
    sentence: 12,
    facts: insteadOfB(
      ...unanswered('b', 1010), status('b', 1500, 'sent'), ...refused('b', 6000, 2, 131000), ended('b', 'sent', 'unknown', 'retryable')
    )
  },
  {
    what: 'a message accepted twice though its policy is to fail',
    sentence: 13,
    facts: withPolicy(insteadOfB(...unanswered('b', 1010), ...sent('b', 6000, 2), ended('b', 'sent', 'unknown', 'sent')))
  },
  {
    what: 'a message sent again after a reset though its policy is to fail',
    sentence: 14,
    facts: withPolicy(insteadOfB(...unanswered('b', 1010, 1, reset), ...sent('b', 6000, 2), ended('b', 'sent', 'unknown', 'sent')))
  },
  {
    what: 'an attempt counted that was never made',
    sentence: 15,
    facts: [...without(isOf('a', 'ended')), ended('a', 'sent', 'retryable', 'sent')]
  },
  {
    what: 'an attempt that was used up while WhatsApp was down',
    sentence: 15,
    rules: withCircuit,
    facts: [
      ...insteadOfB(...refused('b', 10_000, 1, 131016), ...sent('b', 14_000, 2), ended('b', 'sent', 'retryable', 'sent')), ...outage
    ]
  },
  {
    what: 'a refused attempt that was made again without an outage',
    sentence: 15,
    rules: withCircuit,
    facts: insteadOfB(...refused('b', 1010, 1, 131016), ...sent('b', 3000), ended('b', 'sent'))
  },
  {
    what: 'a pair limit that used up an attempt',
    sentence: 15,
    facts: insteadOfB(...refused('b', 1010, 1, 131056), ...sent('b', 9000, 2), ended('b', 'sent', 'limited', 'sent'))
  },
  {
    what: 'a pair limit that ended as unknown although its node lived on',
    sentence: 15,
    facts: insteadOfB(...refused('b', 1010, 1, 131056), ...sent('b', 9000, 2), ended('b', 'sent', 'unknown', 'sent'))
  },
  {
    what: 'a second attempt whose history lacks the first',
    sentence: 16,
    facts: insteadOfB(...unanswered('b', 1010, 1, reset), ...sent('b', 6000, 2), ended('b', 'sent'))
  },
  {
    what: 'more attempts than the schedule has',
    sentence: 17,
    rules: strict,
    facts: insteadOfB(
      ...[1, 2, 3, 4, 5, 6].flatMap(attempt => refused('b', attempt * 10_000, attempt, 131000)),
      ...sent('b', 71_000, 7),
      ended('b', 'sent', 'retryable', 'retryable', 'retryable', 'retryable', 'retryable', 'retryable', 'sent')
    )
  },
  {
    what: 'a failed message whose node ended long after it had read the acceptance',
    sentence: 5,
    facts: withPolicy(insteadOfB(...sent('b', 1010), trouble('process', 9000, Infinity, NODE), ended('b', 'failed', 'unknown')))
  }
]
