import type { ServerClock } from './server-clock.js'

export interface ClockGuard {
  /** Whether a grant may start: `redisMs` is the moment that its script read, `askedAt` a reading of `performance.now()` before the call. */
  isCertain: (sender: string, redisMs: number, askedAt: number) => boolean
  /** Starts the cool-down of a sender after a step forward. Until Redis holds it, no grant of this sender is certain. */
  holdBack: (sender: string) => void
}

/**
 * After a step forward of its server's clock a sender needs a cool-down, since its TATs are of the old time. The node that sees the step writes it,
 * and starts nothing before. Every node sees the step by its own clock: at the latest by the reply that grants a send.
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

  function holdBack (sender: string): void {
    const { steps, mark } = marks(sender)
    if (steps === 0 || cooled.get(sender) === mark || underway.has(sender)) return
    underway.add(sender)
    coolDown(sender)
      .then(() => cooled.set(sender, mark))
      .catch(() => undefined) // Redis is unavailable, which the store's connection reports; the next grant tries again
      .finally(() => underway.delete(sender))
  }

  return {
    holdBack,
    isCertain (sender, redisMs, askedAt) {
      const isSteady = clock.isCertain(serverOf(sender), redisMs, askedAt)
      const { steps, mark } = marks(sender)
      if (steps === 0 || cooled.get(sender) === mark) return isSteady
      holdBack(sender)
      return false
    }
  }
}
