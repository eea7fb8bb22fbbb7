import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Teardown } from '../support/redis.js'

export interface Mode { replyDelayMs?: number, connectDelayMs?: number, mute?: boolean, refuse?: boolean }

/** Proxies between nodes, Redis and the provider; see proxies.mjs. */
export interface Proxies {
  /** Opens a proxy to a local port and returns the proxy's port. */
  open: (name: string, port: number) => Promise<number>
  /** Sets the mode of a proxy; without a mode it forwards normally again. */
  set: (name: string, mode?: Mode) => void
  cut: (name: string) => void
}

export function startProxies (t: Teardown): Proxies {
  const child = fork(fileURLToPath(new URL('proxies.mjs', import.meta.url)), { execArgv: [] })
  t.teardown(() => child.kill('SIGKILL'))
  return {
    open: async (name, port) => await new Promise(resolve => {
      const onMessage = (message: { opened: string, port: number }): void => {
        if (message.opened !== name) return
        child.off('message', onMessage)
        resolve(message.port)
      }
      child.on('message', onMessage)
      child.send({ open: name, port })
    }),
    set: (name, mode = {}) => { child.send({ set: name, ...mode }) },
    cut: name => { child.send({ cut: name }) }
  }
}
