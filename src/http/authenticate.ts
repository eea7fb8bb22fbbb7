import bearerAuth from '@fastify/bearer-auth'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Caller, CallerRegistry, Role } from '../callers.js'
import { anonymous } from '../callers.js'
import { SluiceError } from '../errors.js'
import { sendProblem } from './problem.js'

declare module 'fastify' {
  interface FastifyRequest { caller: Caller }
  interface FastifyContextConfig {
    /** Roles that may use the route; required for every route behind a key. */
    roles?: readonly Role[]
    /** The handler checks the body, or its rows one by one. */
    checksBody?: boolean
  }
}

/** Authenticates the routes of this scope: a known API key, with a role that the route permits. A route without roles stops the start. */
export async function authenticate (app: FastifyInstance, callers: CallerRegistry): Promise<void> {
  app.decorateRequest('caller')
  app.addHook('onRoute', route => {
    if (route.config?.roles === undefined) throw new SluiceError('INTERNAL', { detail: `${String(route.method)} ${route.url} has no roles` })
  })
  if (!callers.hasKeys) {
    app.addHook('onRequest', (request, _reply, done) => {
      rejectForeignPages(request)
      request.caller = anonymous
      done()
    })
    return
  }
  await app.register(bearerAuth, {
    addHook: false,
    // RFC 9110: the name of the scheme in any case.
    specCompliance: 'rfc6749',
    keys: new Set<string>(),
    auth: (key: string, request: FastifyRequest) => {
      const found = callers.find(key)
      if (found !== undefined) request.caller = found
      return found !== undefined
    }
  })
  app.addHook('onRequest', (request, reply, done) => {
    if (app.verifyBearerAuth === undefined) throw new SluiceError('INTERNAL')
    // The plugin's own error is replaced by ours.
    app.verifyBearerAuth(request, reply, error => {
      const roles = request.routeOptions.config.roles
      if (error !== undefined) done(new SluiceError('UNAUTHENTICATED', { detail: describeMissingKey(request.headers.authorization) }))
      else if (roles !== undefined && !roles.includes(request.caller.role)) done(forbidden(request.caller.role, roles))
      else done()
    })
  })
}

function describeMissingKey (authorization: string | undefined): string {
  if (authorization === undefined) return 'the request has no header "Authorization"'
  return /^bearer +\S/i.test(authorization) ? 'this API key is not known here' : 'the header "Authorization" does not begin with "Bearer"'
}

function forbidden (role: Role, roles: readonly Role[]): SluiceError {
  return new SluiceError('FORBIDDEN', { detail: `this needs a key of role ${roles.join(' or ')}; yours has the role ${role}` })
}

/** Without API keys, a page of any site open in a browser on this machine could use the node, or read from it. */
function rejectForeignPages (request: FastifyRequest): void {
  if (!isToLoopback(request)) throw new SluiceError('FORBIDDEN', { detail: 'without API_KEYS the gateway is served as localhost only' })
  if (isChange(request) && !isSameOrigin(request, ['same-origin', 'none'])) {
    throw new SluiceError('FORBIDDEN', { detail: 'without API_KEYS no page of another site may change anything' })
  }
}

/**
 * Authenticates pages for a browser: an admin's key by HTTP Basic (name and key as user and password) or as a bearer token. A browser repeats
 * Basic credentials for requests that another site makes it send, so changes must come from the pages' own origin.
 * Sends its errors itself: an inner error handler would not know them.
 */
export function authenticateBrowser (app: FastifyInstance, callers: CallerRegistry): void {
  app.decorateRequest('caller')
  app.addHook('onRequest', async (request, reply) => {
    if (!callers.hasKeys) {
      const detail = 'without API_KEYS it is served as localhost only'
      if (!isToLoopback(request)) return sendProblem(reply, new SluiceError('FORBIDDEN', { detail }))
      request.caller = anonymous
    } else {
      const caller = identify(request.headers.authorization, callers)
      if (caller === undefined) {
        reply.header('www-authenticate', 'Basic realm="Sluice: name and key of an admin", charset="UTF-8"')
        const detail = 'send name and key of an admin as user and password, or the key as a bearer token'
        return sendProblem(reply, new SluiceError('UNAUTHENTICATED', { detail }))
      }
      if (caller.role !== 'admin') return sendProblem(reply, new SluiceError('FORBIDDEN'))
      request.caller = caller
    }
    if (isChange(request) && !isSameOrigin(request)) {
      return sendProblem(reply, new SluiceError('FORBIDDEN', { detail: 'a change must come from a page of this gateway' }))
    }
  })
}

function identify (authorization: string | undefined, callers: CallerRegistry): Caller | undefined {
  const [, scheme = '', credentials = ''] = /^(Bearer|Basic) +(\S+) *$/i.exec(authorization ?? '') ?? []
  if (credentials === '') return undefined
  if (scheme.toLowerCase() === 'bearer') return callers.find(credentials)
  const userAndPassword = Buffer.from(credentials, 'base64').toString()
  const colon = userAndPassword.indexOf(':')
  const caller = callers.find(userAndPassword.slice(colon + 1))
  return caller !== undefined && colon > 0 && caller.name === userAndPassword.slice(0, colon) ? caller : undefined
}

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
