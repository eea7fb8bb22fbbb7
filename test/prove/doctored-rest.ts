/** Histories that violate one of sentences 29 to 42. */
import type { Fact, Rules } from './history.js'
import {
  blocked, calledBack, ended, insteadOfB, isOf, keyLeft, NODE, ofTemplate, operated, PAIR, posted, refused, responded, sent, sound, status, strict,
  templatesRead, without,
  type Doctored
} from './doctored.js'

const calling: Rules = { ...strict, callbacks: true }
/** All callbacks of the sound history. */
const called: Fact[] = [...sound, calledBack('a', 40, 'sent'), calledBack('b', 1100, 'sent')]
const failed: Fact[] = insteadOfB(...refused('b', 1010, 1, 131026), ended('b', 'failed', 'rejected'))
const counted = (name: string, value: number): Fact => ({ fact: 'counted', source: 'stats', name, sender: '8', value })

export const aboutTheRest: Doctored[] = [
  { what: 'a start while its sender is paused', sentence: 29, facts: [...sound, operated('pause', 600), operated('resume', 5000)] },
  {
    what: 'a start while its sender is paused, when Redis lost what concerned another one',
    sentence: 29,
    facts: [
      ...sound, operated('pause', 600), operated('resume', 5000), { fact: 'lost-writes', from: 590, at: 700, ids: [], pairs: [], senders: ['9'] }
    ]
  },
  {
    what: 'a start while its sender is paused, long after a request to resume got no response',
    sentence: 29,
    facts: [...sound, operated('resume', -5000, { http: 0 }), operated('pause', 600), operated('resume', 5000)]
  },
  {
    what: 'marketing that starts after an opt-out',
    sentence: 30,
    facts: [...sound.map(fact => isOf('b', 'posted')(fact) ? posted('b', 40, { isMarketing: true }) : fact), operated('opt-out', 500, { pair: PAIR })]
  },
  {
    what: 'a key that names a recipient who was erased',
    sentence: 31,
    facts: [...sound, operated('erase', 600, { pair: '8/15557777' }), keyLeft('{p:8}:completed', { names: ['15557777'] })]
  },
  { what: 'a webhook that is refused', sentence: 32, facts: [...sound, status('b', 1500, 'sent', { http: 401 })] },
  { what: 'a webhook that is never taken', sentence: 32, facts: [...sound, status('b', 1500, 'sent', { http: 503 })] },
  { what: 'a message without a callback', sentence: 33, rules: calling, facts: called.slice(0, -1) },
  {
    what: 'a delivery that is not called back',
    sentence: 33,
    rules: calling,
    facts: [...called.filter(fact => !isOf('b', 'ended')(fact)), status('b', 1500, 'delivered'), ended('b', 'delivered')]
  },
  {
    what: 'a callback that is posted before the one before it was accepted',
    sentence: 34,
    rules: calling,
    facts: [
      ...called.slice(0, -1).filter(fact => !isOf('b', 'ended')(fact)), status('b', 1050, 'delivered'), ended('b', 'delivered'),
      calledBack('b', 1100, 'sent', { status: 503 }), calledBack('b', 1200, 'delivered'), calledBack('b', 1300, 'sent', { changedAt: 1090 })
    ]
  },
  {
    what: 'a change that is called back under two ids',
    sentence: 34,
    rules: calling,
    facts: [...called, calledBack('b', 1300, 'sent', { id: 'b_sent_2' })]
  },
  {
    what: 'a state that falls',
    sentence: 34,
    rules: calling,
    facts: [...called.slice(0, -1), status('b', 1050, 'delivered'), calledBack('b', 1100, 'delivered'), calledBack('b', 1300, 'sent')]
  },
  {
    what: 'a repeated callback with other content',
    sentence: 35,
    rules: calling,
    facts: [...called, calledBack('b', 1300, 'sent', { body: 'other' })]
  },
  { what: 'a callback of a message that no caller posted', sentence: 35, rules: calling, facts: [...called, calledBack('z', 1300, 'sent')] },
  {
    what: 'a callback that comes a minute late',
    sentence: 36,
    rules: calling,
    facts: [...called.slice(0, -1), calledBack('b', 62_000, 'sent', { changedAt: 1100 })]
  },
  {
    what: 'a callback that comes later than the lease of a node that was frozen',
    sentence: 36,
    rules: calling,
    facts: [...called.slice(0, -1), calledBack('b', 45_000, 'sent', { changedAt: 1100 }), { fact: 'frozen', node: NODE, from: 1200, to: 44_000 }]
  },
  { what: 'a failure that is not counted', sentence: 37, facts: [...failed, counted('failed', 0)] },
  { what: 'a message that is counted as sent twice', sentence: 37, rules: calling, facts: [...called, counted('sent', 3)] },
  { what: 'something that waits at the end', sentence: 37, facts: [...sound, counted('waiting', 1)] },
  { what: 'a failure that is not listed', sentence: 38, facts: [...failed, { fact: 'listed', list: 'failed', sender: '8', ids: [] }] },
  {
    what: 'a success that is listed as a failure',
    sentence: 38,
    facts: [...sound, { fact: 'listed', list: 'resolved', sender: '8', ids: ['8.a'] }]
  },
  {
    what: 'a message that is not found by its recipient',
    sentence: 38,
    facts: [...sound, { fact: 'listed', list: 'recipient', sender: '8', pair: PAIR, ids: ['8.a'] }]
  },
  { what: 'a key that no page describes', sentence: 39, facts: [...sound, keyLeft('{p:8}:other', { row: null })] },
  { what: 'an outbox that is not empty', sentence: 39, facts: [...sound, keyLeft('{p:8}:outbox', { size: 12 })] },
  { what: 'a result without an end', sentence: 39, facts: [...sound, keyLeft('{p:8}:msg:x', { row: '{wa:<sender>}:msg:<digest>' })] },
  {
    what: 'a queue of jobs that grows',
    sentence: 39,
    facts: [...sound, keyLeft('{p}:WHATSAPP-drain:wait', { row: '{wa}:WHATSAPP-drain:*', size: 500 })]
  },
  {
    what: 'a node that met an unexpected error',
    sentence: 40,
    facts: [...without(), { fact: 'node-failed', node: '77', text: 'unexpected error' }]
  },
  {
    what: 'a lost write about another message',
    sentence: 2,
    facts: [...without(isOf('b', 'ended')), { fact: 'lost-writes', from: 0, at: 10, ids: ['other'], pairs: [], senders: [] }]
  },
  {
    what: 'too close a start of a message that Redis lost a write about',
    sentence: 18,
    facts: [
      ...insteadOfB(...sent('b', 910), ended('b', 'sent')), { fact: 'lost-writes', from: 0, at: 10, ids: ['b'], pairs: [PAIR], senders: [] }
    ]
  },
  {
    what: 'a message of a template that WhatsApp pauses, as the gateway knows',
    sentence: 41,
    facts: [...ofTemplate(insteadOfB(...refused('b', 1010, 1, 132015), ...sent('b', 9000), ended('b', 'sent'))), ...blocked(900, 20_000)]
  },
  {
    what: 'a message of a disabled template that failed before that',
    sentence: 6,
    rules: strict,
    facts: [
      ...ofTemplate(insteadOfB(...refused('b', 1010, 1, 132015), { ...ended('b', 'failed'), settledAt: 3000 })), ...blocked(4000, 20_000, 'DISABLED')
    ]
  },
  {
    what: 'a message of a disabled template that failed after that was read as approved',
    sentence: 6,
    rules: strict,
    facts: [
      ...sound, ...blocked(900, 20_000, 'DISABLED'), templatesRead(60_000), templatesRead(120_000),
      posted('c', 200_000, { template: 'order_ready' }), responded('c', 200_010), { ...ended('c', 'failed'), settledAt: 201_000 }
    ]
  },
  {
    what: 'a message that waits for minutes after its template was approved',
    sentence: 42,
    rules: strict,
    facts: [...ofTemplate(insteadOfB(...refused('b', 1010, 1, 132015), ...sent('b', 200_000), ended('b', 'sent'))), ...blocked(900, 20_000)]
  }
]
