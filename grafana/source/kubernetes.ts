/** Objects for the Prometheus operator and for Grafana's sidecar, which loads ConfigMaps by label. */

const labels = { 'app.kubernetes.io/name': 'sluice', 'app.kubernetes.io/component': 'monitoring' }

/** Scrapes all pods of Sluice, API and workers, as one job: the alerts expect that. */
export const podMonitor = {
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'PodMonitor',
  metadata: { name: 'sluice', labels },
  spec: {
    // Job name from the pod label, instead of namespace/podmonitor.
    jobLabel: 'app.kubernetes.io/name',
    selector: { matchLabels: { 'app.kubernetes.io/name': 'sluice' } },
    podMetricsEndpoints: [{ port: 'http', path: '/metrics', interval: '15s' }]
  }
}

/** One ConfigMap per dashboard: `kubectl apply` allows 256 KiB per object. */
export function dashboardConfigMaps (files: Map<string, string>): object[] {
  return [...files].map(([name, text]) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `sluice-dashboard-${name.replace('.json', '')}`, labels: { ...labels, grafana_dashboard: '1' } },
    data: { [name]: JSON.stringify(JSON.parse(text)) }
  }))
}
