import { errors } from 'undici'
import { elapsedNow } from '../deadlines.js'

export const NOT_STARTED = 'Not started before the deadline of the grant'

/**
 * Enforces the start deadline of a grant. A request may be handed to a free connection until `startBy`. After that, other
 * nodes may assume that the slot is unused, so no byte may be written any more.
 *
 *   waiting ── start() in time ──▶ started
 *      └──── startBy passes, or start() too late ──▶ closed, onLate called once
 */
export class StartGuard {
  /** `elapsedNow()` of the start; null before it, and for good if it came too late. */
  startedAt: number | null = null
  readonly #startBy: number
  readonly #onLate: () => void
  readonly #timer: NodeJS.Timeout
  #closed = false

  /** `startBy`: a reading of `elapsedNow()`. `onLate` gives the grant back while the request still waits for a connection. */
  constructor (startBy: number, onLate: () => void) {
    this.#startBy = startBy
    this.#onLate = onLate
    // A Node timer may fire up to 1 ms early; rounding up makes it late instead, which is harmless: start() checks the clock.
    this.#timer = setTimeout(() => this.#giveBack(), Math.max(0, Math.ceil(startBy - elapsedNow())))
  }

  /**
   * Call this from undici's `onRequestStart`, which runs right before the write, on the same stack. Throws if the request
   * may not start: undici then drops it before the first byte and keeps the connection. An abort through the controller
   * would destroy a connection that other requests can use. A second start throws as well.
   */
  start (): void {
    const now = elapsedNow()
    if (this.#closed || this.startedAt !== null || now > this.#startBy) {
      this.#giveBack()
      throw new errors.RequestAbortedError(NOT_STARTED)
    }
    clearTimeout(this.#timer)
    this.startedAt = now
  }

  /** The request ended before it started; from now on `start` throws. */
  close (): void {
    clearTimeout(this.#timer)
    this.#closed = true
  }

  #giveBack (): void {
    if (this.#closed || this.startedAt !== null) return
    this.close()
    this.#onLate()
  }
}
