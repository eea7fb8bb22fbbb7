import { createHmac } from 'node:crypto'
import type { Proxies } from '../config.js'
import { createOutbound } from '../outbound.js'
import { startReadTimeout } from '../deadlines.js'

/**
 * Result of one attempt. `code`: `HTTP_<status>`, or why there was no response. `rejected`: the receiver is up and does not accept this callback.
 * `failed`: it accepts none at the moment.
 */
export type Posted = { status: 'accepted', durationMs: number } | { status: 'rejected' | 'failed', code: string, durationMs: number }

/** Client errors that are about the receiver's state and not about the request: Request Timeout, Too Many Requests. */
const TEMPORARY = [408, 429]

export interface Endpoint {
  /** Posts once. Any 2xx is a success; redirects are not followed, and the response body is not read. Never rejects. */
  post: (headers: Record<string, string>, body: string) => Promise<Posted>
  close: () => Promise<void>
}

export interface EndpointOptions { withinMs: number, connections: number, proxies?: Proxies }

/** The receiver of callbacks. `withinMs`: from the start of an attempt to the end of its response. */
export function createEndpoint (url: string, { withinMs, connections, proxies }: EndpointOptions): Endpoint {
  const { origin, pathname, search } = new URL(url)
  const pool = createOutbound(origin, { connections, connectTimeoutMs: withinMs, proxies })
  return {
    async post (headers, body) {
      const startedAt = performance.now()
      const durationMs = (): number => performance.now() - startedAt
      const timeout = new AbortController()
      const stopTimeout = startReadTimeout(withinMs, () => timeout.abort(new DOMException('No response in time', 'TimeoutError')))
      try {
        const response = await pool.request({
          origin,
          method: 'POST',
          path: pathname + search,
          headers: { ...headers, 'content-type': 'application/json', 'user-agent': 'sluice' },
          body,
          signal: timeout.signal
        })
        // Dumped, so that the connection can be reused. The status is known, so an error here changes nothing.
        await response.body.dump().catch(() => undefined)
        const { statusCode } = response
        return statusCode >= 200 && statusCode < 300
          ? { status: 'accepted', durationMs: durationMs() }
          : { status: isAboutReceiver(statusCode) ? 'failed' : 'rejected', code: `HTTP_${statusCode}`, durationMs: durationMs() }
      } catch (error) {
        return { status: 'failed', code: failureCode(error), durationMs: durationMs() }
      } finally {
        stopTimeout()
      }
    },
    async close () { await pool.destroy() }
  }
}

function isAboutReceiver (statusCode: number): boolean {
  return statusCode >= 500 || TEMPORARY.includes(statusCode)
}

/** Holds nothing that was sent or received. */
function failureCode (error: unknown): string {
  const { code, name } = error as { code?: unknown, name?: unknown }
  if (name === 'TimeoutError') return 'TIMEOUT'
  return typeof code === 'string' && /^[A-Z0-9_]{1,40}$/.test(code) ? code : 'NO_RESPONSE'
}

/**
 * The headers of Standard Webhooks 1.0.0: one signature `v1,<Base64>` per key, separated by spaces, over `<id>.<timestamp>.<body>`. `atS`:
 * time of this attempt, seconds since the epoch. The id must not contain a full stop.
 */
export function sign (id: string, atS: number, body: string, keys: readonly Buffer[]): Record<string, string> {
  const signatures = keys.map(key => `v1,${createHmac('sha256', key).update(`${id}.${atS}.${body}`).digest('base64')}`)
  return { 'webhook-id': id, 'webhook-timestamp': String(atS), 'webhook-signature': signatures.join(' ') }
}
