import type { KeySource, Payload } from '../message.js'

/** A million waiting messages say each name a million times, so what every message has goes by its place, and only the rest by name. */
type Packed = [caller: string, to: string | 0, message: Payload['message'], keySource: Letter, idempotencyKey: string | null, rest?: Rest]
type Rest = Partial<Omit<Payload, 'to' | 'message' | 'keySource' | 'caller' | 'idempotencyKey'>>

const letters = { header: 'h', field: 'f', derived: 'd', none: 'n' } as const satisfies Record<KeySource, string>
type Letter = typeof letters[KeySource]
const sources = { h: 'header', f: 'field', d: 'derived', n: 'none' } as const satisfies Record<Letter, KeySource>

/** A payload as Redis keeps it, beside its canonical recipient: one line of JSON. A number in the common spelling, `+` and digits, is not said twice. */
export function writePayload (recipient: string, { to, message, keySource, caller, idempotencyKey, ...rest }: Payload): string {
  const { type, ...others } = rest
  const named: Rest = type === 'text' ? others : rest
  const packed: Packed = [caller, to === spelled(recipient) ? 0 : to, message, letters[keySource], idempotencyKey ?? null]
  if (Object.keys(named).length > 0) packed.push(named)
  return JSON.stringify(packed)
}

/** The other way round; bounce.lua writes one of its own, all by name. Throws a SyntaxError where the line is no JSON. */
export function readPayload (recipient: string, line: string): Payload {
  const kept = JSON.parse(line) as Packed | Payload
  if (!Array.isArray(kept)) return kept
  const [caller, to, message, letter, idempotencyKey, rest] = kept
  const payload: Payload = { to: to === 0 ? spelled(recipient) : to, type: 'text', message, keySource: sources[letter], caller, ...rest }
  if (idempotencyKey !== null) payload.idempotencyKey = idempotencyKey
  return payload
}

/** `p` and digits as most callers write it. */
function spelled (recipient: string): string {
  return `+${recipient.slice(1)}`
}
