import Table from 'cli-table3'
import type { RateLimit } from '../client/index.js'

/** No colours: the output is the same in a file. */
const style = { head: [], border: [], compact: true }
/** Columns of text are not wrapped to less than this, which would be unreadable. */
const LEAST_WIDTH = 20
const PADDING = 2
/** Width of the terminal; unlimited for a file or a pipe. */
const terminalWidth = (): number => process.stdout.isTTY ? process.stdout.columns : Infinity

const reasons: Record<RateLimit['waitingFor'], string> = {
  'pair-rate': 'the rate limit of its recipient',
  'sender-rate': 'the rate limit of its sender: sluice stats shows it where WhatsApp allows less than the rule',
  'turn-in-queue': 'earlier messages in the queue',
  'cool-down': 'a cool-down: WhatsApp asked to slow down, or Redis was restarted',
  pause: 'an operator paused the sender: sluice resume SENDER',
  'sender-stopped': 'WhatsApp rejects this sender: sluice stats shows the code',
  outage: 'WhatsApp is down, or the backlog is sent in stages: sluice stats shows it',
  window: 'its recipient to write or call: WhatsApp accepts it only within 24 hours after that',
  'campaign-paused': 'its campaign is paused or cancelled: sluice campaign NAME',
  'campaign-start': 'the start of its campaign: sluice campaign NAME',
  'campaign-rate': 'the rate of its campaign: sluice campaign NAME',
  'template-rate': 'the rate of its template: sluice rates SENDER',
  'category-rate': 'the rate of its category: sluice rates SENDER',
  'template-paused': 'its template is not approved at WhatsApp now: sluice templates SENDER lists why',
  'daily-limit': 'the daily limit of its sender: sluice sender SENDER shows what is used',
  'templates-stopped': 'WhatsApp sends no template of this sender: sluice stats shows the code',
  schedule: 'its scheduled time',
  retry: 'its next retry'
}

/** A text for `waitingFor`. */
export function reasonOf (waitingFor: RateLimit['waitingFor'] | null | undefined): string | undefined {
  return waitingFor === null || waitingFor === undefined ? undefined : reasons[waitingFor]
}

/** A table of at most the terminal's width. Rows that do not fit become lists of name and value. `nothing` replaces an empty table. */
export function table (head: string[], rows: unknown[][], nothing = 'nothing', columns = terminalWidth()): string {
  if (rows.length === 0) return nothing
  const cells = rows.map(row => row.map(cell))
  const colWidths = fit([head, ...cells], columns)
  if (colWidths === null) {
    return cells.map(row => facts(Object.fromEntries(head.map((name, i) => [name, row[i]])), columns)).join('\n')
  }
  const lines = new Table({ head, style, colWidths, wordWrap: true })
  lines.push(...cells)
  return lines.toString()
}

/** A list of names and values; null and undefined values are omitted. */
export function facts (values: Record<string, unknown>, columns = terminalWidth()): string {
  const rows = Object.entries(values).filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]): [string, string] => [name, cell(value)])
  const lines = new Table({ style, wordWrap: true, colWidths: fit(rows, columns) ?? [] })
  lines.push(...rows.map(([name, value]) => ({ [name]: value })))
  return lines.toString()
}

/** Column widths that fit into the terminal by wrapping columns of text; ids are never cut. Null if that is not enough. */
function fit (rows: string[][], columns: number): number[] | null {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map(row => row[i]?.length ?? 0)))
  const longestWord = (column: number): number => Math.max(0, ...rows.flatMap(row => row[column]?.split(' ').map(word => word.length) ?? []))
  const least = widths.map((width, i) => Math.min(width, Math.max(LEAST_WIDTH, longestWord(i))))
  const available = columns - widths.length * (PADDING + 1) - 1
  let excess = widths.reduce((sum, width) => sum + width, 0) - available
  while (excess > 0) {
    const slack = widths.map((width, i) => width - (least[i] ?? 0))
    const most = Math.max(...slack)
    if (most === 0) return null
    const widest = slack.indexOf(most)
    const cut = Math.min(excess, most)
    widths[widest] = (widths[widest] ?? 0) - cut
    excess -= cut
  }
  return widths.map(width => width + PADDING)
}

function cell (value: unknown): string {
  if (value === null || value === undefined) return '–'
  // External text may contain control characters that move the terminal's cursor or change its colours.
  // eslint-disable-next-line no-control-regex
  const text = (typeof value === 'string' ? value : JSON.stringify(value)).replaceAll(/[\x00-\x1f\x7f-\x9f]/g, ' ')
  return text.replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d{3}Z$/, '$1Z')
}

/** Milliseconds in a readable unit. */
export function showMs (ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 120_000) return `${(ms / 1000).toFixed(1)} s`
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`
  return ms < 172_800_000 ? `${(ms / 3_600_000).toFixed(1)} h` : `${Math.round(ms / 86_400_000)} days`
}
