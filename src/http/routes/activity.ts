import { Type } from '@sinclair/typebox'
import type { CountName } from '../../activity/count.js'
import { DAY_MS, readActivity } from '../../activity/read.js'
import { invalidValue } from '../../errors.js'
import type { Store } from '../../redis/store.js'
import type { Api, ServedSenders } from '../api.js'
import { chooseSenders } from '../api.js'
import { addSchemas } from '../openapi.js'
import { json } from '../operation.js'
import { problems } from '../problem-responses.js'
import { sampleTime, SENDER } from '../samples.js'
import { formatTime, parseTime } from '../../values/time.js'
import { count, listOf, notCounted, optionalSender, ref, text, timestamp, unavailable } from '../schemas/common.js'

/** On the longest day of a time zone, midnight is 25 hours ago. */
const LONGEST_MS = DAY_MS + 3_600_000

const names: Record<CountName, string> = {
  accepted: 'Messages accepted',
  sent: 'Messages that WhatsApp accepted',
  delivered: 'Messages reported as delivered',
  read: 'Messages reported as read',
  failed: 'Messages that failed permanently or expired',
  attempts: 'Attempts that ended',
  failing: 'Of these, attempts that failed or got no response; a rate limit of WhatsApp is none'
}
const eachOf = <Field>(make: (description: string) => Field): Record<CountName, Field> =>
  Object.fromEntries(Object.entries(names).map(([name, description]) => [name, make(description)])) as Record<CountName, Field>
const series = (description: string) => Type.Array(Type.Integer({ minimum: 0 }), { description, minItems: 60, maxItems: 60 })

const CountsSchema = Type.Object(eachOf(count), { $id: 'ActivityCounts', description: 'What happened in a span of time' })
const MinutesSchema = Type.Object(eachOf(series), {
  $id: 'ActivityMinutes', description: 'What happened in each of the last 60 minutes, the current one last'
})
const SenderActivitySchema = Type.Object({
  id: text('Phone number id'),
  minutes: ref(MinutesSchema, 'By minute'),
  since: ref(CountsSchema, 'From `since` to now'),
  dayBefore: ref(CountsSchema, 'The same span 24 h earlier')
}, { $id: 'SenderActivity', description: 'What happened at one sender' })
const ActivitySchema = Type.Object({
  now: timestamp('The end of the span, by Redis\'s clock'),
  since: timestamp('The start of the span'),
  senders: listOf([SenderActivitySchema], 'All senders, or the one asked for'),
  unavailable
}, { $id: 'Activity', description: 'What happened at each sender' })

const ActivityQuerySchema = Type.Object({
  sender: optionalSender('Only this sender, by phone number id; default: all senders'),
  since: Type.Optional(Type.String({
    maxLength: 40, description: 'The start of the span, such as midnight of the reader; default: 24 h ago, at most 25 h'
  }))
}, { additionalProperties: false })

const sample = { accepted: 12, sent: 11, delivered: 9, read: 4, failed: 1, attempts: 13, failing: 2 }
const minutes = Object.fromEntries(Object.keys(names).map(name => [name, Array.from({ length: 60 }, () => 0)]))

const getActivity = {
  operationId: 'getActivity',
  tags: ['Counts'],
  summary: 'Returns what happened at each sender since a moment, and by minute of the last hour',
  description: 'Nodes add their counts every two seconds, so the last seconds are missing, and what a node had not added when it died is lost. ' +
    'For exact counts use the metrics.',
  querystring: ActivityQuerySchema,
  response: {
    200: json('The counts', ref(ActivitySchema), {
      examples: {
        one: {
          now: sampleTime('09:30:00.000'),
          since: sampleTime('00:00:00.000'),
          senders: [{ id: SENDER, minutes, since: sample, dayBefore: sample }]
        }
      }
    }),
    ...problems('INVALID_REQUEST', 'SENDER_UNKNOWN')
  },
  'x-requests': { day: { summary: 'The last 24 hours' } }
}

/** What happened at the senders, for people to look at. */
export function activityRoutes (api: Api, deps: { store: Store, senders: ServedSenders }): void {
  addSchemas(api, CountsSchema, MinutesSchema, SenderActivitySchema, ActivitySchema)

  api.get('/activity', { schema: getActivity, config: { roles: ['read', 'admin'] } }, async ({ query }) => {
    const senders = chooseSenders(deps.senders, query.sender)
    const nowMs = deps.store.nowMs(senders[0] ?? '')
    const sinceMs = query.since === undefined ? nowMs - DAY_MS : readSince(query.since)
    const activity = await readActivity(deps.store, senders, Math.max(sinceMs, nowMs - LONGEST_MS))
    return {
      now: formatTime(activity.nowMs),
      since: formatTime(Math.max(sinceMs, nowMs - LONGEST_MS)),
      senders: activity.senders,
      ...notCounted(activity.unavailable)
    }
  })
}

function readSince (text: string): number {
  const parsed = parseTime(text, 'since')
  if ('invalid' in parsed) throw invalidValue(parsed.invalid)
  return parsed.value
}
