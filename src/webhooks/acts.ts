import { canonicalPerson } from '../recipient.js'
import { isJsonObject, type JsonObject } from '../values/json.js'

/** Something that a person did, and that opens the person's window with the number. */
export interface Act {
  /** Canonical recipients: the number, the user id, or both. */
  recipients: string[]
  /** By the provider's clock, ms since the epoch; 0 where it is missing. */
  atMs: number
}

/** Fields of webhooks that have messages or calls of people. `standby`: another app holds the conversation. */
const FIELDS = new Set(['messages', 'standby', 'calls'])

/**
 * What people did in one change of a notification: messages of any type, and calls. Meta does not say of some types whether they open a window; here
 * they do, since a window that is wrongly taken for closed would reject a message. Source: Meta, "Service messages" and "Calls".
 */
export function readActs (change: JsonObject | undefined): Act[] {
  const value = membersOf(change?.['value'])
  const field = change?.['field']
  if (value === undefined || typeof field !== 'string' || !FIELDS.has(field)) return []
  const contacts = listOf(value['contacts']).map(contact => peopleOf(membersOf(contact)))
  const standby = membersOf(value['standby']) ?? {}
  const entries = [value['messages'], standby['messages'], value['standby'], value['calls']].flatMap(listOf)
  const statuses = field === 'calls' ? listOf(value['statuses']) : []
  return [...entries, ...statuses].map(entry => readAct(membersOf(entry), contacts))
}

function readAct (entry: JsonObject | undefined, contacts: string[][]): Act {
  const named = [...peopleOf(entry), ...peopleOf(membersOf(entry?.['system']))]
  // Where the entry has one of a person's names, the contact may have the other.
  const joined = contacts.filter(names => names.some(name => named.includes(name)) || contacts.length === 1).flat()
  const timestamp = entry?.['timestamp']
  const seconds = typeof timestamp === 'string' || typeof timestamp === 'number' ? Number(timestamp) : NaN
  // A whole second is meant: the act may have been at its end.
  const atMs = Number.isSafeInteger(seconds) && seconds > 0 && seconds < 1e11 ? seconds * 1000 + 999 : 0
  return { recipients: [...new Set([...named, ...joined])], atMs }
}

/** Members that name a person; of a call also the number itself, which is harmless. A system message names the former id and the new one. */
const NAMES = [
  'from', 'from_user_id', 'wa_id', 'user_id', 'to', 'to_user_id', 'recipient_id', 'recipient_user_id', 'new_wa_id', 'new_user_id', 'customer'
] as const

function peopleOf (entry: JsonObject | undefined): string[] {
  return NAMES.flatMap(name => {
    const id = entry?.[name]
    const person = typeof id === 'string' ? canonicalPerson(id.replace(/^\+/, '')) : null
    return person === null ? [] : [person]
  })
}

/**
 * Argument `acts` of record-windows.lua. Of a person who is known by one name only, the window under the other one is in doubt, and so that of each
 * recipient with such a name.
 */
export function writeActs (acts: readonly Act[], nowMs: number): string {
  const latest = new Map<string, number>()
  for (const { recipients, atMs } of acts) {
    const has = (kind: string): boolean => recipients.some(recipient => recipient.startsWith(kind))
    const unknown = ['p', 'u'].filter(kind => !has(kind)).map(kind => `?${kind}`)
    for (const member of [...recipients, ...unknown]) latest.set(member, Math.max(latest.get(member) ?? 0, atMs === 0 ? nowMs : atMs))
  }
  return [...latest].map(([member, atMs]) => `${member} ${Math.floor(atMs)}`).join(' ')
}

function membersOf (value: unknown): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined
}

function listOf (value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
