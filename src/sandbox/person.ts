/** Who is meant by what stands in `to` or `recipient`. */

export type Addressing = 'phone' | 'user' | 'group' | 'lost'

export interface Person {
  /** `lost`: a business-scoped user id in `to`, which Meta takes for a phone number and drops. */
  addressing: Addressing
  /** The `wa_id`, user id or group id: one name per person, whatever spelling was used. */
  name: string
}

const USER_ID = /^[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}$/
const PUNCTUATION = /[+\-(). ]/g

/** Null if the value is neither a phone number of 7 to 15 digits nor, in `to`, a business-scoped user id. */
export function personInTo (to: string): Person | null {
  if (USER_ID.test(to)) return { addressing: 'lost', name: to.replace(/\D/g, '') }
  const digits = to.replace(PUNCTUATION, '')
  return /^\d{7,15}$/.test(digits) ? { addressing: 'phone', name: waId(digits) } : null
}

/** Null if the value isn't a business-scoped user id. These are opaque: no letter of them is changed. */
export function personInRecipient (recipient: string): Person | null {
  return USER_ID.test(recipient) ? { addressing: 'user', name: recipient } : null
}

/** The name under which records and rules keep a recipient, from any way to write it. */
export function nameOf (written: string): string {
  return (personInRecipient(written) ?? personInTo(written))?.name ?? written
}

/** WhatsApp's id of a phone number. In three countries it differs from the number as it is dialled today. */
function waId (digits: string): string {
  // Brazil, outside the areas 11 to 28: accounts older than the ninth digit are registered without it.
  if (/^55[3-9]\d9\d{8}$/.test(digits)) return digits.slice(0, 4) + digits.slice(5)
  if (/^52\d{10}$/.test(digits)) return `521${digits.slice(2)}`
  if (/^54\d{10}$/.test(digits)) return `549${digits.slice(2)}`
  return digits
}
