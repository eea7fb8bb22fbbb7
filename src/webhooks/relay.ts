import { createHash } from 'node:crypto'
import type { Gate } from '../parallel.js'
import type { Other } from './read.js'
import type { WebhookDeps, Work } from './receive.js'
import { mayReport } from './verify.js'

/**
 * The work that writes changes that are not statuses of our messages to the outbox, byte for byte. A change without a number, or for one that
 * this node does not serve, goes to the first sender of the app that signed. A change for a number that the app may not sign for is left out.
 * The work throws UNAVAILABLE where Redis cannot take it.
 */
export function relays (deps: WebhookDeps, gate: Gate, text: string, others: readonly Other[], signer: string): Work[] {
  if (others.length === 0) return []
  const { senders } = deps
  const changes = rawChanges(text)
  const contentName = createNaming()
  return others.flatMap(({ index, sender: named, kind }) => {
    const raw = changes[index]
    const sender = named !== null && senders.has(named) ? named : senders.ids().find(id => mayReport(senders, id, signer))
    if (raw === undefined || sender === undefined || !mayReport(senders, sender, signer)) return []
    const subject = `in:${createHash('sha256').update(`${sender} ${contentName(kind, raw)}`).digest('base64url').slice(0, 22)}`
    const type = `whatsapp.${kind}`
    const data = `{"entry":${raw.entryId},${raw.time === '' ? '' : `"time":${raw.time},`}"change":${raw.change}}`
    const work = async (): Promise<void> => {
      const { status } = await gate(async () => await deps.store.run('relay', { sender }, { subject, type, data }))
      if (status === 'queued') deps.events.emit('webhook.relayed', { sender, type })
    }
    return { sender, work }
  })
}

/**
 * Names changes by what identifies them, the same each time that Meta posts a notification. Messages have ids of their own. Of other changes equal
 * ones are different events, such as a template that is paused for the second time: Meta has their time in the entry, and equal ones of one
 * notification differ by their order.
 */
function createNaming (): (kind: Other['kind'], raw: RawChange) => string {
  const seen = new Map<string, number>()
  return (kind, { entryId, time, change }) => {
    if (kind === 'inbound') return `${entryId} ${change}`
    const name = `${entryId} ${time} ${change}`
    const before = seen.get(name) ?? 0
    seen.set(name, before + 1)
    return before === 0 ? name : `${name} ${before}`
  }
}

/** The position in a JSON text of one member of an object or element of an array. */
interface Part { key: string | null, start: number, end: number }

/** A change as raw text, with `id` and `time` of its entry as JSON; `time` is empty where the entry has none. */
export interface RawChange { entryId: string, time: string, change: string }

/**
 * The changes of a notification as raw text, in order. Parsing and serializing would round long numbers. The text was parsed before, so it is
 * valid JSON; anything but `entry[].changes[]` is left out, as by `readNotification`.
 */
export function rawChanges (text: string): RawChange[] {
  const whole = { start: skipSpace(text, 0), end: text.length }
  return elements(text, member(text, whole, 'entry')).flatMap(entry => {
    const [id, time] = ['id', 'time'].map(name => member(text, entry, name)).map(part => part === null ? '' : text.slice(part.start, part.end))
    const changes = elements(text, member(text, entry, 'changes'))
    return changes.map(({ start, end }) => ({ entryId: id || 'null', time: time ?? '', change: text.slice(start, end) }))
  })
}

/** The last of several members with one name, as JSON.parse does. */
function member (text: string, { start }: Pick<Part, 'start'>, name: string): Part | null {
  return text[start] === '{' ? partsOf(text, start).filter(({ key }) => key === name).at(-1) ?? null : null
}

function elements (text: string, part: Part | null): Part[] {
  return part !== null && text[part.start] === '[' ? partsOf(text, part.start) : []
}

/** The parts of the object or array that starts at `from`. */
function partsOf (text: string, from: number): Part[] {
  const parts: Part[] = []
  let position = skipSpace(text, from + 1)
  while (text[position] !== '}' && text[position] !== ']') {
    let key: string | null = null
    if (text[from] === '{') {
      const end = endOfString(text, position)
      key = JSON.parse(text.slice(position, end)) as string
      position = skipSpace(text, skipSpace(text, end) + 1)
    }
    const end = endOfValue(text, position)
    parts.push({ key, start: position, end })
    position = skipSpace(text, end)
    if (text[position] === ',') position = skipSpace(text, position + 1)
  }
  return parts
}

function endOfValue (text: string, start: number): number {
  const first = text[start] ?? ''
  let position = start
  if (first === '"') return endOfString(text, start)
  if (first !== '{' && first !== '[') {
    while (position < text.length && !',]} \t\n\r'.includes(text[position] ?? '')) position++
    return position
  }
  let depth = 0
  do {
    const letter = text[position]
    if (letter === '{' || letter === '[') depth++
    if (letter === '}' || letter === ']') depth--
    position = letter === '"' ? endOfString(text, position) : position + 1
  } while (depth > 0 && position < text.length)
  return position
}

function endOfString (text: string, start: number): number {
  let position = start + 1
  while (position < text.length && text[position] !== '"') position += text[position] === '\\' ? 2 : 1
  return position + 1
}

function skipSpace (text: string, from: number): number {
  let position = from
  while (position < text.length && ' \t\n\r'.includes(text[position] ?? '')) position++
  return position
}
