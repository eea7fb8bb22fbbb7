/** The files that `npm run grafana` writes, by path. A test compares them with the committed files. */
import { stringify } from 'yaml'
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { exprOf } from './alert.js'
import { alerts } from './alerts.js'
import { casesFile } from './cases.js'
import { buildDashboard, buildRunbooks, type Board } from './dashboard.js'
import { failures } from './failures.js'
import { dashboardConfigMaps, podMonitor } from './kubernetes.js'
import { overview } from './overview.js'
import { linksOf } from './panel.js'
import { redisAndNodes } from './redis-and-nodes.js'
import { grafanaRules, prometheusRule, prometheusRules, type Place } from './rules.js'
import { readRunbooks } from './runbooks.js'
import { senders } from './senders.js'

export const boards: readonly Board[] = [overview, senders, failures, redisAndNodes]

const HEAD = 'Written by `npm run grafana` from grafana/source. Do not edit.'

/** `runbooks` is the public URL of docs/runbooks.md, `markdown` its text, `readme` the text of grafana/README.md. */
export function createOutputs (runbooks: string, markdown: string, readme: string): Map<string, string> {
  const runbookOf = (name: string): number => alerts.findIndex(alert => alert.name === name) + 1
  const texts = readRunbooks(markdown)
  const pages = alerts.map(({ name, severity }) => ({ alert: name, severity, text: texts.find(({ alert }) => alert === name)?.text ?? '' }))
  const dashboards = [...boards.map(board => buildDashboard(board, runbookOf)), buildRunbooks(pages)]
  const files = new Map(dashboards.map(dashboard => [fileOf(dashboard), `${JSON.stringify(dashboard, null, 2)}\n`]))
  return new Map([
    ...[...files].map(([name, text]) => [`grafana/dashboards/${name}`, text] as const),
    ['grafana/alerts/rules.yml', yaml(prometheusRules(alerts, runbooks))],
    ['grafana/alerts/rules.test.yml', yaml(casesFile(runbooks))],
    ['grafana/provisioning/alerting/rules.yml', yaml(grafanaRules(alerts, runbooks, placeOf))],
    ['grafana/kubernetes/prometheus-rule.yml', yaml(prometheusRule(alerts, runbooks))],
    ['grafana/kubernetes/pod-monitor.yml', yaml(podMonitor)],
    ['grafana/kubernetes/dashboards.yml', yaml(...dashboardConfigMaps(files))],
    ['grafana/README.md', fill(fill(readme, 'alerts', alertTable()), 'dashboards', dashboardTable())]
  ])
}

function fileOf ({ uid = '' }: Dashboard): string {
  return `${uid.replace(/^sluice-/, '')}.json`
}

/** No line folding, and no YAML anchors, which some readers do not support. */
function yaml (...documents: object[]): string {
  return `# ${HEAD}\n${documents.map(document => stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n')}`
}

/** The first panel, starting with the overview, that links the runbook of an alert. */
function placeOf (name: string): Place {
  for (const { uid, rows } of boards) {
    const index = rows.flatMap(({ panels }) => panels).findIndex(panel => linksOf(panel).includes(name))
    if (index !== -1) return { dashboard: uid, panel: index + 1 }
  }
  throw new Error(`no panel shows the value of ${name}`)
}

function alertTable (): string {
  const rows = alerts.map(alert => {
    const link = `[${alert.name}](../docs/runbooks.md#${alert.name.toLowerCase()})`
    return `| ${link} | ${alert.module} | ${alert.severity} | \`${exprOf(alert).replaceAll('|', '\\|')}\` | ${alert.for} |`
  })
  return ['| alert | module | severity | fires when | for |', '|---|---|---|---|---|', ...rows].join('\n')
}

function dashboardTable (): string {
  const rows = boards.map(({ uid, title, rows }) =>
    `| ${title.replace('Sluice / ', '')} | \`${uid}\` | ${rows.map(row => row.title).join(', ')} | ${rows.flatMap(({ panels }) => panels).length} |`)
  const runbooks = `| Runbooks | \`sluice-runbooks\` | one panel per alert, the target of panel links | ${alerts.length} |`
  return ['| dashboard | uid | rows | panels |', '|---|---|---|---|', ...rows, runbooks].join('\n')
}

/** Replaces the text between `<!-- name -->` and `<!-- /name -->`. */
function fill (text: string, name: string, content: string): string {
  return text.replace(new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- /${name} -->)`), (_all, from: string, to: string) => `${from}${content}\n${to}`)
}
