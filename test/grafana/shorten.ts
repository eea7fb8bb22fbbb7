/**
 * The shipped files, made quick for a test: an hour becomes a minute. Every duration of theirs is divided by sixty and is then at
 * least so long that it still works with a scrape a second; addresses are those of the test. Thresholds, expressions, labels,
 * routes, groups and inhibitions stay as they are.
 */
import { parse, stringify } from 'yaml'
import { read } from '../contract/tree.js'

const FASTER = 60
/** A rate needs two scrapes, and one may come late. */
const RANGE_AT_LEAST_S = 4
const units: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** grafana/alerts/rules.yml: ranges and offsets inside the expressions, and `for`. */
export function quickRules (): string {
  const file = parse(read('grafana/alerts/rules.yml')) as { groups: Array<{ rules: Array<{ expr: string, for?: string }> }> }
  for (const rule of file.groups.flatMap(({ rules }) => rules)) {
    rule.expr = rule.expr.replaceAll(/(\[|offset )(\d+[smhd])/g, (_, before: string, span: string) => `${before}${shorter(span, RANGE_AT_LEAST_S)}`)
    if (rule.for !== undefined) rule.for = shorter(rule.for, 1)
  }
  return stringify(file, { lineWidth: 0 })
}

/** grafana/prometheus.yml: scrapes these nodes every second, and sends alerts to this Alertmanager. */
export function quickPrometheus (nodes: string[], alertmanager: string | null): string {
  const file = parse(read('grafana/prometheus.yml'))
  file.global = { scrape_interval: '1s', evaluation_interval: '1s', scrape_timeout: '1s' }
  for (const job of file.scrape_configs) {
    delete job.dns_sd_configs
    job.static_configs = [{ targets: nodes }]
  }
  if (alertmanager === null) delete file.alerting
  else file.alerting.alertmanagers = [{ static_configs: [{ targets: [alertmanager] }] }]
  return stringify(file)
}

/** grafana/alertmanager.yml: each receiver calls its name below this address. */
export function quickAlertmanager (hook: string): string {
  const file = parse(read('grafana/alertmanager.yml'))
  const flush = (route: Record<string, any>): void => {
    for (const name of ['group_wait', 'group_interval', 'repeat_interval']) if (route[name] !== undefined) route[name] = shorter(route[name], 1)
    for (const inner of route['routes'] ?? []) flush(inner)
  }
  flush(file.route)
  for (const receiver of file.receivers) receiver.webhook_configs = [{ url: `${hook}/${receiver.name}`, send_resolved: true }]
  return stringify(file)
}

function shorter (span: string, atLeastS: number): string {
  const seconds = Number(span.slice(0, -1)) * (units[span.slice(-1)] ?? NaN) / FASTER
  return `${seconds === 0 ? 0 : Math.max(atLeastS, Math.round(seconds))}s`
}
