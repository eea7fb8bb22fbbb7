import t from 'tap'
import { buildBody } from '../../src/provider/body.js'
import { grantFor } from './cloud-api.js'

const built = (payload: Parameters<typeof grantFor>[0]): unknown => JSON.parse(buildBody(grantFor(payload)))
const envelope = {
  messaging_product: 'whatsapp', recipient_type: 'individual', to: '+16505551234', biz_opaque_callback_data: 'k7Qp0d.1764000000000.2'
}

await t.test('a string becomes a text message', async t => {
  t.strictSame(built({ message: 'hi' }), { ...envelope, type: 'text', text: { body: 'hi' } })
})

await t.test('the recipient keeps the caller\'s spelling', async t => {
  t.match(built({ to: '1 (650) 555-1234' }), { to: '1 (650) 555-1234' })
})

await t.test('a complete message object keeps all fields except those of the envelope', async t => {
  const message = {
    type: 'image',
    image: { id: '7' },
    context: { message_id: 'wamid.A' },
    to: 'x',
    messaging_product: 'x',
    biz_opaque_callback_data: 'x',
    newInTwoYears: 1
  }
  t.strictSame(built({ type: 'text', message }), { ...message, ...envelope })
})

await t.test('an object with a field named like its type is complete', async t => {
  const contacts = [{ name: { formatted_name: 'A' } }]
  t.strictSame(built({ type: 'contacts', message: { contacts } }), { ...envelope, type: 'contacts', contacts })
})

await t.test('a bare object goes under its type', async t => {
  const template = { name: 'n', language: { code: 'en_US' } }
  t.strictSame(built({ type: 'template', message: template }), { ...envelope, type: 'template', template })
})

await t.test('a complete body of the Cloud API is sent unchanged', async t => {
  const message = { type: 'carousel', carousel: [1], ttl_seconds: 60, unknown_field: { of: 1 } }
  t.strictSame(built({ type: 'carousel', message, edge: 'messages' }), { ...message, ...envelope })
  t.strictSame(built({ type: 'text', message: { image: { id: '7' } }, edge: 'messages' }), { image: { id: '7' }, ...envelope }, 'also without a type')
})

await t.test('a body has the recipient of its grant and no other, whatever the message contains', async t => {
  const { to, ...rest } = envelope
  const other = { to: '+15550199', recipient: 'US.99999999999999999999', recipient_type: 'group' }
  const text = { type: 'text', text: { body: 'hi' } }
  const user = { to: 'US.13491208655302741918', addressing: 'user' } as const
  for (const edge of [{}, { edge: 'messages' }] as const) {
    t.strictSame(built({ type: 'text', message: { ...text, ...other }, ...edge }), { ...envelope, ...text })
    t.strictSame(built({ type: 'text', message: { ...text, ...other }, ...user, ...edge }), { ...rest, recipient: user.to, ...text })
  }
})

await t.test('a user id goes into recipient, never into to', async t => {
  const { to, ...rest } = envelope
  const text = { type: 'text', text: { body: 'hi' } }
  t.strictSame(built({ to: 'US.13491208655302741918', addressing: 'user', message: 'hi' }),
    { ...rest, recipient: 'US.13491208655302741918', ...text })
  t.strictSame(built({ to: 'Y2FwaV9ncm91cDox', addressing: 'group', message: 'hi' }),
    { ...envelope, to: 'Y2FwaV9ncm91cDox', recipient_type: 'group', ...text })
})

await t.test('the caller\'s own callback data is not sent', async t => {
  t.notMatch(JSON.stringify(built({ callbackData: 'order-4711' })), /4711/)
})

await t.test('the type inside a bare interactive object is not the type of the message', async t => {
  const interactive = { type: 'button', body: { text: 'b' }, action: { buttons: [] } }
  t.strictSame(built({ type: 'interactive', message: interactive }), { ...envelope, type: 'interactive', interactive })
})
