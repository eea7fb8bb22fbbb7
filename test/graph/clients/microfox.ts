import { WhatsAppBusinessSDK } from '@microfox/whatsapp-business'
import { SENDER } from '../../support/gateway.js'
import { caught, type Make, type Sent } from './client.js'

interface Thrown { name: string, code: number, message: string }
interface Reply { contacts: Array<{ wa_id: string }>, messages: Array<{ id: string }> }

export const microfox: Make = (base, key) => {
  const client = new WhatsAppBusinessSDK({
    phoneNumberId: SENDER,
    businessAccountId: 'unused',
    accessToken: key,
    version: 'v22.0',
    baseUrl: `${base}/v22.0`
  })
  return {
    async send (to, words): Promise<Sent> {
      const { contacts, messages } = (await client.sendTextMessage(to, words)).data as Reply
      return { id: messages[0]?.id ?? '', contact: contacts[0]?.wa_id ?? '' }
    },
    rejected: async to => await caught(client.sendTextMessage(to, 'x'), error => {
      const { code, message, name } = error as Thrown
      return { code, message, kind: name }
    }),
    async markRead (id) {
      return (await client.markMessageAsRead(id)).success
    }
  }
}
