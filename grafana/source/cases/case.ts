/**
 * When each alert fires and when it doesn't: data for `promtool test rules`, written to alerts/rules.test.yml. What is expected is
 * written out here, labels and words, and not taken from alerts.ts. Values are promtool's: `a+bxn` is n steps of b up from a.
 */

export interface Firing { labels: Record<string, string>, summary: string }

export interface Case {
  alert: string
  /** Of the alert: `fires` begins quiet or not, fires, and ends again. */
  kind: 'fires' | 'quiet'
  about: string
  /** Series and its values, one a minute. */
  series: Record<string, string>
  /** What fires at which time. */
  at: Record<string, Firing[]>
}

export const sender = { job: 'sluice', sender: '111' }
/** Two nodes. */
export const one = 'job="sluice",instance="a:3000"'
export const two = 'job="sluice",instance="b:3000"'
export const page = (labels: Record<string, string>, deps: string, summary: string): Firing => ({ labels: { ...labels, severity: 'page', deps }, summary })
export const ticket = (labels: Record<string, string>, deps: string, summary: string): Firing => ({ labels: { ...labels, severity: 'ticket', deps }, summary })
