/** Payloads survive the way to Redis and back. */
import t from 'tap'
import type { Payload } from '../../src/message.js'
import { readPayload, writePayload } from '../../src/redis/payload.js'

const text: Payload = { to: '+15550000001', type: 'text', message: 'Hello', keySource: 'none', caller: 'app' }
const payloads: Payload[] = [
  text,
  { ...text, to: '+1 (555) 000-0001' },
  { ...text, to: '15550000001', idempotencyKey: 'a "key"', keySource: 'header' },
  {
    ...text,
    message: { type: 'template', template: { name: 'order' } },
    type: 'template',
    metadata: { order: 7 },
    keySource: 'derived',
    idempotencyKey: 'k'
  },
  { ...text, to: 'US.a1', addressing: 'user', onUnknown: 'fail', category: 'marketing', edge: 'marketing_messages', callbackData: 'mine' },
  { ...text, message: 'two\nlines, half a pair \ud83d', keySource: 'field', idempotencyKey: '0' }
]

await t.test('every payload is read as it was written, and is one line of text', async t => {
  for (const payload of payloads) {
    const line = writePayload('p15550000001', payload)
    t.notMatch(line, '\n')
    t.strictSame(readPayload('p15550000001', line), payload)
  }
})

await t.test('a number in the common spelling is stored as the recipient only', async t => {
  t.equal(writePayload('p15550000001', text), '["app","Hello","n"]')
  t.equal(
    writePayload('p5511912345678', { ...text, to: '+551112345678' }),
    '["app","Hello","n",{"to":"+551112345678"}]',
    'another spelling is stored'
  )
})

await t.test('a payload with all fields by name is read as it is', async t => {
  t.strictSame(readPayload('p1', JSON.stringify(text)), text)
})
