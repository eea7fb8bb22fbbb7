/** Three nodes of one gateway, each behind proxies of its own, that are killed, frozen, closed and started again. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { endChild, startGateway, type Child } from '../crash/child.js'
import { nodeEnv } from '../support/gateway.js'
import { pass } from '../support/until.js'
import { monotonicNow, type Connection, type Fact, type Frozen, type ObservedSend, type TemplatesRead, type Trouble } from './history.js'
import type { Proxies } from './proxies.js'

export interface FleetOptions {
  /** Nodes reach a single server through proxies; of several servers they learn the addresses from the servers. */
  redis: { port: number } | { url: string }
  sandboxPort: number
  folder: string
  prefix: string
  proxies: Proxies
  settings: Record<string, string>
}

export const roles = { one: 'all', two: 'api', three: 'worker' } as const
export type NodeName = keyof typeof roles
export const nodeNames = Object.keys(roles) as NodeName[]

export interface Fleet {
  /** Origins of the running nodes that accept messages. */
  origins: () => string[]
  /** Ends a node by a signal and restarts it after `awayMs`, with its clock moved by `clockOffsetMs`. False if another fault is active on it. */
  end: (name: NodeName, signal: NodeJS.Signals, awayMs: number, clockOffsetMs?: number) => Promise<boolean>
  /** Stops a node with SIGSTOP for `forMs`. False if another fault is active on it. */
  freeze: (name: NodeName, forMs: number) => Promise<boolean>
  /** Sends SIGHUP to all nodes that run. */
  reload: () => void
  /** The process of a node, by which facts name it. */
  processOf: (name: NodeName) => string
  /** Resolves when all nodes run again without faults. */
  heal: () => Promise<void>
  /** What the observers in the nodes recorded. */
  watched: () => Watched[]
}

/** What the observer in a node records. */
export type Watched = ObservedSend | TemplatesRead | Connection

interface RunningNode { child: Child, origin: string | null, busy: Promise<void> | null, isFrozen: boolean }

const DRAIN_LEASE_MS = 5000

