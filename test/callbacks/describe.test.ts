import t from 'tap'
import { describeEvent } from '../../src/callbacks/describe.js'
import type { Payload } from '../../src/message.js'
import { standardPolicy } from '../../src/provider/policy.js'
import { resultTail } from '../../src/settlement/record.js'

const AT = Date.UTC(2026, 0, 2)
const SUBJECT = 'digest.generation'
const payload: Payload = {
  to: '+15550000001', type: 'text', message: 'Hello', keySource: 'field', caller: 'app', idempotencyKey: 'order-7', metadata: { order: 7 }
}

/** The callback of an event, its body parsed. */
function describe (subject: string, event: string) {
  const { body, ...callback } = describeEvent('111', subject, event, standardPolicy.explain)
  return { ...callback, text: body, body: JSON.parse(body) as Record<string, any> }
}

/** The text of a result as include/record.lua writes it. */
function resultText (letter: string, attempts: string, tail: string): string {
  return `${letter} ${(AT - 5000).toString(16)} fingerprint ${AT - 1000} ${attempts} p15550000001 ${tail}`
}

await t.test('a sent message is described with its recipient, attempts, provider id, metadata and key', t => {
  const text = resultText('s', '2', resultTail(payload, { providerMessageId: 'wamid.X' }, true))
  const callback = describe(SUBJECT, `${AT} ${text}`)
  t.match(callback, { type: 'message.sent', atMs: AT, id: `digest_generation_sent_${AT.toString(36)}` })
  t.notMatch(callback.id, /\./, 'the signature is over id.timestamp.body')
  t.match(callback.body, {
    type: 'message.sent',
    timestamp: new Date(AT).toISOString(),
    data: {
      id: `111.${SUBJECT}`,
      sender: '111',
      status: 'sent',
      to: '+15550000001',
      attemptCount: 2,
      providerMessageId: 'wamid.X',
      idempotencyKey: 'order-7',
      metadata: { order: 7 },
      createdAt: new Date(AT - 5000).toISOString(),
      settledAt: new Date(AT - 1000).toISOString()
    }
  })
  t.notOk('error' in callback.body['data'])
  t.end()
})

await t.test('each state has an id of its own, and a repeat of a state the same id', t => {
  const tail = resultTail(payload, { providerMessageId: 'wamid.X' }, true)
  const event = (letter: string, attempts: string): string => `${AT} ${resultText(letter, attempts, tail)}`
  const sent = describe(SUBJECT, event('s', '1'))
  const delivered = describe(SUBJECT, event('d', `1:d${AT}`))
  t.match(delivered.body['data'], { status: 'delivered', deliveredAt: new Date(AT).toISOString() })
  t.not(delivered.id, sent.id)
  t.equal(describe(SUBJECT, event('s', '1')).id, sent.id)
  t.end()
})

await t.test('a failed message carries the code of its last attempt, with its explanation and remedy', t => {
  const entry = JSON.stringify({ attempt: 1, outcome: 'rejected', code: '131026', error: 'Message undeliverable', reason: 'rejected' })
  const callback = describe(SUBJECT, `${AT} ${resultText('f', '1', resultTail(payload, undefined, true))}\t${entry}`)
  t.match(callback.body['data'], {
    status: 'failed', error: { code: '131026', message: 'Message undeliverable', reason: 'rejected', explanation: String, remedy: String }
  })
  t.end()
})

await t.test('a message that expired without an attempt has an error without a code', t => {
  const callback = describe(SUBJECT, `${AT} ${resultText('e', '0', resultTail(payload, undefined, true))}`)
  const error = { code: null, message: null, explanation: null, remedy: null }
  t.match(callback.body['data'], { status: 'expired', providerMessageId: null, error })
  t.end()
})

await t.test('an erased recipient is null', t => {
  const text = resultText('s', '1', resultTail(payload, { providerMessageId: 'wamid.X' }, true)).replace('p15550000001', '-')
  t.equal(describe(SUBJECT, `${AT} ${text}`).body['data'].to, null)
  t.end()
})

await t.test('a relayed change is embedded byte for byte', t => {
  const data = '{"entry":"17","change":{"n": 12345678901234567890, "text":"\\u00e4"}}'
  const callback = describe('in:hash', `${AT} whatsapp.inbound ${data}`)
  t.match(callback, { type: 'whatsapp.inbound', atMs: AT, id: 'in_hash' })
  t.ok(callback.text.endsWith(`"data":{"sender":"111",${data.slice(1)}}`))
  t.end()
})
