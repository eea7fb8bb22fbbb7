/** An alert as plain data. */
export interface Alert {
  name: string
  /** The module on the message flow. */
  module: 'http' | 'admission' | 'drain' | 'provider' | 'settlement' | 'webhooks' | 'callbacks' | 'failure' | 'recovery' | 'redis' | 'node'
  /** `page`: act now. `ticket`: act on the next working day. */
  severity: 'page' | 'ticket'
  /** PromQL of the value. */
  value: string
  /** The alert fires above, or below, this threshold. */
  above?: number
  below?: number
  /** PromQL of a further condition, joined with `and`. */
  only?: string
  /** Duration before the alert fires. */
  for: string
  /** A Prometheus template: `.Labels`, `.Value`. */
  summary: string
}

/** The complete expression. Values are calls or quotients, which bind tighter than the comparison. */
export function exprOf (alert: Alert): string {
  const bound = alert.above === undefined ? `< ${alert.below}` : `> ${alert.above}`
  return `${alert.value} ${bound}${alert.only === undefined ? '' : ` and ${alert.only}`}`
}
