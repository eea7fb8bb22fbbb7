import { GraphApiError, WhatsAppClient } from '@kapso/whatsapp-cloud-api'
import { SENDER } from '../../support/gateway.js'
import { caught, type Make } from './client.js'

/** Its errors say what to do next. */
export interface Hint { category: string, action: string }
export const hints: Hint[] = []

export const kapso: Make = (base, key) => {
  const client = new WhatsAppClient({ baseUrl: base, graphVersion: 'v24.0', accessToken: key })
  const create = async (to: string, body: string) => await client.messages.sendText({ phoneNumberId: SENDER, to, body })
  return {
    async send (to, words) {
      const { contacts, messages } = await create(to, words)
      return { id: messages[0]?.id ?? '', contact: contacts[0]?.waId ?? '' }
    },
    rejected: async to => await caught(create(to, 'x'), error => {
      if (!(error instanceof GraphApiError)) throw error
      hints.push({ category: error.category, action: error.retry.action })
      return { code: Number(error.code), message: error.message, kind: error.name }
    }),
    async markRead (id) {
      return (await client.messages.markRead({ phoneNumberId: SENDER, messageId: id })).success
    }
  }
}
