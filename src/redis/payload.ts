import type { KeySource, Payload } from '../message.js'

/** A million waiting messages say each name a million times, so what every message has goes by its place, and only the rest by name. */
type Packed = [caller: string, to: string, message: Payload['message'], keySource: Letter, idempotencyKey: string | null, rest?: Rest]
type Rest = Partial<Omit<Payload, 'to' | 'message' | 'keySource' | 'caller' | 'idempotencyKey'>>

const letters = { header: 'h', field: 'f', derived: 'd', none: 'n' } as const satisfies Record<KeySource, string>
type Letter = typeof letters[KeySource]
const sources = { h: 'header', f: 'field', d: 'derived', n: 'none' } as const satisfies Record<Letter, KeySource>

/** A payload as Redis keeps it: one line of JSON. */
export function writePayload ({ to, message, keySource, caller, idempotencyKey, ...rest }: Payload): string {
  const { type, ...others } = rest
  const named: Rest = type === 'text' ? others : rest
  const packed: Packed = [caller, to, message, letters[keySource], idempotencyKey ?? null]
  if (Object.keys(named).length > 0) packed.push(named)
  return JSON.stringify(packed)
}

/** The other way round; bounce.lua writes one of its own, all by name. Throws a SyntaxError where the line is no JSON. */
export function readPayload (line: string): Payload {
  const kept = JSON.parse(line) as Packed | Payload
  if (!Array.isArray(kept)) return kept
  const [caller, to, message, letter, idempotencyKey, rest] = kept
  const payload: Payload = { to, type: 'text', message, keySource: sources[letter], caller, ...rest }
  if (idempotencyKey !== null) payload.idempotencyKey = idempotencyKey
  return payload
}
