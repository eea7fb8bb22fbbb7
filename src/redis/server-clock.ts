import { uptime } from 'node:os'
import type { Redis } from 'ioredis'
import type { Client } from './client.js'

/** Clocks may drift apart by this share without a step: 500 ppm is the most that NTP slews a clock, on both hosts. */
const DRIFT = 0.001
/** Smaller differences are no step, ms. With what the drift adds they stay below the 50 ms that the spacing tolerates. */
const LEAST_STEP_MS = 20
/** The machine was suspended if its uptime is ahead of its monotonic clock by this, ms. The uptime has a resolution of 10 ms. */
const SUSPENDED_MS = 100

/** What a server's clock may be ahead of this process's monotonic clock, ms: between `least` and `most`, as seen at `seenAt`. */
interface Lead { least: number, most: number, seenAt: number, resetAt: number, forwardSteps: number }

export interface ServerClock {
  /** Compares a reading of a server's clock with the monotonic clock: it was taken between `askedAt` and now. */
  observe: (server: string, redisMs: number, askedAt: number) => void
  /** Whether a grant by this reading is certain: the server's clock has not stepped forward since the call was made, nor is seen to do so now. */
  isCertain: (server: string, redisMs: number, askedAt: number) => boolean
  /**
   * The time by the server's clock, as it was last read. Before its first reading, as after a failover to it, by the clock of the server that was
   * read last: a node's own may be wrong by a year. Null before any reading.
   */
  nowMs: (server: string) => number | null
  /** How often the server's clock was seen to step forward. */
  forwardSteps: (server: string) => number
}

/** Clocks of this process: `performance.now()`, and how far the uptime, which includes suspension, is ahead of it. */
interface OwnClocks { now: () => number, uptimeLead: () => number }
const ownClocks: OwnClocks = { now: () => performance.now(), uptimeLead: () => uptime() * 1000 - performance.now() }

/**
 * Detects that the clock of a Redis server was set. Pairs are spaced by that clock, and scripts know no other: after a step forward they would grant
 * too early. Each reading limits by how much the server's clock can be ahead of the monotonic clock, and a reading outside of the limits is a step.
 * A late reply widens its own limits, and so never looks like a step. A step shorter than the round trip is not seen.
 */
export function createServerClock (onStep: (server: string, stepMs: number) => void, { now, uptimeLead }: OwnClocks = ownClocks): ServerClock {
  const leads = new Map<string, Lead>()
  let lastRead: Lead | undefined
  // A process that is interrupted between the two clocks reads too little. A later reading would then look like a suspension, and a step of the
  // server would be missed: so the highest reading counts.
  let suspension = Math.max(uptimeLead(), uptimeLead(), uptimeLead())

  function wasSuspended (): boolean {
    const latest = uptimeLead()
    const isAhead = latest - suspension > SUSPENDED_MS
    suspension = Math.max(suspension, latest)
    return isAhead
  }

  function setLead (server: string, lead: Lead): void {
    leads.set(server, lead)
    lastRead = lead
  }

  function observe (server: string, redisMs: number, askedAt: number): void {
    const seenAt = now()
    // A script's reading is in whole ms.
    const sample = { least: redisMs - seenAt, most: redisMs + 1 - askedAt }
    const lead = leads.get(server)
    if (lead === undefined) {
      setLead(server, { ...sample, seenAt, resetAt: -Infinity, forwardSteps: 0 })
      return
    }
    // The script may have run before the step that was seen meanwhile.
    if (askedAt < lead.resetAt) return
    const drift = (seenAt - lead.seenAt) * DRIFT
    const least = lead.least - drift
    const most = lead.most + drift
    const stepMs = Math.max(0, sample.least - most) || Math.min(0, sample.most - least)
    if (stepMs === 0) {
      setLead(server, { ...lead, least: Math.max(least, sample.least), most: Math.min(most, sample.most), seenAt })
    } else if (Math.abs(stepMs) > LEAST_STEP_MS) {
      const isOwn = wasSuspended()
      setLead(server, { ...sample, seenAt, resetAt: seenAt, forwardSteps: lead.forwardSteps + (stepMs > 0 && !isOwn ? 1 : 0) })
      if (!isOwn) onStep(server, Math.round(stepMs))
    }
  }

  return {
    observe,
    isCertain (server, redisMs, askedAt) {
      observe(server, redisMs, askedAt)
      const lead = leads.get(server)
      return lead === undefined || askedAt >= lead.resetAt
    },
    nowMs (server) {
      const lead = leads.get(server) ?? lastRead
      return lead === undefined ? null : now() + lead.least
    },
    forwardSteps: server => leads.get(server)?.forwardSteps ?? 0
  }
}

/** The time by the clock of a sender's server, as this node last read it, ms since the epoch. Exact to about a round trip. */
export type ServerNow = (sender: string) => number

/** This machine's own clock, ms since the epoch: all that there is before the first reading of a server's. */
export const ownNowMs: ServerNow = () => Date.now()

/**
 * Milliseconds since the epoch by Redis's clock, the one clock that all nodes share. It asks the server that has `key`: in a cluster the
 * client sends a command without a key to any server, and that one may be down while the key's server responds.
 */
export async function redisNowMs (redis: Client, key: string): Promise<number> {
  return Math.floor(toMs(await redis.eval("return redis.call('TIME')", 1, key) as [string, string]))
}

/** Milliseconds since the epoch by the clock of one server, with its microseconds as a fraction. */
export async function serverNowMs (server: Redis): Promise<number> {
  return toMs(await server.time())
}

function toMs ([seconds, micros]: ReadonlyArray<number | string>): number {
  return Number(seconds) * 1000 + Number(micros) / 1000
}

export interface ClockGuard {
  /** Whether a grant may start: `redisMs` is the moment that its script read, `askedAt` a reading of `performance.now()` before the call. */
  isCertain: (sender: string, redisMs: number, askedAt: number) => boolean
  /** Starts the cool-down of a sender after a step forward. Until it is written, no grant of this sender is certain. */
  startCoolDown: (sender: string) => void
}

/**
 * After a step forward of its server's clock a sender needs a cool-down, since its TATs were written with the old clock. The node that sees the
 * step starts the cool-down, and no send before it. Every node sees the step by its own clock: at the latest by the reply that grants a send.
 */
export function createClockGuard (
  clock: ServerClock, serverOf: (sender: string) => string, coolDown: (sender: string) => Promise<unknown>
): ClockGuard {
  /** The steps after which each sender has had its cool-down, by server and count. */
  const cooled = new Map<string, string>()
  const underway = new Set<string>()

  function marks (sender: string): { steps: number, mark: string } {
    const server = serverOf(sender)
    const steps = clock.forwardSteps(server)
    return { steps, mark: `${server} ${steps}` }
  }

  function startCoolDown (sender: string): void {
    const { steps, mark } = marks(sender)
    if (steps === 0 || cooled.get(sender) === mark || underway.has(sender)) return
    underway.add(sender)
    coolDown(sender)
      .then(() => cooled.set(sender, mark))
      .catch(() => undefined) // Redis is unavailable, which the store's connection reports; the next grant tries again
      .finally(() => underway.delete(sender))
  }

  return {
    startCoolDown,
    isCertain (sender, redisMs, askedAt) {
      const isSteady = clock.isCertain(serverOf(sender), redisMs, askedAt)
      const { steps, mark } = marks(sender)
      if (steps === 0 || cooled.get(sender) === mark) return isSteady
      startCoolDown(sender)
      return false
    }
  }
}
