/** How values are read: what cannot be meant is rejected, and what is accepted means one thing. */
import fc from 'fast-check'
import { parsePhoneNumberFromString } from 'libphonenumber-js/min'
import { spawnSync } from 'node:child_process'
import t from 'tap'
import { describeInvalid, type Parsed } from '../../src/values/invalid.js'
import { decodeUtf8, findInexact, parseJson } from '../../src/values/json.js'
import { canonicalDigits, parsePhone, spellingsOf } from '../../src/values/phone.js'
import { formatDuration, formatTime, parseTime } from '../../src/values/time.js'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 300)

function valueOf<Value> (parsed: Parsed<Value>): Value | undefined {
  return 'value' in parsed ? parsed.value : undefined
}

function hintOf (parsed: Parsed<unknown>): string {
  return 'invalid' in parsed ? describeInvalid(parsed.invalid) : ''
}

await t.test('a duration has the greatest unit that fits', async t => {
  t.strictSame([604_800_000, 86_400_000, 5_400_000, 60_000, 1500, 0].map(formatDuration), ['7 days', '24 h', '90 min', '1 min', '1500 ms', '0 ms'])
})

await t.test('a time is RFC 3339 with a zone, or epoch milliseconds', async t => {
  const at = Date.UTC(2030, 0, 31, 9, 30)
  const same = [
    '2030-01-31T09:30:00Z', '2030-01-31t09:30:00z', '2030-01-31 09:30:00Z', '2030-01-31T09:30:00.000000000Z', '2030-01-31T15:00:00+05:30',
    '2030-01-31T06:30:00-03:00', '2030-01-31T09:30:00-00:00', '2030-01-30T21:30:00-12:00', '2030-01-31T23:30:00+14:00', at, String(at)
  ]
  for (const text of same) t.equal(valueOf(parseTime(text, 'scheduledFor')), at, String(text))
  t.equal(valueOf(parseTime('2028-02-29T00:00:00Z', 'at')), Date.UTC(2028, 1, 29), 'a leap day')
  t.equal(valueOf(parseTime('2030-01-31T09:30:00.9999Z', 'at')), at + 999, 'a fraction never rolls over')
})

await t.test('a time that could mean something else is rejected, with what was probably meant', async t => {
  const rejected: Array<[unknown, RegExp]> = [
    ['tomorrow at 9', /^scheduledFor: must be a time in RFC 3339 .*, not "tomorrow at 9"$/],
    ['appointment 1', /RFC 3339/],
    ['2026-02-30T10:00:00Z', /does not exist/],
    ['2027-02-29T10:00:00Z', /does not exist/],
    ['2030-13-01T10:00:00Z', /does not exist/],
    ['2030-01-31T24:00:00Z', /does not exist/],
    ['2030-01-31T23:59:60Z', /does not exist/],
    ['2030-01-31T10:00:00+24:00', /does not exist/],
    ['0001-01-31T10:00:00Z', /does not exist/],
    ['12/11/2026 10:00', /order of other dates/],
    ['01.12.2026 09:00', /order of other dates/],
    ['2026-12-24T10:00:00', /zone is missing/],
    ['2026-12-24T10:00', /zone is missing/],
    ['2026-12-24', /time of day and the zone/],
    ['2026-12-24T10:00Z', /seconds are missing/],
    ['2026-12-24T10:00:00+0530', /offset as \+01:00/],
    [' 2026-12-24T10:00:00Z', /spaces/],
    ['2026-12-24T10:00:00Z\n', /spaces/],
    [1_798_100_000, /seconds; in milliseconds it is 1798100000000/],
    ['1798100000', /seconds/],
    [1_798_100_000_000_000, /micro/],
    [1_798_100_000_000.5, /RFC 3339/],
    ['1.5E+12', /RFC 3339/],
    [NaN, /RFC 3339/], [-1, /RFC 3339/], [true, /RFC 3339/], [null, /RFC 3339/], ['', /RFC 3339/], [[1_798_100_000_000], /RFC 3339/]
  ]
  for (const [value, hint] of rejected) t.match(hintOf(parseTime(value, 'scheduledFor')), hint, JSON.stringify(value))
})

