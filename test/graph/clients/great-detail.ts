import GreatDetail, { MessageType } from '@great-detail/whatsapp'
import { SENDER } from '../../support/gateway.js'
import { caught, type Make } from './client.js'

interface ThrownByKy { name: string, response: Response }

export const greatDetail: Make = (base, key) => {
  const client = new GreatDetail({ prefixUrl: base, graphVersion: 'v23.0', request: { headers: { Authorization: `Bearer ${key}` } } })
  const create = async (to: string, body: string) =>
    await client.message.createMessage({ phoneNumberID: SENDER, to, type: MessageType.Text, text: { body } }).json()
  return {
    async send (to, words) {
      const { contacts, messages } = await create(to, words)
      return { id: messages[0]?.id ?? '', contact: contacts[0]?.wa_id ?? '' }
    },
    rejected: async to => await caught(create(to, 'x'), async error => {
      const { name, response } = error as ThrownByKy
      const { error: body } = await response.json() as { error: { code: number, message: string } }
      return { ...body, kind: name }
    }),
    async markRead (id) {
      return (await client.message.createStatus({ phoneNumberID: SENDER, message_id: id, status: 'read' }).json()).success === true
    }
  }
}
