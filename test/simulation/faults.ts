/** Injects the faults of a scenario, and records what the judge has to know about them. */
import type { Random } from '../property/random.js'
import type { Trouble } from '../prove/history.js'
import type { SimulatedProcess } from './host.js'
import { startNode } from './node.js'
import type { Fault } from './scenario.js'
import type { World } from './world.js'

/** How long nodes need at most to connect again, and for what waited until then. */
const RECONNECT_MS = 1000
const WATCH_MS = 100
const SLOW_MS = [60, 200] as const

export interface Faults {
  /** Whether a node reaches Redis. */
  isReachable: (process: SimulatedProcess) => boolean
  isOver: () => boolean
}

/** Starts the nodes and plans the faults. */
export function startNodes (world: World, random: Random): Faults {
  const { time, network, record, scenario: { nodes, faults, delayMs } } = world
  const slots: SimulatedProcess[] = []
  const starts: number[] = []
  const cutUntil = new Map<SimulatedProcess | null, number>()
  let open = nodes + faults.length

  function start (slot: number): void {
    starts[slot] = (starts[slot] ?? 0) + 1
    startNode(world, `n${slot + 1}.${starts[slot]}`, process => { slots[slot] = process }).then(() => { open-- }, (error: unknown) => {
      record({ fact: 'node-failed', node: `n${slot + 1}`, text: `start: ${String(error)}` })
    })
  }

  function trouble (of: Trouble['of'], node: string | null, forMs: number): void {
    record({ fact: 'trouble', of, node, from: time.now(), to: time.now() + forMs })
  }

  function inject ({ kind, node: slot, forMs }: Fault): void {
    const process = slots[slot]
    if (process === undefined || process.isDead()) return
    record({ fact: 'fault-injected', at: time.now(), kind: `${kind} ${process.name} ${forMs} ms` })
    switch (kind) {
      case 'kill':
        if (!world.nodes.some(one => one.process === process)) return
        trouble('process', process.name, forMs)
        process.kill()
        network.cut(process, 0)
        open++
        time.after(forMs, () => start(slot))
        break
      case 'freeze':
        record({ fact: 'frozen', node: process.name, from: time.now(), to: time.now() + forMs })
        process.freeze(forMs)
        break
      case 'cut':
        trouble('redis', process.name, forMs + RECONNECT_MS)
        cutUntil.set(process, time.now() + forMs)
        network.cut(process, forMs)
        break
      case 'stall':
        trouble('redis', null, forMs + RECONNECT_MS)
        cutUntil.set(null, time.now() + forMs)
        network.stall(null, time.now() + forMs)
        break
      case 'outage':
        trouble('redis', null, forMs + RECONNECT_MS)
        cutUntil.set(null, time.now() + forMs)
        for (const one of slots) network.cut(one, forMs)
        break
      case 'clock':
        network.stepClock(forMs)
        record({ fact: 'clock-stepped', at: time.now(), stepMs: forMs })
        break
      case 'slow':
        trouble('redis', null, forMs + RECONNECT_MS)
        network.setDelay(random.int(...SLOW_MS))
        time.after(forMs, () => network.setDelay(delayMs))
        break
      default: kind satisfies never
    }
  }

  // Nothing is sent while no node runs. The judge knows no such time, since the soak has none; it is as if the machine stood still.
  let stillSince: number | null = time.now()
  const watch = (): void => {
    const isRunning = world.nodes.some(({ process }) => !process.isFrozen())
    if (!isRunning) stillSince ??= time.now()
    else if (stillSince !== null) {
      record({ fact: 'trouble', of: 'machine', node: null, from: stillSince, to: time.now() + RECONNECT_MS })
      stillSince = null
    }
    time.after(WATCH_MS, watch)
  }
  watch()
  network.setDelay(delayMs)
  for (let slot = 0; slot < nodes; slot++) start(slot)
  for (const fault of faults) {
    const begin = (): void => {
      // All nodes have read the clock before it is set.
      if (fault.kind === 'clock' && world.nodes.length < nodes) {
        time.after(WATCH_MS, begin)
        return
      }
      inject(fault)
      time.after(Math.abs(fault.forMs), () => { open-- })
    }
    time.after(fault.atMs, begin)
  }
  return {
    isReachable: process => Math.max(cutUntil.get(process) ?? 0, cutUntil.get(null) ?? 0) <= time.now(),
    isOver: () => open === 0
  }
}
