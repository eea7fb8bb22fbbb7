/**
 * The network between simulated nodes and Redis. A command is under way for a while, runs on the real Redis while virtual time stops, and its
 * reply is under way, too. Each connection keeps the order of its commands and of its replies, as TCP does.
 */
import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import { loadScripts } from '../../src/redis/scripts.js'
import type { Random } from '../property/random.js'
import type { SimulatedServer } from './server.js'
import type { SimulatedNode } from './node.js'
import { EPOCH_MS, type VirtualTime } from './virtual-time.js'

interface Command {
  isDone: boolean
  isRun: boolean
  isDropped: boolean
  resolve: (value: unknown) => void
  reject: (error: Error) => void
}

/** One connection of a node. */
export interface Connection {
  node: SimulatedNode
  lastArrival: number
  lastReply: number
  downUntil: number
  waiting: Set<Command>
  /** Commands that have arrived, in their order. */
  arrived: Array<() => void>
}

/** ioredis' own, in COMMAND_TIMEOUT_MS. */
const COMMAND_TIMEOUT_MS = 200
const RECONNECT_MS = [50, 500] as const
/** A rare, slow packet. Longer than ioredis' time limit. */
const MOST_DELAY_MS = 400
/** Commands after which nothing is read or written: their effect is not in Redis but in what `run` does. */
type Effect = () => unknown

export interface Network {
  /** A connection as ioredis would make it. `timed`: a command fails after 200 ms. */
  connect: (node: SimulatedNode, timed: boolean) => Connection
  clientOf: (connection: Connection) => Redis
  /** Sends something through a connection that takes effect on arrival, as a command does. */
  send: (connection: Connection, effect: Effect) => Promise<unknown>
  subscribe: (node: SimulatedNode, channel: string, onMessage: (message: string) => void) => Promise<() => void>
  /** Breaks the connections of a node. Of the commands under way those after a random one never arrive. */
  cut: (node: SimulatedNode, forMs: number) => void
  /** Until then nothing arrives at Redis, from this node or from all; connections stay. */
  stall: (node: SimulatedNode | null, untilMs: number) => void
  /** Sets Redis's clock by so many ms. */
  stepClock: (ms: number) => void
  /** When Redis's clock showed this to a command, by the other clock, ms. */
  whenRedisShowed: (redisMs: number) => number
  /** How slow it is from now on: longest delay of one way, ms. */
  setDelay: (ms: number) => void
  /** Number of commands so far. */
  count: () => number
}

interface Subscription { node: SimulatedNode, channel: string, onMessage: (message: string) => void }

/** Sees each command with its reply. */
export type Trace = (line: string) => void

