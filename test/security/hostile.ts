/** Values and headers that a hostile client sends. */
import fc from 'fast-check'
import { keys } from '../support/gateway.js'

/** Occurs in texts, and may only be returned in responses about the message itself. */
export const SECRET = 'Zaubernuss'
/** The number of the recipient that gets most of the messages. */
export const NUMBER = '15553579246'
/** The name of a header that requests try to smuggle in. */
export const SMUGGLED = 'x-smuggled'

/** A placeholder for nesting that is too deep for a recursive function, and so for `JSON.stringify`. */
export const DEEP = '(deep)'
export const deep = '{"a":['.repeat(10_000) + ']}'.repeat(10_000)

const nasty = fc.constantFrom<unknown>(
  '',
  ' ',
  '\0',
  '\r\n',
  `a\r\n${SMUGGLED}: 1`,
  `%0d%0a${SMUGGLED}:%201`,
  '\n{"level":60,"msg":"forged"}\n',
  '\u001b[2J\u001b[31mred',
  '\u2028\u2029',
  '\u202e',
  '\ud800',
  '👩‍👩‍👧',
  '../../../../etc/passwd',
  '..%2f..%2fetc%2fpasswd',
  '%',
  '%zz',
  '%00',
  '__proto__',
  'constructor',
  'toString',
  '$' + '{jndi:ldap://x}',
  "'; DROP TABLE x; --",
  '{{7*7}}',
  '<script>alert(1)</script>',
  'null',
  'undefined',
  'NaN',
  '*',
  '{wa:1}:msg:x',
  'p123 2 0 0 0 0 0',
  'redis.call("FLUSHALL")',
  'true',
  '9'.repeat(400),
  'a'.repeat(5000),
  '🙈'.repeat(3000),
  'x'.repeat(300_000),
  0,
  -0,
  -1,
  1,
  0.5,
  1e21,
  1e308,
  -1e308,
  Number.MAX_SAFE_INTEGER,
  2 ** 53,
  4e12,
  null,
  true,
  false,
  [],
  {},
  [[]],
  [null],
  [{}],
  DEEP,
  DEEP,
  { a: DEEP },
  { length: 1e9 },
  { toString: 'x' },
  { toJSON: 'x' },
  { then: 1 },
  Array.from({ length: 2000 }, () => 1),
  Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, i]))
)
export const hostile = fc.oneof(
  { weight: 4, arbitrary: nasty },
  { weight: 1, arbitrary: fc.jsonValue() },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) }
)
export const polluting =
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toString', '', 'to ', 'TO', '$ref', 'x'.repeat(1000))

const role = fc.constantFrom(...Object.values(keys).map(key => `Bearer ${key}`))
export const authorization = fc.oneof(
  { weight: 12, arbitrary: fc.constant(`Bearer ${keys.operator}`) },
  { weight: 3, arbitrary: role },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      `bearer ${keys.operator}`,
      'Bearer',
      'Bearer  ',
      `Basic ${btoa(`operator:${keys.operator}`)}`,
      `Bearer ${'x'.repeat(4000)}`,
      'Bearer \xff\xfe',
      ''
    )
  }
)
export const contentType = fc.oneof(
  { weight: 8, arbitrary: fc.constant('application/json') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'application/json; charset=utf-16',
      'application/json;charset',
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/problem+json',
      'APPLICATION/JSON',
      'application/jsonp',
      '*/*',
      ';',
      'a/b/c',
      '__proto__'
    )
  }
)
const printable = fc.string({ minLength: 1, maxLength: 60 }).map(text => text.replaceAll(/[^\x20-\x7e]/g, '~'))
export const extra: fc.Arbitrary<[string, string]> = fc.oneof(
  fc.tuple(
    fc.constantFrom(
      'Idempotency-Key',
      'Idempotency-Key',
      'Prefer',
      'Host',
      'Cookie',
      'X-Forwarded-For',
      'Origin',
      'Accept',
      'Accept-Encoding',
      'Range',
      'If-None-Match',
      'Sec-Fetch-Site',
      'X-HTTP-Method-Override'
    ),
    printable
  ),
  fc.constantFrom<[string, string]>(
    ['Prefer', 'respond-async'],
    ['Expect', 'something'],
    ['Expect', '100-continue'],
    ['Idempotency-Key', '\xe9\xff'],
    ['Idempotency-Key', '"quoted"'],
    ['Idempotency-Key', 'k'.repeat(300)],
    ['X-Long', 'y'.repeat(9000)],
    ['X-Longer', 'y'.repeat(20_000)],
    ['Authorization', `Bearer ${keys.viewer}`],
    ['Content-Type', 'text/html'],
    ['Upgrade', 'websocket'],
    ['Connection', 'upgrade'],
    ['Content-Encoding', 'gzip'],
    ['Host', '']
  )
)
