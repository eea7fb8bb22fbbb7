/**
 * What the nodes of this process send to the provider, and when. undici publishes each request when it writes it, on the stack on which a
 * grant's start is recorded. An observer at the other end reads its clock late on a busy machine, so two delayed requests seem simultaneous.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
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

/** `url`: base URL of the provider. */
export function recordStarts (t: Pick<Test, 'teardown'>, url: string): Starts {
  const { origin } = new URL(url)
  const seen: Start[] = []
  const digits = (number: string): string => number.replaceAll(/\D/g, '')
  const note = (message: unknown): void => {
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
  subscribe('undici:client:sendHeaders', note)
  t.teardown(() => unsubscribe('undici:client:sendHeaders', note))
  const of: Starts['of'] = recipient => recipient === undefined ? [...seen] : seen.filter(start => start.recipient === digits(recipient))
  return {
    of,
    gaps (recipient, sender) {
      const starts = of(recipient).filter(start => sender === undefined || start.sender === sender)
      return starts.slice(1).map(({ at }, before) => at - (starts[before]?.at ?? 0))
    }
  }
}
