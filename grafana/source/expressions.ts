/** PromQL of the alerts. */

/** System gauges have the same value on every node: take the maximum, so that two nodes do not count twice. */
export const whole = (metric: string, by = 'job, sender'): string => `max by (${by}) (${metric})`
/** Increase of a node's counter, summed over the nodes. */
export const counted = (metric: string, within: string, by = 'job, sender'): string => `sum by (${by}) (increase(${metric}[${within}]))`
/**
 * The same for rare events. `increase` misses the step from no series to the first value. So a series without a sample in the
 * previous window counts in full. (A single lost scrape does not make a series new.)
 */
export const happened = (metric: string, within: string, by = 'job, sender'): string =>
  `sum by (${by}) ((${metric} unless last_over_time(${metric}[${within}] offset ${within})) or increase(${metric}[${within}]))`
/** Requests of callers. Probes and scrapes are so frequent that they would hide errors. */
export const ofCallers = 'route!~"/health/.+|/metrics"'
export const rate = (metric: string, within: string, by = 'job, sender'): string => `sum by (${by}) (rate(${metric}[${within}]))`
export const quantile = (share: number, metric: string, by: string): string =>
  `histogram_quantile(${share}, sum by (job, ${by}le) (rate(${metric}_bucket[5m])))`
