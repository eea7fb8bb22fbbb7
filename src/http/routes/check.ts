import type { Static } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyContextConfig } from 'fastify'
import type { AdmissionSettings, Request } from '../../admission/admit.js'
import { preview, type Preview } from '../../admission/preview.js'
import { SluiceError } from '../../errors.js'
import { publicId } from '../../redis/keys.js'
import { inspectSenders } from '../../throttle/inspect.js'
import type { Api } from '../api.js'
import { addSchemas } from '../openapi.js'
import { json } from '../operation.js'
import { problem, toKnown } from '../problem.js'
import { problems } from '../problem-responses.js'
import type { RequestDeps } from '../request.js'
import { readPost } from '../request.js'
import { ID, SENDER } from '../samples.js'
import { count, flag, listOf, oneOf, ref, senderIdText, textOrNull } from '../schemas/common.js'
import { understood } from '../schemas/message.js'
import { ProblemRowSchema } from '../schemas/problem.js'
import { formatTime } from '../../values/time.js'

const BODY_LIMIT = 16 * 1024 * 1024
/** Rows looked up at once: a command of Redis that reads so many keys takes a fraction of a millisecond. */
const CHUNK = 100
const MAX_ROWS = 1000

const CheckBatchSchema = Type.Object({
  messages: Type.Array(Type.Unknown(), { minItems: 1, maxItems: MAX_ROWS, description: 'The messages, each as in POST /messages' })
}, { $id: 'CheckBatch', additionalProperties: false, description: 'Messages to check' })

const CheckedRowSchema = Type.Object({
  httpStatus: Type.Integer({ description: 'Always 200; a row that would be rejected has the status and code of its problem' }),
  duplicate: flag('The key is known: the row would be a duplicate, and nothing would be sent'),
  id: textOrNull('The message that was accepted with the key; null for none'),
  optedOut: flag('The recipient has opted out of marketing; the row is not marked as marketing, so it would be sent'),
  ...understood
}, { $id: 'CheckedRow', description: 'A row that would be accepted, or is known' })

const CheckedSenderSchema = Type.Object({
  id: senderIdText,
  state: oneOf({ active: 'it sends', paused: 'an operator paused it', stopped: 'WhatsApp rejects it' }, 'Whether it sends'),
  queued: count('Messages that wait'),
  free: count('How many more messages it takes before it responds BACKLOG_FULL'),
  perRecipient: count('How many messages wait for one recipient at most, before it responds RECIPIENT_QUEUE_FULL'),
  perSecond: Type.Number({ description: 'The sender rate: most messages in a second' }),
  pairIntervalMs: Type.Number({ description: 'The pair rate: least time between two messages to one recipient' })
}, { $id: 'CheckedSender', description: 'How fast a sender would send the rows' })

const CheckedSchema = Type.Object({
  results: listOf([CheckedRowSchema, ProblemRowSchema], 'One result for each message, in the same order'),
  senders: listOf([CheckedSenderSchema], 'The senders of the rows')
}, { $id: 'Checked', description: 'What would become of each message' })

type CheckedRow = Static<typeof CheckedSchema>['results'][number]

const checkMessages = {
  operationId: 'checkMessages',
  tags: ['Messages'],
  summary: 'Says what would become of up to 1,000 messages, and accepts none',
  description: 'The same checks as in POST /messages/batch: fields, recipient, sender, idempotency key and opt-out. Queue limits are not checked. ' +
    'Each row is checked alone, so two equal rows are both new.',
  body: CheckBatchSchema,
  response: {
    200: json('One result for each row', ref(CheckedSchema), {
      examples: {
        mixed: {
          results: [{ httpStatus: 200, duplicate: false, id: null, optedOut: false }, { httpStatus: 200, duplicate: true, id: ID, optedOut: false }],
          senders: [{ id: SENDER, state: 'active', queued: 120, free: 99_880, perRecipient: 1000, perSecond: 80, pairIntervalMs: 2000 }]
        }
      }
    }),
    ...problems('INVALID_REQUEST')
  },
  'x-requests': {
    list: { summary: 'Two messages', body: { messages: [{ to: '+1 555 010 4731', message: 'Hello' }, { to: '12', message: 'Hello' }] } }
  }
}

