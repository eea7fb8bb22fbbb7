import { readFile, stat } from 'node:fs/promises'
import type { PostMessage } from '../../client/index.js'
import { describeInvalid } from '../../values/invalid.js'
import { parseJson } from '../../values/json.js'
import { UsageError } from '../exit.js'
import { countKnown, columnOf, hasStrayBraces, placeholdersIn, planColumns, rejectUnused, type PlanOptions } from './columns.js'
import { cutRows, parseCsv, swallowedRow } from './csv.js'
import { decode } from './decode.js'
import { textsOf, toMessage, type Defaults, type Problem } from './message.js'
import { toTable, type Table } from './table.js'
import { readXlsx } from './xlsx.js'

export type Format = 'csv' | 'xlsx' | 'ndjson'

/** A row of the file as a message, or why it is none. `row`: as a spreadsheet counts, from 1; of NDJSON the line. */
export type Row = { row: number } & ({ message: PostMessage } | { problem: Problem, to: string })

export interface List {
  rows: Row[]
  /** Rows without any text, which are not among `rows`. */
  empty: number
  /** Between the cells of a CSV file; undefined for others. */
  delimiter?: string
}

export interface ReadOptions extends PlanOptions {
  format: Format | undefined
  encoding?: string | undefined
  delimiter?: string | undefined
  sheet?: string | undefined
  ignoreUnknown: boolean
  defaults: Defaults
}

const CUT: Problem = { code: 'INVALID_ROW', reason: 'its text seems to go on in the next row: a text with line breaks must be in quotes' }

/** The whole file is in memory: it is understood to its end before anything is sent. */
const MAX_BYTES = 256 * 1024 * 1024

function formatOf (file: string, format: Format | undefined): Format {
  if (format !== undefined) return format
  const [, extension = ''] = /\.([^.]+)$/.exec(file.toLowerCase()) ?? []
  if (['csv', 'tsv', 'txt'].includes(extension)) return 'csv'
  if (['ndjson', 'jsonl'].includes(extension)) return 'ndjson'
  if (['xlsx', 'xlsm'].includes(extension)) return 'xlsx'
  const hint = ['xls', 'ods', 'numbers'].includes(extension) ? `. Save the .${extension} file as .xlsx, or as "CSV UTF-8"` : ''
  throw new UsageError(`unknown file format: use .csv, .xlsx, .ndjson or .jsonl, or --format${hint}`)
}

/** Reads a file to its end. Throws UsageError for one that cannot be understood as a whole: then no row of it may be sent. */
export async function readList (file: string, options: ReadOptions): Promise<List> {
  const format = formatOf(file, options.format)
  const size = (await stat(file).catch(() => { throw new UsageError(`cannot read the file ${file}`) })).size
  if (size > MAX_BYTES) throw new UsageError(`the file has ${Math.ceil(size / 1024 / 1024)} MB: split it into files of at most 256 MB`)
  const bytes = await readFile(file).catch(() => { throw new UsageError(`cannot read the file ${file}`) })
  const list = format === 'ndjson'
    ? readNdjson(decode(bytes, options.encoding), options.defaults)
    : readTable(format === 'csv' ? csvTable(decode(bytes, options.encoding), options) : await xlsxTable(bytes, options), options, format)
  if (list.rows.length === 0) throw new UsageError(`the file ${file} has no rows to send`)
  return list
}

function csvTable (text: string, options: ReadOptions): Table {
  const { records, delimiter } = parseCsv(text, { delimiter: options.delimiter, rate: names => countKnown(names, options) })
  return toTable(records, delimiter)
}

async function xlsxTable (bytes: Buffer, options: ReadOptions): Promise<Table> {
  return toTable(await readXlsx(bytes, options.sheet), ',')
}

function readTable (table: Table, options: ReadOptions, format: Format): List {
  const { columns, rows, empty, delimiter } = table
  const plan = planColumns(columns, options)
  const { text } = options.defaults
  for (const name of placeholdersIn(text ?? '')) columnOf(plan, name)
  if (hasStrayBraces(text ?? '')) throw new UsageError('--text has {{ without }}, or }} without {{. Nothing was sent')
  if (!options.ignoreUnknown) rejectUnused(plan, textsOf(rows, plan, text))
  const to = plan.fields.get('to')
  const swallowed = format === 'csv' && to !== undefined ? swallowedRow(rows, { delimiter, to }) : undefined
  if (swallowed !== undefined) {
    throw new UsageError(`row ${swallowed} has a cell with another row inside: a quotation mark is missing there. Nothing was sent. ` +
      'If the cell is meant so, save the list as .xlsx')
  }
  const cut = format === 'csv' && to !== undefined ? cutRows(rows, { to, columns: columns.length }) : new Set<number>()
  const shown = to ?? plan.fields.get('recipient') ?? plan.fields.get('group') ?? 0
  const list = rows.map((row): Row => {
    const result = cut.has(row.row) ? { problem: CUT } : toMessage(row, plan, options.defaults)
    const cell = row.cells[shown]
    return 'message' in result ? { row: row.row, ...result } : { row: row.row, ...result, to: typeof cell === 'string' ? cell.trim() : '' }
  })
  return { rows: list, empty, ...(format === 'csv' ? { delimiter } : {}) }
}

function readNdjson (text: string, { priority, category, campaign, sender }: Defaults): List {
  const lines = text.split(/\r?\n/)
  const rows: Row[] = []
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue
    const parsed = parseJson(line, 'line')
    const object = 'value' in parsed && typeof parsed.value === 'object' && parsed.value !== null && !Array.isArray(parsed.value)
      ? parsed.value
      : undefined
    if (object !== undefined) {
      const given = Object.fromEntries(Object.entries({ priority, category, campaign, sender }).filter(([, value]) => value !== undefined))
      rows.push({ row: i + 1, message: { ...given, ...object } as unknown as PostMessage })
    } else {
      const reason = 'invalid' in parsed ? describeInvalid(parsed.invalid) : 'the line is not a JSON object'
      rows.push({ row: i + 1, problem: { code: 'INVALID_ROW', reason }, to: '' })
    }
  }
  return { rows, empty: lines.slice(0, -1).filter(line => line.trim() === '').length }
}
