import type { KeySource, Payload } from '../message.js'

/** A million waiting messages say each name a million times, so what every message has goes by its place, and only the rest by name. */
type Packed = [caller: string, message: Payload['message'], key: `${Letter}${string}`, rest?: Rest]
type Rest = Partial<Omit<Payload, 'message' | 'keySource' | 'caller' | 'idempotencyKey'>>
/** What most messages have nothing of. A name that is missing here would be lost, so the compiler asks for each. */
const seldom = Object.keys({
  addressing: 0, metadata: 0, onUnknown: 0, category: 0, edge: 0, callbackData: 0
} satisfies Record<keyof Omit<Rest, 'to' | 'type'>, 0>) as Array<keyof Omit<Rest, 'to' | 'type'>>

const letters = { header: 'h', field: 'f', derived: 'd', none: 'n' } as const satisfies Record<KeySource, string>
type Letter = typeof letters[KeySource]
const sources = { h: 'header', f: 'field', d: 'derived', n: 'none' } as const satisfies Record<Letter, KeySource>

/**
 * A payload as Redis keeps it, beside its canonical recipient: one line of JSON. A number in the common spelling, `+` and digits, is not said twice; the key stands
 * behind the letter of its source.
 */
export function writePayload (recipient: string, payload: Payload): string {
  const rest: Rest = {}
  let hasRest = false
  if (payload.to !== spelled(recipient)) {
    rest.to = payload.to
    hasRest = true
  }
  if (payload.type !== 'text') {
    rest.type = payload.type
    hasRest = true
  }
  for (const name of seldom) {
    if (payload[name] === undefined) continue
    Object.assign(rest, { [name]: payload[name] })
    hasRest = true
  }
  const packed: Packed = [payload.caller, payload.message, `${letters[payload.keySource]}${payload.idempotencyKey ?? ''}`]
  if (hasRest) packed.push(rest)
  return JSON.stringify(packed)
}

/** The other way round; bounce.lua writes one of its own, all by name. Throws a SyntaxError where the line is no JSON. */
export function readPayload (recipient: string, line: string): Payload {
  const kept = JSON.parse(line) as Packed | Payload
  if (!Array.isArray(kept)) return kept
  const [caller, message, key, rest] = kept
  const payload: Payload = { to: spelled(recipient), type: 'text', message, keySource: sources[key[0] as Letter], caller, ...rest }
  if (key.length > 1) payload.idempotencyKey = key.slice(1)
  return payload
}

/** `p` and digits as most callers write it. */
function spelled (recipient: string): string {
  return `+${recipient.slice(1)}`
}
