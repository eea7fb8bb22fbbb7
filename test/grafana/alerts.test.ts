/** Prometheus and Alertmanager themselves judge the files in grafana/: promtool plays the cases of the alerts. */
import t from 'tap'
import { parse } from 'yaml'
import { alerts } from '../../grafana/source/alerts.js'
import { cases } from '../../grafana/source/cases.js'
import { read } from '../contract/tree.js'
import { complaintOf, missing } from './monitoring.js'

await t.test('Prometheus and Alertmanager accept their files, and every case passes', { skip: missing('promtool', 'amtool') }, async t => {
  for (const file of ['prometheus', 'prometheus.local']) t.equal(complaintOf('promtool', ['check', 'config', `grafana/${file}.yml`]), '')
  t.equal(complaintOf('promtool', ['check', 'rules', 'grafana/alerts/rules.yml']), '')
  t.equal(complaintOf('amtool', ['check-config', 'grafana/alertmanager.yml']), '')
  t.equal(complaintOf('promtool', ['test', 'rules', 'grafana/alerts/rules.test.yml']), '')
  const { inhibit_rules: inhibitions } = parse(read('grafana/alertmanager.yml'))
  const named = (inhibitions as Array<Record<string, string[]>>).flatMap(rule => [...rule['source_matchers'] ?? [], ...rule['target_matchers'] ?? []])
    .flatMap(matcher => matcher.match(/Sluice\w+/g) ?? [])
  t.strictSame(named.filter(name => !alerts.some(alert => alert.name === name)), [], 'it names existing alerts only')
  t.comment(`${alerts.length} alerts, ${cases.length} cases`)
})
