/**
 * `npm run docs` writes tables of the docs from data in the code. `npm run docs -- --check` fails if a page is out of date.
 * A page marks a table with `<!-- generated: NAME ARGUMENT... -->` and `<!-- /generated -->`.
 * A new table is one function that returns Markdown, listed in `tables`.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { exitMeanings, exits } from '../src/cli/exit.ts'
import { kinds } from '../src/doctor/kinds.ts'
import { logLines } from '../src/metrics/log-lines.ts'
import { createInstruments } from '../src/metrics/instruments.ts'
import { createSystemGauges } from '../src/metrics/system.ts'
import { localCodes, metaCodes } from '../src/provider/policy.ts'
import { receipts } from '../src/settlement/receipt.ts'
import { interfaces, modules, shared } from '../test/contract/modules.ts'
import { code, errorsTable, settingsTable, table } from './docs-tables.mjs'

const tables = {
  metrics,
  errors: errorsTable,
  settings: settingsTable,
  'log-lines': logLineTable,
  'webhook-results': () => table(['result', 'effect'], Object.entries(receipts).map(([result, effect]) => [code(result), effect])),
  'meta-codes': () => codes(metaCodes),
  'local-codes': () => codes(localCodes),
  'doctor-kinds': doctorTable,
  'exit-codes': () => table(['code', 'means'], Object.values(exits).map(exit => [exit, exitMeanings[exit]])),
  decisions: decisionTable,
  modules: moduleTable,
  interfaces: () => namesOf(interfaces),
  shared: () => namesOf(shared)
}

const root = new URL('../', import.meta.url)
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
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

function doctorTable () {
  return table(['kind', 'means', 'do'], Object.entries(kinds).map(([kind, { means, remedy }]) => [code(kind), means, remedy]))
}

function decisionTable () {
  const form = /^# (\d{4})\. (.+)\n\nStatus: (.+)\n\nDate: (.+)\n/
  return table(['number', 'title', 'status', 'date'], PAGES.filter(path => /^docs\/decisions\/\d/.test(path)).sort().map(path => {
    const [, number, title, status, date] = form.exec(readFileSync(new URL(path, root), 'utf8')) ?? []
    return [`[${number}](${path.slice('docs/decisions/'.length)})`, title, status, date]
  }))
}

function codes (rows) {
  return table(
    ['code', 'title', 'outcome', 'explanation', 'remedy'],
    rows.map(row => [row.code, row.title, outcomeOf(row), row.explanation, row.remedy])
  )
}

function outageOf ({ outage }) {
  return outage === true ? ', outage' : ''
}

function moduleTable () {
  return table(['module', 'does', 'imports'], Object.entries(modules).map(([name, { does, imports }]) => {
    const others = imports.filter(permission => !interfaces.includes(permission)).map(code)
    const all = interfaces.every(permission => imports.includes(permission)) ? ['*interfaces*', ...others] : imports.map(code)
    return [code(name), does, all.join(', ')]
  }))
}

function namesOf (names) {
  return `${names.map(code).join(', ').replaceAll(/(.{90,120}?) /g, '$1\n')}.\n`
}

function outcomeOf (row) {
  switch (row.outcome) {
    case 'limited-pair': return `limited (pair), ${row.coolDownMs / 1000} s, then times ${row.growth} up to ${row.mostMs / 1000} s`
    case 'limited-flow': return `limited (sender), ${row.coolDownMs / 1000} s`
    case 'sender-stopped': return `sender-stopped${row.scope === undefined ? '' : ' (its templates)'}, probe every ${row.probeMs / 60_000} min`
    case 'rejected':
      if (row.optsOut) return 'rejected, opts out'
      if (row.stopsTemplatesMs !== undefined) return 'rejected; by webhook it stops the templates'
      return row.retryNotBeforeMs === undefined ? 'rejected' : `rejected, not before ${row.retryNotBeforeMs / 3_600_000} h`
    case 'retryable': return `retryable${row.mostAttempts === undefined ? '' : `, ${row.mostAttempts} attempts at most`}${outageOf(row)}`
    default: return `${row.outcome}${outageOf(row)}`
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
