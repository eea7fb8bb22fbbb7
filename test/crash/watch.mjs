import { subscribe } from 'node:diagnostics_channel'
import { openSync, writeSync } from 'node:fs'
import { Pool } from 'undici'
import { moment } from '../prove/moment.mjs'

/**
 * Records between which times each request passed the gateway's last check of the clock (`checked`, `from` and `at`), when it was on the
 * wire (`written`), and when the complete response was read (`answered`), in ms since the epoch by the monotonic clock. Synchronously: the
 * process may end at any time.
 */
export function watch (file) {
  const out = openSync(file, 'a')
  // Callbacks and requests that are not messages pass here too.
  const record = (fact, { path, body }, times) => {
    const opaque = /messages$/.test(path) ? JSON.parse(String(body)).biz_opaque_callback_data : undefined
    if (opaque !== undefined) writeSync(out, `${JSON.stringify({ fact, opaque, ...times })}\n`)
  }
  const { dispatch } = Pool.prototype
  Pool.prototype.dispatch = function (request, handler) {
    const start = handler.onRequestStart
    if (!/messages$/.test(request.path)) return dispatch.call(this, request, handler)
    handler.onRequestStart = function (...args) {
      const from = moment()
      start.apply(this, args)
      record('checked', request, { from, at: moment() })
    }
    return dispatch.call(this, request, handler)
  }
  subscribe('undici:request:bodySent', ({ request }) => record('written', request, { at: moment() }))
  const statuses = new WeakMap()
  subscribe('undici:request:headers', ({ request, response }) => statuses.set(request, response.statusCode))
  subscribe('undici:request:trailers', ({ request }) => record('answered', request, { at: moment(), status: statuses.get(request) }))
}
