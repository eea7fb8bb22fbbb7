import t from 'tap'
import { buildBody } from '../../src/provider/body.js'
import { grantFor } from './cloud-api.js'

const built = (payload: Parameters<typeof grantFor>[0]): unknown => JSON.parse(buildBody(grantFor(payload)))
const envelope = { messaging_product: 'whatsapp', recipient_type: 'individual', to: '+16505551234', biz_opaque_callback_data: 'k7Qp0d.1764000000000.2' }

t.test('a string is sent as a text', async t => {
  t.strictSame(built({ message: 'hi' }), { ...envelope, type: 'text', text: { body: 'hi' } })
})

t.test('the recipient goes as the caller wrote it', async t => {
  t.match(built({ to: '1 (650) 555-1234' }), { to: '1 (650) 555-1234' })
})

t.test('a whole message object keeps all its fields but the envelope', async t => {
  const message = { type: 'image', image: { id: '7' }, context: { message_id: 'wamid.A' }, to: 'x', messaging_product: 'x', biz_opaque_callback_data: 'x', newInTwoYears: 1 }
  t.strictSame(built({ type: 'text', message }), { ...message, ...envelope })
})

t.test('an object with its own name in it is whole, too', async t => {
  const contacts = [{ name: { formatted_name: 'A' } }]
  t.strictSame(built({ type: 'contacts', message: { contacts } }), { ...envelope, type: 'contacts', contacts })
})

t.test('a bare object goes under its type', async t => {
  const template = { name: 'n', language: { code: 'en_US' } }
  t.strictSame(built({ type: 'template', message: template }), { ...envelope, type: 'template', template })
})

t.test('the type inside a bare interactive object is not taken for the type of the message', async t => {
  const interactive = { type: 'button', body: { text: 'b' }, action: { buttons: [] } }
  t.strictSame(built({ type: 'interactive', message: interactive }), { ...envelope, type: 'interactive', interactive })
})
