import { Type } from '@sinclair/typebox'
import type { BulkAction, BulkJobView, BulkState } from '../../bulk/jobs.js'
import { count, defaulted, flag, listOf, oneOf, oneOfOrNull, optionalSender, text, textOrNull, timestamp, timestampOrNull } from './common.js'
import { criteria, reasons } from './filter.js'
import { states } from './message.js'
import { moveFields } from './move.js'

const actions: Record<BulkAction, string> = {
  cancel: 'cancels messages that wait',
  retry: 'retries failures, due or not',
  move: 'moves messages that wait to another lane, time or end of their lives',
  acknowledge: 'acknowledges failures'
}
const jobStates: Record<BulkJobView['state'], string> = {
  waiting: 'a worker node will take it',
  active: 'under way',
  completed: 'done',
  stopped: 'an operator stopped it; what was done stays',
  failed: 'given up, since Redis was not available; start it again'
}
const { scheduled, queued, retrying, failed } = states
const stateMeanings: Record<BulkState, string> = { scheduled, queued, retrying, failed }

export const StartJobSchema = Type.Object({
  action: oneOf(actions, 'What to do'),
  filter: Type.Object({
    sender: optionalSender('Only messages of this sender, by phone number id; default: all senders'),
    state: Type.Optional(oneOf(stateMeanings, 'Only messages in this state. Default: for `cancel` and `move` all that wait, else `failed`')),
    ...criteria,
    reason: Type.Optional(oneOf(reasons, 'Of a retry or an acknowledgement: only those that failed permanently for this reason')),
    acknowledged: Type.Optional(Type.Boolean({
      description: 'Of a retry: only those that are, or are not, acknowledged. An acknowledgement finds those that are not'
    }))
  }, { additionalProperties: false, minProperties: 1, description: 'The messages; all that is given has to match' }),
  move: Type.Optional(Type.Object(moveFields, { additionalProperties: false, minProperties: 1, description: 'Of a move: where the messages go' })),
  dryRun: defaulted(Type.Boolean({ default: false, description: 'Only count the messages that match' })),
  note: Type.Optional(Type.String({
    minLength: 1, maxLength: 500, pattern: '^[^\\x00-\\x1f]*$', description: 'Of an acknowledgement only: stored in the history of each message'
  }))
}, { $id: 'StartJob', additionalProperties: false, description: 'A bulk job to start' })

export const JobParamsSchema = Type.Object({ id: Type.String({ pattern: '^[a-z]+-[0-9a-f]{16}$', description: 'Id of the job' }) })

export const BulkJobSchema = Type.Object({
  id: text('Its id: the same for the same action and filter'),
  action: oneOf(actions, 'What it does'),
  state: oneOf(jobStates, 'How far it is'),
  waitingFor: oneOfOrNull({ worker: 'a worker node, of which none has been seen lately' }, 'What it waits for, if that needs you'),
  dryRun: flag('It only counts'),
  filter: text('The messages that it is about. Of a recipient it has the last two digits, of a tag the key'),
  states: Type.Array(Type.Unsafe<BulkState>({ type: 'string', enum: Object.keys(stateMeanings) }), {
    description: 'States in which it finds messages'
  }),
  move: textOrNull('Of a move: where its messages go, such as `priority=urgent scheduledFor=now`'),
  note: textOrNull('Of an acknowledgement'),
  scanned: count('Messages that were compared with the filter'),
  total: count('Messages to compare, about: `scanned` of `total` is how far it is'),
  matched: count('Messages that match; while messages come and go, about'),
  done: count('Messages that are cancelled, moved or acknowledged, or whose retry has begun; 0 of a dry run'),
  left: count('Of a cancellation that is done: messages in flight or of unknown outcome, which end by themselves'),
  by: text('The API key of the operator'),
  startedAt: timestamp('When it was requested. Later messages and failures are not concerned'),
  finishedAt: timestampOrNull('When it ended; null before')
}, { $id: 'BulkJob', description: 'An action on all messages that match a filter, in the background' })

export const BulkJobsSchema = Type.Object({ jobs: listOf([BulkJobSchema], 'Newest first') }, { $id: 'BulkJobs', description: 'Bulk jobs' })

export const jobSchemas = [StartJobSchema, BulkJobSchema, BulkJobsSchema]
