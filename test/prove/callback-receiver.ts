/** The receiver of callbacks: it accepts, fails, rejects and hangs, and records what it got. */
import { createHash } from 'node:crypto'
import { startReceiver, type Receiver } from '../support/receiver.js'
import type { Teardown } from '../support/redis.js'
import { monotonicNow, type Fact, type Trouble } from './history.js'

/** `reject`: a quarter of the callbacks is rejected as invalid, and the others are accepted. */
export type ReceiverMode = 'accept' | 'fail' | 'hang' | 'reject'

export interface CallbackReceiver {
  url: string
  /** What the receiver does with all callbacks for a time. */
  disturb: (mode: Exclude<ReceiverMode, 'accept'>, forMs: number) => Promise<boolean>
  /** From now on every callback is accepted. */
  heal: () => void
  /** Callbacks with a wrong signature. */
  unsigned: () => string[]
}

/** One in so many callbacks is rejected as invalid while the receiver rejects; one in so many always, the first times. */
const POISON_EVERY = 4
const HICCUP_EVERY = 30

export async function startCallbackReceiver (t: Teardown, record: (fact: Fact) => void): Promise<CallbackReceiver> {
  const receiver: Receiver = await startReceiver(t)
  const tries = new Map<string, number>()
  let mode: ReceiverMode = 'accept'

  function statusOf (id: string): number | null {
    const before = tries.get(id) ?? 0
    tries.set(id, before + 1)
    if (mode === 'hang') return null
    if (mode === 'fail') return 503
    const number = createHash('sha256').update(id).digest().readUInt32BE()
    if (mode === 'reject' && number % POISON_EVERY === 0) return 422
    return number % HICCUP_EVERY === 1 && before < 2 ? 400 : 204
  }

  receiver.respond(({ id, type, data, timestamp, text }) => {
    const status = statusOf(id)
    if (type.startsWith('message.')) {
      record({
        fact: 'called-back',
        at: monotonicNow(),
        id,
        message: String(data['id']),
        state: type.slice('message.'.length),
        wamid: data['providerMessageId'] ?? null,
        changedAt: Date.parse(timestamp),
        status: status ?? 0,
        body: createHash('sha256').update(text).digest('base64url').slice(0, 12)
      })
    }
    // The receiver records what it needs; the list of the test support would only grow.
    receiver.received.length = 0
    receiver.headers.length = 0
    return status
  })
  return {
    url: receiver.url,
    async disturb (next, forMs) {
      const trouble: Trouble = { fact: 'trouble', of: 'receiver', node: null, from: monotonicNow(), to: Infinity }
      // Rejections of some callbacks must not delay the others.
      if (next !== 'reject') record(trouble)
      mode = next
      await new Promise(resolve => setTimeout(resolve, forMs))
      mode = 'accept'
      // Then the circuit is half open for up to 15 s.
      trouble.to = monotonicNow() + 20_000
      return true
    },
    heal () { mode = 'accept' },
    unsigned: () => receiver.unsigned
  }
}
