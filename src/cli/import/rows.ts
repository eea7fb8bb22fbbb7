import { parse, type CsvError } from 'csv-parse'
import { createReadStream, type ReadStream } from 'node:fs'
import { access } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import type { PostMessage } from '../../client/index.js'
import { UsageError } from '../exit.js'

export type Format = 'ndjson' | 'csv'

/** A line of the file as a message, or the problem that makes it invalid. `line` is its number, from 1. */
export type Row = { line: number, text: string } & ({ message: PostMessage } | { problem: string })

export function formatOf (file: string, format: Format | undefined): Format {
  if (format !== undefined) return format
  if (/\.csv$/i.test(file)) return 'csv'
  if (/\.(ndjson|jsonl)$/i.test(file)) return 'ndjson'
  throw new UsageError('unknown file format: use the extension .ndjson, .jsonl or .csv, or --format')
}

/** The rows of a file, in order. Throws UsageError if the file cannot be read. */
export async function readRows (file: string, format: Format): Promise<AsyncIterable<Row>> {
  await access(file).catch(() => { throw new UsageError(`cannot read the file ${file}`) })
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

function parseLine (text: string): { message: PostMessage } | { problem: string } {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { message: value as PostMessage }
  } catch {}
  return { problem: 'not a JSON object' }
}

interface CsvRecord { record: Record<string, string>, raw: string, info: { lines: number } }

async function * readCsv (stream: ReadStream): AsyncGenerator<Row> {
  const bad: Row[] = []
  const parser = Readable.from(unixLines(stream)).pipe(parse({
    columns: true,
    bom: true,
    trim: true,
    raw: true,
    info: true,
    skip_empty_lines: true,
    // A row with more or fewer cells than the first line may have a truncated text: it is rejected, and the others are sent.
    skip_records_with_error: true,
    on_skip: (error: CsvError | undefined, raw = '') => {
      bad.push({ line: Number(error?.['lines'] ?? 0), text: raw.trimEnd(), problem: 'number of cells differs from the first line' })
    }
  }))
  for await (const { record, raw, info } of parser as AsyncIterable<CsvRecord>) {
    yield * bad.splice(0)
    yield { line: info.lines, text: raw.trimEnd(), message: toMessage(record) }
  }
  yield * bad.splice(0)
}

/** Converts CRLF to LF, so that lines are counted correctly and both kinds of files give the same keys. */
async function * unixLines (stream: ReadStream): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of stream.setEncoding('utf8')) {
    const text = rest + String(chunk)
    rest = text.endsWith('\r') ? '\r' : ''
    yield text.slice(0, text.length - rest.length).replaceAll('\r\n', '\n')
  }
  yield rest
}

/** Cells as fields: empty cells are omitted, `metadata.<name>` is an entry of the metadata, and `expiresInMs` is a number. */
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
