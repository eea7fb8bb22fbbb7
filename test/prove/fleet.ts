/** Three nodes of one gateway, each on wires of its own, that are killed, frozen, closed and started again. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { endChild, startGateway, type Child } from '../crash/child.js'
import { nodeEnv } from '../support/gateway.js'
import { pass } from '../support/until.js'
import { moment, type Fact, type Frozen, type Watched } from './history.js'
import type { Wires } from './wires.js'

export interface Place { redisPort: number, sandboxPort: number, folder: string, prefix: string, wires: Wires, settings: Record<string, string> }

export const roles = { one: 'all', two: 'api', three: 'worker' } as const
export type NodeName = keyof typeof roles
export const nodeNames = Object.keys(roles) as NodeName[]

export interface Fleet {
  /** Origins of nodes that take messages in, as far as is known. */
  origins: () => string[]
  /** Ends a node by a signal; it stays away for so long. With a shift its clock is wrong when it comes back. False where it was busy with another fault. */
  end: (name: NodeName, signal: NodeJS.Signals, awayMs: number, clockShiftMs?: number) => Promise<boolean>
  /** Stands still for so long; likewise. */
  freeze: (name: NodeName, forMs: number) => Promise<boolean>
  /** All nodes are there and go on. */
  heal: () => Promise<void>
  /** What the watches wrote. */
  watched: () => Watched[]
  /** What a node printed that it should not have. */
  cries: () => string[]
}

interface Held { child: Child, origin: string | null, busy: Promise<void> | null }

export async function startFleet (place: Place, note: (fact: Fact) => void): Promise<Fleet & { close: () => Promise<void> }> {
  const held = new Map<NodeName, Held>()
  const generations: Array<{ node: string, file: string }> = []
  const cries: string[] = []
  const ports = new Map<string, number>()
  for (const name of nodeNames) {
    ports.set(`${name} redis`, await place.wires.open(`${name} redis`, place.redisPort))
    ports.set(`${name} provider`, await place.wires.open(`${name} provider`, place.sandboxPort))
  }
  let isClosed = false

  function launch (name: NodeName, clockShiftMs = 0): Child {
    const file = join(place.folder, `watch-${generations.length}`)
    const env = nodeEnv({
      redisUrl: `redis://127.0.0.1:${ports.get(`${name} redis`)}`,
      apiUrl: `http://127.0.0.1:${ports.get(`${name} provider`)}/v25.0`,
      prefix: place.prefix,
      env: { ...place.settings, ROLE: roles[name], WATCH_FILE: file, CLOCK_SHIFT_MS: String(clockShiftMs) }
    })
    const child = startGateway(env)
    generations.push({ node: String(child.pid), file })
    const node: Held = { child, origin: null, busy: held.get(name)?.busy ?? null }
    held.set(name, node)
    child.ready.then(origin => { node.origin = origin }, () => undefined)
    child.exited.then(() => {
      node.origin = null
      if (child.output().includes('unexpected') || child.end() === 1) cries.push(`${name} ended with ${child.end()}: ${child.output().slice(-600)}`)
      // Whoever looks after processes starts it again.
      if (!isClosed && held.get(name) === node && node.busy === null) setTimeout(() => { if (!isClosed && held.get(name) === node) launch(name) }, 1000)
    }, () => undefined)
    return child
  }

  /** Nothing else is done to a node that something is being done to. */
  async function occupy (name: NodeName, work: (node: Held) => Promise<void>): Promise<boolean> {
    const node = held.get(name)
    if (node === undefined || node.busy !== null || node.child.end() !== null) return false
    node.busy = work(node).finally(() => {
      node.busy = null
      const now = held.get(name)
      if (now !== undefined) now.busy = null
    })
    await node.busy
    return true
  }

  const fleet: Fleet & { close: () => Promise<void> } = {
    origins: () => nodeNames.filter(name => roles[name] !== 'worker').flatMap(name => held.get(name)?.origin ?? []),
    end: async (name, signal, awayMs, clockShiftMs) => await occupy(name, async ({ child }) => {
      await endChild(child, signal)
      await pass(awayMs)
      if (!isClosed) await launch(name, clockShiftMs).ready.catch(() => undefined)
    }),
    freeze: async (name, forMs) => await occupy(name, async ({ child }) => {
      const frozen: Frozen = { fact: 'frozen', node: String(child.pid), from: moment(), to: Infinity }
      note(frozen)
      child.signal('SIGSTOP')
      await pass(forMs)
      frozen.to = moment()
      child.signal('SIGCONT')
    }),
    async heal () {
      for (const name of nodeNames) {
        place.wires.set(`${name} redis`)
        place.wires.set(`${name} provider`)
        await held.get(name)?.busy
        const node = held.get(name)
        if (node === undefined || node.child.end() !== null) await launch(name).ready.catch(() => undefined)
        else await node.child.ready.catch(() => undefined)
      }
    },
    watched: () => generations.flatMap(({ node, file }) => readLines(file).map(line => ({ ...JSON.parse(line) as Watched, node }))),
    cries: () => cries,
    async close () {
      isClosed = true
      await Promise.all([...held.values()].map(async ({ child }) => await endChild(child)))
    }
  }
  await Promise.all(nodeNames.map(async name => await launch(name).ready))
  return fleet
}

function readLines (file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(line => line !== '')
  } catch {
    return [] // it ended before it had anything to tell
  }
}
