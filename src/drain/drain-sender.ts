import { createSignal } from '../signal.js'
import type { Bus } from '../events.js'
import { within } from '../parallel.js'
import { reportError } from '../redis/unavailable.js'
import { closeAll, lifetimeEnded, optedOut, windowClosed } from './close.js'
import { claim, release } from './claim.js'
import type { DeliveryDeps } from './deliver.js'
import { deliver } from './deliver.js'
import { once } from './starting.js'

export interface DrainDeps extends DeliveryDeps { events: Bus, maxInFlight: () => number }

/** A drain run hands over after this time, so that no sender occupies a job slot of a node for ever. */
const DRAIN_RUN_MS = 15_000
/** Grants of one claim: at most what can start within START_WITHIN_MS, and at least a few. In between, twice what the last claim got. */
const MAX_CLAIM = 100
const MIN_CLAIM = 8
/** The drain lease expires after 3 s and a wake-up can get lost, so a drain run never sleeps longer than this. */
const SLEEP_MS = 500
/** Delay of the next claim after the sender was at its limit in flight. A claim for each slot that becomes free would cost more than the sends. */
const LINGER_MS = 5
/** A drain run ends if no message is ready within this time; the next admission or recovery adds another job. */
const IDLE_MS = 5000

let runs = 0

/**
 * One drain run: claims messages of a sender that are ready, sends and settles each on its own, and claims again while others are in flight.
 * Sleeps until the next ready time; ends when none is near. Returns the number of sends. `onProgress` gets it after each claim.
 */
export async function drainSender (
  deps: DrainDeps, sender: string, closing: AbortSignal, onProgress: (sends: number) => void = () => undefined
): Promise<number> {
  const name = `${deps.store.node}.${++runs}`
  const startedAt = performance.now()
  const underway = new Set<Promise<unknown>>()
  const signal = createSignal()
  const unsubscribe = deps.wakes.listen(sender, signal.set)
  const wakeUp = (): void => signal.set()
  closing.addEventListener('abort', wakeUp)
  let sends = 0
  let expected = MIN_CLAIM
  let hasLease = false
  deps.events.emit('drain.started', { sender })
  try {
    while (!closing.aborted && performance.now() - startedAt < DRAIN_RUN_MS) {
      const places = await deps.starting.reserve(Math.min(expected, deps.maxInFlight() - underway.size), SLEEP_MS)
      if (closing.aborted) {
        deps.starting.free(places)
        break
      }
      signal.reset()
      const claimed = await claimInto(places)
      if (claimed.status === 'leased') break
      hasLease = true
      expected = Math.min(MAX_CLAIM, Math.max(MIN_CLAIM, 2 * claimed.grants.length))
      for (const grant of claimed.grants) {
        sends++
        const freePlace = once(() => deps.starting.free(1))
        const delivery = deliver(deps, grant, freePlace).catch(error => reportError(deps.events, 'deliver', error))
          .finally(() => {
            freePlace()
            underway.delete(delivery)
            if (underway.size === deps.maxInFlight() - 1) setTimeout(signal.set, LINGER_MS)
          })
        underway.add(delivery)
      }
      if (claimed.grants.length > 0) onProgress(sends)
      if (claimed.expired.length + claimed.unwanted.length + claimed.closed.length > 0) {
        await closeAll(deps, sender, claimed.expired, lifetimeEnded)
        await closeAll(deps, sender, claimed.unwanted, optedOut)
        await closeAll(deps, sender, claimed.closed, windowClosed)
        continue
      }
      const nextInMs = claimed.nextAt === null ? null : Math.max(0, claimed.nextAt - performance.now())
      if ((nextInMs === null || nextInMs > IDLE_MS) && underway.size === 0) break
      // At the limit in flight, the end of a delivery sets the signal.
      const sleepMs = underway.size >= deps.maxInFlight() ? SLEEP_MS : Math.min(SLEEP_MS, nextInMs ?? SLEEP_MS)
      if (sleepMs > 0) await signal.wait(Math.ceil(sleepMs))
    }
  } finally {
    closing.removeEventListener('abort', wakeUp)
    unsubscribe()
    if (hasLease) await handOver(deps, sender, name)
    // A job taken while the node closes was the sender's only wake-up: it is added again for another node.
    else if (closing.aborted) await deps.wakes.applyWakeHint(sender, 'enqueue')
    // Not longer than a run: while Redis is away a settlement waits for it, and the job's place belongs to other senders as well.
    await within(DRAIN_RUN_MS, Promise.all(underway))
    deps.events.emit('drain.ended', { sender, sends, durationMs: performance.now() - startedAt })
  }
  return sends

  /** Claims for the reserved places, and frees those that the claim does not fill. */
  async function claimInto (places: number): ReturnType<typeof claim> {
    let filled = 0
    try {
      const claimed = await claim(deps, sender, name, places)
      if (claimed.status === 'claimed') filled = claimed.grants.length
      return claimed
    } finally {
      deps.starting.free(places - filled)
    }
  }
}

/** Releases the drain lease. If that fails, the lease expires within 3 s, and recovery adds the next job. */
async function handOver (deps: DrainDeps, sender: string, name: string): Promise<void> {
  try {
    await release(deps, sender, name)
  } catch (error) {
    reportError(deps.events, 'drain run hand-over', error)
  }
}
