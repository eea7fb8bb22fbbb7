/** The judge of `npm run prove` and `npm run crash` has to find what is wrong: histories that are doctored, one fault each. */
import t from 'tap'
import type { Answered, Arrived, Ended, Fact, Posted, Rules, Watched } from './history.js'
import { breaches, isSpotless, judge, type Breach, type Figures } from './judge.js'

const rules: Rules = { intervalMs: 1000, startWithinMs: 250, perSecond: 40 }
const PAIR = '8/15550001'
const NODE = '77'

const posted = (key: string, at: number, more: Partial<Posted> = {}): Posted => ({ fact: 'posted', at, key, pair: PAIR, lane: 2, policy: 'retry', ...more })
const answered = (key: string, at: number, more: Partial<Answered> = {}): Answered => ({ fact: 'answered', at, askedAt: at - 10, key, status: 202, id: `8.${key}`, state: 'queued', ...more })
const checked = (key: string, at: number, attempt = 1): Watched => ({ fact: 'checked', from: at - 0.1, at, node: NODE, opaque: `${key}.${attempt}` })
const written = (key: string, at: number, attempt = 1): Watched => ({ ...checked(key, at, attempt), fact: 'written' })
const arrived = (key: string, at: number, attempt = 1, more: Partial<Arrived> = {}): Arrived =>
  ({ fact: 'arrived', at, key, pair: PAIR, opaque: `${key}.${attempt}`, outcome: 'accepted', code: null, ...more })
const ended = (key: string, state: string, ...outcomes: string[]): Ended =>
  ({ fact: 'ended', key, state, attempts: outcomes.map((outcome, at) => ({ attempt: at + 1, outcome, code: null })) })
/** One send as it should be. */
const sent = (key: string, at: number, attempt = 1): Fact[] => [checked(key, at, attempt), written(key, at + 1, attempt), arrived(key, at + 3, attempt)]

/** Two messages to one person, a second apart. */
const sound: Fact[] = [
  posted('a', 0), answered('a', 30, { status: 200, state: 'sent', immediate: true }), ...sent('a', 10),
  posted('b', 40), answered('b', 50, { delayMs: 960, waitingFor: 'pair-rate' }), ...sent('b', 1010),
  { fact: 'over', at: 9000, unsettled: 0 }
]

const without = (...gone: Array<(fact: Fact) => boolean>): Fact[] => sound.filter(fact => !gone.some(is => is(fact)))
const isOf = (key: string, ...kinds: Array<Fact['fact']>) => (fact: Fact): boolean =>
  kinds.includes(fact.fact) && ('key' in fact ? fact.key === key : 'opaque' in fact && fact.opaque.startsWith(`${key}.`))
const sendOf = (key: string) => isOf(key, 'checked', 'written', 'arrived')

await t.test('a sound history is without fault', async t => {
  t.ok(isSpotless(judge({ rules, facts: sound })))
})

await t.test('one that left the line ahead brings a message one turn forward', async t => {
  const facts = [...without(isOf('b', 'answered')), answered('b', 50, { delayMs: 1960, waitingFor: 'pair-rate' }), posted('x', 35), answered('x', 38), ended('x', 'expired')]
  t.ok(isSpotless(judge({ rules, facts })))
})

const bounce: Fact = { fact: 'bounced', at: 1500, key: 'b', opaque: 'b.1' }

await t.test('what was accepted and not delivered may go out again', async t => {
  const { found, figures } = judge({ rules, facts: [...sound, bounce, ...sent('b', 3000, 2), ended('b', 'sent', 'retryable', 'sent')] })
  t.strictSame([...found].filter(([, list]) => list.length > 0), [])
  t.equal(figures.doubledAsAllowed, 0)
})

