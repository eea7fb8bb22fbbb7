/** The judge of `npm run prove` and `npm run crash` has to find violations: each doctored history has one. */
import t from 'tap'
import { read } from '../contract/tree.js'
import { aboutMessages } from './doctored-messages.js'
import { aboutTheRest } from './doctored-rest.js'
import { aboutTime } from './doctored-time.js'
import {
  answered, arrived, calledBack, checked, ended, insteadOfB, isOf, NODE, operated, posted, responded, rules, sendOf, sent, sound, status, strict,
  trouble, unanswered, withPolicy, without, written
} from './doctored.js'
import type { Fact, Rules } from './history.js'
import { isSpotless, judge, type Figures, type Judgement } from './judge.js'
import { sentences } from './model.js'

const doctored = [...aboutMessages, ...aboutTime, ...aboutTheRest]
const foundBy = ({ bySentence }: Judgement): string => JSON.stringify([...bySentence])

await t.test('the judge finds', async t => {
  for (const { what, sentence, facts, rules: own = rules } of doctored) {
    await t.test(`${sentence}: ${what}`, async t => {
      const judgement = judge({ rules: own, facts })
      t.ok((judgement.bySentence.get(sentence)?.length ?? 0) > 0, foundBy(judgement))
      t.equal(isSpotless(judgement), false)
    })
  }
})

await t.test('each sentence of the model has a history that violates it', t => {
  const numbered = [...read('docs/model.md').matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number))
  t.strictSame(numbered, Object.keys(sentences).map(Number), 'docs/model.md has the same sentences')
  const names = [...read('docs/model.md').matchAll(/\(\*([^*]+)\*\)/g)].map(([, name = '']) => name.replaceAll(/\s+/g, ' '))
  t.strictSame(names, Object.values(sentences), 'under the same names')
  t.strictSame(numbered.filter(number => !doctored.some(({ sentence }) => sentence === number)), [])
  t.end()
})

const bounce: Fact = { fact: 'bounced', at: 1500, key: 'b', opaque: 'b.1' }
const allowed: Array<{ what: string, facts: Fact[], rules?: Rules, figure?: keyof Figures }> = [
  { what: 'a correct history', facts: sound },
  {
    what: 'a message that an earlier one brought forward when it left the queue',
    facts: [
      ...without(isOf('b', 'responded')), responded('b', 50, { delayMs: 1960, waitingFor: 'pair-rate' }),
      posted('x', 35, { expiresInMs: 500 }), responded('x', 38), { ...ended('x', 'expired'), settledAt: 600 }
    ]
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
    what: 'a message that failed after it was given up as unknown',
    rules: strict,
    figure: 'failed',
    facts: withPolicy(insteadOfB(...unanswered('b', 1010), ended('b', 'failed', 'unknown')))
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
    facts: [...insteadOfB(...sent('b', 610), ended('b', 'sent')), operated('rules', 300, { rules: { intervalMs: 500 } })]
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
    what: 'a repeated callback, and one that follows it',
    rules: { ...strict, callbacks: true },
    facts: [
      ...without(isOf('b', 'ended')), calledBack('a', 40, 'sent'), calledBack('b', 1100, 'sent', { status: 503 }),
      calledBack('b', 1600, 'sent', { changedAt: 1090 }),
      status('b', 1500, 'delivered'), calledBack('b', 1700, 'delivered'), ended('b', 'delivered')
    ]
  },
  {
    what: 'a message of which Redis lost what it had acknowledged',
    figure: 'excusedByRedis',
    facts: [
      ...without(isOf('b', 'ended'), sendOf('b'), isOf('b', 'responded')), responded('b', 50, { id: '8.ddddddddddddddddddddd1.1a2b3c4d5e6' }),
      { fact: 'lost-writes', from: 0, at: 60, ids: ['ddddddddddddddddddddd1'], pairs: [] }
    ]
  }
]

await t.test('the judge allows', async t => {
  for (const { what, facts, figure, rules: own = rules } of allowed) {
    await t.test(what, async t => {
      const judgement = judge({ rules: own, facts })
      if (figure !== undefined) t.equal(judgement.figures[figure], 1)
      t.ok(isSpotless(judgement), foundBy(judgement))
    })
  }
})
