import t from 'tap'
import { chooseKey, digest, fingerprint, generateIdempotencyKey, stableJson } from '../../src/admission/key.js'
import { canonicalAddress, canonicalName, canonicalRecipient, maskRecipient } from '../../src/recipient.js'

t.test('spellings of one number are one recipient', async t => {
  for (const to of ['+1 (555) 000-1234', '15550001234', '1.555.000.1234', '+1-555-000-1234']) t.equal(canonicalRecipient(to), 'p15550001234', to)
})

t.test('numbers with two spellings get the longer one', async t => {
  const pairs: Array<[short: string, long: string, country: string]> = [
    ['551187654321', '5511987654321', 'Brazil, with the ninth digit'],
    ['523312345678', '5213312345678', 'Mexico, with a 1'],
    ['541112345678', '5491112345678', 'Argentina, with a 9']
  ]
  for (const [short, long, country] of pairs) {
    t.equal(canonicalRecipient(short), `p${long}`, country)
    t.equal(canonicalRecipient(long), `p${long}`, `${country}, already in the long form`)
  }
  t.equal(canonicalRecipient('551133334444'), 'p551133334444', 'a Brazilian landline has no ninth digit')
})

t.test('an invalid phone number is rejected with a reason', async t => {
  for (const to of [
    '',
    '123456',
    '1234567890123456',
    '+1555CALLNOW',
    '1555000\u06611234',
    '+1555;0001234',
    '++15550001234',
    '1'.repeat(41),
    'p15550001234',
    '15550001234:x'
  ]) {
    t.throws(() => canonicalRecipient(to), { code: 'INVALID_RECIPIENT', facts: { field: 'to' } }, to)
  }
  t.throws(() => canonicalRecipient('US.13491208655302741918'), { code: 'RECIPIENT_IS_USER_ID' })
})

t.test('user ids and groups are recipients of their own kind, and stay unchanged', async t => {
  t.equal(canonicalAddress('+1 555 000 1234'), 'p15550001234')
  t.equal(canonicalAddress('US.13491208655302741918', 'user'), 'uUS.13491208655302741918')
  t.equal(canonicalAddress('br.ENT.1a', 'group'), 'gbr.ENT.1a')
  t.equal(canonicalAddress('BR.ENT.1aB', 'user'), 'uBR.ENT.1aB')
  t.equal(canonicalAddress('15550001234', 'group'), 'g15550001234', 'a group is never the same recipient as a number')
  for (const to of ['15550001234', 'us.1', 'US.', 'US.1:2', 'US.1 2', 'USA.1', `US.${'1'.repeat(129)}`]) {
    t.throws(() => canonicalAddress(to, 'user'), { code: 'INVALID_RECIPIENT', facts: { field: 'recipient' } }, to)
  }
  for (const to of ['', 'a:b', 'a b', 'a\nb', 'a'.repeat(129)]) {
    t.throws(() => canonicalAddress(to, 'group'), { code: 'INVALID_RECIPIENT', facts: { field: 'group' } }, to)
  }
})

t.test('a look-up accepts every kind of recipient', async t => {
  t.equal(canonicalName('+1 555 000 1234'), 'p15550001234')
  t.equal(canonicalName('US.1a'), 'uUS.1a')
  t.equal(canonicalName('group:Y2FwaQ=='), 'gY2FwaQ==')
  for (const text of ['', 'invalid', 'group:', 'us.1']) t.throws(() => canonicalName(text), { code: 'INVALID_RECIPIENT' }, text)
})

t.test('logs show two digits of a recipient', async t => {
  t.equal(maskRecipient('p15550001234'), '…34')
  t.equal(maskRecipient('p1'), '…')
})

t.test('the key of the header has precedence over the field, and both over a derived key', async t => {
  const derive = () => 'derived-key'
  t.same(chooseKey({ header: 'h', field: 'f', derive: true }, derive), { key: 'h', source: 'header' })
  t.same(
    chooseKey({ header: '"h"', derive: true }, derive),
    { key: 'h', source: 'header' },
    'the quotes of a structured field are not part of the key'
  )
  t.same(chooseKey({ field: 'f', derive: false }, derive), { key: 'f', source: 'field' })
  t.same(chooseKey({ derive: true }, derive), { key: 'derived-key', source: 'derived' })
  t.same(chooseKey({ derive: false }, derive), { source: 'none' })
  for (const field of ['', ' leading', 'é', 'a\nb', 'k'.repeat(257)]) {
    t.throws(() => chooseKey({ field, derive: true }, derive), { code: 'INVALID_KEY', facts: { field: 'idempotencyKey' } })
  }
})

t.test('user ids with the same digits have different keys', async t => {
  const keyOf = (to: string) => generateIdempotencyKey(to, 'hi', 'text', undefined, 'user')
  t.match(keyOf('US.a1'), /^whatsapp:US\.a1:[0-9a-f]{16}$/)
  t.not(keyOf('US.a1'), keyOf('US.b1'))
  t.equal(generateIdempotencyKey('+1 555', 'hi', 'text'), generateIdempotencyKey('1555', 'hi', 'text', undefined, 'phone'))
})

t.test('the order of an object\'s keys changes neither key nor fingerprint; that of an array does', async t => {
  const one = { type: 'template', template: { name: 'a', components: [{ x: 1, y: [1, 2] }] } }
  const other = { template: { components: [{ y: [1, 2], x: 1 }], name: 'a' }, type: 'template' }
  const swapped = { type: 'template', template: { name: 'a', components: [{ x: 1, y: [2, 1] }] } }
  t.equal(stableJson(one), stableJson(other))
  t.equal(generateIdempotencyKey('1555', one, 'template'), generateIdempotencyKey('1555', other, 'template'))
  t.equal(fingerprint('111', 'p1555', 'template', one), fingerprint('111', 'p1555', 'template', other))
  t.not(fingerprint('111', 'p1555', 'template', one), fingerprint('111', 'p1555', 'template', swapped))
})

t.test('a digest covers sender, caller and key, and their boundaries are unambiguous', async t => {
  t.match(digest('111', 'app', 'k'), /^[A-Za-z0-9_-]{22}$/)
  t.equal(digest('111', 'app', 'k'), digest('111', 'app', 'k'))
  const others = [
    digest('112', 'app', 'k'),
    digest('111', 'shop', 'k'),
    digest('111', 'app', 'l'),
    digest('111', 'appk', ''),
    digest('111a', 'pp', 'k')
  ]
  t.equal(new Set([digest('111', 'app', 'k'), ...others]).size, 6)
  t.not(digest('111', 'app', undefined), digest('111', 'app', undefined), 'without a key it is random')
})