export async function startFleet (options: FleetOptions, record: (fact: Fact) => void): Promise<Fleet & { close: () => Promise<void> }> {
  const running = new Map<NodeName, RunningNode>()
  const generations: Array<{ node: string, file: string }> = []
  const ports = new Map<string, number>()
  /** When this process sent SIGKILL; it learns of the end a little later. */
  const killedAt = new Map<number, number>()
  for (const name of nodeNames) {
    if ('port' in options.redis) ports.set(`${name} redis`, await options.proxies.open(`${name} redis`, options.redis.port))
    ports.set(`${name} provider`, await options.proxies.open(`${name} provider`, options.sandboxPort))
  }
  let isClosed = false
  let unattended: Trouble | null = null

  /** Nodes that send, and run. While there is none, nothing can be in time. */
  function countWorkers (): void {
    const isWorking = ({ child, origin, isFrozen }: RunningNode): boolean => origin !== null && child.end() === null && !isFrozen
    const hasWorker = nodeNames.some(name => roles[name] !== 'api' && [running.get(name)].some(node => node !== undefined && isWorking(node)))
    if (hasWorker && unattended !== null) {
      // The drain lease of a former worker ends first.
      unattended.to = monotonicNow() + DRAIN_LEASE_MS
      unattended = null
    }
    if (!hasWorker && unattended === null) {
      unattended = { fact: 'trouble', of: 'workers', node: null, from: monotonicNow(), to: Infinity }
      record(unattended)
    }
  }

  function launch (name: NodeName, clockOffsetMs = 0): Child {
    const file = join(options.folder, `watch-${generations.length}`)
    const env = nodeEnv({
      redisUrl: 'url' in options.redis ? options.redis.url : `redis://127.0.0.1:${ports.get(`${name} redis`)}`,
      apiUrl: `http://127.0.0.1:${ports.get(`${name} provider`)}/v25.0`,
      prefix: options.prefix,
      env: { ...options.settings, ROLE: roles[name], WATCH_FILE: file, CLOCK_OFFSET_MS: String(clockOffsetMs) }
    })
    const child = startGateway(env)
    generations.push({ node: String(child.pid), file })
    const node: RunningNode = { child, origin: null, busy: running.get(name)?.busy ?? null, isFrozen: false }
    running.set(name, node)
    child.ready.then(
      origin => {
        node.origin = origin
        countWorkers()
      },
      () => undefined
    )
    child.exited.then(
      () => {
        node.origin = null
        countWorkers()
        const from = killedAt.get(child.pid) ?? monotonicNow()
        const trouble: Trouble = { fact: 'trouble', of: 'process', node: String(child.pid), from, to: Infinity }
        record(trouble)
        // A start gives up where Redis is away for half a minute, and says so; a supervisor starts it again.
        const isGivenUp = /^UNAVAILABLE: (?:no Redis responds|Redis could not be used)/m.test(child.output())
        if (child.output().includes('unexpected') || (child.end() === 1 && !isGivenUp)) {
          record({ fact: 'node-failed', node: name, text: `ended with ${child.end()}: ${child.output().slice(-600)}` })
        }
        // As a process supervisor does, start it again.
        if (!isClosed && running.get(name) === node && node.busy === null) {
          setTimeout(() => {
            if (!isClosed && running.get(name) === node) launch(name)
          }, 1000)
        }
      },
      () => undefined
    )
    return child
  }

  /** Injects a fault into a node; only one fault may be active on a node. */
  async function occupy (name: NodeName, work: (node: RunningNode) => Promise<void>): Promise<boolean> {
    const node = running.get(name)
    if (node === undefined || node.busy !== null || node.child.end() !== null) return false
    node.busy = work(node).finally(() => {
      node.busy = null
      const now = running.get(name)
      if (now !== undefined) now.busy = null
    })
    await node.busy
    return true
  }

  const fleet: Fleet & { close: () => Promise<void> } = {
    origins: () => nodeNames.filter(name => roles[name] !== 'worker').flatMap(name => running.get(name)?.origin ?? []),
    end: async (name, signal, awayMs, clockOffsetMs) => await occupy(name, async ({ child }) => {
      if (signal === 'SIGKILL') killedAt.set(child.pid, monotonicNow())
      await endChild(child, signal)
      await pass(awayMs)
      if (!isClosed) await launch(name, clockOffsetMs).ready.catch(() => undefined)
    }),
    freeze: async (name, forMs) => await occupy(name, async node => {
      const { child } = node
      const frozen: Frozen = { fact: 'frozen', node: String(child.pid), from: monotonicNow(), to: Infinity }
      record(frozen)
      child.signal('SIGSTOP')
      node.isFrozen = true
      countWorkers()
      await pass(forMs)
      frozen.to = monotonicNow()
      child.signal('SIGCONT')
      node.isFrozen = false
      countWorkers()
    }),
    processOf: name => String(running.get(name)?.child.pid),
    reload () {
      for (const { child, origin } of running.values()) if (child.end() === null && origin !== null) child.signal('SIGHUP')
    },
    async heal () {
      for (const name of nodeNames) {
        if ('port' in options.redis) options.proxies.set(`${name} redis`)
        options.proxies.set(`${name} provider`)
        await running.get(name)?.busy
        const node = running.get(name)
        if (node === undefined || node.child.end() !== null) await launch(name).ready.catch(() => undefined)
        else await node.child.ready.catch(() => undefined)
      }
    },
    watched: () => generations.flatMap(({ node, file }) => readLines(file).map(line => ({ ...JSON.parse(line) as Watched, node }))),
    async close () {
      isClosed = true
      await Promise.all([...running.values()].map(async ({ child }) => await endChild(child)))
    }
  }
  await Promise.all(nodeNames.map(async name => await launch(name).ready))
  return fleet
}

function readLines (file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(line => line !== '')
  } catch {
    return [] // the node ended before it wrote anything
  }
}
