import Table from 'cli-table3'
import type { RateLimit } from '../client/index.js'

/** Without colours, so that it reads the same in a file. */
const style = { head: [], border: [], compact: true }
/** A column of words that is narrower is no column to read. */
const LEAST_WIDTH = 20
const PADDING = 2
/** How wide the terminal is; a file or a pipe has no width. */
const terminal = (): number => process.stdout.isTTY ? process.stdout.columns : Infinity

const reasons: Record<RateLimit['waitingFor'], string> = {
  'pair-rate': 'the rate limit of its recipient',
  'sender-rate': 'the rate limit of its sender',
  'turn-in-queue': 'the messages before it',
  'cool-down': 'a cool-down: WhatsApp asked to slow down, or Redis was restarted',
  pause: 'an operator paused the sender: sluice resume SENDER',
  'sender-stopped': 'WhatsApp rejects this sender: sluice stats shows the code',
  schedule: 'its scheduled time',
  retry: 'its next retry'
}

/** What a message waits for, in words. */
export function reasonOf (waitingFor: RateLimit['waitingFor'] | null | undefined): string | undefined {
  return waitingFor === null || waitingFor === undefined ? undefined : reasons[waitingFor]
}

/** A table with a heading, as wide as the terminal at most; each row beneath the other where it would not fit. Another line where there is nothing to show. */
export function table (head: string[], rows: unknown[][], nothing = 'nothing', columns = terminal()): string {
  if (rows.length === 0) return nothing
  const cells = rows.map(row => row.map(cell))
  const colWidths = fit([head, ...cells], columns)
  if (colWidths === null) return cells.map(row => facts(Object.fromEntries(head.map((name, at) => [name, row[at]])), columns)).join('\n')
  const drawn = new Table({ head, style, colWidths, wordWrap: true })
  drawn.push(...cells)
  return drawn.toString()
}

/** Names and values beneath each other; what is null or absent is left out. */
export function facts (values: Record<string, unknown>, columns = terminal()): string {
  const rows = Object.entries(values).filter(([, value]) => value !== null && value !== undefined).map(([name, value]): [string, string] => [name, cell(value)])
  const drawn = new Table({ style, wordWrap: true, colWidths: fit(rows, columns) ?? [] })
  drawn.push(...rows.map(([name, value]) => ({ [name]: value })))
  return drawn.toString()
}

/** Widths with which these rows fit into the terminal, by wrapping columns of words; no id is ever cut. Null where that is not enough. */
function fit (rows: string[][], columns: number): number[] | null {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map(row => row[at]?.length ?? 0)))
  const least = widths.map((width, at) => Math.min(width, Math.max(LEAST_WIDTH, ...rows.flatMap(row => row[at]?.split(' ').map(word => word.length) ?? []))))
  const available = columns - widths.length * (PADDING + 1) - 1
  let over = widths.reduce((sum, width) => sum + width, 0) - available
  while (over > 0) {
    const slack = widths.map((width, at) => width - (least[at] ?? 0))
    const most = Math.max(...slack)
    if (most === 0) return null
    const at = slack.indexOf(most)
    const cut = Math.min(over, most)
    widths[at] = (widths[at] ?? 0) - cut
    over -= cut
  }
  return widths.map(width => width + PADDING)
}

function cell (value: unknown): string {
  if (value === null || value === undefined) return '–'
  // What comes from outside may hold what moves a terminal's cursor or changes its colours.
  // eslint-disable-next-line no-control-regex
  const text = (typeof value === 'string' ? value : JSON.stringify(value)).replaceAll(/[\x00-\x1f\x7f-\x9f]/g, ' ')
  return text.replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d{3}Z$/, '$1Z')
}
