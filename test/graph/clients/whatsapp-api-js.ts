import { WhatsAppAPI } from 'whatsapp-api-js'
import { Text } from 'whatsapp-api-js/messages'
import { SENDER } from '../../support/gateway.js'
import type { Make } from './client.js'

/** It has no option for its base URL, but for its fetch. */
export const whatsappApiJs: Make = (base, key) => {
  const client = new WhatsAppAPI({
    token: key,
    v: 'v24.0',
    secure: false,
    ponyfill: {
      fetch: async (url: Parameters<typeof fetch>[0], init?: RequestInit) =>
        await fetch(String(url).replace('https://graph.facebook.com', base), init)
    }
  })
  return {
    async send (to, words) {
      const response = await client.sendMessage(SENDER, to, new Text(words), undefined, 'noted by the caller')
      if (!('messages' in response)) throw new TypeError(JSON.stringify(response))
      const [contact] = response.contacts
      return { id: response.messages[0].id, contact: contact !== undefined && 'wa_id' in contact ? String(contact.wa_id) : '' }
    },
    /** It does not throw: it resolves with the error. */
    async rejected (to) {
      const response = await client.sendMessage(SENDER, to, new Text('x'))
      if (!('error' in response)) throw new TypeError('not refused')
      return { code: response.error.code, message: response.error.message, kind: response.error.type }
    },
    async markRead (id) {
      const response = await client.markAsRead(SENDER, id)
      return 'success' in response && response.success
    }
  }
}
