import { Type } from '@sinclair/typebox'
import type { CampaignState } from '../../campaigns/state.js'
import {
  campaignName, count, laneMeanings, listOf, oneOf, oneOfOrNull, optionalSender, text, timestamp, timestampOrNull, unavailable
} from './common.js'
import { BulkJobSchema } from './job.js'
import { time } from './post-message.js'

export const LEAST_RATE = 0.01
export const MOST_RATE = 1000
const timeOrNull = (description: string) => {
  const { anyOf, ...more } = time(description)
  return Type.Union([...anyOf, Type.Null()], more)
}

export const CampaignParamsSchema = Type.Object({ name: campaignName })
export const PutCampaignSchema = Type.Object({
  sender: optionalSender('Phone number id of the sender that is to send it; default: all senders that the API key may use'),
  lane: Type.Optional(oneOfOrNull(laneMeanings, 'The lane of its messages that name no `priority`')),
  perSecond: Type.Optional(Type.Union([Type.Number({ minimum: LEAST_RATE, maximum: MOST_RATE }), Type.Null()], {
    description: `Messages of it that start in a second, at each sender: ${LEAST_RATE} to ${MOST_RATE}`
  })),
  startAt: Type.Optional(timeOrNull('None of its messages starts before')),
  endAt: Type.Optional(timeOrNull('Those that have not started by then end as EXPIRED'))
}, {
  $id: 'PutCampaign',
  additionalProperties: false,
  description: 'A campaign to create, and its plan. A field that is absent stays as it is; null removes it'
})

const states: Record<CampaignState, string> = {
  running: 'its messages are sent, as its plan allows',
  paused: 'none of its messages is sent until it is resumed',
  cancelled: 'its waiting messages are cancelled, and it takes no more',
  finished: 'all its messages have ended; with its next message it runs again'
}
export const CodeCountSchema = Type.Object({
  code: text('The error code; `OTHER` for those beyond the first 40'),
  count: count('Messages that FAILED with it'),
  explanation: text('What the code means')
}, { $id: 'CodeCount', description: 'How many messages FAILED with a code' })

const plan = {
  lane: oneOfOrNull(laneMeanings, 'The lane of its messages that name none; null: as those without a campaign'),
  perSecond: Type.Unsafe<number | null>({
    type: ['number', 'null'], description: 'Messages of it that start in a second, at each sender; null: as many as its senders send'
  }),
  startAt: timestampOrNull('None of its messages starts before'),
  endAt: timestampOrNull('Those that have not started by then end as EXPIRED')
}
export const CampaignPlanSchema = Type.Object({ sender: text('The sender'), ...plan }, {
  $id: 'CampaignPlan', description: 'The plan of a campaign at one sender'
})

export const CampaignSchema = Type.Object({
  name: text('Its name'),
  state: oneOf(states, 'What that means for its messages'),
  senders: Type.Array(Type.String(), { description: 'Senders with messages of it' }),
  accepted: count('Messages that were accepted; all counts below except `delivered` and `read` add up to it'),
  waiting: count('Messages that wait, for whatever reason'),
  inFlight: count('Messages that are being sent'),
  sent: count('Messages that WhatsApp accepted, whatever was reported of them since'),
  delivered: count('Of these, those that reached the recipient\'s phone'),
  read: count('Of these, those that the recipient read'),
  failed: count('Messages that FAILED'),
  cancelled: count('Messages that were cancelled'),
  expired: count('Messages whose lifetime ended before they could be sent'),
  ...plan,
  plans: Type.Optional(listOf([CampaignPlanSchema], 'The plan at each sender, where they differ; the fields above are of the first with a plan')),
  failures: listOf([CodeCountSchema], 'The FAILED messages by code, the most frequent first'),
  ratePerSecond: Type.Number({ minimum: 0, description: 'Messages that attempts ended, per second, in the last ten seconds' }),
  expectedEndAt: timestampOrNull('When it ends at this rate and by its plan; null if none of its messages waits, or neither has a rate'),
  startedAt: timestamp('When its first message was accepted, or when it was created'),
  lastAt: timestamp('When one of its messages was accepted or ended for the last time'),
  jobs: Type.Optional(listOf([BulkJobSchema], 'Its last cancellation and its last retry; absent in lists')),
  unavailable
}, { $id: 'Campaign', description: 'The messages of a campaign, over all senders' })

export const CampaignsSchema = Type.Object({
  campaigns: listOf([CampaignSchema], 'The one that changed last first'),
  total: count('Campaigns that match; above `limit` the list has the latest'),
  unavailable
}, { $id: 'Campaigns', description: 'Campaigns' })

export const campaignSchemas = [PutCampaignSchema, CodeCountSchema, CampaignPlanSchema, CampaignSchema, CampaignsSchema]
