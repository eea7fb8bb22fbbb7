import { errors, type Dispatcher } from 'undici'
import type { Answer } from './answer.js'
import { StartGuard } from './start-guard.js'

/** How one request ended. Both moments are readings of `performance.now()`. */
export type Ending = { startedAt: number | null, endedAt: number } & ({ answer: Answer } | { error: unknown })

/** What one request is allowed. */
export interface Allowance {
  /** `performance.now()` by which it must be on a connection. */
  startBy: number
  /** Milliseconds from the start to the last byte of the answer. */
  sendTimeoutMs: number
  /** Bytes of the answer's body. */
  answerBytes: number
  /** To be told of the start. */
  onStart?: (() => void) | undefined
}

/** Makes one request and waits for its end. Never rejects. */
export function exchange (pool: Dispatcher, request: Dispatcher.DispatchOptions, allowance: Allowance): Promise<Ending> {
  return new Promise(resolve => {
    const handler = new Exchange(allowance, resolve)
    try {
      if (performance.now() > allowance.startBy) handler.giveBack()
      else pool.dispatch(request, handler)
    } catch (error) {
      handler.end({ error })
    }
  })
}

/** The ear that undici speaks to. It ends once; what comes later is not heard. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #allowance: Allowance
  readonly #resolve: (ending: Ending) => void
  readonly #guard: StartGuard
  #timer: NodeJS.Timeout | undefined
  #head: Omit<Answer, 'body'> | undefined
  #chunks: Buffer[] = []
  #bytes = 0

  constructor (allowance: Allowance, resolve: (ending: Ending) => void) {
    this.#allowance = allowance
    this.#resolve = resolve
    this.#guard = new StartGuard(allowance.startBy, () => this.giveBack())
  }

  onRequestStart (controller: Dispatcher.DispatchController): void {
    this.#guard.start()
    this.#allowance.onStart?.()
    // One timer for headers and body together, since undici's own tick by half seconds and start anew with each chunk.
    this.#timer = setTimeout(() => {
      controller.abort(this.#head === undefined ? new errors.HeadersTimeoutError() : new errors.BodyTimeoutError())
    }, this.#allowance.sendTimeoutMs)
  }

  onResponseStart (_controller: Dispatcher.DispatchController, statusCode: number, headers: Answer['headers']): void {
    // A 1xx only announces an answer.
    if (statusCode >= 200) this.#head = { statusCode, headers }
  }

  onResponseData (controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > this.#allowance.answerBytes) controller.abort(new errors.ResponseExceededMaxSizeError())
    else this.#chunks.push(chunk)
  }

  onResponseEnd (): void {
    const head = this.#head ?? { statusCode: 0, headers: {} }
    this.end({ answer: { ...head, body: textOf(this.#chunks) } })
  }

  onResponseError (_controller: Dispatcher.DispatchController, error: unknown): void {
    this.end({ error })
  }

  /** The grant is over and the request has not started. It may still stand in the pool's queue; the guard keeps it there. */
  giveBack (): void {
    this.end({ error: new errors.RequestAbortedError('Not started within the time that the grant allowed') })
  }

  end (what: { answer: Answer } | { error: unknown }): void {
    clearTimeout(this.#timer)
    this.#guard.close()
    this.#chunks = []
    this.#resolve({ startedAt: this.#guard.startedAt, endedAt: performance.now(), ...what })
  }
}

/** Most answers come in one piece, which needs no copy. */
function textOf (chunks: Buffer[]): string {
  const [first] = chunks
  return first !== undefined && chunks.length === 1 ? first.toString() : Buffer.concat(chunks).toString()
}
