/** Settings, the files of senders and callers, and the policy file: each value counts as it was written, or the start is refused. */
import fc from 'fast-check'
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { hashKey, readCallers, type CallerSettings } from '../../src/callers.js'
import { ConfigSchema, readConfig, type Config } from '../../src/config.js'
import { SluiceError } from '../../src/errors.js'
import type { SenderSettings } from '../../src/senders.js'
import { readPolicyFile } from '../../src/provider/policy-file.js'
import { seedOf } from '../support/seed.js'

const file = join(t.testdir(), 'file.json')
const seed = seedOf('exact settings')
const fuzz = { seed, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) }
const DAY_MS = 86_400_000

/** What a reader returns; undefined where it throws CONFIG_INVALID. */
function read<Value> (reader: () => Value): Value | undefined {
  try {
    return reader()
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'CONFIG_INVALID') return undefined
    throw error
  }
}

/** One setting, and what its text means; undefined where it must be refused. */
interface Written { name: keyof Config, text: string, value: unknown }

const settings = Object.entries(ConfigSchema.properties) as Array<[keyof Config, { type?: string, minimum?: number, maximum?: number }]>
const integer = fc.constantFrom(...settings.filter(([, { type }]) => type === 'integer')).chain(([name, { minimum = 0, maximum = 1e9 }]) => {
  const number = fc.integer({ min: Math.max(0, minimum - 5), max: maximum + 5 })
  const written = number.chain(value => fc.constantFrom(String(value), ` ${value}\n`, `00${value}`))
  const odd = fc.constantFrom('1e3', '0x10', '5.0', '1_000', '1,000', '٥', '1 000', '+5', 'NaN', 'Infinity', '5s')
  return fc.oneof({ weight: 4, arbitrary: written }, odd).map((text): Written => {
    const value = /^\d+$/.test(text.trim()) ? Number(text) : NaN
    return { name, text, value: value >= minimum && value <= maximum ? value : undefined }
  })
})
const switches = { 1: true, 0: false, true: true, false: false, yes: undefined, TRUE: undefined, on: undefined, 2: undefined }
const boolean = fc.constantFrom(...settings.filter(([, { type }]) => type === 'boolean')).chain(([name]) =>
  fc.constantFrom(...Object.entries(switches)).map(([text, value]): Written => ({ name, text, value })))

await t.test(`a setting has the value that was written, or stops the start (seed ${seed})`, async t => {
  let accepted = 0
  fc.assert(fc.property(fc.uniqueArray(fc.oneof(integer, boolean), { selector: ({ name }) => name, minLength: 1, maxLength: 4 }), written => {
    const config = read(() => readConfig(Object.fromEntries(written.map(({ name, text }) => [name, text]))))
    // Settings that do not fit each other are refused as well.
    if (config === undefined) return
    accepted++
    for (const { name, text, value } of written) assert.deepEqual(config[name], value, `${name}=${text}`)
  }), fuzz)
  t.ok(accepted > 0)
})

const goodSender = fc.record({
  id: fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/),
  accessToken: fc.stringMatching(/^[\x21-\x7e]{1,40}$/),
  name: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 30 }),
  accountId: fc.stringMatching(/^\d{1,30}$/),
  appSecrets: fc.array(fc.stringMatching(/^[\x21-\x7e]{1,20}$/), { maxLength: 3 }),
  rules: fc.record({
    pairIntervalMs: fc.integer({ min: 1, max: 366 * DAY_MS }), perSecond: fc.integer({ min: 1, max: 1000 })
  }, { requiredKeys: [] }),
  onUnknown: fc.constantFrom('retry', 'fail')
}, { requiredKeys: ['id', 'accessToken'] })
const oddSender = fc.record({
  id: fc.constantFrom('', 'a b', 7, Number('122097329108006499')),
  accessToken: fc.constantFrom('a b', 'caf\u00e9'),
  name: fc.string({ unit: 'grapheme', maxLength: 70 }),
  accountId: fc.constant(5),
  apiUrl: fc.constantFrom('https://example.com/v25.0', 'example.com', 'https://a:b@example.com', 'http://x?y=1'),
  rules: fc.constantFrom({ pairBurst: 0 }, { pairIntervalMs: '2000' }, { perSecond: 1.5 }, { maxInFlight: 7 }, { perSecnd: 1 }),
  onUnknown: fc.constant('drop')
}, { requiredKeys: [] })
const sender = fc.tuple(goodSender, oddSender, fc.nat(3)).map(([good, odd, part]): Record<string, unknown> =>
  ({ ...good, ...Object.fromEntries(Object.entries(odd).slice(0, part === 0 ? 1 : 0)) }))