await t.test('every accepted time is one moment, and is repeated so', async t => {
  const moment = fc.integer({ min: 100_000_000_000, max: 253_402_300_799_999 })
  fc.assert(fc.property(moment, fc.integer({ min: -12 * 60, max: 14 * 60 }), (ms, offset) => {
    const sign = offset < 0 ? '-' : '+'
    const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60].map(part => String(part).padStart(2, '0'))
    const local = new Date(ms + offset * 60_000).toISOString().replace('Z', `${sign}${hours}:${minutes}`)
    if (!/^\d{4}-/.test(local)) return
    t.strictSame([parseTime(local, 'at'), parseTime(ms, 'at'), parseTime(formatTime(ms), 'at')], [{ value: ms }, { value: ms }, { value: ms }])
  }), { numRuns: RUNS })
  // Date.parse takes nearly anything: whatever it and this function both take has to be the same moment.
  const text = fc.stringMatching(/^[12]\d{3}-[01]\d-[0-3]\d[T ][0-2]\d:[0-6]\d(:[0-6]\d)?(\.\d{1,4})?(Z|[+-][0-2]\d:?[0-7]\d|)$/)
  fc.assert(fc.property(text, text => {
    const ms = valueOf(parseTime(text, 'at'))
    if (ms === undefined) return
    const [, date = '', time = ''] = /^(.{10}).(.{8})/.exec(text) ?? []
    t.equal(ms, Date.parse(text.replace(' ', 'T')))
    const offset = Date.parse(`${date}T${time}Z`) - Math.floor(ms / 1000) * 1000
    t.equal(new Date(ms + offset).toISOString().slice(0, 19), `${date}T${time}`, 'no field has rolled over')
  }), { numRuns: RUNS })
})

await t.test('a number has the shape of E.164, with an existing country code', async t => {
  const same = ['+15550001001', '15550001001', '+1 (555) 000-1001', '1 555 000 1001', ' +1 555-000-1001 ', '+(1) 5550001001']
  for (const text of same) t.equal(valueOf(parsePhone(text, 'to'))?.digits, '15550001001', text)
  const rejected: Array<[string, RegExp]> = [
    ['0015550001001', /\+ and the country code instead of 00/],
    ['0055 21 99999-0043', /instead of 00/],
    ['021999990042', /begins with 0/],
    ['+0123456789', /begins with 0/],
    ['+44 (0)20 7946 0958', /Leave out the \(0\)/],
    ['1555000.1020', /spreadsheet/],
    ['5521999990041.0', /spreadsheet/],
    ['1.5E+10', /spreadsheet/],
    ['15550001013\n', /not "15550001013\\n"\. It contains U\+000A, an invisible/],
    ['1\u00a05550001001', /"1\\u00a05550001001".*invisible/],
    ['\u202a+15550001001\u202c', /\\u202a.*invisible/],
    ['+1555\u20110001001', /7 to 15 digits/],
    ['١٥٥٥٠٠٠١٠٠١', /7 to 15 digits/],
    ['tel:+15550001001', /7 to 15 digits/], ['whatsapp:+15550001001', /7 to 15 digits/], ['15550001001@c.us', /7 to 15 digits/],
    ['+15550001001,+15550001002', /7 to 15 digits/], ['1+5550001001', /7 to 15 digits/], ['++15550001001', /7 to 15 digits/],
    ['123456', /7 to 15 digits/], ['1234567890123456', /7 to 15 digits/], ['', /7 to 15 digits/], ['+', /7 to 15 digits/],
    ['+9991234567', /No country/], ['+2101234567', /No country/]
  ]
  for (const [text, hint] of rejected) t.match(hintOf(parsePhone(text, 'to')), hint, JSON.stringify(text))
})

