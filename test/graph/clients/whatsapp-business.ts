import { WABAClient } from 'whatsapp-business'
import { SENDER } from '../../support/gateway.js'
import { caught, type Make } from './client.js'

interface Thrown { code: number, message: string, type: string }

/** It has no option for its base URL, but its axios instance is accessible. */
export const whatsappBusiness: Make = (base, key) => {
  const client = new WABAClient({ apiToken: key, phoneId: SENDER, accountId: 'unused' })
  const { fetch: axios } = (client as unknown as { restClient: { fetch: { defaults: { baseURL: string } } } }).restClient
  axios.defaults.baseURL = `${base}/v17.0`
  const create = async (to: string, body: string) => await client.sendMessage({ to, type: 'text', text: { body } })
  return {
    async send (to, words) {
      const { contacts, messages } = await create(to, words)
      return { id: messages[0]?.id ?? '', contact: contacts[0]?.wa_id ?? '' }
    },
    rejected: async to => await caught(create(to, 'x'), error => {
      const { code, message, type } = error as Thrown
      return { code, message, kind: type }
    }),
    async markRead (id) {
      return (await client.markMessageAsRead(id)).success
    }
  }
}
