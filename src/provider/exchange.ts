import { errors, type Dispatcher } from 'undici'
import { startReadTimeout, elapsedNow } from '../deadlines.js'
import { decodeBody, type HttpResponse } from './response.js'
import { NOT_STARTED, StartGuard } from './start-guard.js'

/** The end of one request. Both times are readings of `elapsedNow()`; `startedAt` is null if no byte was written. */
export type ExchangeResult = { startedAt: number | null, endedAt: number } & ({ response: HttpResponse } | { error: unknown })

/** The limits of one request. */
export interface ExchangeLimits {
  /** `elapsedNow()` by which a connection must take the request. */
  startBy: number
  /** Milliseconds from the start to the last byte of the response. */
  sendTimeoutMs: number
  /** Most bytes of the response body, also once it is decompressed. */
  maxResponseBytes: number
  /** Called at the start. */
  onStart?: (() => void) | undefined
}

/** Makes one request and waits for its end. Never rejects. */
export function exchange (pool: Dispatcher, request: Dispatcher.DispatchOptions, limits: ExchangeLimits): Promise<ExchangeResult> {
  return new Promise(resolve => {
    const handler = new ExchangeHandler(limits, resolve)
    try {
      if (elapsedNow() > limits.startBy) handler.giveBack()
      else pool.dispatch(request, handler)
    } catch (error) {
      handler.end({ error })
    }
  })
}

/** Receives undici's events for one request. The first end counts; later events are ignored. */
class ExchangeHandler implements Dispatcher.DispatchHandler {
  readonly #limits: ExchangeLimits
  readonly #resolve: (result: ExchangeResult) => void
  readonly #guard: StartGuard
  #stopTimeout: (() => void) | undefined
  #head: Omit<HttpResponse, 'body'> | undefined
  #chunks: Buffer[] = []
  #bytes = 0

  constructor (limits: ExchangeLimits, resolve: (result: ExchangeResult) => void) {
    this.#limits = limits
    this.#resolve = resolve
    this.#guard = new StartGuard(limits.startBy, () => this.giveBack())
  }

  onRequestStart (controller: Dispatcher.DispatchController): void {
    this.#guard.start()
    this.#limits.onStart?.()
    // One timer for headers and body together: undici's own have a resolution of half a second and restart with each chunk.
    this.#stopTimeout = startReadTimeout(this.#limits.sendTimeoutMs, () => {
      controller.abort(this.#head === undefined ? new errors.HeadersTimeoutError() : new errors.BodyTimeoutError())
    })
  }

  onResponseStart (_controller: Dispatcher.DispatchController, statusCode: number, headers: HttpResponse['headers']): void {
    // An informational response (1xx) precedes the final one.
    if (statusCode >= 200) this.#head = { statusCode, headers }
  }

  onResponseData (controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > this.#limits.maxResponseBytes) controller.abort(new errors.ResponseExceededMaxSizeError())
    else this.#chunks.push(chunk)
  }

  onResponseEnd (): void {
    const head = this.#head ?? { statusCode: 0, headers: {} }
    const body = decodeBody(this.#chunks, head.headers, this.#limits.maxResponseBytes)
    if (body === null) this.end({ error: new errors.ResponseExceededMaxSizeError() })
    else this.end({ response: { statusCode: head.statusCode, headers: head.headers, body } })
  }

  onResponseError (_controller: Dispatcher.DispatchController, error: unknown): void {
    this.end({ error })
  }

  /** The grant has ended before the request started. The request may still be in the pool's queue; the guard keeps it from starting. */
  giveBack (): void {
    this.end({ error: new errors.RequestAbortedError(NOT_STARTED) })
  }

  end (result: { response: HttpResponse } | { error: unknown }): void {
    this.#stopTimeout?.()
    this.#guard.close()
    this.#chunks = []
    this.#resolve({ startedAt: this.#guard.startedAt, endedAt: elapsedNow(), ...result })
  }
}
