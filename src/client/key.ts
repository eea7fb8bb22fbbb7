import { createHash } from 'node:crypto'

export interface KeyOptions {
  /** The Cloud API message type; by default the message's own, `text` for a string. */
  type?: string
  /** Makes the key differ from that of an equal message. */
  timestamp?: string | number
}

/**
 * The key that the gateway derives for a message to a number: the same digits, content, type and timestamp make the same key,
 * `whatsapp:+<digits>:<16 hex>`.
 */
export function generateIdempotencyKey (phone: string, message: string | Record<string, unknown>, { type = typeOf(message), timestamp }: KeyOptions = {}): string {
  const digits = phone.replace(/\D/g, '')
  const parts = [digits, message, type, ...(timestamp === undefined ? [] : [timestamp])]
  return `whatsapp:+${digits}:${createHash('sha256').update(sorted(parts)).digest('hex').slice(0, 16)}`
}

function typeOf (message: string | Record<string, unknown>): string {
  return typeof message === 'object' && typeof message['type'] === 'string' ? message['type'] : 'text'
}

/** JSON with the keys of every object in order. */
function sorted (value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part)
}
