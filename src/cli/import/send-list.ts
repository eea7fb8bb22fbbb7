import { describeProblem } from '../exit.js'
import { type BatchResult, type PostMessage, type SluiceClient, SluiceClientError, type Schemas } from '../../client/index.js'
import { canonicalDigits } from '../../values/phone.js'
import { keyOf, type Problem } from './message.js'
import type { Row } from './read-file.js'
import type { Results } from './results.js'

/** `done`: all rows; `interrupted`: by the signal; `aborted`: by an error of a whole request, such as an unreachable gateway. */
export type ImportEnd = { status: 'done' | 'interrupted' } | { status: 'aborted', error: SluiceClientError }

export interface SendOptions {
  client: SluiceClient
  rows: Row[]
  results: Results
  campaign: string
  /** Rows per request. */
  batch: number
  /** Asks what would become of the rows, and sends none. */
  dryRun: boolean
  /** Ends the import after the current request. */
  stop: AbortSignal
  /** Called before each request with true, and after it with false. */
  onRequest: (isOpen: boolean) => void
}

/** A row that the gateway accepted, or would accept. */
export type Valid = Row & { message: PostMessage, key: string }
/** The gateway's response for one row. */
type PostResult = BatchResult | Schemas['CheckedRow']

/** Codes of rows that the gateway could not take for now, after all of the client's tries. */
const transient = new Set<string>(['UNAVAILABLE', 'CALLER_RATE_LIMITED', 'RECIPIENT_QUEUE_FULL', 'BACKLOG_FULL', 'CALLER_BACKLOG_FULL'])
/** Characters of a request's rows at most: the gateway's limit is 16 MB. */
const MAX_CHARACTERS = 4_000_000

/**
 * Sends the rows in batches, in order, or checks them. It keeps no state: the idempotency key of a row is a hash of what its recipient gets, so
 * another run sends no row a second time, wherever this one ended. Every row is in the results when it returns.
 */
export async function sendList (options: SendOptions): Promise<{ end: ImportEnd, senders: Array<Schemas['CheckedSender']>, valid: Valid[] }> {
  const { client, rows, results, campaign, batch, dryRun, stop, onRequest } = options
  let pending: Row[] = []
  let characters = 0
  /** Of this run, by key and sender. */
  const firstRows = new Map<string, number>()
  /** Recipients with a row that the gateway could not take for now: their later rows would overtake it. */
  const rejectedQueues = new Map<string, Problem>()
  const senders = new Map<string, Schemas['CheckedSender']>()
  const valid: Valid[] = []
  let done = 0
  let end: ImportEnd = { status: 'done' }
  try {
    for (const row of rows) {
      if (stop.aborted) break
      pending.push(row)
      characters += 'message' in row ? JSON.stringify(row.message).length : 0
      if (pending.length >= batch || characters >= MAX_CHARACTERS) await post()
    }
    if (!stop.aborted) await post()
    if (done < rows.length) end = { status: 'interrupted' }
  } catch (error) {
    if (!(error instanceof SluiceClientError)) throw error
    end = { status: 'aborted', error }
  }
  const note = 'the import ended before this row'
  for (const row of rows.slice(done)) results.add({ row: row.row, to: recipientIn(row), status: 'not-sent', note })
  return { end, senders: [...senders.values()], valid }

  async function post (): Promise<void> {
    const sendable: Valid[] = []
    /** Of each pending row: where its response is, or why it is not sent. */
    const sentOrProblem = pending.map((row): number | Problem => {
      if (!('message' in row)) return row.problem
      const earlier = rejectedQueues.get(queueOf(row.message))
      return earlier ?? sendable.push({ ...row, key: row.message.idempotencyKey ?? keyOf(row.message.campaign ?? campaign, row.message) }) - 1
    })
    const outcomes = sendable.length === 0 ? [] : await ask(sendable.map(({ message, key }) => ({ ...message, idempotencyKey: key })))
    if (outcomes.length !== sendable.length) {
      throw new Error(`internal error: ${sendable.length} rows were posted, and ${outcomes.length} have a result, from row ${pending[0]?.row} on`)
    }
    pending.forEach((row, i) => {
      const sent = sentOrProblem[i] as number | Problem
      if (typeof sent === 'number') count(sendable[sent] as Valid, outcomes[sent] as PostResult)
      else reject(row, sent)
    })
    done += pending.length
    pending = []
    characters = 0
  }

  async function ask (messages: PostMessage[]): Promise<PostResult[]> {
    onRequest(true)
    try {
      if (!dryRun) return await client.sendBatch(messages)
      const { results: found, senders: some } = await client.checkBatch(messages)
      for (const sender of some) senders.set(sender.id, sender)
      return found
    } finally {
      onRequest(false)
    }
  }

  function count (row: Valid, outcome: PostResult): void {
    const to = recipientIn(row)
    if ('code' in outcome) return rejectPosted(row, outcome)
    const name = JSON.stringify([row.message.sender, row.key])
    const first = firstRows.get(name)
    const id = outcome.id ?? ''
    if (first !== undefined) {
      results.tally.repeated++
      return results.add({ row: row.row, to, status: 'known', id, note: `equal to row ${first}` })
    }
    firstRows.set(name, row.row)
    if (outcome.duplicate) return results.add({ row: row.row, to, status: 'known', id, note: 'accepted earlier' })
    const isOut = 'optedOut' in outcome && outcome.optedOut
    if (isOut) results.tally.optedOut++
    valid.push(row)
    results.add({ row: row.row, to, status: dryRun ? 'valid' : 'accepted', id, ...(isOut ? { note: 'the recipient opted out of marketing' } : {}) })
  }

  function rejectPosted (row: Valid, { code, field, title, detail = title, errors }: Schemas['ProblemRow']): void {
    // Without the list of known fields, which a person with a spreadsheet does not need.
    const reason = errors?.map(({ allowed: _, ...one }) => describeProblem(one)).join('; ') ?? detail
    const problem = { code, reason, ...(field === undefined ? {} : { field }) }
    if (transient.has(code)) rejectedQueues.set(queueOf(row.message), problem)
    reject(row, problem)
  }

  function reject (row: Row, problem: Problem): void {
    results.add({ row: row.row, to: recipientIn(row), status: 'rejected', problem })
  }
}

function recipientIn (row: Row): string {
  return 'message' in row ? row.message.to ?? row.message.recipient ?? row.message.group ?? '' : row.to
}

/** What decides the order of a row. */
function queueOf (message: PostMessage): string {
  return JSON.stringify([message.sender, message.priority, recipientOf(message)])
}

/** The recipient of a message: all spellings of a number are one. */
export function recipientOf ({ to, recipient, group }: PostMessage): string {
  return to === undefined ? `${recipient === undefined ? 'group ' : ''}${recipient ?? group}` : canonicalDigits(String(to).replace(/\D/g, ''))
}
