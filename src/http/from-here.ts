import type { FastifyRequest } from 'fastify'

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i

/** Where no key is asked for: a foreign name that resolves to this machine would make a foreign page our own origin. */
export function isToLoopback (request: FastifyRequest): boolean {
  return LOOPBACK.test(request.hostname)
}

export function isChange (request: FastifyRequest): boolean {
  return request.method !== 'GET' && request.method !== 'HEAD'
}

/**
 * Browsers tell where a change comes from; whoever tells neither site nor origin is no browser. `sites` are those that are
 * believed: `none` is a browser's own user, or its extension, and no page.
 */
export function isFromHere (request: FastifyRequest, sites: ReadonlyArray<'same-origin' | 'none'> = ['same-origin']): boolean {
  const site = request.headers['sec-fetch-site']
  if (site !== undefined && !sites.some(known => known === site)) return false
  // Behind a proxy that hides the name our own page's origin would look foreign.
  if (site === 'same-origin') return true
  const { origin } = request.headers
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === request.host)
}
