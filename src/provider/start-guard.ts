import { errors } from 'undici'

/**
 * Watches over the moment at which a request is handed to a free connection. A grant is good for a start until
 * `startBy`; later, other senders may rely on the slot being unused, so not a byte may go out any more.
 *
 *   waiting ── start() in time ──▶ started
 *      └──── startBy passes, or start() too late ──▶ closed, onLate called once
 */
export class StartGuard {
  /** `performance.now()` of the start; null until then and for ever if it came too late. */
  startedAt: number | null = null
  readonly #startBy: number
  readonly #onLate: () => void
  readonly #timer: NodeJS.Timeout
  #closed = false

  /** `startBy`: a reading of `performance.now()`. `onLate` gives the grant back while the request still waits in a queue. */
  constructor (startBy: number, onLate: () => void) {
    this.#startBy = startBy
    this.#onLate = onLate
    // A Node timer may fire up to 1 ms early; being late by as much costs nothing, since start() looks at the clock.
    this.#timer = setTimeout(() => this.#giveBack(), Math.max(0, Math.ceil(startBy - performance.now())))
  }

  /**
   * To be called by undici's `onRequestStart`, which runs right before the write, on the same stack. Throws if the
   * request may not start: undici then forgets it before the first byte and keeps the connection, whereas an abort
   * through the controller would destroy a connection that others can use. A second start is refused as well.
   */
  start (): void {
    const now = performance.now()
    if (this.#closed || this.startedAt !== null || now > this.#startBy) {
      this.#giveBack()
      throw new errors.RequestAbortedError('Not started within the time that the grant allowed')
    }
    clearTimeout(this.#timer)
    this.startedAt = now
  }

  /** The request is over before it started; nothing may start it now. */
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
