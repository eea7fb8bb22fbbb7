import { uptime } from 'node:os'

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
  note: (server: string, redisMs: number, askedAt: number) => void
  /** Whether a grant by this reading is certain: the server's clock has not stepped forward since the call was made, nor is seen to do so now. */
  isCertain: (server: string, redisMs: number, askedAt: number) => boolean
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
  // A process that is interrupted between the two clocks reads too little. A later reading would then look like a suspension, and a step of the
  // server would be missed: so the highest reading counts.
  let suspension = Math.max(uptimeLead(), uptimeLead(), uptimeLead())

  function wasSuspended (): boolean {
    const latest = uptimeLead()
    const isAhead = latest - suspension > SUSPENDED_MS
    suspension = Math.max(suspension, latest)
    return isAhead
  }

  function note (server: string, redisMs: number, askedAt: number): void {
    const seenAt = now()
    // A script's reading is in whole ms.
    const sample = { least: redisMs - seenAt, most: redisMs + 1 - askedAt }
    const lead = leads.get(server)
    if (lead === undefined) {
      leads.set(server, { ...sample, seenAt, resetAt: -Infinity, forwardSteps: 0 })
      return
    }
    // It may have run before the step that was seen meanwhile.
    if (askedAt < lead.resetAt) return
    const drift = (seenAt - lead.seenAt) * DRIFT
    const least = lead.least - drift
    const most = lead.most + drift
    const stepMs = Math.max(0, sample.least - most) || Math.min(0, sample.most - least)
    if (stepMs === 0) {
      leads.set(server, { ...lead, least: Math.max(least, sample.least), most: Math.min(most, sample.most), seenAt })
    } else if (Math.abs(stepMs) > LEAST_STEP_MS) {
      const isOwn = wasSuspended()
      leads.set(server, { ...sample, seenAt, resetAt: seenAt, forwardSteps: lead.forwardSteps + (stepMs > 0 && !isOwn ? 1 : 0) })
      if (!isOwn) onStep(server, Math.round(stepMs))
    }
  }

  return {
    note,
    isCertain (server, redisMs, askedAt) {
      note(server, redisMs, askedAt)
      const lead = leads.get(server)
      return lead === undefined || askedAt >= lead.resetAt
    },
    forwardSteps: server => leads.get(server)?.forwardSteps ?? 0
  }
}
