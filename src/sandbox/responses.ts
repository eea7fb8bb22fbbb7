import { randomBytes } from 'node:crypto'
import { describeCode } from './codes.js'
import type { Message } from './envelope.js'
import type { Reply } from './http.js'

/** Meta's id of a new message, and the body of the 200 response. */
export function acceptMessage ({ recipient, written, type }: Message, isHeld = false): { wamid: string, body: unknown } {
  const wamid = createWamid(recipient.id)
  const contact = recipient.addressing === 'user'
    ? { input: written, user_id: recipient.id }
    : { input: written, wa_id: recipient.id }
  const message = {
    id: wamid,
    ...(recipient.addressing === 'group' ? { group_id: recipient.id } : {}),
    ...(type === 'template' ? { message_status: isHeld ? 'held_for_quality_assessment' : 'accepted' } : {})
  }
  return { wamid, body: { messaging_product: 'whatsapp', contacts: [contact], messages: [message] } }
}

/**
 * Has the structure and so the length of Meta's ids: the recipient with its length, then 18 hex digits, all in base64. That is 58
 * characters for a number of 11 digits.
 */
function createWamid (recipientId: string): string {
  const recipient = Buffer.from(recipientId.slice(0, 255))
  const id = Buffer.from(randomBytes(9).toString('hex').toUpperCase())
  const bytes = Buffer.concat([
    Buffer.from([0x1c, 0x18, recipient.length]), recipient,
    Buffer.from([0x15, 0x02, 0x00, 0x11, 0x18, id.length]), id, Buffer.from([0])
  ])
  return `wamid.${bytes.toString('base64')}`
}

interface ErrorOptions {
  details?: string | undefined
  /** By default the status that Meta published for the code. */
  httpStatus?: number | undefined
  isTransient?: boolean
  subcode?: number | undefined
}

/** An error in the format of the Graph API. */
export function errorReply (code: number, { details, httpStatus, isTransient = false, subcode }: ErrorOptions = {}): Reply {
  const known = describeCode(code)
  return {
    kind: 'json',
    httpStatus: httpStatus ?? known.httpStatus,
    body: {
      error: {
        // Meta names an invalid parameter in `message`.
        message: `(#${code}) ${code === 100 && details !== undefined ? details : known.title}`,
        type: 'OAuthException',
        code,
        ...(subcode === undefined ? {} : { error_subcode: subcode }),
        ...(isTransient ? { is_transient: true } : {}),
        error_data: { messaging_product: 'whatsapp', details: details ?? known.title },
        fbtrace_id: `A${randomBytes(16).toString('base64url')}`
      }
    }
  }
}
