import { invalidField, invalidValue } from './errors.js'
import type { FieldError } from './values/invalid.js'
import type { Addressing } from './message.js'
import { canonicalDigits, parsePhone, spellingsOf as spellingsOfDigits } from './values/phone.js'

/** A business-scoped user id. WhatsApp accepts it in `recipient`, and silently drops a message that has it in `to`. Case-sensitive. */
const USER_ID = /^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$/
/** A group id of WhatsApp; case-sensitive. */
const GROUP_ID = /^[A-Za-z0-9_=@.+/-]{1,128}$/
/** Members of a Cloud API body that say who gets the message. */
export const recipientMembers = ['to', 'recipient', 'recipient_type'] as const
/** Prefix of a group id in a field that accepts any kind of recipient. */
const GROUP_MARK = 'group:'

/** `to`: as the provider gets it. `warnings`: what is unusual about it. */
export interface Recipient { to: string, recipient: string, warnings?: Warning[] }

/** Something unusual about an accepted message. `code`: stable. */
export interface Warning { code: 'NUMBER_IMPOSSIBLE', field: string, detail: string }

/**
 * Reads a recipient: its canonical form in keys, as of `canonicalAddress`, and its one form for the provider, of a number `+` and its digits as the
 * caller wrote them. Throws INVALID_RECIPIENT or RECIPIENT_IS_USER_ID.
 */
export function readRecipient (written: string, addressing: Addressing = 'phone'): Recipient {
  if (addressing !== 'phone') return { to: written, recipient: canonicalAddress(written, addressing) }
  const { digits, isPossible } = readPhone(written, 'to')
  const recipient: Recipient = { to: `+${digits}`, recipient: `p${canonicalDigits(digits)}` }
  if (!isPossible) recipient.warnings = [impossible]
  return recipient
}

const impossible: Warning = {
  code: 'NUMBER_IMPOSSIBLE', field: 'to', detail: 'no number of this country has so many digits; WhatsApp will probably not deliver to it'
}

function readPhone (text: string, field: string): { digits: string, isPossible: boolean } {
  if (USER_ID.test(text)) {
    throw invalidField('RECIPIENT_IS_USER_ID', {
      field, detail: 'must be a number, not a business-scoped user id, which WhatsApp drops silently', hint: 'send it in recipient'
    })
  }
  const parsed = parsePhone(text, field)
  if ('invalid' in parsed) throw invalidValue(parsed.invalid, 'INVALID_RECIPIENT')
  return parsed.value
}

/** The canonical form of a phone number, `p<digits>`. Throws INVALID_RECIPIENT, or RECIPIENT_IS_USER_ID, which WhatsApp would drop silently. */
export function canonicalRecipient (to: string, field = 'to'): string {
  return `p${canonicalDigits(readPhone(to, field).digits)}`
}

/** The canonical form of WhatsApp's own id of a person, a number in digits or a user id; null for anything else. It exists, whatever its code. */
export function canonicalPerson (id: string): string | null {
  if (USER_ID.test(id)) return `u${id}`
  return /^[1-9]\d{6,14}$/.test(id) ? `p${canonicalDigits(id)}` : null
}

/**
 * The canonical form of a recipient in keys: `p<digits>`, `u<business-scoped user id>` or `g<group id>`. Throws INVALID_RECIPIENT or
 * RECIPIENT_IS_USER_ID with the field of `POST /messages` for this kind of recipient.
 */
export function canonicalAddress (to: string, addressing: Addressing = 'phone'): string {
  if (addressing === 'phone') return canonicalRecipient(to)
  const isUser = addressing === 'user'
  if (!(isUser ? USER_ID : GROUP_ID).test(to)) {
    throw invalidField('INVALID_RECIPIENT', isUser
      ? { field: 'recipient', detail: 'must be a business-scoped user id: two capital letters, a dot, and letters and digits' }
      : { field: 'group', detail: 'must be the id of a group: up to 128 letters, digits and - _ = @ . + /' })
  }
  return (isUser ? 'u' : 'g') + to
}

/**
 * Where a message object names another recipient than its request; null if nowhere. WhatsApp prefers `to` to `recipient`, so such a message would
 * go to a recipient whose pair rate was not checked. A member that names the same recipient is harmless, and so is an empty one.
 */
export function findOtherRecipient (message: Record<string, unknown>, to: string, addressing: Addressing = 'phone'): FieldError | null {
  const own = addressing === 'user' ? 'recipient' : 'to'
  for (const name of recipientMembers) {
    const value = message[name]
    if (value === undefined || value === null || value === '') continue
    const isSame = name === 'recipient_type'
      ? value === (addressing === 'group' ? 'group' : 'individual')
      : name === own && isSameRecipient(value, to, addressing)
    if (isSame) continue
    return { field: `message.${name}`, detail: 'names another recipient than the request', hint: 'leave it out' }
  }
  return null
}

function isSameRecipient (value: unknown, to: string, addressing: Addressing): boolean {
  if (typeof value !== 'string' && typeof value !== 'number') return false
  return addressing === 'phone' ? isSameNumber(String(value), to) : String(value) === to
}

/** Whether a text is a business-scoped user id. */
export function isUserId (text: string): boolean {
  return USER_ID.test(text)
}

/** Whether two texts are spellings of one number. */
export function isSameNumber (one: string, another: string): boolean {
  const [own, other] = [one, another].map(text => parsePhone(text, 'to'))
  return own !== undefined && other !== undefined && 'value' in own && 'value' in other &&
    canonicalDigits(own.value.digits) === canonicalDigits(other.value.digits)
}

/** The canonical form of a recipient in a query: a phone number, a business-scoped user id, or `group:<id>`. Throws INVALID_RECIPIENT. */
export function canonicalName (text: string): string {
  if (USER_ID.test(text)) return canonicalAddress(text, 'user')
  return text.startsWith(GROUP_MARK) ? canonicalAddress(text.slice(GROUP_MARK.length), 'group') : canonicalRecipient(text, 'recipient')
}

/** The inverse of `canonicalName`. */
export function nameOf (recipient: string): string {
  return (recipient.startsWith('g') ? GROUP_MARK : '') + recipient.slice(1)
}

/** All spellings of a canonical recipient in webhooks; of a phone number its digits. */
export function spellingsOf (recipient: string): string[] {
  const name = recipient.slice(1)
  return recipient.startsWith('p') ? spellingsOfDigits(name) : [name]
}

/** A recipient for logs: its last two digits only. */
export function maskRecipient (recipient: string): string {
  return recipient.length < 5 ? '…' : `…${recipient.slice(-2)}`
}
