import Table from 'cli-table3'

/** Without colours, so that it reads the same in a file. */
const style = { head: [], border: [] }

/** A table with a heading; a line of its own where there is nothing to show. */
export function table (head: string[], rows: unknown[][], nothing = 'nothing'): string {
  if (rows.length === 0) return nothing
  const drawn = new Table({ head, style })
  drawn.push(...rows.map(row => row.map(cell)))
  return drawn.toString()
}

/** Names and values beneath each other; what is null or absent is left out. */
export function facts (values: Record<string, unknown>): string {
  const drawn = new Table({ style })
  for (const [name, value] of Object.entries(values)) if (value !== null && value !== undefined) drawn.push({ [name]: cell(value) })
  return drawn.toString()
}

function cell (value: unknown): string {
  if (value === null || value === undefined) return '–'
  // What comes from outside may hold what moves a terminal's cursor or changes its colours.
  // eslint-disable-next-line no-control-regex
  return (typeof value === 'string' ? value : JSON.stringify(value)).replaceAll(/[\x00-\x1f\x7f-\x9f]/g, ' ')
}
