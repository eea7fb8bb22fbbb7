/** A cell's text, or why it has none that can be sent. */
export type Cell = string | { problem: string }

/** `row`: its number as a spreadsheet shows it, from 1. */
export interface TableRow { row: number, cells: Cell[] }

/** A sheet or a CSV file: the names of its columns, and every row below them that is not empty. */
export interface Table {
  columns: string[]
  rows: TableRow[]
  /** Rows without any text. */
  empty: number
  /** Of a CSV file, or of a sheet the one that the results are written with. */
  delimiter: string
}

/** The table of a file's records, the first of which names the columns. `records`: all of them, with their numbers. */
export function toTable (records: TableRow[], delimiter: string): Table {
  const [head, ...body] = records.filter(({ cells }) => !cells.every(cell => typeof cell === 'string' && cell.trim() === ''))
  const columns = (head?.cells ?? []).map(cell => typeof cell === 'string' ? cell.trim() : '')
  return { columns, rows: body, empty: records.length - body.length - (head === undefined ? 0 : 1), delimiter }
}