await t.test('a sender has the values of its entry', async t => {
  let accepted = 0
  const base = { API_KEYS: 'app:0123456789abcdef:send', REDIS_URL: 'redis://localhost', WHATSAPP_SENDERS_FILE: file }
  fc.assert(fc.property(fc.array(sender, { minLength: 1, maxLength: 3 }), fc.constantFrom('', '\ufeff'), (entries, mark) => {
    writeFileSync(file, mark + JSON.stringify(entries))
    const config = read(() => readConfig(base))
    if (config === undefined) return
    accepted++
    assert.equal(config.senders.length, entries.length)
    for (const [i, { rules, ...entry }] of entries.entries()) {
      const found: SenderSettings | undefined = config.senders[i]
      assert.deepEqual({ ...found, ...entry, rules: { ...found?.rules, ...rules as object } }, found)
    }
  }), fuzz)
  t.ok(accepted > 0)
  writeFileSync(file, '[{"id":"1","accessToken":"x","__proto__":{"name":"y"}}]')
  t.throws(() => readConfig(base), { code: 'CONFIG_INVALID', message: /__proto__: unknown field/ })
})

const key = fc.stringMatching(/^[\x21-\x39\x3b-\x7e]{16,40}$/).filter(text => !text.includes(','))
const goodCaller = fc.record({
  name: fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/),
  role: fc.constantFrom('send', 'read', 'admin'),
  keys: fc.array(fc.oneof(key, key.map(text => `sha256:${hashKey(text)}`)), { minLength: 1, maxLength: 2 }),
  senders: fc.uniqueArray(fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/), { minLength: 1, maxLength: 3 }),
  lanes: fc.uniqueArray(fc.constantFrom('urgent', 'normal', 'bulk'), { minLength: 1 }),
  categories: fc.uniqueArray(fc.constantFrom('marketing', 'utility', 'authentication', 'service'), { minLength: 1 }),
  rate: fc.record({ perSecond: fc.integer({ min: 1, max: 1000 }), burst: fc.integer({ min: 1, max: 5000 }) }, { requiredKeys: ['perSecond'] })
}, { requiredKeys: ['name', 'role', 'keys'] })
const oddCaller = fc.record({
  name: fc.constantFrom('', 'my shop', 'x'.repeat(33), 7),
  role: fc.constantFrom('sender', 'ADMIN', null),
  keys: fc.constantFrom([], ['short'], ['caf\u00e9-caf\u00e9-caf\u00e9'], ['sha256:00'], ['a b a b a b a b a b']),
  lanes: fc.constantFrom([], ['fast'], 'normal'),
  rate: fc.constantFrom({ perSecond: 0 }, { perSecond: '5' }, { perSecond: 5, brust: 1 }, 5),
  sender: fc.constant(['1'])
}, { requiredKeys: [] })

