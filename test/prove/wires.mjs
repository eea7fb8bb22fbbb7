/**
 * TCP proxies between nodes and what they talk to, in a process of its own so that no load of the test's slows them. Told by IPC:
 *
 *   { open: name, port }          answers { opened: name, port }
 *   { set: name, ...mode }        what the wire does from now on, with connections that stand and with new ones
 *   { cut: name }                 resets all that stand
 *
 * A mode is { answerDelayMs, connectDelayMs, mute, refuse }: answers come later, connections stand later, answers get lost,
 * connections are refused.
 */
import { connect, createServer } from 'node:net'

const open = { answerDelayMs: 0, connectDelayMs: 0, mute: false, refuse: false }
const wires = new Map()

process.on('message', told => {
  if (told.open !== undefined) lay(told.open, told.port)
  if (told.set !== undefined) wires.get(told.set).mode = { ...open, ...told }
  if (told.cut !== undefined) for (const socket of wires.get(told.cut).sockets) socket.resetAndDestroy()
})
process.on('disconnect', () => process.exit())

function lay (name, port) {
  const wire = { mode: open, sockets: new Set() }
  wires.set(name, wire)
  const server = createServer({ noDelay: true }, near => {
    if (wire.mode.refuse) return near.resetAndDestroy()
    wire.sockets.add(near)
    near.on('error', () => {})
    near.on('close', () => wire.sockets.delete(near))
    const join = () => splice(wire, near, port)
    if (wire.mode.connectDelayMs === 0) join()
    else setTimeout(join, wire.mode.connectDelayMs)
  })
  server.listen(0, '127.0.0.1', () => process.send({ opened: name, port: server.address().port }))
}

function splice (wire, near, port) {
  if (near.destroyed) return
  const far = connect({ port, host: '127.0.0.1', noDelay: true })
  // A cut of either end is a cut of both.
  far.on('error', () => near.resetAndDestroy())
  far.on('close', () => near.destroy())
  near.on('close', () => far.destroy())
  near.on('data', data => far.write(data))
  // Nothing overtakes on a wire, however late a timer is: what came first goes first, and nothing goes while something waits.
  const late = []
  const pump = () => {
    while (late.length > 0 && late[0].at <= performance.now()) {
      const { data } = late.shift()
      if (!near.destroyed) near.write(data)
    }
    if (late.length > 0) setTimeout(pump, Math.max(1, late[0].at - performance.now()))
  }
  far.on('data', data => {
    if (wire.mode.mute) return
    if (late.length === 0 && wire.mode.answerDelayMs === 0) return near.write(data)
    late.push({ data, at: performance.now() + wire.mode.answerDelayMs })
    if (late.length === 1) pump()
  })
}
