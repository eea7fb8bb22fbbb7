import bearerAuth from '@fastify/bearer-auth'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ApiKey, Role } from '../config.js'
import { SluiceError } from '../errors.js'
import type { Caller } from './find-key.js'
import { createFindKey } from './find-key.js'
import { isChange, isFromHere, isToLoopback } from './from-here.js'

export type { Caller } from './find-key.js'

declare module 'fastify' {
  interface FastifyRequest { caller: Caller }
  interface FastifyContextConfig {
    /** Who may use the route; every route of the API has to say it. */
    roles?: readonly Role[]
  }
}

/** Without API keys the gateway listens on loopback only, and everybody there may do everything. */
export const anonymous: Caller = { name: 'anonymous', role: 'admin' }

/** Guards the routes of this scope: a known key, and a role that the route allows. Refuses to start with an unguarded route. */
export async function authenticate (app: FastifyInstance, keys: ApiKey[]): Promise<void> {
  const findKey = createFindKey(keys)
  app.decorateRequest('caller')
  app.addHook('onRoute', route => {
    if (route.config?.roles === undefined) throw new SluiceError('INTERNAL', { detail: `${String(route.method)} ${route.url} names no roles` })
  })
  if (keys.length === 0) {
    app.addHook('onRequest', (request, _reply, done) => {
      refusePages(request)
      request.caller = anonymous
      done()
    })
    return
  }
  await app.register(bearerAuth, {
    addHook: false,
    keys: new Set<string>(),
    auth: (given: string, request: FastifyRequest) => {
      const found = findKey(given)
      if (found !== undefined) request.caller = found
      return found !== undefined
    }
  })
  app.addHook('onRequest', (request, reply, done) => {
    if (app.verifyBearerAuth === undefined) throw new SluiceError('INTERNAL')
    // The library's own answer is replaced by ours, so only its verdict is used.
    app.verifyBearerAuth(request, reply, error => {
      const roles = request.routeOptions.config.roles
      if (error !== undefined) done(new SluiceError('UNAUTHENTICATED'))
      else if (roles !== undefined && !roles.includes(request.caller.role)) done(new SluiceError('FORBIDDEN'))
      else done()
    })
  })
}

/** Where no key is asked for, a page of any site that somebody here opens could act with the node, or read it. */
function refusePages (request: FastifyRequest): void {
  if (!isToLoopback(request)) throw new SluiceError('FORBIDDEN', { detail: 'without API_KEYS the gateway is served as localhost only' })
  if (isChange(request) && !isFromHere(request, ['same-origin', 'none'])) {
    throw new SluiceError('FORBIDDEN', { detail: 'without API_KEYS no page of another site may change anything' })
  }
}
