/** Histories with planned campaigns and moved messages: those that violate sentences 45 to 47, and those that the judge allows. */
import type { Allowed } from './allowed.js'
import { ended, granted, insteadOfB, isOf, operated, posted, postedWith, responded, sent, sound, without, type Doctored } from './doctored.js'
import type { Fact, Operated, Plan } from './history.js'

const CAMPAIGN = '8-1'
const inCampaign = (...facts: Fact[]): Fact[] => postedWith({ campaign: CAMPAIGN }, facts)
const plans = (at: number, plan: Plan, more: Partial<Operated> = {}): Fact => operated('plan-campaign', at, { campaign: CAMPAIGN, plan, ...more })
const removed = (at: number): Fact => plans(at, { perSecond: null, startAt: null, endAt: null })
const lost = (campaign: string): Fact => ({ fact: 'lost-writes', from: 3700, at: 3720, ids: [], pairs: [], senders: [], campaigns: [campaign] })
/** Messages of the campaign to another recipient, one after the other. */
const starts = (...times: number[]): Fact[] => times.flatMap((at, i) => {
  const [key, pair] = [`c${i}`, '8/15550002']
  return [
    posted(key, 60 + i, { pair, campaign: CAMPAIGN }), responded(key, 70 + i), { ...granted(key, at - 1), pair }, ...sent(key, at, 1, { pair }),
    { ...ended(key, 'sent'), to: '15550002' }
  ]
})
const moved = (at: number, more: Partial<Operated> = {}): Fact => operated('move', at, { key: 'b', movedTo: 5000, ...more })
const sentAt = (at: number): Fact[] => insteadOfB(...sent('b', at), ended('b', 'sent'))
/** `b` starts after a younger message of its recipient. */
const passed: Fact[] = [...sentAt(6000), posted('c', 60), responded('c', 70, { delayMs: null }), ...sent('c', 1010), ended('c', 'sent')]
const expired = (at: number): Fact[] => insteadOfB({ ...ended('b', 'expired'), settledAt: at })

export const aboutPlans: Doctored[] = [
  { what: 'a start before its campaign starts', sentence: 45, facts: [...inCampaign(...sound), plans(100, { startAt: 5000 }), removed(6000)] },
  { what: 'a start after its campaign ended', sentence: 45, facts: [...inCampaign(...sound), plans(100, { endAt: 600 }), removed(6000)] },
  {
    what: 'a start before its campaign starts, after a change of something else of its plan',
    sentence: 45,
    facts: [...inCampaign(...sound), plans(100, { startAt: 5000 }), plans(200, { perSecond: 10 }), removed(6000)]
  },
  { what: 'two starts of a campaign that are too close', sentence: 46, facts: [...sound, ...starts(2000, 5450), plans(100, { perSecond: 0.25 })] },
  {
    what: 'two starts of a campaign that are too close, when Redis lost what concerned another one',
    sentence: 46,
    facts: [...sound, ...starts(2000, 5450), plans(100, { perSecond: 0.25 }), lost('8-2')]
  },
  {
    what: 'a message that expires before the end of the plan of its campaign',
    sentence: 7,
    facts: [...inCampaign(...expired(500)), plans(100, { endAt: 1000 })]
  },
  { what: 'a start before the time that an operator moved the message to', sentence: 47, facts: [...sound, moved(100)] },
  {
    what: 'a younger message that passed one whose move was rejected',
    sentence: 22,
    facts: [...passed, moved(100, { http: 409 })]
  }
]

export const allowedOfPlans: Allowed[] = [
  { what: 'a start after its plan was removed', facts: [...inCampaign(...sound), plans(100, { startAt: 5000 }), removed(600)] },
  { what: 'a start before a rejected plan', facts: [...inCampaign(...sound), plans(100, { startAt: 5000 }, { http: 400 })] },
  {
    what: 'a start before its campaign starts, where an earlier request without a response may have removed that',
    facts: [...inCampaign(...sound), plans(90, {}, { http: 0, plan: { startAt: null } }), plans(100, { startAt: 5000 })]
  },
  { what: 'starts at the rate of their campaign', facts: [...sound, ...starts(2000, 4001), plans(100, { perSecond: 0.5 })] },
  {
    what: 'starts that are closer, since Redis lost the last one of the campaign',
    facts: [...sound, ...starts(2000, 5450), plans(100, { perSecond: 0.25 }), lost(CAMPAIGN)]
  },
  { what: 'a younger message that passes one whose campaign starts later', facts: [...inCampaign(...passed), plans(100, { startAt: 5000 })] },
  { what: 'a message that expires with the plan of its campaign', facts: [...inCampaign(...expired(1100)), plans(100, { endAt: 1000 })] },
  { what: 'a younger message that passes a moved one', facts: [...passed, moved(100)] },
  {
    what: 'a message that starts before a time that it was moved away from again',
    facts: [...sound, moved(100), moved(200, { movedTo: null })]
  },
  {
    what: 'a message that was moved into a lower lane, and starts earlier than its delayMs, since an older one left its queue',
    facts: [...without(isOf('b', 'responded')), responded('b', 50, { delayMs: 1200, waitingFor: 'pair-rate' }), operated('move', 60, { key: 'b' })]
  }
]
