/** Histories with rates of templates and categories, a hold of the lane `bulk`, and days: sentences 53 to 55. */
import type { Allowed } from './allowed.js'
import { ended, granted, insteadOfB, keyLeft, operated, posted, postedWith, responded, rules, sent, sound, type Doctored } from './doctored.js'
import type { BulkHeld, Fact, Operated, Posted } from './history.js'

const rate = (at: number, perSecond: number | null, more: Partial<Operated> = {}): Fact =>
  operated('rate', at, { rated: 'order_ready', perSecond, ...more })
const lost: Fact = { fact: 'lost-writes', from: 3700, at: 3720, ids: [], pairs: [], senders: [] }
/** Messages to another recipient, one after the other. */
const starts = (more: Partial<Posted>, ...times: number[]): Fact[] => times.flatMap((at, i) => {
  const [key, pair] = [`c${i}`, '8/15550002']
  return [
    posted(key, 60 + i, { pair, ...more }), responded(key, 70 + i), { ...granted(key, at - 1), pair }, ...sent(key, at, 1, { pair }),
    { ...ended(key, 'sent'), to: '15550002' }
  ]
})
const ofTemplate = { template: 'order_ready' }
const bulk = { lane: 3 } as const
const held = (more: Partial<BulkHeld> = {}): Fact => ({ fact: 'bulk-held', sender: '8', from: 80, at: 100, until: 30_000, to: 31_000, ...more })
const daily = { ...rules, daily: { sender: '8', people: 1 } }
const day = (at: number): Fact => ({ fact: 'day-passed', from: at - 1, at, sender: '8' })
/** `b` starts after a younger message of its recipient. */
const passed = (more: Partial<Posted>): Fact[] => postedWith(more, [
  ...insteadOfB(...sent('b', 6000), ended('b', 'sent')), posted('c', 60, more.lane === undefined ? {} : { lane: more.lane }),
  responded('c', 70, { delayMs: null }), ...sent('c', 1010), ended('c', 'sent')
])

export const aboutHolds: Doctored[] = [
  { what: 'two starts of a template that are too close', sentence: 53, facts: [...sound, ...starts(ofTemplate, 2000, 5450), rate(100, 0.25)] },
  {
    what: 'two starts of a category that are too close',
    sentence: 53,
    facts: [...sound, ...starts({ isMarketing: true }, 2000, 5450), rate(100, 0.25, { rated: 'marketing' })]
  },
  {
    what: 'two starts of a template that are too close, after a rejected request to remove its rate',
    sentence: 53,
    facts: [...sound, ...starts(ofTemplate, 2000, 5450), rate(100, 0.25), rate(6000, null, { http: 400 })]
  },
  { what: 'two messages of a lane within 10 s of its hold', sentence: 54, facts: [...sound, ...starts(bulk, 2000, 9000), held()] },
  { what: 'more people in a day than the limit allows', sentence: 55, rules: daily, facts: [...sound, ...starts({}, 2000)] },
  { what: 'more people in a day, while other days passed', sentence: 55, rules: daily, facts: [...sound, ...starts({}, 2000), day(3000), day(4000)] },
  {
    what: 'a younger message that passed one of a higher lane than the one on hold',
    sentence: 22,
    facts: [...passed({ lane: 2 }), held()]
  }
]

export const allowedOfHolds: Allowed[] = [
  { what: 'starts at the rate of their template', facts: [...sound, ...starts(ofTemplate, 2000, 4001), rate(100, 0.5)] },
  { what: 'close starts of another template', facts: [...sound, ...starts({ template: 'order_late' }, 2000, 5450), rate(100, 0.25)] },
  { what: 'close starts of a template at another sender', facts: [...sound, ...starts(ofTemplate, 2000, 5450), rate(100, 0.25, { sender: '9' })] },
  {
    what: 'close starts of a template after its rate was removed',
    facts: [...sound, ...starts(ofTemplate, 2000, 5450), rate(100, 0.25), rate(3000, null)]
  },
  { what: 'close starts of a template whose rate Redis may have lost', facts: [...sound, ...starts(ofTemplate, 2000, 5450), rate(100, 0.25), lost] },
  { what: 'a younger message that passes one of a template with a rate', facts: [...passed(ofTemplate), rate(45, 0.25), rate(5900, null)] },
  { what: 'a probe of the lane on hold each 10 s', facts: [...sound, ...starts(bulk, 2000, 12_001), held()] },
  { what: 'messages of a lane after its hold', facts: [...sound, ...starts(bulk, 2000, 9000), held({ until: 3000, to: 4000 })] },
  { what: 'messages of other lanes in a hold', facts: [...sound, ...starts({}, 2000, 9000), held()] },
  { what: 'as many people on each day as the limit allows', rules: daily, facts: [...sound, ...starts({}, 2000), day(1500)] },
  { what: 'people who stay counted for the daily limit', facts: [...sound, keyLeft('{wa:8}:daily')] },
  { what: 'more people in a day about which Redis lost writes', rules: daily, facts: [...sound, ...starts({}, 5000), { ...lost }] }
]