await t.test('a number of an impossible length is accepted, and known as such', async t => {
  t.strictSame(parsePhone('+1234567890', 'to'), { value: { digits: '1234567890', isPossible: false } }, 'the example of the original')
  const possible = ['+15550001001', '+5511987654321', '+551187654321', '+5215599998888', '+525599998888', '+5491123450001', '+541123450001']
  for (const text of [...possible, '+4915112345678', '+390612345678', '+870773111632']) {
    t.equal(valueOf(parsePhone(text, 'to'))?.isPossible, true, text)
  }
  t.equal(spawnSync(process.execPath, ['bin/calling-codes.mjs', '--check']).status, 0, 'the table is that of the library: npm run calling-codes')
})

await t.test('the shape and the possible lengths agree with libphonenumber', async t => {
  const digits = fc.stringMatching(/^[0-9]{7,15}$/)
  fc.assert(fc.property(digits, digits => {
    const phone = valueOf(parsePhone(digits, 'to'))
    // The library drops a 0 after the country code, which is dialled only within the country.
    const known = spellingsOf(digits).map(spelling => parsePhoneNumberFromString(`+${spelling}`))
      .some(found => found?.isPossible() === true && `+${digits}`.length === found.number.length)
    // It knows the lengths by country; the table joins those of the countries that share a code.
    if (known) t.equal(phone?.isPossible, true, digits)
    if (phone === undefined) t.equal(known, false, digits)
  }), { numRuns: RUNS })
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'+0123456789() -.\u00a0\n') }), text => {
    const phone = valueOf(parsePhone(text, 'to'))
    if (phone === undefined) return
    t.match(text, /^[+\d() -]*$/)
    t.equal(phone.digits, text.replace(/[+() -]/g, ''), 'no digit is added, dropped or moved')
    t.equal(canonicalDigits(canonicalDigits(phone.digits)), canonicalDigits(phone.digits))
    t.ok(spellingsOf(phone.digits).includes(phone.digits))
  }), { numRuns: RUNS })
})

await t.test('JSON is UTF-8, and holds what a program can pass on unchanged', async t => {
  const big = `${Number.MAX_SAFE_INTEGER}`
  t.strictSame(parseJson(`{"id":${big},"x":[-${big},1e15,-0.5,1e-7,"\\ud83d\\ude00"]}`, 'body'), {
    value: { id: Number.MAX_SAFE_INTEGER, x: [-Number.MAX_SAFE_INTEGER, 1e15, -0.5, 1e-7, '😀'] }
  })
  t.strictSame(parseJson(Buffer.from('\ufeff{}'), 'body'), { value: {} }, 'a byte order mark')
  const rejected: Array<[string | Buffer, RegExp]> = [
    ['{"image":{"id":122097329108006499}}', /^image\.id: must be a number of at most 9007199254740991\. Write an id as a string/],
    ['{"a":[0,{"b":9007199254740992}]}', /^a\.1\.b: /], ['{"a":-9007199254740992}', /^a: /], ['{"a":1.2e17}', /^a: /],
    ['1e400', /^body: .*not finite/],
    ['{"text":"\\ud83d"}', /^text: .*surrogate/], ['{"\\udc00":1}', /^body: .*surrogate/],
    [Buffer.from('{"a":"caf\xe9"}', 'latin1'), /^body: must be UTF-8\. .*Windows-1252/],
    [Buffer.from([0x22, 0xc0, 0x80, 0x22]), /UTF-8/], [Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), /UTF-8/],
    ['{"a":', /^body: must be JSON\. .*JSON/], ['', /JSON/], ['{\'a\':1}', /JSON/], ['NaN', /JSON/],
    ['{"a":[{"__proto__":1}]}', /^a\.0\.__proto__: must be left out/], ['{"constructor":{"prototype":1}}', /^constructor: must be left out/],
    [`${'['.repeat(65)}${']'.repeat(65)}`, /64 levels/]
  ]
  for (const [source, hint] of rejected) t.match(hintOf(parseJson(source, 'body')), hint, String(source))
  t.equal(findInexact(NaN, 'x')[0]?.field, 'x', 'a value of JavaScript that is none of JSON')
})

