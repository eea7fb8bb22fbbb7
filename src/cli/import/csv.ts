import { CsvError } from 'csv-parse'
import { parse } from 'csv-parse/sync'
import { UsageError } from '../exit.js'
import type { TableRow } from './table.js'

const delimiters = [',', ';', '\t', '|']

/**
 * All records of a CSV text, each with its number. Throws UsageError where a quote is wrong: from there on no one knows which cell a text
 * belongs to. Throws an error for a record that was lost, which a second, independent count finds.
 */
export function parseCsv (text: string, { delimiter, rate }: { delimiter?: string | undefined, rate: (names: string[]) => number }):
{ records: TableRow[], delimiter: string } {
  const { body, named } = withoutSeparatorLine(text)
  const chosen = delimiter ?? named ?? bestDelimiter(body, rate)
  const starts = startsOfRecords(body)
  const records = parseRecords(body, chosen, starts, named === undefined ? 0 : 1)
  if (records.length !== starts.length) {
    throw new Error(`internal error: the file has ${starts.length} records, and ${records.length} were read. Nothing was sent`)
  }
  return { records: records.map((cells, i) => ({ row: i + 1, cells })), delimiter: chosen }
}

/** Excel reads a first line `sep=;`, and does not show it as a row. */
function withoutSeparatorLine (text: string): { body: string, named?: string } {
  const [line, named] = /^"?sep=(.)"?(?:\r\n|\n|\r|$)/i.exec(text) ?? []
  return line === undefined || named === undefined ? { body: text } : { body: text.slice(line.length), named }
}

/** The delimiter that gives the first record the most known names, then the most names. */
function bestDelimiter (body: string, rate: (names: string[]) => number): string {
  const head = body.slice(0, startsOfRecords(body, 2)[1]?.offset ?? body.length)
  const rated = delimiters.map(delimiter => {
    try {
      const names = (parseStrictly(head, delimiter)[0] ?? [])
      return { delimiter, rating: rate(names) * 1000 + names.length }
    } catch {
      return { delimiter, rating: 0 }
    }
  })
  return rated.reduce((best, one) => one.rating > best.rating ? one : best).delimiter
}

function parseStrictly (text: string, delimiter: string): string[][] {
  return parse(text, { delimiter, record_delimiter: ['\r\n', '\n', '\r'], relax_column_count: true, skip_empty_lines: false })
}

function parseRecords (body: string, delimiter: string, starts: Start[], linesBefore: number): string[][] {
  try {
    return parseStrictly(body, delimiter)
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const record = Number(error['records'] ?? 0)
    const { offset = 0, line = 1 } = starts[record] ?? starts.at(-1) ?? {}
    const excerpt = body.slice(offset, offset + 60).split(/[\r\n]/)[0]
    throw new UsageError(`a quotation mark is wrong in row ${record + 1} (line ${line + linesBefore}): ${excerpt}…\nNothing was sent. ` +
      'A cell that contains " is written in quotes, with "" for each one inside')
  }
}

interface Start { offset: number, line: number }

/** Where records begin, by quotes and line ends alone: it shares nothing with the parser. At most `limit`. */
function startsOfRecords (body: string, limit = Infinity): Start[] {
  const starts: Start[] = []
  let inQuotes = false
  let line = 1
  let isNew = true
  for (let i = 0; i < body.length && starts.length < limit; i++) {
    if (isNew) starts.push({ offset: i, line })
    isNew = false
    const char = body.charCodeAt(i)
    if (char === QUOTE) inQuotes = !inQuotes
    else if (char === LF || (char === CR && body.charCodeAt(i + 1) !== LF)) {
      line++
      isNew = !inQuotes
    }
  }
  return starts
}

const QUOTE = 34
const LF = 10
const CR = 13

/**
 * The first row with a cell of several lines, one of which has a number where the column `to` is: rows were swallowed where a quote is missing.
 */
export function swallowedRow (rows: TableRow[], { delimiter, to }: Layout): number | undefined {
  const isRow = (line: string, from: number): boolean => {
    const parts = line.split(delimiter)
    return parts.length > 1 && NUMBER.test(parts[to - from] ?? '')
  }
  return rows.find(({ cells }) => cells.some((cell, column) => {
    if (typeof cell !== 'string' || !/[\r\n]/.test(cell)) return false
    return cell.split(/\r\n|\n|\r/).some((line, i) => isRow(line, i === 0 ? column : 0))
  }))?.row
}

/**
 * The rows whose last text goes on in the next row, which has fewer cells and no number: a line break that is not in quotes has cut it. `columns`:
 * how many a row has.
 */
export function cutRows (rows: TableRow[], { to, columns }: Pick<Layout, 'to'> & { columns: number }): Set<number> {
  const isRest = ({ cells }: TableRow): boolean => {
    const number = cells[to] ?? ''
    return cells.length < columns && !(typeof number === 'string' && NUMBER.test(number))
  }
  return new Set(rows.flatMap((row, i) => {
    const before = rows[i - 1]
    return before !== undefined && isRest(row) ? [before.row] : []
  }))
}

/** `to`: the number's column. */
interface Layout { delimiter: string, to: number }

const NUMBER = /^\s*["']*\+?\d[\d\s().-]{6,20}"*\s*$/
