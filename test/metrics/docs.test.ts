/** docs/metrics.md lists the metrics that a node exports. `WRITE_DOCS=1` rewrites its table. */
import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { createInstruments } from '../../src/metrics/instruments.js'
import { createSystemGauges } from '../../src/metrics/system.js'

const file = new URL('../../docs/metrics.md', import.meta.url)
const between = /(?<=<!-- metrics -->\n)[^]*(?=<!-- \/metrics -->)/

interface Metric { name: string, help: string, type: string, labelNames: string[] }

const rows = [['node', createInstruments().registry] as const, ['system', createSystemGauges().registry] as const].flatMap(([of, registry]) =>
  (registry.getMetricsAsArray() as unknown as Metric[]).map(metric => ({ of, ...metric })))

await t.test('docs/metrics.md has each metric with type, labels and meaning', async t => {
  const lines = rows.map(({ of, name, type, labelNames, help }) => `| \`${name}\` | ${type} | ${labelNames.map(label => `\`${label}\``).join(', ') || '–'} | ${of} | ${help} |`)
  const wanted = ['| metric | type | labels | of | what |', '|---|---|---|---|---|', ...lines, ''].join('\n')
  const page = readFileSync(file, 'utf8')
  if (process.env['WRITE_DOCS'] === '1') writeFileSync(file, page.replace(between, () => wanted))
  else t.equal(between.exec(page)?.[0], wanted)
})

await t.test('metric names state unit and type, and every label is explained', async t => {
  const page = readFileSync(file, 'utf8')
  for (const { name, type, labelNames } of rows) {
    t.match(name, /^sluice_[a-z_]+$/)
    t.equal(name.endsWith('_total'), type === 'counter', name)
    if (type === 'histogram') t.match(name, /_seconds$/)
    const explained = labelNames.filter(label => ['version', 'role', 'node'].includes(label) || new RegExp(`^\\| .*\`${label}\`.* \\| [^|]+ \\|$`, 'm').test(page.split('<!-- /metrics -->')[1] ?? ''))
    t.same(explained, labelNames, name)
  }
})
