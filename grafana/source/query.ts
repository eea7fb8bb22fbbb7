/** PromQL of the panels: matchers of the dashboard variables, and aggregation over nodes. */

/** Prefixes of metrics without a `sender` label. All others are also matched by the selected senders. */
const withoutSender = [
  'sluice_http', 'sluice_redis', 'sluice_retry_runs', 'sluice_retry_results', 'sluice_retry_worker', 'sluice_operator', 'sluice_faults',
  'sluice_shifts', 'sluice_build', 'sluice_scrape', 'sluice_webhook_lag', 'sluice_webhooks_refused', 'sluice_callbacks_total',
  'sluice_callback_duration', 'sluice_caller', 'sluice_sandbox', 'sluice_admission_duration', 'sluice_dispatch_lateness',
  'sluice_provider_request_duration'
]
const ofNodes = new RegExp(`^(${withoutSender.join('|')}|process_|nodejs_|up$)`)

/** A metric of the selected job and senders. */
export function of (metric: string, ...matchers: string[]): string {
  const chosen = ofNodes.test(metric) ? ['job=~"$job"'] : ['job=~"$job"', 'sender=~"$sender"']
  return `${metric}{${[...chosen, ...matchers].join(', ')}}`
}

/** A system gauge: the maximum over nodes, by labels besides the job. */
export function whole (metric: string, by = '', ...matchers: string[]): string {
  return `max by (job${by === '' ? '' : `, ${by}`}) (${of(metric, ...matchers)})`
}

/** The same, summed over what `by` leaves out: `summed('sluice_queue_messages', 'sender, state', 'state')` is each state over all senders. */
export function summed (metric: string, apart: string, by: string, ...matchers: string[]): string {
  return `sum${by === '' ? '' : ` by (${by})`} (${whole(metric, apart, ...matchers)})`
}

/** Rate of a counter over all nodes, per second. */
export function rate (metric: string, by: string, ...matchers: string[]): string {
  return `sum${by === '' ? '' : ` by (${by})`} (rate(${of(metric, ...matchers)}[$__rate_interval]))`
}

/** Increase of a counter in the selected time range. */
export function grown (metric: string, by: string, ...matchers: string[]): string {
  return `sum${by === '' ? '' : ` by (${by})`} (increase(${of(metric, ...matchers)}[$__range]))`
}

/**
 * Increase of a rare event, at each point of a graph. `increase` misses the step from no series to the first value, so a
 * new series counts in full.
 */
export function events (metric: string, by: string, ...matchers: string[]): string {
  const one = of(metric, ...matchers)
  const isNew = `${one} unless last_over_time(${one}[$__rate_interval] offset $__rate_interval)`
  return `sum${by === '' ? '' : ` by (${by})`} ((${isNew}) or increase(${one}[$__rate_interval]))`
}

/** A quantile of a histogram over all nodes. */
export function quantile (share: number, metric: string, by = '', ...matchers: string[]): string {
  return `histogram_quantile(${share}, sum by (${by === '' ? '' : `${by}, `}le) (rate(${of(`${metric}_bucket`, ...matchers)}[$__rate_interval])))`
}
