/** `dropped`: a business-scoped user id in `to`, which Meta takes for a phone number and drops. */
export type Addressing = 'phone' | 'user' | 'group' | 'dropped'

export interface Recipient {
  addressing: Addressing
  /** The `wa_id`, user id or group id: the same for all spellings of a recipient. */
  id: string
}

const USER_ID = /^[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}$/
const PUNCTUATION = /[+\-(). ]/g

/** The recipient in `to`: a phone number of 7 to 15 digits without a 0 in front, or a misplaced user id. Null if the value is neither. */
export function recipientInTo (to: string): Recipient | null {
  if (USER_ID.test(to)) return { addressing: 'dropped', id: to.replace(/\D/g, '') }
  const digits = to.replace(PUNCTUATION, '')
  return /^[1-9]\d{6,14}$/.test(digits) ? { addressing: 'phone', id: waId(digits) } : null
}

/** The recipient in `recipient`: a business-scoped user id, which is opaque and stays unchanged. Null for any other value. */
export function recipientInRecipient (recipient: string): Recipient | null {
  return USER_ID.test(recipient) ? { addressing: 'user', id: recipient } : null
}

/** The id of a recipient in any spelling; records and fault rules are keyed by it. */
export function recipientId (written: string): string {
  return (recipientInRecipient(written) ?? recipientInTo(written))?.id ?? written
}

/** WhatsApp's id of a phone number. In three countries it differs from the number that is dialled today. */
function waId (digits: string): string {
  // Brazil, outside the areas 11 to 28: accounts older than the ninth digit are registered without it.
  if (/^55[3-9]\d9\d{8}$/.test(digits)) return digits.slice(0, 4) + digits.slice(5)
  if (/^52\d{10}$/.test(digits)) return `521${digits.slice(2)}`
  if (/^54\d{10}$/.test(digits)) return `549${digits.slice(2)}`
  return digits
}
