/** The alerts as rules for Prometheus, for Grafana, and for the Prometheus operator of Kubernetes. */
import { exprOf, type Alert } from './alert.js'

/** Name of the rule group. */
const GROUP = 'sluice'
/** Data source of Grafana's rules: the uid in provisioning/datasources. */
const DATASOURCE = 'prometheus'

/** A panel that shows the value of an alert. */
export interface Place { dashboard: string, panel: number }

/** `groups` of a rules file. `runbooks` is the URL of docs/runbooks.md, without the anchor. */
export function prometheusRules (alerts: readonly Alert[], runbooks: string): object {
  const rules = alerts.map(alert => ({
    alert: alert.name,
    expr: exprOf(alert),
    ...(alert.for === '0s' ? {} : { for: alert.for }),
    labels: { severity: alert.severity, module: alert.module },
    annotations: annotationsOf(alert, runbooks)
  }))
  return { groups: [{ name: GROUP, rules }] }
}

/** The same rules as a PrometheusRule of the operator. */
export function prometheusRule (alerts: readonly Alert[], runbooks: string): object {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'sluice', labels: { 'app.kubernetes.io/name': 'sluice', 'app.kubernetes.io/component': 'monitoring' } },
    spec: prometheusRules(alerts, runbooks)
  }
}

/** Grafana's provisioning file: A queries, B takes the last value, C compares. */
export function grafanaRules (alerts: readonly Alert[], runbooks: string, placeOf: (name: string) => Place): object {
  const rules = alerts.map(alert => {
    const { dashboard, panel } = placeOf(alert.name)
    return {
      uid: uidOf(alert),
      title: alert.name,
      condition: 'C',
      for: alert.for,
      // Most alerts have no series in the normal state; SluiceNoNode uses `absent`.
      noDataState: 'OK',
      execErrState: 'Error',
      dashboardUid: dashboard,
      panelId: panel,
      labels: { severity: alert.severity, module: alert.module },
      annotations: { ...annotationsOf(alert, runbooks), summary: alert.summary.replaceAll('.Value', '.Values.B.Value') },
      data: [query(alert), reduce, compare(alert)]
    }
  })
  return { apiVersion: 1, groups: [{ orgId: 1, name: GROUP, folder: 'Sluice', interval: '1m', rules }] }
}

/** Grafana allows 40 characters. */
function uidOf ({ name }: Alert): string {
  return name.replaceAll(/[A-Z]/g, (letter, index: number) => `${index === 0 ? '' : '-'}${letter.toLowerCase()}`)
}

function annotationsOf ({ name, summary }: Alert, runbooks: string): { summary: string, runbook_url: string } {
  return { summary, runbook_url: `${runbooks}#${name.toLowerCase()}` }
}

function query (alert: Alert): object {
  const expr = alert.only === undefined ? alert.value : `${alert.value} and ${alert.only}`
  return {
    refId: 'A',
    relativeTimeRange: { from: 600, to: 0 },
    datasourceUid: DATASOURCE,
    model: { refId: 'A', expr, instant: true, range: false }
  }
}

const reduce = { refId: 'B', datasourceUid: '__expr__', model: { refId: 'B', type: 'reduce', expression: 'A', reducer: 'last' } }

function compare ({ above, below }: Alert): object {
  const evaluator = above === undefined ? { type: 'lt', params: [below] } : { type: 'gt', params: [above] }
  return { refId: 'C', datasourceUid: '__expr__', model: { refId: 'C', type: 'threshold', expression: 'B', conditions: [{ evaluator }] } }
}
