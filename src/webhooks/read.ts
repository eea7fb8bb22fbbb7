import type { Status } from '../settlement/receipt.js'
import { readAccountChanges, type AccountChange } from './account.js'
import { readActs, type Act } from './acts.js'
import { readDailyLimit } from '../throttle/daily.js'
import { digitsOf } from '../throttle/levels.js'
import { isJsonObject, type JsonObject } from '../values/json.js'

/** What a notification reports about one sender. */
export interface Notice {
  /** Phone number id. */
  sender: string
  statuses: Status[]
  preferences: Preference[]
  /** What people did that opens their windows. */
  acts: Act[]
  /** WhatsApp has rejected a message for the limit of messages per second, and does not say which one. */
  isLimited: boolean
}

/** A person stopped or resumed the sender's marketing. */
export interface Preference {
  /** WhatsApp's id of the person: a number in digits, or a business-scoped user id. */
  person: string
  value: 'stop' | 'resume'
  /** By the provider's clock, ms since the epoch; 0 where it is missing. */
  atMs: number
}

/** A change that holds more than statuses of messages. */
export interface Other {
  /** Index among all changes of the notification. */
  index: number
  /** Phone number id, if the change has one. */
  sender: string | null
  /** `inbound`: messages from people; `change`: anything else, such as the state of a template or the status of a call. */
  kind: 'inbound' | 'change'
}

/** A phone number has changed. It is named by its digits, and by the account that it belongs to. */
export interface NumberChange { account: string, number: string, isUpgrade: boolean }

/** The daily limit of the portfolio of an account. */
export interface CapabilityChange { account: string, dailyLimit: number }

/** `accounts`: whose templates may have changed. `changes`: what Meta stops or lifts. */
export interface Notification {
  notices: Notice[]
  others: Other[]
  accounts: string[]
  changes: AccountChange[]
  numbers: NumberChange[]
  capabilities: CapabilityChange[]
}

/**
 * Reads a notification of Meta's without trusting it: every member may be missing or of another type. A member that cannot be read affects no
 * other one. Source: Meta, "Status messages webhook reference" and "user_preferences webhook reference".
 */
export function readNotification (body: unknown): Notification {
  const entries = listOf(membersOf(body)?.entry).map(membersOf)
  const changes = entries.flatMap(entry => listOf(entry?.changes))
  const notices = changes.map(change => readChange(membersOf(change)))
  return {
    notices: notices.filter(notice => notice !== null),
    others: changes.flatMap((change, index) => readOther(membersOf(change), index, notices[index]?.statuses.length ?? 0)),
    accounts: [...new Set(entries.flatMap(readTemplateChange))],
    changes: entries.flatMap(readAccountChanges),
    numbers: entries.flatMap(readNumberChanges),
    capabilities: entries.flatMap(readCapabilities)
  }
}

/** Meta's webhooks of templates may come late, twice and in any order, and spell names otherwise: they only say that something has changed. */
function readTemplateChange (entry: JsonObject | undefined): string[] {
  const account = textOf(entry?.id)
  const fields = listOf(entry?.changes).map(change => textOf(membersOf(change)?.field) ?? '')
  const isOfTemplate = fields.some(field => /^message_template_(status|quality)_update$/.test(field))
  return isOfTemplate && account !== undefined && /^\d{1,30}$/.test(account) ? [account] : []
}

/** `TIER_UNLIMITED` is the limit of recipients a day, but with this event it means 1,000 messages per second. */
function readNumberChanges (entry: JsonObject | undefined): NumberChange[] {
  const account = textOf(entry?.id)
  if (account === undefined || !/^\d{1,30}$/.test(account)) return []
  return listOf(entry?.changes).map(membersOf).filter(change => change?.field === 'phone_number_quality_update').map(change => {
    const value = membersOf(change?.value)
    return { account, number: digitsOf(value?.display_phone_number), isUpgrade: value?.event === 'THROUGHPUT_UPGRADE' }
  })
}

/** Source: Meta, "business_capability_update webhook reference". Its types differ from page to page; what cannot be read changes nothing. */
function readCapabilities (entry: JsonObject | undefined): CapabilityChange[] {
  const account = textOf(entry?.id)
  if (account === undefined || !/^\d{1,30}$/.test(account)) return []
  return listOf(entry?.changes).map(membersOf).filter(change => change?.field === 'business_capability_update').flatMap(change => {
    const dailyLimit = readDailyLimit(membersOf(change?.value)?.max_daily_conversations_per_business)
    return dailyLimit === null ? [] : [{ account, dailyLimit }]
  })
}

