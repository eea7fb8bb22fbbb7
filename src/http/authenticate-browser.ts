import type { FastifyInstance } from 'fastify'
import type { ApiKey } from '../config.js'
import { SluiceError } from '../errors.js'
import { anonymous } from './authenticate.js'
import type { Caller, FindKey } from './find-key.js'
import { createFindKey } from './find-key.js'
import { isChange, isSameOrigin, isToLoopback } from './loopback.js'
import { sendProblem } from './problem.js'

/**
 * Authenticates pages for a browser: an admin's key by HTTP Basic (name and key as user and password) or as a bearer token. A browser repeats
 * Basic credentials for requests that another site makes it send, so changes must come from the pages' own origin.
 * Sends its errors itself: an inner error handler would not know them.
 */
export function authenticateBrowser (app: FastifyInstance, keys: ApiKey[]): void {
  const findKey = createFindKey(keys)
  app.decorateRequest('caller')
  app.addHook('onRequest', async (request, reply) => {
    if (keys.length === 0) {
      const detail = 'without API_KEYS it is served as localhost only'
      if (!isToLoopback(request)) return sendProblem(reply, new SluiceError('FORBIDDEN', { detail }))
      request.caller = anonymous
    } else {
      const caller = identify(request.headers.authorization, findKey)
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

function identify (authorization: string | undefined, findKey: FindKey): Caller | undefined {
  const [, scheme = '', credentials = ''] = /^(Bearer|Basic) +(\S+) *$/i.exec(authorization ?? '') ?? []
  if (credentials === '') return undefined
  if (scheme.toLowerCase() === 'bearer') return findKey(credentials)
  const userAndPassword = Buffer.from(credentials, 'base64').toString()
  const colon = userAndPassword.indexOf(':')
  const caller = findKey(userAndPassword.slice(colon + 1))
  return caller !== undefined && colon > 0 && caller.name === userAndPassword.slice(0, colon) ? caller : undefined
}
