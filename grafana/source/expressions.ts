/** PromQL as the alerts use it. */

/** What describes the whole system is the same on every node: the highest, so that two nodes do not count twice. */
export const whole = (metric: string, by = 'job, sender'): string => `max by (${by}) (${metric})`
/** What each node counts for itself. */
export const counted = (metric: string, within: string, by = 'job, sender'): string => `sum by (${by}) (increase(${metric}[${within}]))`
/**
 * The same where one is enough: `increase` doesn't see the step from no series to a first count, so a series counts whole that had
 * no sample in the window before. (One sample alone is no proof of youth: a single lost scrape would make old counts news.)
 */
export const happened = (metric: string, within: string, by = 'job, sender'): string =>
  `sum by (${by}) ((${metric} unless last_over_time(${metric}[${within}] offset ${within})) or increase(${metric}[${within}]))`
/** What callers asked for: of probes and scrapes there are so many that they would hide an error, or be one. */
export const ofCallers = 'route!~"/health/.+|/metrics"'
export const rate = (metric: string, within: string, by = 'job, sender'): string => `sum by (${by}) (rate(${metric}[${within}]))`
export const quantile = (at: number, metric: string, by: string): string =>
  `histogram_quantile(${at}, sum by (job, ${by}le) (rate(${metric}_bucket[5m])))`
