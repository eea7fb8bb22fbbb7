#!/usr/bin/env node
/** `npm start`: whatever is missing is installed and built; then the gateway runs in this very process. */
import { setup } from './setup.mjs'

/** npm passes on a signal that the terminal (or systemd) has also sent to the whole process group. */
const SAME_SIGNAL_WITHIN_MS = 500

await setup({ forStart: true })
hearSignalsOnce()
process.setSourceMapsEnabled(true)
await import('../dist/main.js')

/**
 * One Ctrl-C under npm arrives twice. A second signal means "at once, without care", so the echo of the first must not
 * be heard; a signal that somebody sends later is. Listeners can not stop an event, so it is kept from being emitted.
 */
function hearSignalsOnce () {
  const heardAt = new Map()
  const emit = process.emit
  process.emit = function (event, ...rest) {
    if (event === 'SIGINT' || event === 'SIGTERM') {
      const now = performance.now()
      if (now - (heardAt.get(event) ?? -Infinity) < SAME_SIGNAL_WITHIN_MS) return true
      heardAt.set(event, now)
    }
    return emit.call(this, event, ...rest)
  }
}
