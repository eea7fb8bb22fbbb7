import { createHash } from 'node:crypto'
import { appendFileSync, rmSync } from 'node:fs'
import { type BatchAnswer, type PostMessage, type SluiceClient, SluiceClientError } from '../../client/index.js'
import type { Format, Row } from './rows.js'
import { readRows } from './rows.js'

/** How far an import is. `known`: the gateway had them already, from an earlier run, an equal line, or a try whose answer was lost. */
export interface Tally { lines: number, accepted: number, known: number, refused: number, reasons: Reason[] }

/** Lines that were refused for the same reason: how many, and the first of them. */
export interface Reason { code: string, field: string | undefined, count: number, firstLine: number }

/** How it ended: with the last line, by the signal, or for an error that goes for all lines, such as a gateway that is away. */
export type End = { status: 'done' | 'interrupted' } | { status: 'broken-off', error: SluiceClientError }

export interface Import {
  client: SluiceClient
  file: string
  format: Format
  refusedFile: string
  campaign: string
  sender: string | undefined
  /** Lines in one request. */
  batch: number
  /** Ends it after the request under way. */
  stop: AbortSignal
  /** After each request, with the bytes of the lines that are through. */
  onProgress: (tally: Tally, bytes: number) => void
}

/**
 * Sends the rows of a file, batch by batch in their order. No state is kept here: a row's idempotency key is made of what it says, so
 * whoever runs it again, wherever it was broken off, sends no row a second time. Throws UsageError for a file that can't be read.
 */
export async function sendFile ({ client, file, format, refusedFile, campaign, sender, batch, stop, onProgress }: Import): Promise<{ tally: Tally, end: End }> {
  const tally: Tally = { lines: 0, accepted: 0, known: 0, refused: 0, reasons: [] }
  let bytes = 0
  const rows = await readRows(file, format)
  rmSync(refusedFile, { force: true })

  let open: Array<Row & { message: PostMessage }> = []
  try {
    for await (const row of rows) {
      if (stop.aborted) return { tally, end: { status: 'interrupted' } }
      bytes += Buffer.byteLength(row.text) + 1
      if ('message' in row) open.push(row)
      else note(row, { code: 'INVALID_LINE', detail: row.fault })
      if (open.length >= batch) await post()
    }
    if (open.length > 0) await post()
    return { tally, end: { status: 'done' } }
  } catch (error) {
    if (error instanceof SluiceClientError) return { tally, end: { status: 'broken-off', error } }
    throw error
  }

  async function post (): Promise<void> {
    const messages = open.map(({ message }) => withKey({ ...(sender === undefined ? {} : { sender }), ...message }))
    const answers = await client.sendBatch(messages)
    open.forEach((row, at) => count(row, answers[at] as BatchAnswer))
    open = []
    onProgress(tally, bytes)
  }

  function count (row: Row, answer: BatchAnswer): void {
    if ('code' in answer) return note(row, answer)
    tally.lines++
    if (answer.duplicate) tally.known++
    else tally.accepted++
  }

  function note ({ line, text }: Row, { code, field, title, detail = title }: { code: string, field?: string, title?: string, detail?: string }): void {
    tally.lines++
    tally.refused++
    const same = tally.reasons.find(reason => reason.code === code && reason.field === field)
    if (same === undefined) tally.reasons.push({ code, field, count: 1, firstLine: line })
    else same.count++
    // It holds what the file itself holds, so only its owner may read it.
    appendFileSync(refusedFile, `${JSON.stringify({ line, code, field, detail, text })}\n`, { mode: 0o600 })
  }

  function withKey (message: PostMessage): PostMessage {
    const name = createHash('sha256').update(JSON.stringify([campaign, message])).digest('hex').slice(0, 32)
    return { ...message, idempotencyKey: message.idempotencyKey ?? `import:${name}` }
  }
}
