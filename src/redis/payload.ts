import type { KeySource, Payload } from '../message.js'

/** A million queued messages would store each field name a million times, so fields that every message has are stored by position. */
type Packed = [caller: string, message: Payload['message'], key: `${SourceLetter}${string}`, rest?: Rest]
type Rest = Partial<Omit<Payload, 'message' | 'keySource' | 'caller' | 'idempotencyKey'>>
/** Fields that are stored by position, or only where they are unusual. Every other one is stored by its name. */
const placed = new Set(['to', 'type', 'message', 'keySource', 'caller', 'idempotencyKey'])

const letters = { header: 'h', field: 'f', derived: 'd', none: 'n' } as const satisfies Record<KeySource, string>
type SourceLetter = typeof letters[KeySource]
const sources = { h: 'header', f: 'field', d: 'derived', n: 'none' } as const satisfies Record<SourceLetter, KeySource>

/**
 * A payload as stored in Redis beside its canonical recipient: one line of JSON. `to` is stored only where it differs from the common
 * spelling, `+` and digits. The idempotency key follows the letter of its source.
 */
export function writePayload (recipient: string, payload: Payload): string {
  const rest: Rest = {}
  if (payload.to !== spelled(recipient)) rest.to = payload.to
  if (payload.type !== 'text') rest.type = payload.type
  // Hot path: a loop over the few fields that are there. Asking for each that may be there takes longer.
  for (const name in payload) {
    const value = payload[name as keyof Payload]
    if (!placed.has(name) && value !== undefined) Object.assign(rest, { [name]: value })
  }
  const packed: Packed = [payload.caller, payload.message, `${letters[payload.keySource]}${payload.idempotencyKey ?? ''}`]
  if (Object.keys(rest).length > 0) packed.push(rest)
  return JSON.stringify(packed)
}

/** The inverse of `writePayload`. bounce.lua writes a payload with all fields by name. Throws a SyntaxError where the line is not JSON. */
export function readPayload (recipient: string, line: string): Payload {
  const stored = JSON.parse(line) as Packed | Payload
  if (!Array.isArray(stored)) return stored
  const [caller, message, key, rest] = stored
  const payload: Payload = { to: spelled(recipient), type: 'text', message, keySource: sources[key[0] as SourceLetter], caller, ...rest }
  if (key.length > 1) payload.idempotencyKey = key.slice(1)
  return payload
}

/** A canonical `p` and digits in the common spelling. */
function spelled (recipient: string): string {
  return `+${recipient.slice(1)}`
}
