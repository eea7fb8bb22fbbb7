import { subscribe } from 'node:diagnostics_channel'
import { openSync, writeSync } from 'node:fs'
import { Pool } from 'undici'
import { moment } from '../prove/moment.mjs'

/**
 * Records between which times each request passed the gateway's last check of the clock (`checked`, `from` and `at`), when it was on the
 * wire (`written`), and when the complete response was read (`answered`), in ms since the epoch by the monotonic clock; also reads of the
 * templates' statuses, and connections to the provider. Synchronously: the process may end at any time.
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
  const [statuses, created] = [new WeakMap(), new WeakMap()]
  const isRead = ({ path }) => /message_templates/.test(path)
  subscribe('undici:request:create', ({ request }) => { if (isRead(request)) created.set(request, moment()) })
  subscribe('undici:request:headers', ({ request, response }) => statuses.set(request, response.statusCode))
  subscribe('undici:request:trailers', ({ request }) => {
    const end = { at: moment(), status: statuses.get(request) }
    if (isRead(request)) writeSync(out, `${JSON.stringify({ fact: 'templates-read', askedAt: created.get(request), ...end })}\n`)
    else record('answered', request, end)
  })
  const { port: ofProvider } = new URL(process.env.WHATSAPP_API_URL)
  const noteConnection = isMade => ({ connectParams: { port } }) => {
    if (String(port) === ofProvider) writeSync(out, `${JSON.stringify({ fact: 'connection', at: moment(), isMade })}\n`)
  }
  subscribe('undici:client:connected', noteConnection(true))
  subscribe('undici:client:connectError', noteConnection(false))
}
