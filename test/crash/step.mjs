import { subscribe } from 'node:diagnostics_channel'
import { createHash } from 'node:crypto'
import { openSync, writeSync } from 'node:fs'
import { Redis } from 'ioredis'
import { loadScripts } from '../../dist/redis/scripts.js'

/**
 * Actions of a process on itself, one after the other: `{ name, point, having?, nth?, action }`. A point is
 *
 *   <script>:before, :after   a script of lua/ or BullMQ's, or a plain command: not sent yet; run, and its reply not yet received
 *   request:created           a request is handed to undici
 *   request:checked           past the gateway's last check of the clock, before the first byte
 *   request:written           the last byte is with the kernel
 *   request:answered          the head of the response is here, and not yet handled
 *
 * `having` is a pattern that one of the arguments (or the request's body) has to fit; `nth` counts what fits, from 1. `kill` and `stop`
 * are signals, `lose` drops the reply. Each action is written to `file` before it happens.
 */
export function arm (actions, file) {
  const out = openSync(file, 'a')
  const scripts = new Map()
  const addScript = (name, lua) => scripts.set(createHash('sha1').update(lua).digest('hex'), name).set(lua, name)
  const rest = [...actions]
  let seen = 0

  /** The action that is due at this point, or undefined. */
  function due (point, texts) {
    const next = rest[0]
    if (next === undefined || next.point !== point) return undefined
    // One call may be about several messages.
    const met = next.having === undefined ? 1 : texts.filter(text => new RegExp(next.having).test(text)).length
    seen += met
    if (met === 0 || seen < (next.nth ?? 1)) return undefined
    seen = 0
    rest.shift()
    writeSync(out, `${next.action} at ${next.name}\n`)
    return next.action
  }
  function meet (point, texts) {
    const action = due(point, texts)
    if (action === 'kill') process.kill(process.pid, 'SIGKILL')
    if (action === 'stop') process.kill(process.pid, 'SIGSTOP')
    // The signal takes another thread's time to reach this one; not a step further until then.
    if (action === 'kill' || action === 'stop') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
    return action
  }

  // The gateway calls its scripts by hash, and in full where the server does not know them; BullMQ defines its own as commands.
  for (const { name, lua } of loadScripts()) addScript(name, lua)
  const { defineCommand, sendCommand } = Redis.prototype
  Redis.prototype.defineCommand = function (name, definition) {
    addScript(name.replace(/:[\d.]+$/, ''), definition.lua)
    return defineCommand.call(this, name, definition)
  }
  const met = new WeakSet()
  Redis.prototype.sendCommand = function (command, stream) {
    if (!met.has(command)) {
      met.add(command)
      const name = /^eval(sha)?$/.test(command.name) ? scripts.get(command.args[0]) ?? command.name : command.name
      const texts = command.args.map(String)
      // In full it is sent a second time.
      if (command.name !== 'eval') meet(`${name}:before`, texts)
      const { resolve } = command
      command.resolve = value => { if (meet(`${name}:after`, texts) !== 'lose') resolve(value) }
    }
    return sendCommand.call(this, command, stream)
  }

  const points = {
    'request:created': 'undici:request:create',
    'request:checked': 'undici:client:sendHeaders',
    'request:written': 'undici:request:bodySent',
    'request:answered': 'undici:request:headers'
  }
  for (const [point, channel] of Object.entries(points)) subscribe(channel, ({ request }) => { meet(point, [String(request.body)]) })
}
