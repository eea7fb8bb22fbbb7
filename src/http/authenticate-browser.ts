import type { FastifyInstance } from 'fastify'
import type { ApiKey } from '../config.js'
import { SluiceError } from '../errors.js'
import { anonymous } from './authenticate.js'
import type { Caller, FindKey } from './find-key.js'
import { createFindKey } from './find-key.js'
import { isChange, isFromHere, isToLoopback } from './from-here.js'
import { sendProblem } from './problem.js'

/**
 * Guards pages that a browser opens: an admin's key by HTTP Basic (name and key as user and password) or as a bearer token.
 * A browser repeats Basic credentials by itself, also for what another site makes it send, so changes have to come from
 * the pages' own origin. Answers by itself: an error handler further in would not know these errors.
 */
export function authenticateBrowser (app: FastifyInstance, keys: ApiKey[]): void {
  const findKey = createFindKey(keys)
  app.decorateRequest('caller')
  app.addHook('onRequest', async (request, reply) => {
    if (keys.length === 0) {
      if (!isToLoopback(request)) return sendProblem(reply, new SluiceError('FORBIDDEN', { detail: 'without API_KEYS it is served as localhost only' }))
      request.caller = anonymous
    } else {
      const caller = identify(request.headers.authorization, findKey)
      if (caller === undefined) {
        reply.header('www-authenticate', 'Basic realm="Sluice: name and key of an admin", charset="UTF-8"')
        return sendProblem(reply, new SluiceError('UNAUTHENTICATED', { detail: 'give name and key of an admin as user and password, or the key as a bearer token' }))
      }
      if (caller.role !== 'admin') return sendProblem(reply, new SluiceError('FORBIDDEN'))
      request.caller = caller
    }
    if (isChange(request) && !isFromHere(request)) {
      return sendProblem(reply, new SluiceError('FORBIDDEN', { detail: 'a change has to come from this dashboard itself' }))
    }
  })
}

function identify (authorization: string | undefined, findKey: FindKey): Caller | undefined {
  const [, scheme = '', given = ''] = /^(Bearer|Basic) +(\S+) *$/i.exec(authorization ?? '') ?? []
  if (given === '') return undefined
  if (scheme.toLowerCase() === 'bearer') return findKey(given)
  const pair = Buffer.from(given, 'base64').toString()
  const colon = pair.indexOf(':')
  const caller = findKey(pair.slice(colon + 1))
  return caller !== undefined && colon > 0 && caller.name === pair.slice(0, colon) ? caller : undefined
}
