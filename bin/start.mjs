#!/usr/bin/env node
/** `npm start`: provides what is missing, then runs the gateway in this process. */
import { setup } from './setup.mjs'

/** npm forwards a signal that the terminal (or systemd) has also sent to the whole process group. */
const SAME_SIGNAL_WITHIN_MS = 500

await setup('build', ...(process.env.REDIS_URL || process.env.REDIS_URL_FILE ? [] : ['redis']))
ignoreForwardedSignals()
process.setSourceMapsEnabled(true)
await import('../dist/main.js')

/**
 * One Ctrl-C under npm arrives twice. The gateway ends at once on a second signal, so the copy of the first must not reach it; a later
 * signal must. A listener cannot stop an event, so the event is not emitted.
 */
function ignoreForwardedSignals () {
  const lastAt = new Map()
  const emit = process.emit
  process.emit = function (event, ...rest) {
    if (event === 'SIGINT' || event === 'SIGTERM') {
      const now = performance.now()
      if (now - (lastAt.get(event) ?? -Infinity) < SAME_SIGNAL_WITHIN_MS) return true
      lastAt.set(event, now)
    }
    return emit.call(this, event, ...rest)
  }
}
