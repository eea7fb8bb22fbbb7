import type { FastifyInstance } from 'fastify'
import { SluiceError } from '../errors.js'
import { atEndOfTurn } from '../redis/end-of-turn.js'

/**
 * With an answer of Redis so long overdue this node takes nothing more in: the answer would come late, and at about twice that scripts
 * time out, so that work already done would be thrown away.
 */
const BEHIND_MS = 120
/** Requests that are looked at as they come in one turn of the event loop; the others at its end. */
const AT_ONCE = 256
/** What tells how the node fares is answered always. */
const SPARED = /^\/(health\/|metrics\b)/

/**
 * Turns requests away, at little cost, while the node is behind its work. So those that are taken in are answered soon, what
 * waits in memory stays little, and the others can go to another node or come again.
 *
 * Whoever is answered within a turn may ask again within it: libuv reads sockets up to 48 times over before it goes on, as long as
 * 1,024 have something to say each time. Refusing 49,152 requests takes ten seconds, in which no answer of Redis is read.
 */
export function shed (app: FastifyInstance, behindMs: () => number): void {
  // One for all: what a refusal costs is what the node has less for others.
  const overloaded = new SluiceError('OVERLOADED', { retryAfterMs: 1000 })
  let seen = 0
  app.addHook('onRequest', (request, _reply, done) => {
    const decide = (): void => done(behindMs() > BEHIND_MS && !SPARED.test(request.url) ? overloaded : undefined)
    if (seen === 0) atEndOfTurn(() => { seen = 0 })
    if (++seen > AT_ONCE) atEndOfTurn(decide)
    else decide()
  })
}
