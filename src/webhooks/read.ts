import type { Status } from '../settlement/receipt.js'

type Members = Record<string, unknown>

/** What a notification reports about one sender. */
export interface Notice {
  /** Phone number id. */
  sender: string
  statuses: Status[]
  preferences: Preference[]
}

/** A person stopped or resumed the sender's marketing. */
export interface Preference {
  /** WhatsApp's id of the person: a number in digits, or a business-scoped user id. */
  person: string
  value: 'stop' | 'resume'
  /** By the provider's clock, ms since the epoch; 0 where it is missing. */
  atMs: number
}

/** A change that holds more than statuses. */
export interface Other {
  /** Index among all changes of the notification. */
  index: number
  /** Phone number id, if the change has one. */
  sender: string | null
  /** `inbound`: messages from people; `change`: anything else, such as the state of a template. */
  kind: 'inbound' | 'change'
}

export interface Notification { notices: Notice[], others: Other[] }

/**
 * Reads a notification of Meta's without trusting it: every member may be missing or of another type, and what cannot be read is left
 * out. Source: Meta, "Status messages webhook reference" and "user_preferences webhook reference".
 */
export function readNotification (body: unknown): Notification {
  const changes = listOf(membersOf(body)?.entry).flatMap(entry => listOf(membersOf(entry)?.changes))
  return {
    notices: changes.flatMap(change => readChange(membersOf(change))),
    others: changes.flatMap((change, index) => readOther(membersOf(change), index))
  }
}

function readChange (change: Members | undefined): Notice[] {
  const value = membersOf(change?.value)
  const sender = textOf(membersOf(value?.metadata)?.phone_number_id)
  if (value === undefined || sender === undefined) return []
  if (change?.field === 'user_preferences') {
    return [{ sender, statuses: [], preferences: listOf(value.user_preferences).flatMap(one => readPreference(membersOf(one))) }]
  }
  if (change?.field !== 'messages') return []
  return [{ sender, statuses: listOf(value.statuses).flatMap(status => readStatus(membersOf(status))), preferences: [] }]
}

function readOther (change: Members | undefined, index: number): Other[] {
  const value = membersOf(change?.value)
  const isInbound = listOf(value?.messages).length > 0
  if (listOf(value?.statuses).length > 0 && !isInbound && listOf(value?.errors).length === 0) return []
  return [{ index, sender: textOf(membersOf(value?.metadata)?.phone_number_id) ?? null, kind: isInbound ? 'inbound' : 'change' }]
}

function readPreference (preference: Members | undefined): Preference[] {
  const person = textOf(preference?.wa_id) ?? textOf(preference?.user_id)
  const value = preference?.value
  if (person === undefined || preference?.category !== 'marketing_messages' || (value !== 'stop' && value !== 'resume')) return []
  return [{ person, value, atMs: momentOf(preference.timestamp) }]
}

/** In seconds; a number in preferences, a string in statuses. */
function momentOf (timestamp: unknown): number {
  const atMs = Math.round(Number(typeof timestamp === 'number' ? timestamp : textOf(timestamp) ?? 0) * 1000)
  return atMs > 0 && atMs < Number.MAX_SAFE_INTEGER ? atMs : 0
}

/** `played` is the `read` of a voice message. An unknown status is left out. */
const kinds: Record<string, Status['kind']> = { sent: 'sent', delivered: 'delivered', read: 'read', played: 'read', failed: 'failed' }

function readStatus (status: Members | undefined): Status[] {
  const wamid = textOf(status?.id)
  const kind = kinds[textOf(status?.status) ?? '']
  if (wamid === undefined || kind === undefined || /\s/.test(wamid)) return []
  const opaque = textOf(status?.biz_opaque_callback_data)
  const error = membersOf(listOf(status?.errors)[0])
  const code = typeof error?.code === 'number' ? String(error.code) : textOf(error?.code) ?? ''
  return [{
    wamid,
    kind,
    atMs: momentOf(status?.timestamp),
    ...(opaque === undefined ? {} : { opaque }),
    ...(kind === 'failed' && textOf(status?.recipient_participant_id) !== undefined ? { isPartial: true } : {}),
    ...(kind !== 'failed' ? {} : { code: /^\d{1,9}$/.test(code) ? code : '', error: errorText(error) })
  }]
}

function errorText (error: Members | undefined): string {
  const texts = [error?.title, error?.message, membersOf(error?.error_data)?.details].map(textOf).filter(text => text !== undefined)
  return [...new Set(texts)].join(': ')
}

function membersOf (value: unknown): Members | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Members : undefined
}

function listOf (value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function textOf (value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= 2000 ? value : undefined
}
