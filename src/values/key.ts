import { hash } from 'node:crypto'

/** What a derived idempotency key depends on. Times in ms since the epoch. */
export interface KeyParts {
  /** Canonical, without its kind: the digits of a number in their longer spelling, a user id or a group id. */
  recipient: string
  isPhone: boolean
  type: string
  message: unknown
  timestamp?: number | undefined
  scheduledFor?: number | undefined
}

/**
 * Derives an idempotency key: equal recipient, content, type, timestamp and schedule give the same key, however they are written. Its form is
 * `whatsapp:+<digits>:<16 hex>`; a user or group id takes the place of the digits.
 */
export function deriveKey ({ recipient, isPhone, type, message, timestamp, scheduledFor }: KeyParts): string {
  const parts: unknown[] = [recipient, message, type]
  // A message for another time is another message.
  if (scheduledFor !== undefined) parts.push(timestamp ?? null, scheduledFor)
  else if (timestamp !== undefined) parts.push(timestamp)
  return `whatsapp:${isPhone ? '+' : ''}${recipient}:${hash('sha256', stableJson(parts), 'hex').slice(0, 16)}`
}

/** JSON with the keys of every object sorted, so that equal contents give equal texts. */
export function stableJson (value: unknown): string {
  // Fast path: most contents are a text, without an object to sort.
  if (Array.isArray(value) && value.every(part => typeof part !== 'object')) return JSON.stringify(value)
  return JSON.stringify(value, (_, part: unknown) => {
    if (part === null || typeof part !== 'object' || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}
