import { createHash } from 'node:crypto'
import { appendFileSync, rmSync } from 'node:fs'
import { type BatchResult, type PostMessage, type SluiceClient, SluiceClientError } from '../../client/index.js'
import type { Format, Row } from './rows.js'
import { readRows } from './rows.js'

/** Counts of lines. `duplicates`: the gateway already had them, from an earlier run, an equal line, or a try whose response was lost. */
export interface Tally { lines: number, accepted: number, duplicates: number, rejected: number, reasons: Reason[] }

type Problem = Extract<BatchResult, { code: string }>

/** Codes of lines that the gateway could not take for now, after all of the client's tries. */
const transient = new Set<string>(['UNAVAILABLE', 'RECIPIENT_QUEUE_FULL', 'BACKLOG_FULL'])

/** Lines that were rejected for the same reason. */
export interface Reason { code: string, field: string | undefined, count: number, firstLine: number }

/** `done`: all lines; `interrupted`: by the signal; `aborted`: by an error of a whole request, such as an unreachable gateway. */
export type ImportEnd = { status: 'done' | 'interrupted' } | { status: 'aborted', error: SluiceClientError }

export interface ImportOptions {
  client: SluiceClient
  file: string
  format: Format
  rejectedFile: string
  campaign: string
  sender: string | undefined
  /** Lines per request. */
  batch: number
  /** Ends the import after the current request. */
  stop: AbortSignal
  /** Called after each request; `bytes` is the size of the processed lines. */
  onProgress: (tally: Tally, bytes: number) => void
}

/**
 * Sends the rows of a file in batches, in order. It keeps no state: the idempotency key of a row is a hash of its content, so another
 * run sends no row a second time, wherever this one ended. Throws UsageError for an unreadable file.
 */
export async function sendFile (options: ImportOptions): Promise<{ tally: Tally, end: ImportEnd }> {
  const { client, file, format, rejectedFile, campaign, sender, batch, stop, onProgress } = options
  const tally: Tally = { lines: 0, accepted: 0, duplicates: 0, rejected: 0, reasons: [] }
  let bytes = 0
  const rows = await readRows(file, format)
  rmSync(rejectedFile, { force: true })

  let pending: Array<Row & { message: PostMessage }> = []
  /** Recipients with a line that the gateway could not take for now: their later lines would overtake it. */
  const refused = new Map<string, Problem>()
  try {
    for await (const row of rows) {
      if (stop.aborted) return { tally, end: { status: 'interrupted' } }
      bytes += Buffer.byteLength(row.text) + 1
      if (!('message' in row)) reject(row, { code: 'INVALID_LINE', detail: row.problem })
      else if (refused.size > 0 && refused.has(recipientOf(row.message))) reject(row, refused.get(recipientOf(row.message)) as Problem)
      else pending.push(row)
      if (pending.length >= batch) await post()
    }
    if (pending.length > 0) await post()
    return { tally, end: { status: 'done' } }
  } catch (error) {
    if (error instanceof SluiceClientError) return { tally, end: { status: 'aborted', error } }
    throw error
  }

  async function post (): Promise<void> {
    const messages = pending.map(({ message }) => withKey({ ...(sender === undefined ? {} : { sender }), ...message }))
    const results = await client.sendBatch(messages)
    pending.forEach((row, at) => count(row, results[at] as BatchResult))
    pending = []
    onProgress(tally, bytes)
  }

  function count (row: Row & { message: PostMessage }, result: BatchResult): void {
    if ('code' in result) {
      if (transient.has(result.code)) refused.set(recipientOf(row.message), result)
      return reject(row, result)
    }
    tally.lines++
    if (result.duplicate) tally.duplicates++
    else tally.accepted++
  }

  function reject ({ line, text }: Row, problem: { code: string, field?: string, title?: string, detail?: string }): void {
    const { code, field, title, detail = title } = problem
    tally.lines++
    tally.rejected++
    const same = tally.reasons.find(reason => reason.code === code && reason.field === field)
    if (same === undefined) tally.reasons.push({ code, field, count: 1, firstLine: line })
    else same.count++
    // The file contains personal data, so only its owner may read it.
    appendFileSync(rejectedFile, `${JSON.stringify({ line, code, field, detail, text })}\n`, { mode: 0o600 })
  }

  function withKey (message: PostMessage): PostMessage {
    const hash = createHash('sha256').update(JSON.stringify([campaign, message])).digest('hex').slice(0, 32)
    return { ...message, idempotencyKey: message.idempotencyKey ?? `import:${hash}` }
  }
}

/** What decides the order of a line: all spellings of a number are one recipient. */
function recipientOf ({ to, recipient, group, sender, priority }: PostMessage): string {
  return JSON.stringify([sender, priority, String(to ?? '').replace(/\D/g, ''), recipient, group])
}