await t.test('JSON that is accepted comes out as it went in', async t => {
  fc.assert(fc.property(fc.json({ maxDepth: 4, stringUnit: 'binary' }), text => {
    const parsed = parseJson(Buffer.from(text), 'body')
    if ('value' in parsed) t.strictSame(JSON.parse(JSON.stringify(parsed.value)), JSON.parse(text))
  }), { numRuns: RUNS })
  const digits = fc.stringMatching(/^-?[1-9]\d{0,25}$/)
  fc.assert(fc.property(digits, digits => {
    const value = valueOf(parseJson(`{"id":${digits}}`, 'body')) as { id: number } | undefined
    t.equal(value === undefined ? digits : JSON.stringify(value.id), digits, 'a whole number is exact or refused')
    t.equal(value === undefined, BigInt(digits) !== BigInt.asIntN(54, BigInt(digits)) || Math.abs(Number(digits)) > Number.MAX_SAFE_INTEGER)
  }), { numRuns: RUNS })
  fc.assert(fc.property(fc.uint8Array(), bytes => {
    const text = decodeUtf8(Buffer.from(bytes))
    if (text !== null) t.strictSame(Buffer.from(text), Buffer.from(bytes))
  }), { numRuns: RUNS })
})

/** `bars`: it has a member `__proto__`, which is rejected too. */
interface Source { text: string, repeats: boolean, bars?: boolean }

/** A JSON value as text, with what each object has: names may be written with escapes, and may repeat. */
const { source } = fc.letrec<{ source: Source }>(tie => ({
  source: fc.oneof({ depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('null', 'true', '-1.5e3', '""', '":"', '"\\\\"', '"a\\"b:{"', '"\\\\\\":"').map(text => ({ text, repeats: false })),
    fc.array(tie('source'), { maxLength: 4 }).map(items => ({
      text: `[ ${items.map(({ text }) => text).join(' , ')} ]`,
      repeats: items.some(({ repeats }) => repeats),
      bars: items.some(({ bars }) => bars === true)
    })),
    fc.array(fc.tuple(fc.constantFrom('"a"', '"b"', '"\\u0061"', '""', '"\\""', '"\\\\"', '":"', '"__proto__"'), tie('source')), { maxLength: 5 })
      .map(members => {
        const names = members.map(([name]) => JSON.parse(name) as string)
        return {
          text: `{${members.map(([name, { text }]) => `\n${name} : ${text}`).join(',')}}`,
          repeats: new Set(names).size < names.length || members.some(([, { repeats }]) => repeats),
          bars: names.includes('__proto__') || members.some(([, { bars }]) => bars === true)
        }
      }))
}))

await t.test('a member that is given twice is rejected, wherever it is, and nothing else is', async t => {
  fc.assert(fc.property(source, ({ text, repeats, bars = false }) => {
    const parsed = parseJson(text, 'body')
    if (repeats && !bars) return /must be given once/.test(hintOf(parsed))
    if (bars) return /must be (given once|left out)/.test(hintOf(parsed))
    return JSON.stringify(valueOf(parsed)) === JSON.stringify(JSON.parse(text))
  }), { numRuns: RUNS })
  const rejected = [
    ['{"to":"1","to":"2"}', 'to'], ['[{"a":1},{"a":{"b":[0,{"c":1,"d":2,"\\u0063":3}]}}]', '1.a.b.1.c'], ['{"a":{"x":1,"x":2},"a":5}', 'a']
  ] as const
  for (const [text, field] of rejected) t.match(parseJson(text, 'body'), { invalid: { field, allowed: 'given once' } }, text)
  const hostile = `[${Array.from({ length: 20_000 }, () => '{"a":1,"a":1}').join(',')}]`
  t.match(parseJson(hostile, 'body'), { invalid: { field: 'body', allowed: 'given once' } }, 'without a place')
  t.match(parseJson(`${'{"a":['.repeat(10_000)}{"b":1,"b":1}${']}'.repeat(10_000)}`, 'body'), { invalid: { allowed: /64 levels/ } })
})
