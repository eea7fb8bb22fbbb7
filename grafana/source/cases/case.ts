/**
 * Test cases of alerts: data for `promtool test rules`, written to alerts/rules.test.yml. Expected labels and summaries are
 * literal here, not derived from alerts.ts. Values use promtool's notation: `a+bxn` is n steps of b, starting at a.
 */

export interface Firing { labels: Record<string, string>, summary: string }

export interface Case {
  alert: string
  /** `fires`: the alert fires and resolves. `quiet`: it never fires. */
  kind: 'fires' | 'quiet'
  about: string
  /** Values of each series, one per minute. */
  series: Record<string, string>
  /** Firing alerts by time. */
  at: Record<string, Firing[]>
}

export const sender = { job: 'sluice', sender: '111' }
/** Labels of two nodes. */
export const one = 'job="sluice",instance="a:3000"'
export const two = 'job="sluice",instance="b:3000"'
export const page = firing('page')
export const ticket = firing('ticket')

function firing (severity: string): (labels: Record<string, string>, module: string, summary: string) => Firing {
  return (labels, module, summary) => ({ labels: { ...labels, severity, module }, summary })
}
