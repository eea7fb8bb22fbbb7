/** The judge of `npm run prove` and `npm run crash` has to find violations: each doctored history has one. */
import t from 'tap'
import type { Responded, Arrived, Ended, Fact, Posted, Rules, ObservedSend } from './history.js'
import { breaches, isSpotless, judge, type Breach, type Figures } from './judge.js'

const rules: Rules = { intervalMs: 1000, startWithinMs: 250, perSecond: 40 }
const PAIR = '8/15550001'
const NODE = '77'

const posted = (key: string, at: number, more: Partial<Posted> = {}): Posted => ({
  fact: 'posted',
  at,
  key,
  pair: PAIR,
  lane: 2,
  policy: 'retry',
  ...more
})
const responded = (key: string, at: number, more: Partial<Responded> = {}): Responded => ({
  fact: 'responded',
  at,
  askedAt: at - 10,
  key,
  status: 202,
  id: `8.${key}`,
  state: 'queued',
  ...more
})
const checked = (key: string, at: number, attempt = 1): ObservedSend => ({
  fact: 'checked',
  from: at - 0.1,
  at,
  node: NODE,
  opaque: `${key}.${attempt}`
})
const written = (key: string, at: number, attempt = 1): ObservedSend => ({ ...checked(key, at, attempt), fact: 'written' })
const arrived = (key: string, at: number, attempt = 1, more: Partial<Arrived> = {}): Arrived =>
  ({ fact: 'arrived', at, key, pair: PAIR, opaque: `${key}.${attempt}`, outcome: 'accepted', code: null, ...more })
const ended = (key: string, state: string, ...outcomes: string[]): Ended =>
  ({ fact: 'ended', key, state, attempts: outcomes.map((outcome, at) => ({ attempt: at + 1, outcome, code: null })) })
/** One correct send. */
const sent = (key: string, at: number, attempt = 1): Fact[] => [
  checked(key, at, attempt),
  written(key, at + 1, attempt),
  arrived(key, at + 3, attempt)
]

/** Two messages to one recipient, a second apart. */
const sound: Fact[] = [
  posted('a', 0), responded('a', 30, { status: 200, state: 'sent', immediate: true }), ...sent('a', 10),
  posted('b', 40), responded('b', 50, { delayMs: 960, waitingFor: 'pair-rate' }), ...sent('b', 1010),
  { fact: 'over', at: 9000, unsettled: 0 }
]

const without = (...gone: Array<(fact: Fact) => boolean>): Fact[] => sound.filter(fact => !gone.some(is => is(fact)))
const isOf = (key: string, ...kinds: Array<Fact['fact']>) => (fact: Fact): boolean =>
  kinds.includes(fact.fact) && ('key' in fact ? fact.key === key : 'opaque' in fact && fact.opaque.startsWith(`${key}.`))
const sendOf = (key: string) => isOf(key, 'checked', 'written', 'arrived')

await t.test('the judge finds nothing in a correct history', async t => {
  t.ok(isSpotless(judge({ rules, facts: sound })))
})

await t.test('a message that leaves the queue brings the next one an interval forward', async t => {
  const facts = [
    ...without(isOf('b', 'responded')),
    responded('b', 50, { delayMs: 1960, waitingFor: 'pair-rate' }),
    posted('x', 35),
    responded('x', 38),
    ended('x', 'expired')
  ]
  t.ok(isSpotless(judge({ rules, facts })))
})

const bounce: Fact = { fact: 'bounced', at: 1500, key: 'b', opaque: 'b.1' }

await t.test('a message that was accepted and then reported as failed may be sent again', async t => {
  const { found, figures } = judge({ rules, facts: [...sound, bounce, ...sent('b', 3000, 2), ended('b', 'sent', 'retryable', 'sent')] })
  t.strictSame([...found].filter(([, list]) => list.length > 0), [])
  t.equal(figures.doubledAsAllowed, 0)
})

