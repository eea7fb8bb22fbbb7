/** Which requests come from this machine and from our own pages, for nodes without API keys and for pages in a browser. */
import type { FastifyRequest } from 'fastify'

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i

/**
 * Whether the request names a loopback host. Prevents DNS rebinding: a foreign name that resolves to this machine would make a foreign page
 * same-origin.
 */
export function isToLoopback (request: FastifyRequest): boolean {
  return LOOPBACK.test(request.hostname)
}

export function isChange (request: FastifyRequest): boolean {
  return request.method !== 'GET' && request.method !== 'HEAD'
}

/**
 * Prevents cross-site request forgery: browsers state where a change comes from, and a client that sends neither site nor origin is not a
 * browser. `sites` are the values of `Sec-Fetch-Site` that are trusted: `none` is the browser's own user, or its extension, and not a page.
 */
export function isSameOrigin (request: FastifyRequest, sites: ReadonlyArray<'same-origin' | 'none'> = ['same-origin']): boolean {
  const site = request.headers['sec-fetch-site']
  if (site !== undefined && !sites.some(known => known === site)) return false
  // Behind a proxy that hides the host name, the origin of our own page would look foreign.
  if (site === 'same-origin') return true
  const { origin } = request.headers
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === request.host)
}
