import type { FastifyInstance } from 'fastify'
import { SluiceError } from '../errors.js'
import { atEndOfTick } from '../redis/end-of-tick.js'

/**
 * With an answer of Redis so long overdue this node takes nothing more in: the answer would come late, and at about twice that scripts
 * time out, so that work already done would be thrown away.
 */
const BEHIND_MS = 120
/** So many requests are let on as they come in one turn of the event loop, and so many of those that had to wait at its end. */
const AT_ONCE = 256
/** What tells how the node fares is answered always. */
const SPARED = /^\/(health\/|metrics\b)/

/**
 * Turns requests away, at little cost, while the node is behind its work. So those that are taken in are answered soon, what
 * waits in memory stays little, and the others can go to another node or come again.
 *
 * However many ask at once, a turn of the event loop stays short. Whoever is answered within a turn may ask again within it: libuv reads sockets up to 48 times
 * over before it goes on, as long as 1,024 have something to say each time. Refusing 49,152 requests takes ten seconds, in which no answer of Redis is read.
 */
export function shed (app: FastifyInstance, behindMs: () => number): void {
  // One for all: what a refusal costs is what the node has less for others.
  const overloaded = new SluiceError('OVERLOADED', { retryAfterMs: 1000 })
  const queued = createLine()
  app.addHook('onRequest', (request, _reply, done) => {
    if (SPARED.test(request.url)) done()
    else queued(() => done(behindMs() > BEHIND_MS ? overloaded : undefined))
  })
}

/** Does some work at once, or, with much before it in this turn, in its order at the end of this or a later one. */
function createLine (): (work: () => void) => void {
  const waiting: Array<() => void> = []
  let done = 0
  let isCalled = false

  function call (): void {
    if (isCalled) return
    isCalled = true
    // Behind what goes to Redis at the end of this turn.
    atEndOfTick(() => atEndOfTick(serve))
  }

  function serve (): void {
    isCalled = false
    const some = waiting.splice(0, AT_ONCE)
    if (waiting.length > 0) setImmediate(call)
    for (const work of some) work()
  }

  return work => {
    if (waiting.length > 0 || done >= AT_ONCE) {
      waiting.push(work)
      call()
      return
    }
    if (done++ === 0) atEndOfTick(() => { done = 0 })
    work()
  }
}
