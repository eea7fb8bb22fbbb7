import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Teardown } from '../support/redis.js'

export interface Mode { answerDelayMs?: number, connectDelayMs?: number, mute?: boolean, refuse?: boolean }

/** Proxies between nodes and what they talk to; see wires.mjs. */
export interface Wires {
  /** Lays a wire to a port of this machine and returns its own. */
  open: (name: string, port: number) => Promise<number>
  /** From now on; without a mode it is a good wire again. */
  set: (name: string, mode?: Mode) => void
  cut: (name: string) => void
}

export function layWires (t: Teardown): Wires {
  const child = fork(fileURLToPath(new URL('wires.mjs', import.meta.url)), { execArgv: [] })
  t.teardown(() => child.kill('SIGKILL'))
  return {
    open: async (name, port) => await new Promise(resolve => {
      const hear = (told: { opened: string, port: number }): void => {
        if (told.opened !== name) return
        child.off('message', hear)
        resolve(told.port)
      }
      child.on('message', hear)
      child.send({ open: name, port })
    }),
    set: (name, mode = {}) => { child.send({ set: name, ...mode }) },
    cut: name => { child.send({ cut: name }) }
  }
}
