import { createSignal } from '../signal.js'
import type { Bus } from '../events.js'
import { payloadOf } from '../settlement/inspect.js'
import { dropUnwanted, expire } from './cancel.js'
import { claim, release } from './claim.js'
import type { DeliveryDeps } from './deliver.js'
import { deliver } from './deliver.js'
import type { Starting } from './starting.js'

export interface DrainDeps extends DeliveryDeps { events: Bus, maxInFlight: () => number, starting: Starting }

/** A shift attends one sender for at most this long, then hands over, so that no sender keeps a node's place for ever. */
const SHIFT_MS = 15_000
/** A claim never takes more than can be started within START_WITHIN_MS, and asks for no more than the last ones let expect. */
const BATCH = 100
const FEW = 8
/** The drain lease lives 3 s and a wake can get lost, so a shift never sleeps longer than this. */
const SLEEP_MS = 500
/** With every place taken, a claim for each that becomes free would cost more than the sends. */
const LINGER_MS = 5
/** With the next turn further away than this the shift ends; the next admission or recovery calls another. */
const IDLE_MS = 5000

let shifts = 0

/**
 * Attends a sender: claims the heads whose turn has come, sends and settles each on its own, and claims again while others
 * are still in flight; sleeps until the next turn; ends when none is near. Returns the number of sends, and tells it meanwhile.
 */
export async function shift (deps: DrainDeps, sender: string, closing: AbortSignal, tell: (sends: number) => void = () => undefined): Promise<number> {
  const name = `${deps.store.node}.${++shifts}`
  const startedAt = performance.now()
  const underway = new Set<Promise<unknown>>()
  const signal = createSignal()
  const mute = deps.wakes.listen(sender, signal.set)
  const flush = (): void => signal.set()
  closing.addEventListener('abort', flush)
  let sends = 0
  let expected = FEW
  let mine = false
  deps.events.emit('drain.started', { sender })
  try {
    while (!closing.aborted && performance.now() - startedAt < SHIFT_MS) {
      const places = await deps.starting.reserve(Math.min(expected, deps.maxInFlight() - underway.size), SLEEP_MS)
      if (closing.aborted) {
        deps.starting.free(places)
        break
      }
      signal.reset()
      const claimed = await claimInto(places)
      if (claimed.status === 'leased') break
      mine = true
      expected = Math.min(BATCH, Math.max(FEW, 2 * claimed.grants.length))
      for (const grant of claimed.grants) {
        sends++
        const start = once(() => deps.starting.free(1))
        const delivery = deliver(deps, grant, start).catch(error => deps.events.emit('unexpected-error', { location: 'deliver', error }))
          .finally(() => {
            start()
            underway.delete(delivery)
            if (underway.size === deps.maxInFlight() - 1) setTimeout(signal.set, LINGER_MS)
          })
        underway.add(delivery)
      }
      if (claimed.grants.length > 0) tell(sends)
      if (claimed.expired.length > 0 || claimed.unwanted.length > 0) {
        const read = async (id: string): ReturnType<typeof payloadOf> => await payloadOf(deps.store, sender, id)
        await expire(deps, sender, claimed.expired, read)
        await dropUnwanted(deps, sender, claimed.unwanted, read)
        continue
      }
      const nextInMs = claimed.nextAt === null ? null : Math.max(0, claimed.nextAt - performance.now())
      if ((nextInMs === null || nextInMs > IDLE_MS) && underway.size === 0) break
      // With every place taken, the end of a delivery rings.
      const sleepMs = underway.size >= deps.maxInFlight() ? SLEEP_MS : Math.min(SLEEP_MS, nextInMs ?? SLEEP_MS)
      if (sleepMs > 0) await signal.wait(Math.ceil(sleepMs))
    }
  } finally {
    closing.removeEventListener('abort', flush)
    mute()
    if (mine) await handOver(deps, sender, name)
    // A job taken while the node closes was the sender's only wake-up: it is added again for another node.
    else if (closing.aborted) await deps.wakes.applyWakeHint(sender, 'enqueue')
    await Promise.all(underway)
    deps.events.emit('drain.ended', { sender, sends, durationMs: performance.now() - startedAt })
  }
  return sends

  /** A claim for the places that were reserved; those that it does not fill are free again. */
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

function once (act: () => void): () => void {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    act()
  }
}

/** Ends the lease at once; where that fails it runs out by itself within 3 s and recovery calls the next shift. */
async function handOver (deps: DrainDeps, sender: string, name: string): Promise<void> {
  try {
    await release(deps, sender, name)
  } catch (error) {
    deps.events.emit('unexpected-error', { location: 'shift hand-over', error })
  }
}
