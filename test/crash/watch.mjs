import { subscribe } from 'node:diagnostics_channel'
import { openSync, writeSync } from 'node:fs'
import { Pool } from 'undici'

/**
 * Writes down when each request passed the gateway's last look at the clock (`checked`) and when it was on the wire
 * (`written`), in ms since the epoch by the monotonic clock. At once and synchronously: the process may end at any moment.
 */
export function watch (file) {
  const out = openSync(file, 'a')
  const tell = (fact, body) => {
    const { biz_opaque_callback_data: opaque } = JSON.parse(body)
    writeSync(out, `${JSON.stringify({ fact, opaque, at: performance.timeOrigin + performance.now() })}\n`)
  }
  const { dispatch } = Pool.prototype
  Pool.prototype.dispatch = function (request, handler) {
    const start = handler.onRequestStart
    handler.onRequestStart = function (...args) {
      start.apply(this, args)
      tell('checked', request.body)
    }
    return dispatch.call(this, request, handler)
  }
  subscribe('undici:request:bodySent', ({ request }) => tell('written', String(request.body)))
}
