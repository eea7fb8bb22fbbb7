/** Histories that violate one of sentences 18 to 28. */
import type { Fact } from './history.js'
import {
  arrived, checked, ended, granted, insteadOfB, isOf, operated, posted, postedWith, refused, responded, sendOf, sent, sound, strict, unanswered,
  without, written, type Doctored
} from './doctored.js'

const scheduled = (key: string, scheduledFor: number, at = 100): Fact[] => [
  posted(key, at, { scheduledFor }), responded(key, at + 10, { state: 'scheduled' })
]
const many = (count: number, one: (at: number) => Fact[]): Fact[] => Array.from({ length: count }, (_, at) => one(at)).flat()
const recipient = (at: number) => ({ pair: `8/${at}` })

export const aboutTime: Doctored[] = [
  { what: 'two starts too close to each other', sentence: 18, facts: insteadOfB(...sent('b', 910), ended('b', 'sent')) },
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
      ...many(2, at => [posted(`n${at}`, 3000), responded(`n${at}`, 3010), ...sent(`n${at}`, 4000 + at * 1500), ended(`n${at}`, 'sent')])
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
    what: 'a second with more starts than the rate allows',
    sentence: 20,
    facts: [...sound, ...many(60, at => [
      posted(`n${at}`, 3000, recipient(at)), checked(`n${at}`, 4000 + at), arrived(`n${at}`, 4002 + at, 1, recipient(at)), ended(`n${at}`, 'sent')
    ])]
  },
  {
    what: 'a second with two grants more than the rate allows',
    sentence: 20,
    facts: [...sound, ...many(42, at => [
      posted(`n${at}`, 3000, recipient(at)), { ...granted(`n${at}`, 4000 + at * 24), ...recipient(at) },
      checked(`n${at}`, 4005 + at * 24), arrived(`n${at}`, 4007 + at * 24, 1, recipient(at)), ended(`n${at}`, 'sent')
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
    what: 'rows of a batch that start in another order',
    sentence: 22,
    facts: [
      ...sound, ...['r1', 'r2'].flatMap(key => [posted(key, 100, { batch: 1 }), responded(key, 120)]),
      ...sent('r2', 3000), ...sent('r1', 4000), ended('r1', 'sent'), ended('r2', 'sent')
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
    what: 'a scheduled message that starts late',
    sentence: 27,
    rules: strict,
    facts: [...sound, ...scheduled('s', 5000), ...sent('s', 30_000), ended('s', 'sent')]
  },
  {
    what: 'a message that expires minutes after its life',
    sentence: 28,
    rules: strict,
    facts: postedWith({ expiresInMs: 5000 }, insteadOfB({ ...ended('b', 'expired'), settledAt: 300_000 }))
  }
]