const doctored: Array<[what: string, breach: Breach, facts: Fact[]]> = [
  ['a promised message that never arrives', 'lost', without(sendOf('b'))],
  ['one that is said to be sent and never arrived', 'lost', [...without(sendOf('b')), ended('b', 'sent')]],
  ['one that was accepted, not delivered, and left at that', 'lost', [...sound, bounce, ended('b', 'sent', 'sent')]],
  ['two ids for one key', 'two messages for a key', [...sound, answered('b', 60, { id: '8.other' })]],
  ['two messages at the provider for one key', 'two messages for a key', [...sound, arrived('b', 4000, 1, { opaque: 'other.1' })]],
  ['one accepted twice after no unknown outcome', 'doubled', [...sound, ...sent('b', 3000, 2), ended('b', 'sent', 'retryable', 'sent')]],
  ['one accepted twice though its policy is to fail', 'doubled',
    [...sound.map(fact => isOf('b', 'posted')(fact) ? posted('b', 40, { policy: 'fail' }) : fact), ...sent('b', 3000, 2), ended('b', 'sent', 'unknown', 'sent')]],
  ['one sent again after a reset that nobody calls unknown', 'sent blindly',
    [...sound.map(fact => isOf('b', 'arrived')(fact) ? arrived('b', 1013, 1, { outcome: 'reset' }) : fact), ...sent('b', 3000, 2), ended('b', 'sent', 'retryable', 'sent')]],
  ['one sent again after its acceptance, as the same attempt', 'doubled', [...sound, ...sent('b', 3000)]],
  ['one given up that had arrived', 'sent though given up', [...sound, ended('b', 'cancelled')]],
  ['an attempt counted that was never made', 'waiting was failing', [...sound, ended('a', 'sent', 'retryable', 'sent')]],
  ['a pair limit that used up an attempt', 'waiting was failing',
    [...sound.map(fact => isOf('b', 'arrived')(fact) ? arrived('b', 1013, 1, { outcome: 'rejected', code: 131056 }) : fact), ...sent('b', 3000, 2), ended('b', 'sent', 'limited', 'sent')]],
  ['a second attempt of which the first is not told', 'attempt without a trace', [...without(sendOf('b')), ...sent('b', 3000, 2), ended('b', 'sent')]],
  ['two starts too close', 'too close', [...without(sendOf('b')), ...sent('b', 950)]],
  ['two arrivals too close that nothing held up', 'too close', [...without(isOf('b', 'arrived')), arrived('b', 900)]],
  ['two arrivals too close that nobody watched', 'too close', [...without(isOf('a', 'checked', 'written'), sendOf('b')), arrived('b', 900)]],
  ['the second posted starts first', 'out of order', [...without(sendOf('a'), sendOf('b')), ...sent('b', 1010), ...sent('a', 3000)]],
  ['a bulk message starts while an urgent one waits', 'overtaken', [
    ...sound, posted('c', 100, { lane: 3 }), answered('c', 110), posted('u', 200, { lane: 1 }), answered('u', 210), ...sent('c', 2100), ...sent('u', 3200)]],
  ['one starts before its promise', 'too early', [...without(isOf('b', 'answered')), answered('b', 50, { delayMs: 1500, waitingFor: 'pair-rate' })]],
  ['one starts two turns early, where one left the line ahead of it', 'too early', [
    ...without(isOf('b', 'answered')), answered('b', 50, { delayMs: 2970, waitingFor: 'pair-rate' }), posted('x', 35), answered('x', 38), ended('x', 'cancelled')]],
  ['one starts a turn early, where one left the line behind it', 'too early', [
    ...without(isOf('b', 'answered')), answered('b', 50, { delayMs: 1960, waitingFor: 'pair-rate' }), posted('x', 60), answered('x', 70), ended('x', 'cancelled')]],
  ['a second with more starts than the rate allows', 'too many in a second', [
    ...sound, ...Array.from({ length: 60 }, (_, at): Fact[] => [posted(`n${at}`, 3000, { pair: `8/${at}` }), checked(`n${at}`, 4000 + at), arrived(`n${at}`, 4002 + at, 1, { pair: `8/${at}` })]).flat()]],
  ['messages that are left unsettled', 'left over', [...sound, { fact: 'over', at: 9000, unsettled: 2 }]],
  ['no end at all', 'left over', without(fact => fact.fact === 'over')]
]

await t.test('it finds', async t => {
  for (const [what, breach, facts] of doctored) {
    await t.test(what, async t => {
      const { found } = judge({ rules, facts })
      t.ok((found.get(breach)?.length ?? 0) > 0, `${breach}: ${JSON.stringify([...found].filter(([, list]) => list.length > 0))}`)
    })
  }
  t.strictSame(breaches.filter(breach => !doctored.some(([, one]) => one === breach)), [], 'each kind of breach is tried')
})

const forgiven: Array<[what: string, figure: keyof Figures, facts: Fact[]]> = [
  ['sent twice after an unknown outcome, as asked for', 'doubledAsAllowed', [...sound, ...sent('b', 3000, 2), ended('b', 'sent', 'unknown', 'sent')]],
  ['held up on the way', 'closerByWire', [...without(sendOf('a')), checked('a', 10), written('a', 11), arrived('a', 400)]],
  ['held up between its last look at the clock and its write', 'closerByStall', [...without(sendOf('a')), checked('a', 10), written('a', 399), arrived('a', 400)]],
  ['frozen there', 'closerByFreeze', [...without(sendOf('a')), { fact: 'frozen', node: NODE, from: 12, to: 390 }, checked('a', 10), written('a', 399), arrived('a', 400)]]
]

await t.test('it counts apart, and forgives', async t => {
  for (const [what, figure, facts] of forgiven) {
    await t.test(what, async t => {
      const judgement = judge({ rules, facts })
      t.equal(judgement.figures[figure], 1)
      t.ok(isSpotless(judgement), JSON.stringify([...judgement.found].filter(([, list]) => list.length > 0)))
    })
  }
})
