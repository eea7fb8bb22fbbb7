/** Histories that look like violations and are none. */
import {
  acceptedAgain, answered, arrived, blocked, calledBack, checked, ended, granted, insteadOfB, isOf, keyLeft, LOST, NODE, ofTemplate, operated,
  outage, PAIR, posted, refused, responded, rules, sendOf, sent, sound, startedAgain, status, strict, templatesRead, trouble, unanswered, unstarted,
  withCircuit, without, withPolicy, written
} from './doctored.js'
import type { Fact, Rules } from './history.js'
import type { Figures } from './judge.js'

const bounce: Fact = { fact: 'bounced', at: 1500, key: 'b', opaque: 'b.1' }
/** `figure`: of the judgement, which is 1. */
export interface Allowed { what: string, facts: Fact[], rules?: Rules, figure?: keyof Figures }

export const allowed: Allowed[] = [
  { what: 'a correct history', facts: sound },
  {
    what: 'a message that an earlier one brought forward when it left the queue',
    facts: [
      ...without(isOf('b', 'responded')), responded('b', 50, { delayMs: 1960, waitingFor: 'pair-rate' }),
      posted('x', 35, { expiresInMs: 500 }), responded('x', 38), { ...ended('x', 'expired'), settledAt: 600 }
    ]
  },
  {
    what: 'a message that is made again under its number while WhatsApp is down, and waits for the end of the outage',
    rules: withCircuit,
    facts: [...insteadOfB(...refused('b', 10_000, 1, 131016), ...sent('b', 19_000), ended('b', 'sent')), ...outage]
  },
  {
    what: 'a message that was accepted, reported as failed, and sent again',
    facts: [...sound, bounce, ...sent('b', 3000, 2), ended('b', 'sent', 'retryable', 'sent')]
  },
  {
    what: 'a message sent twice after an unknown outcome, as its policy allows',
    figure: 'doubledAsAllowed',
    facts: insteadOfB(...unanswered('b', 1010), ...sent('b', 6000, 2), ended('b', 'sent', 'unknown', 'sent'))
  },
  {
    what: 'a message sent twice whose node ended before it could write the acceptance',
    figure: 'doubledAsAllowed',
    facts: insteadOfB(...sent('b', 1010), trouble('process', 1900, Infinity, NODE), ...sent('b', 16_000, 2), ended('b', 'sent', 'unknown', 'sent'))
  },
  {
    what: 'a message sent again while a webhook of its first attempt was under way',
    figure: 'doubledAsAllowed',
    facts: insteadOfB(...unanswered('b', 1010), ...sent('b', 6000, 2), status('b', 5900, 'sent'), ended('b', 'sent', 'unknown', 'sent'))
  },
  {
    what: 'a message that was given up as unknown, and sent again when an operator retried it minutes later',
    rules: strict,
    facts: withPolicy(insteadOfB(
      ...unanswered('b', 1010), operated('retry', 200_000, { key: 'b' }), ...sent('b', 200_100, 2), ended('b', 'sent', 'unknown', 'sent')
    ))
  },
  {
    what: 'a message whose attempts were used up, and that an operator retried minutes later',
    rules: strict,
    facts: insteadOfB(
      ...[1010, 4000, 8000, 14_000, 24_000, 34_000].flatMap((at, i) => refused('b', at, i + 1, 131000)), operated('retry', 300_000, { key: 'b' }),
      ...sent('b', 300_100, 7), ended('b', 'sent', ...Array<string>(6).fill('retryable'), 'sent')
    )
  },
  {
    what: 'a message that failed after it was given up as unknown',
    rules: strict,
    figure: 'failed',
    facts: withPolicy(insteadOfB(...unanswered('b', 1010), ended('b', 'failed', 'unknown')))
  },
  {
    what: 'proof of a message whose unknown outcome an erasure had ended',
    figure: 'failed',
    facts: insteadOfB(
      ...unanswered('b', 1010), operated('erase', 1400, { pair: PAIR }), status('b', 1500, 'sent', { http: 503 }), status('b', 1700, 'sent'),
      ended('b', 'failed')
    )
  },
  {
    what: 'a message that a limit sent back into its queue while its caller waited',
    rules: strict,
    facts: [
      ...insteadOfB(...refused('b', 1010, 1, 130429), ...sent('b', 3010), ended('b', 'sent'))
        .map(fact => isOf('b', 'responded')(fact) ? responded('b', 1040, { askedAt: 1000, delayMs: 1970, waitingFor: 'pair-rate' }) : fact)
    ]
  },
  {
    what: 'an opt-out of a recipient who was erased, and a status that was parked when that happened',
    facts: [
      ...sound, keyLeft('{p:8}:opt-outs', { names: [PAIR] }), status('b', 1390, 'delivered'), operated('erase', 1400, { pair: PAIR })
    ]
  },
  {
    what: 'a message that failed because the node died that had the grant of its second attempt',
    rules: strict,
    figure: 'failed',
    facts: withPolicy(insteadOfB(
      ...refused('b', 1010, 1, 131000), granted('b', 2500, 2), trouble('process', 2600, Infinity, NODE), ended('b', 'failed', 'retryable', 'unknown')
    ))
  },
  {
    what: 'a message that overtakes one of which Redis lost the first acceptance, and which was accepted again after it',
    figure: 'lostByRedis',
    facts: [...acceptedAgain(900), posted('c', 600), responded('c', 610), ...sent('c', 3000), ...startedAgain(4000), ended('c', 'sent')]
  },
  {
    what: 'a message that overtakes one of a higher lane of which Redis lost the first acceptance, and which was accepted again after it',
    figure: 'lostByRedis',
    facts: [
      ...acceptedAgain(3500), responded('b', 3510, { id: `8.${LOST}.2` }),
      posted('c', 600, { lane: 3 }), responded('c', 610), ...sent('c', 3000), ...startedAgain(5000), ended('c', 'sent')
    ]
  },
  {
    what: 'a callback under the id of a lost acceptance',
    figure: 'lostByRedis',
    rules: { ...strict, callbacks: true },
    facts: [
      ...acceptedAgain(900), ...startedAgain(1010), calledBack('a', 40, 'sent'),
      calledBack('x', 70, 'sent', { message: `8.${LOST}.1` }), calledBack('b', 1100, 'sent', { message: `8.${LOST}.2` })
    ]
  },
  {
    what: 'a message that overtakes one whose grant its node had until its lease ended, and then had not started',
    rules: strict,
    facts: [
      ...insteadOfB(granted('b', 1010), granted('b', 13_990), ...sent('b', 14_000), ended('b', 'sent')),
      { fact: 'frozen', node: NODE, from: 1015, to: 13_000 },
      posted('c', 600), responded('c', 610), ...sent('c', 9500), ended('c', 'sent')
    ]
  },
  {
    what: 'a message that overtakes one that waits for its template, and goes on once that is approved',
    rules: strict,
    facts: [
      ...ofTemplate(insteadOfB(...refused('b', 1010, 1, 132015), ...sent('b', 60_000), ended('b', 'sent'))), ...blocked(900, 20_000),
      posted('c', 600), responded('c', 610), ...sent('c', 3000), ended('c', 'sent')
    ]
  },
  {
    what: 'a message that failed, untried, since its template was disabled while it waited',
    rules: strict,
    figure: 'failed',
    facts: [...ofTemplate(insteadOfB({ ...ended('b', 'failed'), settledAt: 30_000 })), ...blocked(900, 20_000, 'DISABLED')]
  },
  {
    what: 'a limited attempt that was granted again to a node that died',
    rules: strict,
    facts: insteadOfB(
      ...refused('b', 1010, 1, 130429), granted('b', 2500, 1), trouble('process', 2600, Infinity, NODE), ...sent('b', 26_000, 2),
      ended('b', 'sent', 'unknown', 'sent')
    )
  },
  {
    what: 'a failed status of a message that had been erased',
    facts: [...sound, operated('erase', 1400, { pair: PAIR }), status('b', 1500, 'failed', { code: 131000 }), status('a', 1500, 'delivered')]
  },
  {
    what: 'a failed status of a message that was delivered before',
    facts: [
      ...without(isOf('b', 'ended')), status('b', 1500, 'delivered'), status('b', 1700, 'failed', { code: 131000 }), ended('b', 'delivered')
    ]
  },
  {
    what: 'a burst as the rules allow',
    rules: { ...rules, senders: { 8: { burst: 2 } } },
    facts: insteadOfB(...sent('b', 500), ended('b', 'sent')).map(fact => isOf('b', 'responded')(fact) ? responded('b', 50) : fact)
  },
  {
    what: 'a start that an operator brought forward',
    facts: [...insteadOfB(...sent('b', 710), ended('b', 'sent')), operated('rules', 300, { rules: { intervalMs: 500 } })]
  },
  {
    what: 'a send right after its pair was cleared, which took effect after another send',
    facts: [...insteadOfB(...sent('b', 60), ended('b', 'sent')), operated('clear', 55, { pair: PAIR, askedAt: 5 })]
  },
  {
    what: 'a send right after its pair was cleared by a node that had been frozen',
    facts: [
      ...insteadOfB(...sent('b', 60), ended('b', 'sent')).map(fact => isOf('b', 'responded')(fact) ? responded('b', 50) : fact),
      operated('clear', -12_000, { pair: PAIR, http: 0 }), { fact: 'frozen', node: NODE, from: -13_000, to: 0 }
    ]
  },
  {
    what: 'a start after a pause that a request to resume had ended late',
    facts: [...sound, operated('resume', -900, { http: 0 }), operated('resume', 500), operated('pause', 600), operated('resume', 5000)]
  },
  {
    what: 'a grant that was given back, since the clock of Redis had been set forward',
    rules: { ...rules, perSecond: 1 },
    facts: [
      ...sound, granted('a', 5), { fact: 'clock-stepped', at: 400, stepMs: 3000 }, granted('b', 450), granted('b', 1006)
    ]
  },
  {
    what: 'an arrival that the network delayed',
    figure: 'arrivedCloser',
    facts: [...without(sendOf('a')), checked('a', 10), written('a', 11), arrived('a', 400), answered('a', 420)]
  },
  {
    what: 'a send that was delayed between its last clock check and its write',
    figure: 'closerByStall',
    facts: [...without(sendOf('a')), checked('a', 10), written('a', 399), arrived('a', 400), answered('a', 420)]
  },
  {
    what: 'a send that was frozen between its last clock check and its write',
    figure: 'closerByFreeze',
    facts: [
      ...without(sendOf('a')), { fact: 'frozen', node: NODE, from: 12, to: 390 },
      checked('a', 10), written('a', 399), arrived('a', 400), answered('a', 420)
    ]
  },
  {
    what: 'a callback that a node had leased when it was frozen, and that another leased once that lease was over',
    rules: { ...strict, callbacks: true },
    facts: [
      ...sound, calledBack('a', 40, 'sent'), calledBack('b', 38_000, 'sent', { changedAt: 1100 }),
      { fact: 'frozen', node: NODE, from: 1200, to: 44_000 }
    ]
  },
  {
    what: 'a repeated callback, and one that follows it',
    rules: { ...strict, callbacks: true },
    facts: [
      ...without(isOf('b', 'ended')), calledBack('a', 40, 'sent'), calledBack('b', 1100, 'sent', { status: 503 }),
      calledBack('b', 1600, 'sent', { changedAt: 1090 }),
      status('b', 1500, 'delivered'), calledBack('b', 1700, 'delivered'), ended('b', 'delivered')
    ]
  },
  {
    what: 'the former rules after Redis lost a change of them, also with a change after it',
    rules: { ...rules, intervalMs: 500 },
    facts: [
      ...insteadOfB(...sent('b', 610), ended('b', 'sent')).map(fact => isOf('b', 'responded')(fact) ? responded('b', 50) : fact),
      operated('rules', 2, { rules: { intervalMs: 2000 } }), { fact: 'lost-writes', from: 0, at: 5, ids: [], pairs: [], senders: ['8'] },
      operated('rules', 9, { rules: { burst: 1 } })
    ]
  },
  {
    what: 'a scheduled message that starts late, since a node without connections did not start what it was granted',
    rules: withCircuit,
    facts: [
      ...sound, posted('s', 100, { scheduledFor: 5000 }), responded('s', 110, { state: 'scheduled' }),
      { fact: 'connection', at: 6100, node: NODE, isMade: false }, ...unstarted(6000), ...sent('s', 30_000), ended('s', 'sent')
    ]
  },
  {
    what: 'a retry that waits for the second read of its template, since what the first one found was lost with its node',
    rules: strict,
    facts: [
      ...ofTemplate(insteadOfB(...refused('b', 1010, 1, 131000), ...sent('b', 190_000, 2), ended('b', 'sent', 'retryable', 'sent'))),
      ...blocked(900, 20_000), templatesRead(30_000), templatesRead(185_000)
    ]
  },
  {
    what: 'a retry that waits for reads of its template that began after a node wrote that it is paused',
    rules: strict,
    facts: [
      ...ofTemplate(insteadOfB(...refused('b', 1010, 1, 131000), ...sent('b', 300_000, 2), ended('b', 'sent', 'retryable', 'sent'))),
      ...blocked(900, 20_000), templatesRead(140_000), templatesRead(150_000), templatesRead(290_000), templatesRead(295_000),
      posted('c', 1000, { pair: '8/15550009', template: 'order_ready' }), responded('c', 1010),
      ...sent('c', 5000, 1, { outcome: 'rejected', code: 132015, pair: '8/15550009' }).filter(({ fact }) => fact !== 'answered'),
      answered('c', 280_000), ...sent('c', 299_000, 1, { pair: '8/15550009' }), { ...ended('c', 'sent'), to: '15550009' }
    ]
  },
  {
    what: 'a send after Redis lost the pause of its sender',
    facts: [
      ...sound, operated('pause', 600), operated('resume', 5000), { fact: 'lost-writes', from: 590, at: 700, ids: [], pairs: [], senders: ['8'] }
    ]
  },
  {
    what: 'a key that names a recipient after Redis lost the erasure',
    facts: [
      ...sound,
      operated('erase', 600, { pair: '8/15557777' }),
      keyLeft('{p:8}:completed', { names: ['15557777'] }),
      { fact: 'lost-writes', from: 590, at: 700, ids: [], pairs: ['8/15557777'], senders: [] }
    ]
  },
  {
    what: 'a send that may have been granted just after its sender was resumed',
    facts: [...sound, operated('pause', 600), operated('resume', 1005)]
  },
  {
    what: 'a message of which Redis lost what it had acknowledged',
    figure: 'excusedByRedis',
    facts: [
      ...without(isOf('b', 'ended'), sendOf('b'), isOf('b', 'responded')), responded('b', 50, { id: '8.ddddddddddddddddddddd1.1a2b3c4d5e6' }),
      { fact: 'lost-writes', from: 0, at: 60, ids: ['ddddddddddddddddddddd1'], pairs: [], senders: [] }
    ]
  }
]
