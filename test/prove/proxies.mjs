/**
 * TCP proxies between nodes, Redis and the provider, in a process of their own so that the test's load does not slow them. Commands by IPC:
 *
 *   { open: name, port }          replies { opened: name, port }
 *   { set: name, ...mode }        sets the mode of the proxy, for open connections and new ones
 *   { cut: name }                 resets all open connections
 *
 * A mode is { replyDelayMs, connectDelayMs, mute, refuse }: replies are delayed, connecting is delayed, replies are lost,
 * connections are refused.
 */
import { connect, createServer } from 'node:net'

const open = { replyDelayMs: 0, connectDelayMs: 0, mute: false, refuse: false }
const proxies = new Map()

process.on('message', message => {
  if (message.open !== undefined) openProxy(message.open, message.port)
  if (message.set !== undefined) proxies.get(message.set).mode = { ...open, ...message }
  if (message.cut !== undefined) for (const socket of proxies.get(message.cut).sockets) socket.resetAndDestroy()
})
process.on('disconnect', () => process.exit())

function openProxy (name, port) {
  const proxy = { mode: open, sockets: new Set() }
  proxies.set(name, proxy)
  const server = createServer({ noDelay: true }, near => {
    if (proxy.mode.refuse) return near.resetAndDestroy()
    proxy.sockets.add(near)
    near.on('error', () => {})
    near.on('close', () => proxy.sockets.delete(near))
    const join = () => splice(proxy, near, port)
    if (proxy.mode.connectDelayMs === 0) join()
    else setTimeout(join, proxy.mode.connectDelayMs)
  })
  server.listen(0, '127.0.0.1', () => process.send({ opened: name, port: server.address().port }))
}

function splice (proxy, near, port) {
  if (near.destroyed) return
  const far = connect({ port, host: '127.0.0.1', noDelay: true })
  // Closing either end closes both.
  far.on('error', () => near.resetAndDestroy())
  far.on('close', () => near.destroy())
  near.on('close', () => far.destroy())
  near.on('data', data => far.write(data))
  // A proxy keeps the order of data even when a timer is late: data is only written directly while nothing is delayed.
  const late = []
  const pump = () => {
    while (late.length > 0 && late[0].at <= performance.now()) {
      const { data } = late.shift()
      if (!near.destroyed) near.write(data)
    }
    if (late.length > 0) setTimeout(pump, Math.max(1, late[0].at - performance.now()))
  }
  far.on('data', data => {
    if (proxy.mode.mute) return
    if (late.length === 0 && proxy.mode.replyDelayMs === 0) return near.write(data)
    late.push({ data, at: performance.now() + proxy.mode.replyDelayMs })
    if (late.length === 1) pump()
  })
}
