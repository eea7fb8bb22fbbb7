/** Names, units and labels of all metrics. */
import t from 'tap'
import { createInstruments } from '../../src/metrics/instruments.js'
import { createSystemGauges } from '../../src/metrics/system.js'
import { read } from '../contract/tree.js'

interface Metric { name: string, help: string, type: string, labelNames: string[] }

const metrics = [createInstruments().registry, createSystemGauges().registry].flatMap(registry => registry.getMetricsAsArray() as unknown as Metric[])

await t.test('names have a unit and a kind, and docs/metrics.md explains every label', async t => {
  const explained = read('docs/metrics.md').split('## Labels')[1] ?? ''
  for (const { name, type, labelNames } of metrics) {
    t.match(name, /^sluice_[a-z_]+$/)
    t.equal(name.endsWith('_total'), type === 'counter', name)
    if (type === 'histogram') t.match(name, /_seconds$/)
    for (const label of labelNames) {
      if (!['version', 'role', 'node'].includes(label)) {
        t.match(explained, new RegExp(`^\\| .*\`${label}\`.* \\| [^|]+ \\|$`, 'm'), `${name} ${label}`)
      }
    }
  }
})