/** Code 130429 beside the messages and statuses of a change. */
const LIMITED = '130429'
const isLimit = (error: unknown): boolean => String(membersOf(error)?.code) === LIMITED

function readChange (change: JsonObject | undefined): Notice | null {
  const value = membersOf(change?.value)
  const sender = idOf(membersOf(value?.metadata)?.phone_number_id)
  if (value === undefined || sender === undefined) return null
  if (change?.field === 'user_preferences') {
    const contacts = listOf(value.contacts).map(idsOf)
    const preferences = listOf(value.user_preferences).flatMap(preference => readPreference(membersOf(preference), contacts))
    return { sender, statuses: [], preferences, acts: [], isLimited: false }
  }
  const acts = readActs(change)
  if (change?.field !== 'messages') return acts.length === 0 ? null : { sender, statuses: [], preferences: [], acts, isLimited: false }
  const statuses = listOf(value.statuses).flatMap(status => readStatus(membersOf(status)))
  return { sender, statuses, preferences: [], acts, isLimited: listOf(value.errors).some(isLimit) }
}

/** `taken`: how many statuses of messages were read from the change. With one that is none of these the change is relayed. */
function readOther (change: JsonObject | undefined, index: number, taken: number): Other[] {
  const value = membersOf(change?.value)
  const isInbound = listOf(value?.messages).length > 0
  const statuses = listOf(value?.statuses).length
  if (statuses > 0 && statuses === taken && !isInbound && listOf(value?.errors).length === 0) return []
  return [{ index, sender: idOf(membersOf(value?.metadata)?.phone_number_id) ?? null, kind: isInbound ? 'inbound' : 'change' }]
}

/**
 * One for each id: a marketing message may be sent to the number or to the user id. Where a preference has only one of them, the contact of the
 * same notification may have the other.
 */
function readPreference (preference: JsonObject | undefined, contacts: string[][]): Preference[] {
  const value = preference?.value
  if (preference?.category !== 'marketing_messages' || (value !== 'stop' && value !== 'resume')) return []
  const named = idsOf(preference)
  const people = [...named, ...contacts.filter(ids => ids.some(id => named.includes(id))).flat()]
  return [...new Set(people)].map(person => ({ person, value, atMs: momentOf(preference.timestamp) }))
}

/** WhatsApp's ids of a person. */
function idsOf (person: unknown): string[] {
  const { wa_id: number, user_id: user } = membersOf(person) ?? {}
  return [number, user].map(idOf).filter(id => id !== undefined)
}

/** In seconds; a number in preferences, a string in statuses. */
function momentOf (timestamp: unknown): number {
  const atMs = Math.round(Number(typeof timestamp === 'number' ? timestamp : textOf(timestamp) ?? 0) * 1000)
  return atMs > 0 && atMs < Number.MAX_SAFE_INTEGER ? atMs : 0
}

/** `played` is the `read` of a voice message. */
const kinds = new Map<string, Status['kind']>([
  ['sent', 'sent'], ['delivered', 'delivered'], ['read', 'read'], ['played', 'read'], ['failed', 'failed']
])
/** What was not UTF-8 is U+FFFD by now: such an id is of no message. */
const WAMID = /^[\x21-\x7e]+$/
/** The `type` of a status that is not a message's: a call or a payment also has the status `failed`. */
const OTHER_TYPES = new Set<unknown>(['call', 'payment'])

function readStatus (status: JsonObject | undefined): Status[] {
  const wamid = textOf(status?.id)
  const kind = kinds.get(textOf(status?.status) ?? '')
  if (wamid === undefined || kind === undefined || !WAMID.test(wamid) || OTHER_TYPES.has(status?.type)) return []
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

function errorText (error: JsonObject | undefined): string {
  const { title, message, error_data: data, error_user_msg: userMessage } = error ?? {}
  const texts = [title, message, membersOf(data)?.details, userMessage].map(textOf).filter(text => text !== undefined)
  return [...new Set(texts)].join(': ')
}

function membersOf (value: unknown): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined
}

function listOf (value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function textOf (value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= 2000 ? value : undefined
}

/** An id as a string. Meta writes strings; a number that JavaScript has rounded may be another one's id. */
function idOf (value: unknown): string | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? String(value) : textOf(value)
}
