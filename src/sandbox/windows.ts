import { Type, type Static } from '@sinclair/typebox'
import type { Message } from './envelope.js'
import { createParser } from './json.js'
import { recipientId } from './recipient.js'
import type { Settings } from './settings.js'

const InboundSchema = Type.Object({
  /** The phone number id that the person writes to. */
  sender: Type.String({ minLength: 1 }),
  /** The person's number, in any spelling. */
  from: Type.String({ minLength: 7 }),
  /** The person's business-scoped user id. */
  userId: Type.Union([Type.String({ minLength: 4 }), Type.Null()], { default: null }),
  /** `standby`: another app holds the conversation. */
  kind: Type.Union(['message', 'call', 'standby'].map(kind => Type.Literal(kind)), { default: 'message' }),
  text: Type.String({ default: 'Hello' }),
  /** How long ago it was. */
  agoMs: Type.Number({ minimum: 0, default: 0 }),
  /** Its webhook is never posted. */
  lost: Type.Boolean({ default: false }),
  /** The webhook names the person by the user id only. */
  hidesNumber: Type.Boolean({ default: false })
}, { additionalProperties: false })

export type Inbound = Static<typeof InboundSchema>

/** Reads the body of `POST /_sandbox/inbound`. */
export const parseInbound = createParser('inbound', InboundSchema)

/** The customer service windows: who wrote to which number, and when. */
export interface Windows {
  open: (inbound: Inbound) => void
  /** Whether a message may be sent: a template, a message to a group, or one to a person whose window is open. */
  allows: (sender: string, message: Message) => boolean
  /** Whether the window of its recipient is open. */
  isOpen: (sender: string, message: Message) => boolean
  clear: () => void
}

export function createWindows (settings: Readonly<Settings>): Windows {
  const acts = new Map<string, number>()
  const isOpen: Windows['isOpen'] = (sender, { recipient }) => (acts.get(`${sender} ${recipient.id}`) ?? 0) > Date.now() - settings.windowMs
  return {
    isOpen,
    open ({ sender, from, userId, agoMs }) {
      for (const person of [recipientId(from), userId]) {
        if (person !== null) acts.set(`${sender} ${person}`, Math.max(acts.get(`${sender} ${person}`) ?? 0, Date.now() - agoMs))
      }
    },
    allows (sender, message) {
      const isFree = !settings.enforceWindow || message.type === 'template' || message.recipient.addressing === 'group'
      return isFree || isOpen(sender, message)
    },
    clear () { acts.clear() }
  }
}

/** The webhook that Meta posts for it. */
export function inboundUpdate (account: string, { sender, from, userId, kind, text, agoMs, hidesNumber }: Inbound): unknown {
  const number = hidesNumber ? undefined : recipientId(from)
  const timestamp = String(Math.floor((Date.now() - agoMs) / 1000))
  const contacts = [{ profile: { name: 'Sandbox person' }, wa_id: number, user_id: userId ?? undefined }]
  const common = { from: number, from_user_id: userId ?? undefined, id: `wamid.in${timestamp}${recipientId(from)}`, timestamp }
  const entry = kind === 'call'
    ? { calls: [{ ...common, event: 'connect', direction: 'USER_INITIATED' }] }
    : { messages: [{ ...common, type: 'text', text: { body: text } }] }
  const value = {
    messaging_product: 'whatsapp', metadata: { display_phone_number: '15550000000', phone_number_id: sender }, contacts, ...entry
  }
  const field = kind === 'call' ? 'calls' : kind === 'standby' ? 'standby' : 'messages'
  return { object: 'whatsapp_business_account', entry: [{ id: account, changes: [{ field, value }] }] }
}
