import { subscribe } from 'node:diagnostics_channel'
import { openSync, writeSync } from 'node:fs'
import { Pool } from 'undici'

/**
 * Records between which times each request passed the gateway's last check of the clock (`checked`, `from` and `at`) and
 * when it was on the wire (`written`), in ms since the epoch by the monotonic clock. Synchronously: the process may end at any time.
 */
export function watch (file) {
  const out = openSync(file, 'a')
  const moment = () => performance.timeOrigin + performance.now()
  const record = (fact, body, times) => {
    const { biz_opaque_callback_data: opaque } = JSON.parse(body)
    writeSync(out, `${JSON.stringify({ fact, opaque, ...times })}\n`)
  }
  const { dispatch } = Pool.prototype
  Pool.prototype.dispatch = function (request, handler) {
    const start = handler.onRequestStart
    handler.onRequestStart = function (...args) {
      const from = moment()
      start.apply(this, args)
      record('checked', request.body, { from, at: moment() })
    }
    return dispatch.call(this, request, handler)
  }
  subscribe('undici:request:bodySent', ({ request }) => record('written', String(request.body), { at: moment() }))
}
