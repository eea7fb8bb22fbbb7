/** PromQL as the panels use it: the variables' matchers, and how a metric is put together over nodes. */

/** Without a sender in their labels. All others are matched by the chosen senders too. */
const ofNodes = /^(sluice_(http|redis|retry_(runs|results|worker)|operator|faults|shifts|build|scrape|webhook_lag|webhooks_refused|callbacks_total|callback_duration|sandbox|admission_duration|dispatch_lateness|provider_request_duration)|process_|nodejs_|up$)/

/** A metric of the chosen job and senders. */
export function of (metric: string, ...matchers: string[]): string {
  const chosen = ofNodes.test(metric) ? ['job=~"$job"'] : ['job=~"$job"', 'sender=~"$sender"']
  return `${metric}{${[...chosen, ...matchers].join(', ')}}`
}

/** What is the same on every node: the highest, by labels besides the job. */
export function whole (metric: string, by = '', ...matchers: string[]): string {
  return `max by (job${by === '' ? '' : `, ${by}`}) (${of(metric, ...matchers)})`
}

/** The same, summed over what `by` leaves out: `summed('sluice_queue_messages', 'sender, state', 'state')` is each state over all senders. */
export function summed (metric: string, apart: string, by: string, ...matchers: string[]): string {
  return `sum${by === '' ? '' : ` by (${by})`} (${whole(metric, apart, ...matchers)})`
}

/** A counter's rate over all nodes, by the second. */
export function rate (metric: string, by: string, ...matchers: string[]): string {
  return `sum${by === '' ? '' : ` by (${by})`} (rate(${of(metric, ...matchers)}[$__rate_interval]))`
}

/** How much a counter grew in the time that is shown. */
export function grown (metric: string, by: string, ...matchers: string[]): string {
  return `sum${by === '' ? '' : ` by (${by})`} (increase(${of(metric, ...matchers)}[$__range]))`
}

/**
 * How often something rare happened, at each point of a line. `increase` doesn't see the step from no series to a first count, so a
 * young series counts whole.
 */
export function events (metric: string, by: string, ...matchers: string[]): string {
  const one = of(metric, ...matchers)
  return `sum${by === '' ? '' : ` by (${by})`} ((${one} unless last_over_time(${one}[$__rate_interval] offset $__rate_interval)) or increase(${one}[$__rate_interval]))`
}

/** A quantile of a histogram over all nodes. */
export function quantile (at: number, metric: string, by = '', ...matchers: string[]): string {
  return `histogram_quantile(${at}, sum by (${by === '' ? '' : `${by}, `}le) (rate(${of(`${metric}_bucket`, ...matchers)}[$__rate_interval])))`
}
