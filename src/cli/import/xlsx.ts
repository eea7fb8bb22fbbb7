import readWorkbook, { InvalidInputError, InvalidSpreadsheetError, type CellValue } from 'read-excel-file/node'
import { UsageError } from '../exit.js'
import type { Cell, TableRow } from './table.js'

/** Spreadsheets keep 15 digits of a number. */
const MAX_DIGITS = 15

/** All rows of a workbook's sheet: the one with this name, else the only one that is not empty. Throws UsageError. */
export async function readXlsx (bytes: Buffer, name: string | undefined): Promise<TableRow[]> {
  const sheets = await readWorkbook(bytes, { trim: false, parseNumber: (digits): RawNumber => ({ digits }) }).catch((error: unknown) => {
    if (error instanceof InvalidInputError || error instanceof InvalidSpreadsheetError || error instanceof Error) {
      throw new UsageError(`not a readable workbook (.xlsx): ${error.message}. Nothing was sent. Save it again as .xlsx, or as "CSV UTF-8"`)
    }
    throw error
  })
  const filled = sheets.filter(({ data }) => data.length > 0)
  const names = sheets.map(({ sheet }) => `"${sheet}"`).join(', ')
  const chosen = name === undefined ? filled : sheets.filter(({ sheet }) => sheet === name)
  if (name !== undefined && chosen.length === 0) throw new UsageError(`--sheet: the workbook has no sheet "${name}"; it has: ${names}`)
  if (chosen.length > 1) throw new UsageError(`the workbook has several sheets. Name one with --sheet: ${names}`)
  return (chosen[0]?.data ?? []).map((cells, i) => ({ row: i + 1, cells: cells.map(toCell) }))
}

/** A number as it is written in the file. */
interface RawNumber { digits: string }

/** The library's type says `typeof Date` where it means Date. */
function toCell (value: CellValue<RawNumber> | Date | null): Cell {
  if (value === null) return ''
  if (typeof value === 'string') return value
  if (value instanceof Date) return { problem: 'is a date: give the column the format Text, so that it is read as you write it' }
  return typeof value === 'object' ? toDigits(value.digits) : String(value)
}

/** Without an exponent, which Excel writes for long numbers. */
function toDigits (digits: string): Cell {
  const number = Number(digits)
  const text = String(number)
  if (Number.isNaN(number) || text.includes('e') || text.replace(/\D/g, '').length > MAX_DIGITS) {
    return { problem: `is a number with more than ${MAX_DIGITS} digits, which Excel has rounded: give the column the format Text` }
  }
  return text
}
