import t from 'tap'
import { redact } from '../src/redact.js'

await t.test('secrets, tokens, numbers and message ids are removed', async t => {
  t.equal(redact('token s3cr3t for +1 (650) 555-1234', ['s3cr3t', '+1 (650) 555-1234']), 'token [hidden] for [hidden]')
  t.equal(redact('Malformed access token EAAGm0PX4ZCpsBAO; Bearer abc', []), 'Malformed access token [hidden]; Bearer [hidden]')
  t.equal(redact('to +16505551234 and 1650555 in wamid.HBgLMTY1MDU1NTEyMzQ=', []), 'to [number] and [number] in [message]')
})

await t.test('codes and addresses are kept', async t => {
  t.equal(redact('(#131056) connect ECONNREFUSED 157.240.22.35:443', ['']), '(#131056) connect ECONNREFUSED 157.240.22.35:443')
})

await t.test('a text becomes one line of at most 500 characters, without a part of a secret at the cut', async t => {
  t.equal(redact(' a\r\n\tb ', []), 'a b')
  const long = redact('x'.repeat(495) + 's3cr3t' + 'y'.repeat(50), ['s3cr3t'])
  t.equal(long.length, 500)
  t.notMatch(long, 's3c')
})
