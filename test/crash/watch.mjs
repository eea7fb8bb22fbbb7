import { subscribe } from 'node:diagnostics_channel'
import { openSync, writeSync } from 'node:fs'
import { Pool } from 'undici'

/**
 * Writes down between which moments each request passed the gateway's last look at the clock (`checked`, `from` and `at`) and
 * when it was on the wire (`written`), in ms since the epoch by the monotonic clock. At once and synchronously: the process may end at any moment.
 */
export function watch (file) {
  const out = openSync(file, 'a')
  const moment = () => performance.timeOrigin + performance.now()
  const tell = (fact, body, times) => {
    const { biz_opaque_callback_data: opaque } = JSON.parse(body)
    writeSync(out, `${JSON.stringify({ fact, opaque, ...times })}\n`)
  }
  const { dispatch } = Pool.prototype
  Pool.prototype.dispatch = function (request, handler) {
    const start = handler.onRequestStart
    handler.onRequestStart = function (...args) {
      const from = moment()
      start.apply(this, args)
      tell('checked', request.body, { from, at: moment() })
    }
    return dispatch.call(this, request, handler)
  }
  subscribe('undici:request:bodySent', ({ request }) => tell('written', String(request.body), { at: moment() }))
}