const doctored: Array<[what: string, breach: Breach, facts: Fact[]]> = [
  ['an accepted message that never arrives', 'lost', without(sendOf('b'))],
  ['a message that is reported as sent and never arrived', 'lost', [...without(sendOf('b')), ended('b', 'sent')]],
  ['a message that the provider reported as failed and that was not sent again', 'lost', [...sound, bounce, ended('b', 'sent', 'sent')]],
  ['two ids for one key', 'two messages for a key', [...sound, responded('b', 60, { id: '8.other' })]],
  ['two messages at the provider for one key', 'two messages for a key', [...sound, arrived('b', 4000, 1, { opaque: 'other.1' })]],
  ['a message accepted twice without an unknown outcome', 'doubled', [...sound, ...sent('b', 3000, 2), ended('b', 'sent', 'retryable', 'sent')]],
  [
    'a message accepted twice though its policy is to fail',
    'doubled',
    [
      ...sound.map(fact => (isOf('b', 'posted')(fact) ? posted('b', 40, { policy: 'fail' }) : fact)),
      ...sent('b', 3000, 2),
      ended('b', 'sent', 'unknown', 'sent')
    ]
  ],
  [
    'a message sent again after a reset that is not reported as unknown',
    'blind resend',
    [
      ...sound.map(fact => (isOf('b', 'arrived')(fact) ? arrived('b', 1013, 1, { outcome: 'reset' }) : fact)),
      ...sent('b', 3000, 2),
      ended('b', 'sent', 'retryable', 'sent')
    ]
  ],
  ['a message sent again after its acceptance, as the same attempt', 'doubled', [...sound, ...sent('b', 3000)]],
  ['a cancelled message that the provider had accepted', 'recorded as not sent', [...sound, ended('b', 'cancelled')]],
  ['an attempt counted that was never made', 'waiting used an attempt', [...sound, ended('a', 'sent', 'retryable', 'sent')]],
  [
    'a pair limit that used up an attempt',
    'waiting used an attempt',
    [
      ...sound.map(fact => (isOf('b', 'arrived')(fact) ? arrived('b', 1013, 1, { outcome: 'rejected', code: 131056 }) : fact)),
      ...sent('b', 3000, 2),
      ended('b', 'sent', 'limited', 'sent')
    ]
  ],
  [
    'a second attempt without the first in the history',
    'attempt missing from history',
    [...without(sendOf('b')), ...sent('b', 3000, 2), ended('b', 'sent')]
  ],
  ['two starts too close', 'too close', [...without(sendOf('b')), ...sent('b', 950)]],
  ['two arrivals too close without a delay that explains it', 'too close', [...without(isOf('b', 'arrived')), arrived('b', 900)]],
  [
    'two arrivals too close without a record of their starts',
    'too close',
    [...without(isOf('a', 'checked', 'written'), sendOf('b')), arrived('b', 900)]
  ],
  [
    'a message that starts before one that was posted earlier',
    'out of order',
    [...without(sendOf('a'), sendOf('b')), ...sent('b', 1010), ...sent('a', 3000)]
  ],
  [
    'a bulk message that starts while an urgent one waits',
    'overtaken',
    [
      ...sound,
      posted('c', 100, { lane: 3 }),
      responded('c', 110),
      posted('u', 200, { lane: 1 }),
      responded('u', 210),
      ...sent('c', 2100),
      ...sent('u', 3200)
    ]
  ],
  [
    'a message that starts before its delayMs has passed',
    'too early',
    [...without(isOf('b', 'responded')), responded('b', 50, { delayMs: 1500, waitingFor: 'pair-rate' })]
  ],
  [
    'a message that starts two intervals early after one message ahead of it left the queue',
    'too early',
    [
      ...without(isOf('b', 'responded')),
      responded('b', 50, { delayMs: 2970, waitingFor: 'pair-rate' }),
      posted('x', 35),
      responded('x', 38),
      ended('x', 'cancelled')
    ]
  ],
  [
    'a message that starts an interval early after a message behind it left the queue',
    'too early',
    [
      ...without(isOf('b', 'responded')),
      responded('b', 50, { delayMs: 1960, waitingFor: 'pair-rate' }),
      posted('x', 60),
      responded('x', 70),
      ended('x', 'cancelled')
    ]
  ],
  [
    'a second with more starts than the rate allows',
    'too many in a second',
    [
      ...sound,
      ...Array.from({ length: 60 }, (_, at): Fact[] => [
        posted(`n${at}`, 3000, { pair: `8/${at}` }),
        checked(`n${at}`, 4000 + at),
        arrived(`n${at}`, 4002 + at, 1, { pair: `8/${at}` })
      ]).flat()
    ]
  ],
  ['messages that stay unsettled', 'left unsettled', [...sound, { fact: 'over', at: 9000, unsettled: 2 }]],
  ['a history without an end', 'left unsettled', without(fact => fact.fact === 'over')]
]

await t.test('the judge finds', async t => {
  for (const [what, breach, facts] of doctored) {
    await t.test(what, async t => {
      const { found } = judge({ rules, facts })
      t.ok((found.get(breach)?.length ?? 0) > 0, `${breach}: ${JSON.stringify([...found].filter(([, list]) => list.length > 0))}`)
    })
  }
  t.strictSame(breaches.filter(breach => !doctored.some(([, one]) => one === breach)), [], 'each kind of breach has a history')
})

const allowed: Array<[what: string, figure: keyof Figures, facts: Fact[]]> = [
  [
    'a message sent twice after an unknown outcome, as its policy allows',
    'doubledAsAllowed',
    [...sound, ...sent('b', 3000, 2), ended('b', 'sent', 'unknown', 'sent')]
  ],
  ['a send that was delayed by the network', 'closerByWire', [...without(sendOf('a')), checked('a', 10), written('a', 11), arrived('a', 400)]],
  [
    'a send that was delayed between its last clock check and its write',
    'closerByStall',
    [...without(sendOf('a')), checked('a', 10), written('a', 399), arrived('a', 400)]
  ],
  [
    'a send that was frozen between its last clock check and its write',
    'closerByFreeze',
    [...without(sendOf('a')), { fact: 'frozen', node: NODE, from: 12, to: 390 }, checked('a', 10), written('a', 399), arrived('a', 400)]
  ]
]

await t.test('the judge counts, without a breach,', async t => {
  for (const [what, figure, facts] of allowed) {
    await t.test(what, async t => {
      const judgement = judge({ rules, facts })
      t.equal(judgement.figures[figure], 1)
      t.ok(isSpotless(judgement), JSON.stringify([...judgement.found].filter(([, list]) => list.length > 0)))
    })
  }
})
