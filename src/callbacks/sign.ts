import { createHmac } from 'node:crypto'

/**
 * The headers of Standard Webhooks 1.0.0: a signature `v1,<Base64>` by each key, with spaces between, over
 * `<id>.<timestamp>.<body>`. `atS`: moment of this try, seconds since the epoch. The id has no full stop in it.
 */
export function sign (id: string, atS: number, body: string, keys: readonly Buffer[]): Record<string, string> {
  const signatures = keys.map(key => `v1,${createHmac('sha256', key).update(`${id}.${atS}.${body}`).digest('base64')}`)
  return { 'webhook-id': id, 'webhook-timestamp': String(atS), 'webhook-signature': signatures.join(' ') }
}
