/** What is written of a payload is what is read of it. */
import t from 'tap'
import type { Payload } from '../../src/message.js'
import { readPayload, writePayload } from '../../src/redis/payload.js'

const text: Payload = { to: '+15550000001', type: 'text', message: 'Hello', keySource: 'none', caller: 'app' }
const payloads: Payload[] = [
  text,
  { ...text, to: '+1 (555) 000-0001' },
  { ...text, to: '15550000001', idempotencyKey: 'a "key"', keySource: 'header' },
  { ...text, message: { type: 'template', template: { name: 'order' } }, type: 'template', metadata: { order: 7 }, keySource: 'derived', idempotencyKey: 'k' },
  { ...text, to: 'US.a1', addressing: 'user', onUnknown: 'fail', category: 'marketing', edge: 'marketing_messages', callbackData: 'mine' },
  { ...text, message: 'two\nlines, half a pair \ud83d', keySource: 'field', idempotencyKey: '0' }
]

t.test('every payload comes back as it was, from one line', async t => {
  for (const payload of payloads) {
    const line = writePayload('p15550000001', payload)
    t.notMatch(line, '\n')
    t.strictSame(readPayload('p15550000001', line), payload)
  }
})

t.test('a number in its common spelling stands in the recipient alone', async t => {
  t.equal(writePayload('p15550000001', text), '["app","Hello","n"]')
  t.equal(writePayload('p5511912345678', { ...text, to: '+551112345678' }), '["app","Hello","n",{"to":"+551112345678"}]', 'another spelling is kept')
})

t.test('one that stands by name is read as it is', async t => {
  t.strictSame(readPayload('p1', JSON.stringify(text)), text)
})