await t.test('a caller has the values of its entry, and no error shows a key', async t => {
  let accepted = 0
  const entries = fc.array(fc.tuple(goodCaller, oddCaller, fc.nat(3)).map(([good, odd, part]): Record<string, unknown> =>
    ({ ...good, ...Object.fromEntries(Object.entries(odd).slice(0, part === 0 ? 1 : 0)) })), { minLength: 1, maxLength: 3 })
  const hashesOf = (keys: string[]): string[] => keys.map(text => text.startsWith('sha256:') ? text.slice('sha256:'.length) : hashKey(text))
  fc.assert(fc.property(entries, list => {
    writeFileSync(file, JSON.stringify(list))
    let callers: CallerSettings[]
    try {
      callers = readCallers({ API_KEYS: '', apiKeysFile: file })
    } catch (error) {
      assert.ok(error instanceof SluiceError && error.code === 'CONFIG_INVALID')
      const shown = list.flatMap(({ keys }) => keys as string[]).filter(text => text.length >= 16 && error.message.includes(text))
      assert.deepEqual(shown, [])
      return
    }
    accepted++
    assert.deepEqual(callers.map(({ caller, keys }) => [caller.name, caller.role, keys]),
      list.map(({ name, role, keys }) => [name, role, hashesOf(keys as string[])]))
    for (const [i, { senders = null, lanes = null, categories = null, rate = null }] of list.entries()) {
      const limits = callers[i]?.caller.limits
      assert.deepEqual([limits?.senders, limits?.lanes, limits?.categories], [senders, lanes, categories])
      assert.ok(rate === null ? limits?.rate === null : limits?.rate?.perSecond === (rate as { perSecond: number }).perSecond)
    }
  }), fuzz)
  t.ok(accepted > 0)
})

await t.test('API_KEYS has the values of its entries', async () => {
  const pair = fc.tuple(fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/), key, fc.constantFrom('send', 'read', 'admin'))
  const several = fc.uniqueArray(pair, { minLength: 1, maxLength: 4, selector: ([, text]) => text })
  fc.assert(fc.property(several, fc.constantFrom(',', '\n', ' , '), (list, between) => {
    const callers = readCallers({ API_KEYS: list.map(parts => parts.join(':')).join(between), apiKeysFile: null })
    const read = callers.map(({ caller, keys }) => [caller.name, ...keys, caller.role])
    assert.deepEqual(read, list.map(([name, text, role]) => [name, hashKey(text), role]))
  }), fuzz)
})

const texts = { title: 't', explanation: 'e', remedy: 'r' }
const good = [
  { code: '131056', coolDownMs: 7000, growth: 2, mostMs: 60_000 }, { code: '190', outcome: 'sender-stopped', probeMs: 6000 },
  { code: '999999', outcome: 'retryable', mostAttempts: 3, ...texts }, { code: '100/33', outcome: 'rejected', optsOut: true, ...texts },
  { code: 'HTTP_503', outcome: 'limited-flow', coolDownMs: 1000 }, { code: 'TIMEOUT', ...texts }
]
const odd = fc.record({
  code: fc.constantFrom('131056', '190', '100/33', '131026', 'HTTP_503', 'TIMEOUT', 'bogus'),
  outcome: fc.constantFrom('retryable', 'limited-pair', 'limited-flow', 'rejected', 'sender-stopped', 'retryble'),
  coolDownMs: fc.oneof(fc.integer({ min: 99, max: DAY_MS + 1 }), fc.constantFrom('6s', 6000.5)),
  mostAttempts: fc.integer({ min: 0, max: 101 }),
  growth: fc.integer({ min: 1, max: 11 }),
  mostMs: fc.integer({ min: 100, max: DAY_MS }),
  probeMs: fc.integer({ min: 1000, max: DAY_MS }),
  optsOut: fc.boolean(),
  title: fc.constantFrom('t', 'a\nb'),
  remedy: fc.constant('other')
}, { requiredKeys: [] })
const entry = fc.tuple(fc.constantFrom(...good), odd, fc.nat(2)).map(([base, more, count]): Record<string, unknown> =>
  ({ ...base, ...Object.fromEntries(Object.entries(more).slice(0, count)) }))

await t.test('a row of the policy has the values of its entry', async t => {
  let accepted = 0
  fc.assert(fc.property(fc.array(entry, { minLength: 1, maxLength: 2 }), entries => {
    writeFileSync(file, JSON.stringify(entries))
    const rows = read(() => readPolicyFile(file))
    if (rows === undefined) return
    accepted++
    assert.equal(rows.length, entries.length)
    for (const [i, one] of entries.entries()) assert.deepEqual({ ...rows[i], ...one }, rows[i])
  }), fuzz)
  t.ok(accepted > 0)
})
