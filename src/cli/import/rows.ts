import { parse, type CsvError } from 'csv-parse'
import { createReadStream, type ReadStream } from 'node:fs'
import { access } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import type { PostMessage } from '../../client/index.js'
import { UsageError } from '../exit.js'

export type Format = 'ndjson' | 'csv'

/** A line of the file, and what it says: a message, or why it is none. `line` is its number, from 1. */
export type Row = { line: number, text: string } & ({ message: PostMessage } | { fault: string })

export function formatOf (file: string, format: Format | undefined): Format {
  if (format !== undefined) return format
  if (/\.csv$/i.test(file)) return 'csv'
  if (/\.(ndjson|jsonl)$/i.test(file)) return 'ndjson'
  throw new UsageError('a file to import ends in .ndjson, .jsonl or .csv, or --format says what it is')
}

/** The rows of a file, one after another. Throws UsageError where it can't be read. */
export async function readRows (file: string, format: Format): Promise<AsyncIterable<Row>> {
  await access(file).catch(() => { throw new UsageError(`there is no file ${file} that can be read`) })
  const stream = createReadStream(file)
  return format === 'csv' ? readCsv(stream) : readNdjson(stream)
}

async function * readNdjson (stream: ReadStream): AsyncGenerator<Row> {
  let line = 0
  for await (const text of createInterface({ input: stream, crlfDelay: Infinity })) {
    line++
    if (text.trim() === '') continue
    yield { line, text, ...parseLine(text) }
  }
}

function parseLine (text: string): { message: PostMessage } | { fault: string } {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { message: value as PostMessage }
  } catch {}
  return { fault: 'it is no JSON object' }
}

interface Record_ { record: Record<string, string>, raw: string, info: { lines: number } }

async function * readCsv (stream: ReadStream): AsyncGenerator<Row> {
  const bad: Row[] = []
  const parser = Readable.from(unixLines(stream)).pipe(parse({
    columns: true,
    bom: true,
    trim: true,
    raw: true,
    info: true,
    skip_empty_lines: true,
    // A row with more or fewer cells than the first line names may hold half a text: it is refused, and the others go on.
    skip_records_with_error: true,
    on_skip: (error: CsvError | undefined, raw: string | undefined) => { bad.push({ line: Number(error?.['lines'] ?? 0), text: (raw ?? '').trimEnd(), fault: 'its cells do not fit the first line' }) }
  }))
  for await (const { record, raw, info } of parser as AsyncIterable<Record_>) {
    yield * bad.splice(0)
    yield { line: info.lines, text: raw.trimEnd(), message: toMessage(record) }
  }
  yield * bad.splice(0)
}

/** Text with `\n` at the end of each line, so that lines are counted right, and a file of either kind says the same. */
async function * unixLines (stream: ReadStream): AsyncGenerator<string> {
  let held = ''
  for await (const chunk of stream.setEncoding('utf8')) {
    const text = held + String(chunk)
    held = text.endsWith('\r') ? '\r' : ''
    yield text.slice(0, text.length - held.length).replaceAll('\r\n', '\n')
  }
  yield held
}

/** Cells as fields: what is empty is left out, `metadata.<name>` is an entry of the metadata, numbers and flags are as the API has them. */
function toMessage (record: Record<string, string>): PostMessage {
  const message: Record<string, unknown> = {}
  const metadata: Record<string, string> = {}
  for (const [name, cell] of Object.entries(record)) {
    if (cell === '') continue
    if (name.startsWith('metadata.')) metadata[name.slice('metadata.'.length)] = cell
    else if (name === 'expiresInMs') message[name] = Number(cell)
    else message[name] = cell
  }
  return { ...message, ...(Object.keys(metadata).length === 0 ? {} : { metadata }) } as PostMessage
}
