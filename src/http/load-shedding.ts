/** Load shedding: a node that cannot keep up rejects requests early and cheaply, so that those it accepts get a response in time. */
import type { FastifyInstance } from 'fastify'
import { SluiceError } from '../errors.js'
import { atEndOfTick } from '../redis/end-of-tick.js'

/**
 * The node is overloaded while a reply of Redis is overdue by more than this. At about twice of it scripts time out, and work already done
 * would be lost.
 */
const OVERDUE_MS = 120
/** Requests passed on as they arrive within one tick of the event loop, and queued ones passed on at the end of each tick. */
const PER_TICK = 256
/** Health and metrics are never shed. The files of the console need no Redis, and the page would stay empty without one of them. */
const NEVER_SHED = /^\/(health\/|metrics\b|console\b)/

/**
 * Rejects requests with OVERLOADED while the node is overloaded. Their callers retry later or use another node.
 *
 * The problem: a caller that is rejected within a tick may send its next request within the same tick, because libuv polls sockets up to 48
 * times per tick while at least 1,024 of them are readable. So a single tick could reject 49,152 requests, which takes ten seconds in which
 * no reply of Redis is read. The fix: only PER_TICK requests are decided on at once; the others queue until the end of the tick.
 */
export function shedLoad (app: FastifyInstance, overdueMs: () => number): void {
  // One error for all requests keeps a rejection cheap.
  const overloaded = new SluiceError('OVERLOADED', { retryAfterMs: 1000 })
  const schedule = createTickQueue()
  app.addHook('onRequest', (request, _reply, done) => {
    if (NEVER_SHED.test(request.url)) done()
    else schedule(() => done(overdueMs() > OVERDUE_MS ? overloaded : undefined))
  })
}

/** Runs tasks at once, PER_TICK of them in a tick; runs further ones in order, PER_TICK at the end of this tick and of each later one. */
function createTickQueue (): (task: () => void) => void {
  const waiting: Array<() => void> = []
  let started = 0
  let isScheduled = false

  function scheduleRun (): void {
    if (isScheduled) return
    isScheduled = true
    // After the commands that go to Redis at the end of this tick.
    atEndOfTick(() => atEndOfTick(run))
  }

  function run (): void {
    isScheduled = false
    const batch = waiting.splice(0, PER_TICK)
    if (waiting.length > 0) setImmediate(scheduleRun)
    for (const task of batch) task()
  }

  return task => {
    if (waiting.length > 0 || started >= PER_TICK) {
      waiting.push(task)
      scheduleRun()
      return
    }
    if (started++ === 0) atEndOfTick(() => { started = 0 })
    task()
  }
}
