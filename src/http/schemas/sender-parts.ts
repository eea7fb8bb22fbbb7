import { Type } from '@sinclair/typebox'
import type { SenderView } from '../../sender-facts.js'
import { count, countOrNull, oneOf, timestampOrNull } from './common.js'

const bulkStates: Record<SenderView['bulk']['state'], string> = {
  off: 'BULK_HOLD_MS is 0, or the sender has no webhooks: statuses are not watched',
  collecting: 'no status of most messages has come for 24 hours, so it is never held',
  active: 'it is sent',
  held: 'WhatsApp reports no status of most of the messages that it accepts: its messages wait, but for one probe in ten seconds'
}

export const BulkSchema = Type.Object({
  state: oneOf(bulkStates, 'Whether the lane is sent'),
  since: timestampOrNull('Since when it is held; null unless it is'),
  until: timestampOrNull('When the hold ends at the latest; null unless it is held'),
  nextProbeAt: timestampOrNull('When its next message may be sent as a probe; null unless it is held'),
  missingPercent: countOrNull('Percent of the messages accepted 2 to 12 minutes ago without a status; null unless it is held')
}, { $id: 'BulkLane', description: 'The lane `bulk` of a sender, which waits while statuses are missing' })

export const RateCountsSchema = Type.Object({
  count: count('Rates that operators have set; `GET /senders/{id}/rates` lists them'),
  templateWaiting: count('Messages that wait for the rate of their template, outside of the queues'),
  categoryWaiting: count('The same of their category')
}, { $id: 'RateCounts', description: 'The rates of templates and categories of a sender' })
