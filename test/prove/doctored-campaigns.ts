/** Histories with campaigns: those that violate sentence 43 or 44, and those that the judge allows. */
import type { Allowed } from './allowed.js'
import { ended, insteadOfB, operated, posted, postedWith, responded, sent, sound, strict, type Doctored } from './doctored.js'
import type { Fact, Operated } from './history.js'

const CAMPAIGN = '8-1'
/** `b` is a message of it. */
const inCampaign = (...facts: Fact[]): Fact[] => postedWith({ campaign: CAMPAIGN }, facts)
const does = (what: 'pause' | 'resume' | 'cancel', at: number, more: Partial<Operated> = {}): Fact =>
  operated(`${what}-campaign`, at, { campaign: CAMPAIGN, http: what === 'cancel' ? 202 : 200, ...more })
const counted = (counts: Record<string, number>): Fact => ({ fact: 'campaign-counted', campaign: CAMPAIGN, counts })
const lost = (campaign: string): Fact => ({ fact: 'lost-writes', from: 590, at: 700, ids: [], pairs: [], senders: [], campaigns: [campaign] })
const sentAt = (at: number): Fact[] => inCampaign(...insteadOfB(...sent('b', at), ended('b', 'sent')))
/** `c` of the same recipient passes `b`, which waits for its campaign. */
const passed: Fact[] = [posted('c', 60), responded('c', 70, { delayMs: null, waitingFor: 'pair-rate' }), ...sent('c', 1010), ended('c', 'sent')]
const unsent = (state: string): Fact[] => inCampaign(...insteadOfB(ended('b', state)))

export const aboutCampaigns: Doctored[] = [
  { what: 'a start while its campaign is paused', sentence: 43, facts: [...inCampaign(...sound), does('pause', 600), does('resume', 5000)] },
  { what: 'a start after its campaign was cancelled', sentence: 43, facts: [...inCampaign(...sound), does('cancel', 600)] },
  {
    what: 'a start while its campaign is paused, when Redis lost what concerned another one',
    sentence: 43,
    facts: [...inCampaign(...sound), does('pause', 600), does('resume', 5000), lost('8-2')]
  },
  { what: 'a campaign that counts a message too few', sentence: 44, facts: [...inCampaign(...sound), counted({ accepted: 0, sent: 0 })] },
  {
    what: 'a campaign that counts a message as waiting',
    sentence: 44,
    facts: [...inCampaign(...sound), counted({ accepted: 1, sent: 0, waiting: 1 })]
  },
  { what: 'a message that is cancelled, whose campaign was only paused', sentence: 7, facts: [...unsent('cancelled'), does('pause', 600)] },
  {
    what: 'a message that was passed by a younger one after its campaign was resumed long ago',
    sentence: 22,
    facts: [
      ...sentAt(105_000), does('pause', 100), does('resume', 700), posted('c', 60), responded('c', 70), ...sent('c', 100_000), ended('c', 'sent')
    ]
  },
  {
    what: 'a message that waits for minutes after its campaign was resumed',
    sentence: 42,
    rules: strict,
    facts: [...sentAt(200_000), does('pause', 100), does('resume', 700)]
  }
]

export const allowedOfCampaigns: Allowed[] = [
  {
    what: 'a younger message that passes one whose campaign is paused',
    facts: [...sentAt(6000), ...passed, does('pause', 100), does('resume', 5000)]
  },
  {
    what: 'a message that is cancelled with its campaign',
    facts: [...unsent('cancelled'), does('cancel', 600), counted({ accepted: 1, cancelled: 1 })]
  },
  {
    what: 'a message that is cancelled with its campaign by a request without a response',
    facts: [...unsent('cancelled'), does('cancel', 600, { http: 0 })]
  },
  {
    what: 'a send after Redis lost the pause of its campaign',
    facts: [...inCampaign(...sound), does('pause', 600), does('resume', 5000), lost(CAMPAIGN)]
  },
  { what: 'a campaign with the counts of the history', facts: [...inCampaign(...sound), counted({ accepted: 1, sent: 1 })] }
]
