/** Histories that violate one of sentences 18 to 28. */
import type { Fact } from './history.js'
import {
  acceptedAgain, arrived, blocked, checked, ended, granted, insteadOfB, isOf, NODE, ofTemplate, operated, PAIR, posted, postedWith, refused,
  responded, rules, sendOf, sent, sound, startedAgain, strict, templatesRead, unanswered, unstarted, withCircuit, withPolicy, without, written,
  type Doctored
} from './doctored.js'

const scheduled = (key: string, scheduledFor: number, at = 100): Fact[] => [
  posted(key, at, { scheduledFor }), responded(key, at + 10, { state: 'scheduled' })
]
const many = (count: number, one: (at: number) => Fact[]): Fact[] => Array.from({ length: count }, (_, i) => one(i)).flat()
const recipient = (at: number) => ({ pair: `8/${at}` })

export const aboutTime: Doctored[] = [
  { what: 'two starts too close to each other', sentence: 18, facts: insteadOfB(...sent('b', 910), ended('b', 'sent')) },
  {
    what: 'two starts too close to each other, after their pair was cleared',
    sentence: 18,
    facts: [...insteadOfB(...sent('b', 910), ended('b', 'sent')), operated('clear', 5, { pair: PAIR })]
  },
  {
    what: 'a third start within a burst of two',
    sentence: 18,
    rules: { ...strict, senders: { 8: { burst: 2 } } },
    facts: [...insteadOfB(...sent('b', 500), ended('b', 'sent')), posted('c', 60), responded('c', 70), ...sent('c', 900), ended('c', 'sent')]
  },
  {
    what: 'a start by the old rule after an operator made it slower',
    sentence: 18,
    facts: [
      ...sound, operated('rules', 2000, { rules: { intervalMs: 3000 } }),
      ...many(2, n => [posted(`n${n}`, 3000), responded(`n${n}`, 3010), ...sent(`n${n}`, 4000 + n * 1500), ended(`n${n}`, 'sent')])
    ]
  },
  {
    what: 'a third start of a burst that counts the longer interval for what comes and not for what was',
    sentence: 18,
    rules: { ...strict, senders: { 8: { burst: 2 } } },
    facts: [
      ...insteadOfB(...sent('b', 500), ended('b', 'sent')), operated('rules', 600, { rules: { intervalMs: 6000 } }),
      posted('c', 700), responded('c', 710), ...sent('c', 1100), ended('c', 'sent')
    ]
  },
  {
    what: 'two starts too close to each other, long after a request to clear their pair got no response',
    sentence: 18,
    facts: [...insteadOfB(...sent('b', 60), ended('b', 'sent')), operated('clear', -15_000, { pair: PAIR, http: 0 })]
  },
  {
    what: 'a start by a rule that got no response, long after an operator set the former rule again',
    sentence: 18,
    facts: [
      ...sound, operated('rules', 2000, { rules: { intervalMs: 500 }, http: 0 }), operated('rules', 2100, { rules: { intervalMs: 1000 } }),
      ...many(2, n => [posted(`n${n}`, 3000), responded(`n${n}`, 3010), ...sent(`n${n}`, 12_000 + n * 600), ended(`n${n}`, 'sent')])
    ]
  },
  {
    what: 'two writes too close to each other, without a delay that explains it',
    sentence: 19,
    facts: insteadOfB(checked('b', 1010), written('b', 950), arrived('b', 952), ended('b', 'sent'))
  },
  {
    what: 'an arrival without a recorded start, too close',
    sentence: 19,
    facts: [...without(isOf('a', 'checked', 'written'), sendOf('b'), isOf('b', 'ended')), arrived('b', 900), ended('b', 'sent')]
  },
  {
    what: 'a start too soon after the clock of Redis was set forward',
    sentence: 20,
    rules: { ...rules, perSecond: 1 },
    facts: [
      ...insteadOfB(...sent('b', 910), ended('b', 'sent')), granted('a', 5), { fact: 'clock-stepped', at: 400, stepMs: 3000 }, granted('b', 905)
    ]
  },
  {
    what: 'a second with more starts than the rate allows',
    sentence: 20,
    facts: [...sound, ...many(60, n => [
      posted(`n${n}`, 3000, recipient(n)), checked(`n${n}`, 4000 + n), arrived(`n${n}`, 4002 + n, 1, recipient(n)), ended(`n${n}`, 'sent')
    ])]
  },
  {
    what: 'a second with two grants more than the rate allows',
    sentence: 20,
    facts: [...sound, ...many(42, n => [
      posted(`n${n}`, 3000, recipient(n)), { ...granted(`n${n}`, 4000 + n * 24), ...recipient(n) },
      checked(`n${n}`, 4005 + n * 24), arrived(`n${n}`, 4007 + n * 24, 1, recipient(n)), ended(`n${n}`, 'sent')
    ])]
  },
  { what: 'a start long after its grant', sentence: 21, facts: [...sound, granted('b', 700)] },
  {
    what: 'a message that starts before one that was posted earlier',
    sentence: 22,
    facts: [...without(sendOf('a'), sendOf('b')), ...sent('b', 1010), ...sent('a', 3000)]
  },
  {
    what: 'parts scheduled for one time that start in another order',
    sentence: 22,
    facts: [
      ...sound, ...scheduled('s1', 5000), ...scheduled('s2', 5000, 120),
      ...sent('s2', 5000), ...sent('s1', 6000), ended('s1', 'sent'), ended('s2', 'sent')
    ]
  },
  {
    what: 'a message that overtakes a scheduled one that was due before it was posted',
    sentence: 22,
    facts: [
      ...sound, ...scheduled('s', 5000), posted('n', 5500), responded('n', 5510),
      ...sent('n', 6000), ...sent('s', 7000), ended('n', 'sent'), ended('s', 'sent')
    ]
  },
  {
    what: 'one whose own time had passed when it was accepted',
    sentence: 22,
    facts: [
      ...sound, ...scheduled('s', 5000), posted('n', 5500, { scheduledFor: 4000 }), responded('n', 5510),
      ...sent('n', 6000), ...sent('s', 7000), ended('n', 'sent'), ended('s', 'sent')
    ]
  },
  {
    what: 'a scheduled message that starts before one that was accepted before its time',
    sentence: 22,
    facts: [
      ...sound, ...scheduled('s', 5000), posted('n', 4500), responded('n', 4510),
      ...sent('s', 6000), ...sent('n', 7000), ended('n', 'sent'), ended('s', 'sent')
    ]
  },
  {
    what: 'rows of a batch that start in another order',
    sentence: 22,
    facts: [
      ...sound, ...['r1', 'r2'].flatMap(key => [posted(key, 100, { batch: 1 }), responded(key, 120)]),
      ...sent('r2', 3000), ...sent('r1', 4000), ended('r1', 'sent'), ended('r2', 'sent')
    ]
  },
  {
    what: 'a message that overtakes one of which Redis lost the first acceptance, and which was accepted again before it',
    sentence: 22,
    facts: [...acceptedAgain(500), posted('c', 600), responded('c', 610), ...sent('c', 3000), ...startedAgain(4000), ended('c', 'sent')]
  },
  {
    what: 'one that was accepted again, and starts before a message that was accepted meanwhile',
    sentence: 22,
    facts: [...acceptedAgain(900), posted('c', 600), responded('c', 610), ...startedAgain(3000), ...sent('c', 4000), ended('c', 'sent')]
  },
  {
    what: 'a message that overtakes one whose grant its node still has',
    sentence: 22,
    rules: strict,
    facts: [
      ...insteadOfB(granted('b', 1010), ...sent('b', 14_000), ended('b', 'sent')), { fact: 'frozen', node: NODE, from: 1015, to: 13_000 },
      posted('c', 600), responded('c', 610), ...sent('c', 7000), ended('c', 'sent')
    ]
  },
  {
    what: 'a bulk message that starts while an urgent one waits',
    sentence: 23,
    facts: [
      ...sound, posted('c', 100, { lane: 3 }), responded('c', 110), posted('u', 200, { lane: 1 }), responded('u', 210),
      ...sent('c', 2100), ...sent('u', 3200), ended('c', 'sent'), ended('u', 'sent')
    ]
  },
  {
    what: 'a message that starts before its delayMs has passed',
    sentence: 24,
    facts: [...without(isOf('b', 'responded')), responded('b', 50, { delayMs: 1500, waitingFor: 'pair-rate' })]
  },
  {
    what: 'a message that starts before its delayMs has passed since a limit sent it back',
    sentence: 24,
    rules: strict,
    facts: [
      ...insteadOfB(...refused('b', 1010, 1, 130429), ...sent('b', 2310), ended('b', 'sent'))
        .map(fact => isOf('b', 'responded')(fact) ? responded('b', 1040, { askedAt: 1000, delayMs: 1970, waitingFor: 'pair-rate' }) : fact)
    ]
  },
  {
    what: 'a message that starts two intervals early after one message ahead of it left the queue',
    sentence: 24,
    facts: [
      ...without(isOf('b', 'responded')), responded('b', 50, { delayMs: 2970, waitingFor: 'pair-rate' }), posted('x', 35), responded('x', 38),
      operated('cancel', 45, { key: 'x' }), ended('x', 'cancelled')
    ]
  },
  {
    what: 'a message that starts an interval early after a message behind it left the queue',
    sentence: 24,
    facts: [
      ...without(isOf('b', 'responded')), responded('b', 50, { delayMs: 1960, waitingFor: 'pair-rate' }), posted('x', 60), responded('x', 70),
      operated('cancel', 75, { key: 'x' }), ended('x', 'cancelled')
    ]
  },
  {
    what: 'a message that starts before it is scheduled',
    sentence: 24,
    facts: [...sound, ...scheduled('s', 5000), ...sent('s', 4900), ended('s', 'sent')]
  },
  {
    what: 'a retry that starts before it is due',
    sentence: 25,
    rules: strict,
    facts: insteadOfB(
      ...refused('b', 1010, 1, 131000), ...refused('b', 3000, 2, 131000), ...sent('b', 4500, 3), ended('b', 'sent', 'retryable', 'retryable', 'sent')
    )
  },
  {
    what: 'a retry that waits for a minute',
    sentence: 26,
    rules: strict,
    facts: insteadOfB(...refused('b', 1010, 1, 131000), ...sent('b', 65_000, 2), ended('b', 'sent', 'retryable', 'sent'))
  },
  {
    what: 'an unknown outcome that is held for two minutes',
    sentence: 26,
    rules: strict,
    facts: insteadOfB(...unanswered('b', 1010), ...sent('b', 121_000, 2), ended('b', 'sent', 'unknown', 'sent'))
  },
  {
    what: 'an operator\'s retry that waits for a minute',
    sentence: 26,
    rules: strict,
    facts: withPolicy(insteadOfB(
      ...unanswered('b', 1010), operated('retry', 200_000, { key: 'b' }), ...sent('b', 261_000, 2), ended('b', 'sent', 'unknown', 'sent')
    ))
  },
  {
    what: 'a scheduled message that starts late',
    sentence: 27,
    rules: strict,
    facts: [...sound, ...scheduled('s', 5000), ...sent('s', 30_000), ended('s', 'sent')]
  },
  {
    what: 'a scheduled message that starts late, after a pause without a response was ended',
    sentence: 27,
    rules: strict,
    facts: [
      ...sound, ...scheduled('s', 5000), operated('pause', 1500, { http: 0 }), operated('resume', 6000), operated('resume', 25_000),
      ...sent('s', 26_000), ended('s', 'sent')
    ]
  },
  {
    what: 'a scheduled message that starts late, after a node with connections did not start what it was granted',
    sentence: 27,
    rules: withCircuit,
    facts: [
      ...sound, ...scheduled('s', 5000), { fact: 'connection', at: 5500, node: NODE, isMade: false },
      { fact: 'connection', at: 5600, node: NODE, isMade: true }, ...unstarted(6000), ...sent('s', 30_000), ended('s', 'sent')
    ]
  },
  {
    what: 'a retry that waits for half an hour after its template was approved, and nothing shows that it was read',
    sentence: 26,
    rules: strict,
    facts: [
      ...ofTemplate(insteadOfB(...refused('b', 1010, 1, 131000), ...sent('b', 1_800_000, 2), ended('b', 'sent', 'retryable', 'sent'))),
      ...blocked(900, 20_000)
    ]
  },
  {
    what: 'a retry that waits for minutes after its template was read as approved',
    sentence: 26,
    rules: strict,
    facts: [
      ...ofTemplate(insteadOfB(...refused('b', 1010, 1, 131000), ...sent('b', 400_000, 2), ended('b', 'sent', 'retryable', 'sent'))),
      ...blocked(900, 20_000), templatesRead(60_000), templatesRead(120_000)
    ]
  },
  {
    what: 'a message that expires minutes after its life',
    sentence: 28,
    rules: strict,
    facts: postedWith({ expiresInMs: 5000 }, insteadOfB({ ...ended('b', 'expired'), settledAt: 300_000 }))
  }
]
