import { Type } from '@sinclair/typebox'
import { count, flag, momentOrNull, refOrNull, textOrNull } from './common.js'
import { RetryCountsSchema } from './failure.js'

export const RetryWorkerStatusSchema = Type.Object({
  isRunning: flag('It is not stopped, and a node has been there to run it when it was time'),
  intervalMs: count('How often it looks for due failures'),
  lastRunAt: momentOrNull('When it last ran'),
  lastResult: refOrNull(RetryCountsSchema, 'What its last run did'),
  nextRunAt: momentOrNull('When it runs next; null while it does not run'),
  stoppedBy: textOrNull('The API key that stopped it')
}, { $id: 'RetryWorkerStatus', description: 'The retry worker of all nodes' })
