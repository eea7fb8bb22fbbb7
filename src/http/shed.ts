import type { FastifyInstance } from 'fastify'
import { SluiceError } from '../errors.js'

/**
 * With an answer of Redis so long overdue this node takes nothing more in: the answer would come late, and at about twice that scripts
 * time out, so that work already done would be thrown away.
 */
const BEHIND_MS = 120
/** What tells how the node fares is answered always. */
const SPARED = /^\/(health\/|metrics\b)/

/**
 * Turns requests away, at little cost, while the node is behind its work. So those that are taken in are answered soon, what
 * waits in memory stays little, and the others can go to another node or come again.
 */
export function shed (app: FastifyInstance, behindMs: () => number): void {
  // One for all: what a refusal costs is what the node has less for others.
  const overloaded = new SluiceError('OVERLOADED', { retryAfterMs: 1000 })
  app.addHook('onRequest', (request, _reply, done) => {
    done(behindMs() > BEHIND_MS && !SPARED.test(request.url) ? overloaded : undefined)
  })
}
