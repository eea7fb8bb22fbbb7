/**
 * `npm run docs` writes tables of the docs from data in the code. `npm run docs -- --check` fails if a page is out of date.
 * A page marks a table with `<!-- generated: NAME ARGUMENT... -->` and `<!-- /generated -->`.
 * A new table is one function that returns Markdown, listed in `tables`.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { logLines } from '../src/metrics/log-lines.ts'
import { createInstruments } from '../src/metrics/instruments.ts'
import { createSystemGauges } from '../src/metrics/system.ts'
import { localCodes, metaCodes } from '../src/provider/codes.ts'
import { code, errorsTable, settingsTable, table } from './docs-tables.mjs'

const tables = {
  metrics,
  errors: errorsTable,
  settings: settingsTable,
  'log-lines': logLineTable,
  'meta-codes': () => codes(metaCodes),
  'local-codes': () => codes(localCodes)
}

const root = new URL('../', import.meta.url)
const PAGES = [
  'README.md',
  'lua/README.md',
  ...readdirSync(new URL('docs/', root), { recursive: true })
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`)
]
const MARKED = /(<!-- generated: ([\w-]+)((?: \w+)*) -->\n)[^]*?(<!-- \/generated -->)/g

function metrics () {
  const registries = [['node', createInstruments().registry], ['system', createSystemGauges().registry]]
  const rows = registries.flatMap(([scope, registry]) => registry.getMetricsAsArray().map(({ name, type, labelNames, help }) =>
    [code(name), type, labelNames.map(code).join(', ') || '–', scope, help]))
  return table(['metric', 'type', 'labels', 'scope', 'meaning'], rows)
}

function logLineTable () {
  return table(['line', 'level', 'meaning', 'action', 'fields'], Object.entries(logLines).map(([line, { level, meaning, action, fields }]) =>
    [code(line), level, meaning, action, fields]))
}

function codes (rows) {
  return table(
    ['code', 'title', 'outcome', 'explanation', 'remedy'],
    rows.map(row => [row.code, row.title, outcomeOf(row), row.explanation, row.remedy])
  )
}

function outcomeOf (row) {
  switch (row.outcome) {
    case 'limited-pair': return `limited (pair), ${row.coolDownMs / 1000} s, then times ${row.growth} up to ${row.mostMs / 1000} s`
    case 'limited-flow': return `limited (sender), ${row.coolDownMs / 1000} s`
    case 'sender-stopped': return `sender-stopped, probe every ${row.probeMs / 60_000} min`
    case 'rejected':
      if (row.optsOut) return 'rejected, opts out'
      return row.retryNotBeforeMs === undefined ? 'rejected' : `rejected, not before ${row.retryNotBeforeMs / 3_600_000} h`
    case 'retryable': return row.mostAttempts === undefined ? 'retryable' : `retryable, ${row.mostAttempts} attempts at most`
    default: return row.outcome
  }
}

const used = new Set()
const outdated = []
for (const path of PAGES) {
  const page = readFileSync(new URL(path, root), 'utf8')
  const written = page.replace(MARKED, (_all, start, name, args, end) => {
    if (!(name in tables)) throw new Error(`${path}: no table is called ${name}`)
    used.add(name)
    return `${start}${tables[name](...args.split(' ').filter(Boolean))}${end}`
  })
  if (written === page) continue
  outdated.push(path)
  if (!process.argv.includes('--check')) writeFileSync(new URL(path, root), written)
}
const unused = Object.keys(tables).filter(name => !used.has(name))
if (unused.length > 0) throw new Error(`no page shows ${unused.join(', ')}`)
if (process.argv.includes('--check') && outdated.length > 0) {
  console.error(`out of date: ${outdated.join(', ')}. Run npm run docs.`)
  process.exitCode = 1
}
