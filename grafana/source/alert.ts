/** What an alert is. */
export interface Alert {
  name: string
  /** Where on the walk of a message it belongs. */
  deps: 'http' | 'admission' | 'drain' | 'provider' | 'settlement' | 'webhooks' | 'callbacks' | 'failure' | 'recovery' | 'redis' | 'node'
  /** `page`: somebody has to look now. `ticket`: today. */
  severity: 'page' | 'ticket'
  /** PromQL: the number that is watched. */
  value: string
  /** It fires above this number, or below. */
  above?: number
  below?: number
  /** PromQL that follows `and`: while this holds too. */
  only?: string
  /** How long that has to last. */
  for: string
  /** A template of Prometheus's: `.Labels`, `.Value`. */
  summary: string
}

/** The whole expression, as Prometheus evaluates it. A value is a call or a quotient: both bind closer than the comparison. */
export function exprOf (alert: Alert): string {
  const bound = alert.above === undefined ? `< ${alert.below}` : `> ${alert.above}`
  return `${alert.value} ${bound}${alert.only === undefined ? '' : ` and ${alert.only}`}`
}
