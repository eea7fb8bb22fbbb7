import t from 'tap'
import type { Request } from '../../src/admission/admit.js'
import { chooseKey, digest, fingerprint } from '../../src/admission/key.js'
import { canonicalAddress, canonicalName, canonicalPerson, canonicalRecipient, maskRecipient, readRecipient } from '../../src/recipient.js'
import { deriveKey, stableJson } from '../../src/values/key.js'

await t.test('spellings of one number are one recipient', async t => {
  for (const to of ['+1 (555) 000-1234', '15550001234', '1 555 000 1234', '+1-555-000-1234']) t.equal(canonicalRecipient(to), 'p15550001234', to)
})

await t.test('numbers with two spellings get the longer one', async t => {
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

await t.test('an invalid phone number is rejected with a reason', async t => {
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

await t.test('user ids and groups are recipients of their own kind, and stay unchanged', async t => {
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

await t.test('a look-up accepts every kind of recipient', async t => {
  t.equal(canonicalName('+1 555 000 1234'), 'p15550001234')
  t.equal(canonicalName('US.1a'), 'uUS.1a')
  t.equal(canonicalName('group:Y2FwaQ=='), 'gY2FwaQ==')
  for (const text of ['', 'invalid', 'group:', 'us.1']) t.throws(() => canonicalName(text), { code: 'INVALID_RECIPIENT' }, text)
})

await t.test('logs show two digits of a recipient', async t => {
  t.equal(maskRecipient('p15550001234'), '…34')
  t.equal(maskRecipient('p1'), '…')
})

await t.test('the provider gets one form of a number, and a person has one', async t => {
  t.strictSame(readRecipient('1 (555) 000-1234'), { to: '+15550001234', recipient: 'p15550001234' })
  t.strictSame(readRecipient('55 11 8765-4321'), { to: '+551187654321', recipient: 'p5511987654321' }, 'the digits stay as the caller wrote them')
  t.match(readRecipient('+1234567890'), { to: '+1234567890', warnings: [{ code: 'NUMBER_IMPOSSIBLE', field: 'to' }] })
  t.strictSame(readRecipient('US.1a', 'user'), { to: 'US.1a', recipient: 'uUS.1a' })
  t.equal(canonicalPerson('551187654321'), 'p5511987654321')
  t.equal(canonicalPerson('9991234567'), 'p9991234567', 'WhatsApp knows the codes that exist')
  t.equal(canonicalPerson('US.1a'), 'uUS.1a')
  for (const id of ['', '0015550001234', '+15550001234', '15550001234\n', '123456', 'group:1']) t.equal(canonicalPerson(id), null, id)
})

const request: Request = {
  sender: '111', caller: 'app', to: '+15550001234', recipient: 'p15550001234', message: 'hi', lane: 'normal', inline: true, whenLimited: 'wait'
}
const choose = (more: Partial<Request>) => chooseKey({ ...request, ...more }, more.recipient ?? request.recipient, 'text')

await t.test('the key of the header has precedence over the field, and both over a derived key', async t => {
  t.same(choose({ headerKey: 'h', idempotencyKey: 'f' }), { key: 'h', source: 'header' })
  t.same(choose({ headerKey: '"h, i"' }), { key: 'h, i', source: 'header' }, 'the quotes of a structured field are not part of the key')
  t.same(choose({ headerKey: 'h', row: 3 }), { key: 'h#3', source: 'header' })
  t.same(choose({ idempotencyKey: 'f', deduplicate: false }), { key: 'f', source: 'field' })
  t.match(choose({}), { key: /^whatsapp:\+15550001234:[0-9a-f]{16}$/, source: 'derived' })
  t.same(choose({ deduplicate: false }), { source: 'none' })
})

await t.test('a key that could be read in two ways is rejected with the reason', async t => {
  const fields: Array<[string, RegExp]> = [
    ['', /empty/], [' leading', /space/], ['trailing ', /space/], ['\u00e9', /printable ASCII/], ['a\nb', /printable ASCII/], ['k'.repeat(257), /257/]
  ]
  for (const [key, detail] of fields) {
    t.throws(() => choose({ idempotencyKey: key }), { code: 'INVALID_KEY', facts: { field: 'idempotencyKey', detail } }, key)
    t.throws(() => choose({ headerKey: key }), { code: 'INVALID_KEY', facts: { field: 'Idempotency-Key' } }, key)
  }
  for (const key of ['"a\\"b"', '"a\\\\b"', '"a', '"a"b"', '"a";x=1', '"a", "b"', '"']) {
    t.throws(() => choose({ headerKey: key }), { code: 'INVALID_KEY', facts: { detail: /quotes/ } }, key)
  }
})

await t.test('a derived key is that of the person, the content and the time', async t => {
  const keys = [
    choose({}),
    choose({ recipient: 'p15550001235' }),
    choose({ message: 'ho' }),
    choose({ timestamp: 1_700_000_000_000 }),
    choose({ scheduledFor: 1_700_000_000_000 }),
    choose({ timestamp: 1_700_000_000_000, scheduledFor: 1_700_000_000_000 })
  ].map(({ key }) => key)
  t.equal(new Set(keys).size, 6)
  const ofUser = (recipient: string) => choose({ recipient, addressing: 'user' }).key
  t.match(ofUser('uUS.a1'), /^whatsapp:US\.a1:[0-9a-f]{16}$/)
  t.not(ofUser('uUS.a1'), ofUser('uUS.b1'), 'user ids with the same digits')
})

await t.test('the order of an object\'s keys changes neither key nor fingerprint; that of an array does', async t => {
  const one = { type: 'template', template: { name: 'a', components: [{ x: 1, y: [1, 2] }] } }
  const other = { template: { components: [{ y: [1, 2], x: 1 }], name: 'a' }, type: 'template' }
  const swapped = { type: 'template', template: { name: 'a', components: [{ x: 1, y: [2, 1] }] } }
  t.equal(stableJson(one), stableJson(other))
  const keyOf = (message: unknown) => deriveKey({ recipient: '1555', isPhone: true, type: 'template', message })
  t.equal(keyOf(one), keyOf(other))
  t.equal(fingerprint('111', 'p1555', 'template', one), fingerprint('111', 'p1555', 'template', other))
  t.not(fingerprint('111', 'p1555', 'template', one), fingerprint('111', 'p1555', 'template', swapped))
})

await t.test('a digest covers sender, caller and key, and their boundaries are unambiguous', async t => {
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
