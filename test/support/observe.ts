/** What a test observes in its own process: starts of sends, lag of the event loop, unhandled rejections. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Test } from 'tap'

export interface Start {
  sender: string
  /** Digits only. */
  recipient: string
  text: string
  /** Unix ms with a fraction. */
  at: number
}

export interface Starts {
  /** All starts since the call, or those to one recipient in any spelling; oldest first. */
  of: (recipient?: string) => Start[]
  /** ms between one start to a recipient, by one sender or any, and the next. */
  gaps: (recipient: string, sender?: string) => number[]
}

/**
 * What the nodes of this process send to the provider, and when. undici publishes each request when it writes it, on the stack on which a
 * grant's start is recorded. An observer at the other end reads its clock late on a busy machine, so two delayed requests seem simultaneous.
 * `url`: base URL of the provider.
 */
export function recordStarts (t: Pick<Test, 'teardown'>, url: string): Starts {
  const { origin } = new URL(url)
  const seen: Start[] = []
  const digits = (number: string): string => number.replaceAll(/\D/g, '')
  const onRequest = (message: unknown): void => {
    const { request } = message as { request: { origin: unknown, method: string, path: string, body: unknown } }
    if (String(request.origin) !== origin || request.method !== 'POST' || !request.path.endsWith('/messages')) return
    const { to = '', text } = JSON.parse(String(request.body)) as { to?: string; text?: { body: string } }
    seen.push({
      sender: request.path.split('/').at(-2) ?? '',
      recipient: digits(to),
      text: text?.body ?? '',
      at: performance.timeOrigin + performance.now()
    })
  }
  subscribe('undici:client:sendHeaders', onRequest)
  t.teardown(() => unsubscribe('undici:client:sendHeaders', onRequest))
  const of: Starts['of'] = recipient => recipient === undefined ? [...seen] : seen.filter(start => start.recipient === digits(recipient))
  return {
    of,
    gaps (recipient, sender) {
      const starts = of(recipient).filter(start => sender === undefined || start.sender === sender)
      return starts.slice(1).map(({ at }, before) => at - (starts[before]?.at ?? 0))
    }
  }
}

/**
 * When many processes share few cores, an observer reads its clock late, so what came in time seems late or too close to what came
 * next. Returns the maximum delay of this process's event loop since the call, in ms, never more than `mostMs`.
 */
export function measureLag (mostMs: number): () => number {
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  // The timer's own 10 ms are not lag.
  return () => Math.min(mostMs, Math.max(0, delay.max / 1e6 - 10))
}

/** Collects the unhandled rejections of this process. */
export function recordRejections (t: Pick<Test, 'teardown'>): string[] {
  const seen: string[] = []
  const onRejection = (reason: unknown): void => { seen.push(reason instanceof Error ? reason.stack ?? reason.message : String(reason)) }
  process.on('unhandledRejection', onRejection)
  t.teardown(() => process.off('unhandledRejection', onRejection))
  return seen
}
