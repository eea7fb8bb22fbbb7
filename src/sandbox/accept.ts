import { randomBytes } from 'node:crypto'
import type { Message } from './envelope.js'

export interface Acceptance {
  /** Meta's id of the message. */
  wamid: string
  /** The body of the 200. */
  body: unknown
}

/** Takes a message over from the caller: from here on it is the sandbox's, whether the answer arrives or not. */
export function accept (message: Message): Acceptance {
  const { person, written, type } = message
  const wamid = createWamid(person.name)
  const contact = person.addressing === 'user'
    ? { input: written, user_id: person.name }
    : { input: written, wa_id: person.name }
  const entry = {
    id: wamid,
    ...(person.addressing === 'group' ? { group_id: person.name } : {}),
    ...(type === 'template' ? { message_status: 'accepted' } : {}),
  }
  return { wamid, body: { messaging_product: 'whatsapp', contacts: [contact], messages: [entry] } }
}

/**
 * Built as Meta's are, so that its length is real too: the recipient with its length before it, then an id of 18 hex
 * digits, all in base64: 58 characters for a number of 11 digits.
 */
function createWamid (name: string): string {
  const recipient = Buffer.from(name.slice(0, 255))
  const id = Buffer.from(randomBytes(9).toString('hex').toUpperCase())
  const bytes = Buffer.concat([
    Buffer.from([0x1c, 0x18, recipient.length]), recipient,
    Buffer.from([0x15, 0x02, 0x00, 0x11, 0x18, id.length]), id, Buffer.from([0]),
  ])
  return `wamid.${bytes.toString('base64')}`
}
