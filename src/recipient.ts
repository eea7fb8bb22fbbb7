import { SluiceError } from './errors.js'
import type { Addressing } from './message.js'

/** A business-scoped user id. WhatsApp accepts it in `recipient`, and silently drops a message that has it in `to`. Case-sensitive. */
const USER_ID = /^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$/
/** A group id of WhatsApp; case-sensitive. */
const GROUP_ID = /^[A-Za-z0-9_=@.+/-]{1,128}$/
/** Members of a Cloud API body that say who gets the message. */
export const recipientMembers = ['to', 'recipient', 'recipient_type'] as const
/** Prefix of a group id in a field that accepts any kind of recipient. */
const GROUP_MARK = 'group:'

/**
 * Some phone numbers have two spellings (Meta, "Business phone numbers"): Brazil with and without the ninth
 * digit, Mexico with and without a 1, Argentina with and without a 9 after the country code. Keys use the longer one.
 */
const spellings: Array<[short: RegExp, long: string]> = [
  [/^55(\d{2})([6-9]\d{7})$/, '55$19$2'],
  [/^52(?!1\d{10}$)(\d{10})$/, '521$1'],
  [/^54(?!9)(\d{10})$/, '549$1']
]

/**
 * The canonical form of a phone number, `p<digits>`. Accepts 7 to 15 digits with `+ - ( ) .` and spaces in between. Throws INVALID_RECIPIENT,
 * or RECIPIENT_IS_USER_ID for a business-scoped user id, which WhatsApp would drop silently.
 */
export function canonicalRecipient (to: string): string {
  if (USER_ID.test(to)) throw new SluiceError('RECIPIENT_IS_USER_ID', { field: 'to' })
  if (!/^\+?[\d\s().-]+$/.test(to) || to.length > 40) throw new SluiceError('INVALID_RECIPIENT', { field: 'to' })
  const digits = to.replace(/\D/g, '')
  if (digits.length < 7 || digits.length > 15) throw new SluiceError('INVALID_RECIPIENT', { field: 'to' })
  const found = spellings.find(([short]) => short.test(digits))
  return 'p' + (found === undefined ? digits : digits.replace(found[0], found[1]))
}

/**
 * The canonical form of a recipient in keys: `p<digits>`, `u<business-scoped user id>` or `g<group id>`. Throws INVALID_RECIPIENT or
 * RECIPIENT_IS_USER_ID with the field of `POST /messages` for this kind of recipient.
 */
export function canonicalAddress (to: string, addressing: Addressing = 'phone'): string {
  if (addressing === 'phone') return canonicalRecipient(to)
  const isUser = addressing === 'user'
  if (!(isUser ? USER_ID : GROUP_ID).test(to)) {
    throw new SluiceError('INVALID_RECIPIENT', isUser
      ? { detail: 'a business-scoped user id is two capital letters, a dot, and letters and digits', field: 'recipient' }
      : { detail: 'a group\'s id is up to 128 letters, digits and - _ = @ . + /', field: 'group' })
  }
  return (isUser ? 'u' : 'g') + to
}

/**
 * Throws INVALID_REQUEST where a message object names another recipient than its request. WhatsApp prefers `to` to `recipient`, so such a
 * message would go to a recipient whose pair rate was not checked. A member that names the same recipient is harmless, and so is an empty one.
 */
export function refuseOtherRecipient (message: Record<string, unknown>, to: string, addressing: Addressing = 'phone'): void {
  const own = addressing === 'user' ? 'recipient' : 'to'
  for (const name of recipientMembers) {
    const value = message[name]
    if (value === undefined || value === null || value === '') continue
    const isSame = name === 'recipient_type'
      ? value === (addressing === 'group' ? 'group' : 'individual')
      : name === own && isSameRecipient(value, to, addressing)
    if (isSame) continue
    const detail = `message.${name}: names another recipient than the request; leave it out`
    throw new SluiceError('INVALID_REQUEST', { detail, field: `message.${name}` })
  }
}

function isSameRecipient (value: unknown, to: string, addressing: Addressing): boolean {
  if (typeof value !== 'string' && typeof value !== 'number') return false
  if (addressing !== 'phone' || USER_ID.test(String(value))) return String(value) === to
  try {
    return canonicalRecipient(String(value)) === canonicalRecipient(to)
  } catch {
    return false
  }
}

/** The canonical form of a recipient in a query: a phone number, a business-scoped user id, or `group:<id>`. Throws INVALID_RECIPIENT. */
export function canonicalName (text: string): string {
  if (USER_ID.test(text)) return canonicalAddress(text, 'user')
  return text.startsWith(GROUP_MARK) ? canonicalAddress(text.slice(GROUP_MARK.length), 'group') : canonicalRecipient(text)
}

/** The inverse of `canonicalName`. */
export function nameOf (recipient: string): string {
  return (recipient.startsWith('g') ? GROUP_MARK : '') + recipient.slice(1)
}

/** All spellings of a canonical recipient in webhooks; of a phone number its digits. */
export function spellingsOf (recipient: string): string[] {
  const name = recipient.slice(1)
  if (!recipient.startsWith('p')) return [name]
  const shorter = [name.replace(/^(55\d{2})9(\d{8})$/, '$1$2'), name.replace(/^521(\d{10})$/, '52$1'), name.replace(/^549(\d{10})$/, '54$1')]
  return [...new Set([name, ...shorter])]
}

/** A recipient for logs: its last two digits only. */
export function maskRecipient (recipient: string): string {
  return recipient.length < 5 ? '…' : `…${recipient.slice(-2)}`
}
