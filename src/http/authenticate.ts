import bearerAuth from '@fastify/bearer-auth'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ApiKey, Role } from '../config.js'
import { SluiceError } from '../errors.js'
import type { Caller } from './find-key.js'
import { createFindKey } from './find-key.js'
import { isChange, isSameOrigin, isToLoopback } from './loopback.js'

export type { Caller } from './find-key.js'

declare module 'fastify' {
  interface FastifyRequest { caller: Caller }
  interface FastifyContextConfig {
    /** Roles that may use the route; required for every route behind a key. */
    roles?: readonly Role[]
  }
}

/** Without API keys the gateway listens on loopback only, and every caller is admin. */
export const anonymous: Caller = { name: 'anonymous', role: 'admin' }

/** Authenticates the routes of this scope: a known API key, with a role that the route permits. A route without roles stops the start. */
export async function authenticate (app: FastifyInstance, keys: ApiKey[]): Promise<void> {
  const findKey = createFindKey(keys)
  app.decorateRequest('caller')
  app.addHook('onRoute', route => {
    if (route.config?.roles === undefined) throw new SluiceError('INTERNAL', { detail: `${String(route.method)} ${route.url} has no roles` })
  })
  if (keys.length === 0) {
    app.addHook('onRequest', (request, _reply, done) => {
      refuseForeignPages(request)
      request.caller = anonymous
      done()
    })
    return
  }
  await app.register(bearerAuth, {
    addHook: false,
    keys: new Set<string>(),
    auth: (key: string, request: FastifyRequest) => {
      const found = findKey(key)
      if (found !== undefined) request.caller = found
      return found !== undefined
    }
  })
  app.addHook('onRequest', (request, reply, done) => {
    if (app.verifyBearerAuth === undefined) throw new SluiceError('INTERNAL')
    // The plugin's own error is replaced by ours.
    app.verifyBearerAuth(request, reply, error => {
      const roles = request.routeOptions.config.roles
      if (error !== undefined) done(new SluiceError('UNAUTHENTICATED'))
      else if (roles !== undefined && !roles.includes(request.caller.role)) done(new SluiceError('FORBIDDEN'))
      else done()
    })
  })
}

/** Without API keys, a page of any site open in a browser on this machine could use the node, or read from it. */
function refuseForeignPages (request: FastifyRequest): void {
  if (!isToLoopback(request)) throw new SluiceError('FORBIDDEN', { detail: 'without API_KEYS the gateway is served as localhost only' })
  if (isChange(request) && !isSameOrigin(request, ['same-origin', 'none'])) {
    throw new SluiceError('FORBIDDEN', { detail: 'without API_KEYS no page of another site may change anything' })
  }
}