export interface CheckDeps extends RequestDeps { admission: AdmissionSettings }

/** What a batch would do. */
export function checkRoutes (api: Api, deps: CheckDeps): void {
  addSchemas(api, CheckBatchSchema, CheckedRowSchema, CheckedSenderSchema, CheckedSchema)

  const config = { roles: ['send', 'admin'], checksBody: true } satisfies FastifyContextConfig
  api.post('/messages/check', { schema: checkMessages, bodyLimit: BODY_LIMIT, config }, async request => {
    const { messages } = request.body
    const results: CheckedRow[] = []
    const senders = new Set<string>()
    for (let from = 0; from < messages.length; from += CHUNK) {
      const posts = await Promise.all(messages.slice(from, from + CHUNK).map(toPost))
      results.push(...await checkRows(posts, senders))
    }
    return { results, senders: await describeSenders([...senders]) }

    async function toPost (message: unknown): Promise<Request | SluiceError> {
      try {
        return await readPost(deps, message, { caller: request.caller, requestId: request.id, async: true })
      } catch (error) {
        return toKnown(error)
      }
    }
  })

  async function checkRows (posts: Array<Request | SluiceError>, senders: Set<string>): Promise<CheckedRow[]> {
    const results: CheckedRow[] = posts.map(post => rowOf(post instanceof SluiceError ? post : { status: 'new', optedOut: false }, ''))
    const valid = [...posts.entries()].filter(isPost)
    for (const sender of new Set(valid.map(([, post]) => post.sender))) {
      if (deps.senders.has(sender)) senders.add(sender)
      const rows = valid.filter(([, post]) => post.sender === sender)
      const found = await preview(deps, sender, rows.map(([, post]) => post))
      rows.forEach(([index, post], i) => {
        const outcome = outcomeOf(found[i] as Preview | SluiceError, post)
        results[index] = Object.assign(rowOf(outcome, sender), outcome instanceof SluiceError ? {} : repeated(post))
      })
    }
    return results
  }

  async function describeSenders (ids: string[]): Promise<Array<Static<typeof CheckedSenderSchema>>> {
    return (await inspectSenders(deps.store, ids)).senders.map(({ id, state, queued, unsettled, rules }) => ({
      id,
      state,
      queued,
      free: Math.max(0, deps.admission.backlogCap - unsettled),
      perRecipient: deps.admission.queueCap,
      perSecond: rules.perSecond,
      pairIntervalMs: rules.pairIntervalMs
    }))
  }
}

/** As the response of POST /messages repeats the request. */
function repeated ({ scheduledFor, warnings }: Request): Pick<Static<typeof CheckedRowSchema>, 'scheduledFor' | 'warnings'> {
  return { ...(scheduledFor === undefined ? {} : { scheduledFor: formatTime(scheduledFor) }), ...(warnings === undefined ? {} : { warnings }) }
}

function isPost (entry: [number, Request | SluiceError]): entry is [number, Request] {
  return !(entry[1] instanceof SluiceError)
}

/** A repeat is a duplicate, whatever has changed since. */
function outcomeOf (found: Preview | SluiceError, { rejection, category }: Request): Preview | SluiceError {
  if (found instanceof SluiceError || found.status !== 'new') return found
  return rejection ?? (found.optedOut && category === 'marketing' ? new SluiceError('RECIPIENT_OPTED_OUT', { field: 'to' }) : found)
}

function rowOf (found: Preview | SluiceError, sender: string): CheckedRow {
  if (found instanceof SluiceError) return { httpStatus: found.status, ...problem(found) }
  if (found.status === 'reused') {
    return rowOf(new SluiceError('IDEMPOTENCY_KEY_REUSED', { field: 'idempotencyKey', extra: { id: publicId(sender, found.id) } }), sender)
  }
  const duplicate = found.status === 'duplicate'
  return { httpStatus: 200, duplicate, id: duplicate ? publicId(sender, found.id) : null, optedOut: found.optedOut }
}
