/** For the Prometheus operator, and for Grafana's sidecar, which loads what carries its label. */

const labels = { 'app.kubernetes.io/name': 'sluice', 'app.kubernetes.io/component': 'monitoring' }

/** Every pod of Sluice, API and workers alike: one job, as the alerts expect. */
export const podMonitor = {
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'PodMonitor',
  metadata: { name: 'sluice', labels },
  spec: {
    // The pods' own label names the job, instead of namespace/podmonitor.
    jobLabel: 'app.kubernetes.io/name',
    selector: { matchLabels: { 'app.kubernetes.io/name': 'sluice' } },
    podMetricsEndpoints: [{ port: 'http', path: '/metrics', interval: '15s' }]
  }
}

/** One for each dashboard, since an applied object may hold 256 KiB. */
export function dashboardConfigMaps (files: Map<string, string>): object[] {
  return [...files].map(([name, text]) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `sluice-dashboard-${name.replace('.json', '')}`, labels: { ...labels, grafana_dashboard: '1' } },
    data: { [name]: JSON.stringify(JSON.parse(text)) }
  }))
}