export function createNetwork (time: VirtualTime, server: SimulatedServer, random: Random, trace: Trace | null): Network {
  const connections = new Map<SimulatedNode, Connection[]>()
  const subscriptions = new Set<Subscription>()
  const stalledUntil = new Map<SimulatedNode | null, number>()
  let longestMs = 2
  let lastUs = 0
  /** How far Redis's clock is ahead of the other one, ms. */
  let aheadMs = 0
  /** Each ms that it showed to a command -> how far it was ahead then, ms. */
  const shown = new Map<number, number>()
  let count = 0

  /** Redis's clock never runs ahead of this process by a ms, and each command has a time of its own. */
  function setClock (): void {
    const ms = time.now() * 1000
    lastUs = lastUs < ms ? ms + random.int(0, 200) : Math.min(ms + 999, lastUs + random.int(1, 20))
    server.setClock(lastUs + aheadMs * 1000)
    // The messages of a call are admitted a µs apart, so that they may reach into the next ms.
    for (const ms of [0, 1]) shown.set(time.now() + aheadMs + ms, aheadMs)
  }

  /**
   * Runs the command that arrived first. After a step back Redis's clock shows the same again, and what was written at such a moment could not be
   * dated: so no command runs in a ms that was shown before the step.
   */
  function runFirst (connection: Connection): void {
    const isAmbiguous = [0, 1].some(ms => (shown.get(time.now() + aheadMs + ms) ?? aheadMs) !== aheadMs)
    if (isAmbiguous) time.after(1, () => runFirst(connection))
    else connection.arrived.shift()?.()
  }

  const delay = (): number => random.chance(0.02) ? random.int(0, Math.min(MOST_DELAY_MS, 20 * longestMs)) : random.int(0, longestMs)
  const stallOf = (node: SimulatedNode): number => Math.max(stalledUntil.get(node) ?? 0, stalledUntil.get(null) ?? 0)

  async function send (connection: Connection, effect: Effect, timed: boolean): Promise<unknown> {
    const { node } = connection
    return await new Promise((resolve, reject) => {
      if (node.isDead()) return
      if (time.now() < connection.downUntil) {
        reject(new Error("Stream isn't writeable and enableOfflineQueue options is false"))
        return
      }
      const command: Command = { isDone: false, isRun: false, isDropped: false, resolve, reject }
      connection.waiting.add(command)
      const finish = (settle: () => void): void => {
        if (command.isDone) return
        command.isDone = true
        connection.waiting.delete(command)
        settle()
      }
      const arrival = connection.lastArrival = Math.max(connection.lastArrival, time.now() + delay(), stallOf(node))
      const arrive = (): void => {
        if (command.isDropped) return
        command.isRun = true
        count++
        setClock()
        const run = Promise.resolve().then(effect).then(
          value => () => resolve(value),
          (error: Error) => () => reject(error)
        ).then(settle => {
          const reply = connection.lastReply = Math.max(connection.lastReply, time.now() + delay(), stallOf(node))
          time.after(reply - time.now(), () => node.receive(() => finish(settle)))
        })
        time.hold(run)
      }
      time.after(arrival - time.now(), () => {
        connection.arrived.push(arrive)
        runFirst(connection)
      })
      if (timed) time.after(COMMAND_TIMEOUT_MS, () => node.onTimer(() => finish(() => reject(new Error('Command timed out')))))
    })
  }

  function publish (channel: string, message: string): number {
    let receivers = 0
    for (const { node, channel: own, onMessage } of subscriptions) {
      if (own !== channel || node.isDead() || stallOf(node) > time.now() || connectionsOf(node).some(one => one.downUntil > time.now())) continue
      receivers++
      time.after(delay(), () => node.receive(() => onMessage(message)))
    }
    return receivers
  }

  const connectionsOf = (node: SimulatedNode): Connection[] => connections.get(node) ?? []
  const timedOnes = new WeakSet<Connection>()

  return {
    connect (node, timed) {
      const connection: Connection = { node, lastArrival: 0, lastReply: 0, downUntil: 0, waiting: new Set(), arrived: [] }
      if (timed) timedOnes.add(connection)
      connections.set(node, [...connectionsOf(node), connection])
      return connection
    },
    clientOf (connection) {
      const commands = server.redis as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
      const names = trace === null ? new Map<string, string>() : scriptNames()
      const run = (name: string, args: unknown[]): Effect => name === 'publish'
        ? () => publish(String(args[0]), String(args[1]))
        : async () => {
          const reply = await commands[name]?.(...args)
          if (trace !== null) trace(`${(time.now() - EPOCH_MS).toString().padStart(8)} ${name} ${nameOf(args, names)} -> ${JSON.stringify(reply)}`)
          return reply
        }
      return new Proxy({}, {
        get (_, name) {
          if (name === 'status') return 'ready'
          if (typeof name !== 'string' || typeof commands[name] !== 'function') return undefined
          return async (...args: unknown[]) => await send(connection, run(name, args), timedOnes.has(connection))
        }
      }) as Redis
    },
    send: async (connection, effect) => await send(connection, effect, timedOnes.has(connection)),
    async subscribe (node, channel, onMessage) {
      const subscription = { node, channel, onMessage }
      subscriptions.add(subscription)
      return () => subscriptions.delete(subscription)
    },
    cut (node, forMs) {
      for (const connection of connectionsOf(node)) {
        connection.downUntil = Math.max(connection.downUntil, time.now() + forMs + random.int(...RECONNECT_MS))
        const lost = random.int(0, connection.waiting.size)
        const commands = [...connection.waiting]
        commands.forEach((command, i) => {
          if (!command.isRun && i >= lost) command.isDropped = true
          command.isDone = true
        })
        connection.waiting.clear()
        node.receive(() => { for (const { reject } of commands) reject(new Error('Connection is closed.')) })
      }
    },
    stall (node, untilMs) {
      stalledUntil.set(node, Math.max(stalledUntil.get(node) ?? 0, untilMs))
    },
    stepClock (ms) { aheadMs += ms },
    whenRedisShowed (redisMs) {
      return redisMs - (shown.get(Math.floor(redisMs)) ?? aheadMs)
    },
    setDelay (ms) { longestMs = ms },
    count: () => count
  }
}

function scriptNames (): Map<string, string> {
  return new Map(loadScripts().map(({ name, lua }) => [createHash('sha1').update(lua).digest('hex'), name]))
}

/** The name of a script, and the arguments without the keys. */
function nameOf (args: unknown[], names: Map<string, string>): string {
  const script = names.get(String(args[0]))
  return script === undefined ? JSON.stringify(args) : `${script} ${String(args[2])} ${JSON.stringify(args.slice(2 + Number(args[1])))}`
}
