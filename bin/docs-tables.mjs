/** Markdown tables of settings and errors, from src/settings/schema.ts and src/error-codes.ts. Needs `node --import=tsx`, as bin/docs.mjs has. */
import { ConfigSchema } from '../src/config.ts'
import { errors } from '../src/error-codes.ts'

/** A row for each setting of the schema, in its order: from setting `first` to setting `last`, by default all. */
export function settingsTable (first, last) {
  const names = Object.keys(ConfigSchema.properties)
  const [from, to] = [first ?? names[0], last ?? names.at(-1)].map(name => names.indexOf(name))
  if (from === -1 || to < from) throw new Error(`src/settings/schema.ts has no settings from ${first} to ${last}`)
  return table(['setting', 'default', 'meaning'], names.slice(from, to + 1).map(name => {
    const { default: standard, description = '' } = ConfigSchema.properties[name]
    return [code(name), standard === undefined || standard === '' ? '–' : code(standard), description]
  }))
}

/** A row for each error, in the order of src/error-codes.ts. */
export function errorsTable () {
  return table(['code', 'HTTP', 'means', 'repeat?'], Object.entries(errors).map(([name, { status, meaning, retry }]) =>
    [code(name), status, meaning, retry]))
}

export function code (value) {
  return `\`${value}\``
}

/** A Markdown table: column names, then a list of cells for each row. */
export function table (columns, rows) {
  const line = cells => `| ${cells.map(cell => String(cell).replaceAll('|', '\\|')).join(' | ')} |`
  return [line(columns), `|${'---|'.repeat(columns.length)}`, ...rows.map(line), ''].join('\n')
}
