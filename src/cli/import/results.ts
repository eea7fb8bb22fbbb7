import { appendFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Problem } from './message.js'

/** The result of a row. `valid`: of a dry run; `not-sent`: the import ended before it. */
export type Status = 'accepted' | 'valid' | 'known' | 'rejected' | 'not-sent'

/** `note`: why it is known, or what to look at. */
export interface Result { row: number, to: string, status: Status, id?: string, problem?: Problem, note?: string }

/** Counts of rows: every row is in exactly one of the first five. */
export interface Tally {
  rows: number
  accepted: number
  valid: number
  known: number
  rejected: number
  notSent: number
  /** Of the known: equal to an earlier row of the file. */
  repeated: number
  /** Of the accepted or valid. */
  optedOut: number
  /** Why rows were rejected, the most frequent first. */
  reasons: Reason[]
}

/** Rows that were rejected for the same reason, and the first of them. */
export interface Reason { code: string, field: string | undefined, reason: string, count: number, firstRow: number }

export interface Results {
  readonly tally: Tally
  add: (result: Result) => void
  /** Writes what was added. Throws an error where a row is missing or counted twice. */
  close: (expected: number) => void
}

const counted: Record<Status, 'accepted' | 'valid' | 'known' | 'rejected' | 'notSent'> = {
  accepted: 'accepted', valid: 'valid', known: 'known', rejected: 'rejected', 'not-sent': 'notSent'
}

const HEAD = ['row', 'status', 'to', 'reason', 'code', 'field', 'id']
const MARK = '\ufeff'
const FLUSH_AT = 1000

/** A CSV file for spreadsheets, with one line for every row. It contains personal data, so only its owner may read it. */
export function createResults (file: string, delimiter: string): Results {
  const tally: Tally = { rows: 0, accepted: 0, valid: 0, known: 0, rejected: 0, notSent: 0, repeated: 0, optedOut: 0, reasons: [] }
  const reasons = new Map<string, Reason>()
  let lines: string[] = []
  // A file that exists keeps its mode when it is written again.
  rmSync(file, { force: true })
  writeFileSync(file, `${MARK}${lineOf(HEAD, delimiter)}`, { mode: 0o600 })

  function write (): void {
    if (lines.length > 0) appendFileSync(file, lines.join(''))
    lines = []
  }

  return {
    tally,
    add ({ row, to, status, id = '', problem, note = '' }) {
      tally.rows++
      tally[counted[status]]++
      if (problem !== undefined) note = problem.reason
      lines.push(lineOf([String(row), status, to, note, problem?.code ?? '', problem?.field ?? '', id], delimiter))
      if (lines.length >= FLUSH_AT) write()
      if (problem === undefined || status !== 'rejected') return
      const { code, field, reason } = problem
      const key = JSON.stringify([code, field, code === 'INVALID_ROW' || code === 'INVALID_RECIPIENT' ? reason : ''])
      const same = reasons.get(key)
      if (same === undefined) reasons.set(key, { code, field, reason, count: 1, firstRow: row })
      else same.count++
    },
    close (expected) {
      write()
      tally.reasons = [...reasons.values()].sort((a, b) => b.count - a.count || a.firstRow - b.firstRow)
      const { rows, accepted, valid, known, rejected, notSent } = tally
      const sum = accepted + valid + known + rejected + notSent
      if (rows !== expected || sum !== rows) {
        throw new Error(`internal error: ${expected} rows were read, and ${sum} are accounted for. Please report it, with ${file}`)
      }
    }
  }
}

function lineOf (cells: string[], delimiter: string): string {
  return `${cells.map(cell => quote(defuse(cell), delimiter)).join(delimiter)}\r\n`
}

function quote (cell: string, delimiter: string): string {
  return cell.includes(delimiter) || /["\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}

/** A spreadsheet runs a cell that begins like a formula. */
export function defuse (cell: string): string {
  return /^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/.test(cell) ? `'${cell}` : cell
}
