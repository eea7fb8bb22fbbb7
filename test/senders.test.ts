import t, { type Test } from 'tap'
import { readConfig, type Config } from '../src/config.js'
import { readSenders } from '../src/senders.js'

const KEYS = 'app:app-key-0123456789:send'
const token = (id: string, more: Record<string, unknown> = {}) => ({ id, accessToken: `token-of-${id}`, ...more })

/** The settings with a senders file of this content, in a folder with these files. */
function read (t: Test, content: unknown, env: Record<string, string> = {}, files: Record<string, string> = {}): Config {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  const dir = t.testdir({ 'senders.json': text, ...files })
  return readConfig({ API_KEYS: KEYS, WHATSAPP_SENDERS_FILE: `${dir}/senders.json`, ...env })
}

await t.test('fields missing in an entry are taken from the settings', async t => {
  const { senders, sandbox } = read(
    t,
    [
      token('111', {
        apiUrl: 'http://localhost:1/v25.0',
        appSecrets: ['s1', 's2'],
        rules: { pairIntervalMs: 6000, perSecond: 250 },
        onUnknown: 'fail'
      }),
      { id: '222', accessTokenFile: 'tokens-222' }
    ],
    { WHATSAPP_RATE_LIMIT_BURST: '3', MAX_IN_FLIGHT_PER_SENDER: '40' },
    { 'tokens-222': 'from-a-file\n' }
  )
  t.equal(sandbox, false)
  t.match(senders, [
    {
      id: '111',
      accessToken: 'token-of-111',
      accessTokenFile: null,
      apiUrl: 'http://localhost:1/v25.0',
      appSecrets: ['s1', 's2'],
      rules: { pairIntervalMs: 6000, pairBurst: 3, perSecond: 250, maxInFlight: 40 },
      onUnknown: 'fail'
    },
    {
      id: '222',
      accessToken: 'from-a-file',
      accessTokenFile: /tokens-222$/,
      apiUrl: 'https://graph.facebook.com/v25.0',
      appSecrets: [],
      rules: { pairIntervalMs: 2000, pairBurst: 3, perSecond: 80, maxInFlight: 40 },
      onUnknown: null
    }
  ])
})

await t.test('without a file the settings describe the only sender', async t => {
  const dir = t.testdir({ token: 'abc\n' })
  const config = readConfig({ API_KEYS: KEYS, WHATSAPP_PHONE_NUMBER_ID: '333', WHATSAPP_ACCESS_TOKEN_FILE: `${dir}/token` })
  t.match(config.senders, [{ id: '333', accessToken: 'abc', accessTokenFile: `${dir}/token`, rules: { pairIntervalMs: 2000 } }])
  t.match(readConfig({}), { sandbox: true, senders: [{ id: '100000000000001', accessToken: '', accessTokenFile: null }] })
  t.match(
    readConfig({ API_KEYS: KEYS, WHATSAPP_ACCESS_TOKEN: 'abc', WHATSAPP_ACCESS_TOKEN_FILE: '/nowhere' }).senders,
    [{ accessTokenFile: null }],
    'the value has precedence over the file'
  )
})

const wrong: Array<[what: string, content: unknown, message: RegExp]> = [
  ['invalid JSON', '[{"id": "111", "accessToken": "secret-token"',
    /WHATSAPP_SENDERS_FILE: the file is not valid JSON: line 1, column 45: close brace expected$/],
  ['an object instead of a list', { id: '111' }, /the file must be a list/],
  ['a misspelt field', '[{"id":"111", "accessToken":"secret-token"},\n {"id":"222",\n  "acessToken":"secret-token"}]',
    /line 3, entry 2 \("222"\), acessToken: unknown field; did you mean accessToken\?/],
  ['a misspelt rule', '[{"id":"111", "accessToken":"secret-token",\n "rules":{\n"pairBrust":1}}]',
    /line 3, entry 1 \("111"\), rules\.pairBrust: unknown field; did you mean pairBurst\?/],
  ['a field twice', '[{"id":"111", "accessToken":"secret-token",\n "accessToken":"secret-token-2"}]', /entry 1 \("111"\), accessToken: given twice/],
  ['a token in place of an id', [{ id: 'EAAsecret-token', accessToken: 'secret-token' }, token('111', { x: 1 })],
    /line 1, entry 2 .*x: unknown field/],
  ['a comment', '[ // senders\n]', /not valid JSON: line 1, column 3: invalid comment token/],
  ['an app secret with a space', [token('111', { appSecrets: ['a secret'] })], /appSecrets\.0: must match pattern/],
  ['an empty list', [], /the file must have 1 entry or more/],
  ['no id', [token('111'), { accessToken: 'secret-token' }], /entry 2, id: missing/],
  ['an id of another shape', [token('+1 415')], /entry 1 \("\+1 415"\), id: must match pattern/],
  ['an id twice', [token('111'), token('222'), token('111')], /entry 3 \("111"\), id: duplicate id/],
  ['an unknown field', [token('111', { token: 'secret-token' })], /entry 1 \("111"\), token: unknown field/],
  ['a rule out of range', [token('111'), token('222', { rules: { pairBurst: 0 } })], /entry 2 \("222"\), rules\.pairBurst: must be from 1 to 1000/],
  ['an unknown rule', [token('111', { rules: { perMinute: 3 } })], /entry 1 \("111"\), rules\.perMinute: unknown field/],
  ['an unknown policy', [token('111', { onUnknown: 'drop' })], /entry 1 \("111"\), onUnknown: /],
  ['no token', [{ id: '111' }], /entry 1 \("111"\), accessToken: missing/],
  ['a token of two lines', [{ id: '111', accessToken: 'secret-token\nmore' }], /entry 1 \("111"\), accessToken: must be printable ASCII/],
  ['two tokens', [token('111', { accessTokenFile: 'x' })], /entry 1 \("111"\), accessTokenFile: accessToken is set as well/],
  ['a missing token file', [{ id: '111', accessTokenFile: 'nowhere' }], /entry 1 \("111"\), accessTokenFile: cannot read the file .*nowhere/],
  ['an empty token file', [{ id: '111', accessTokenFile: 'empty' }], /entry 1 \("111"\), accessTokenFile: the file .*empty holds no token/],
  ['an invalid URL', [token('111', { apiUrl: 'graph.facebook.com' })], /entry 1 \("111"\), apiUrl: must be an http/]
]

for (const [what, content, message] of wrong) {
  await t.test(`a file with ${what} is rejected, with entry and field`, async t => {
    t.throws(() => read(t, content, {}, { empty: '\n' }), { code: 'CONFIG_INVALID', message })
    try {
      read(t, content, {}, { empty: '\n' })
    } catch (error) {
      t.notMatch(String(error), 'secret-token', 'the error contains no token')
    }
  })
}

await t.test('every wrong field of every entry is reported at once, and bytes that are not UTF-8 as such', async t => {
  const content = [token('111', { tokens: 1, rules: { pairBurst: 0 } }), { id: '222' }, token('111', { apiUrl: 'graph.facebook.com' })]
  try {
    read(t, content)
    t.fail('the file was accepted')
  } catch (error) {
    const parts = [
      /^SluiceError: 4 settings are wrong:$/m,
      /rules\.pairBurst: must be from 1 to 1000$/m, /tokens: unknown field$/m, /entry 2 .*accessToken: missing/,
      /entry 3 .*apiUrl: must be an http/
    ]
    for (const part of parts) t.match(String(error), part)
  }
  const dir = t.testdir({ 'latin1.json': Buffer.from('[{"id":"111","accessToken":"caf\xe9"}]', 'latin1') })
  t.throws(() => readConfig({ WHATSAPP_SENDERS_FILE: `${dir}/latin1.json` }), { message: /latin1\.json is not UTF-8/ })
})

await t.test('a file that is read while it is written is invalid, wherever it ends', async t => {
  const text = JSON.stringify([token('111'), token('222', { rules: { perSecond: 250 } })])
  const config = read(t, text)
  for (let length = 0; length < text.length; length++) {
    t.testdir({ 'senders.json': text.slice(0, length) })
    const invalid = { code: 'CONFIG_INVALID', message: /WHATSAPP_SENDERS_FILE: the file is not valid JSON/ }
    t.throws(() => readSenders(config), invalid, `${length} characters`)
  }
})

await t.test('the error of a missing file names the file', async t => {
  t.throws(() => readConfig({ WHATSAPP_SENDERS_FILE: '/nowhere/senders.json' }), {
    code: 'CONFIG_INVALID',
    message: /cannot read the file \/nowhere\/senders\.json/
  })
})

await t.test('real tokens and the sandbox are mutually exclusive', async t => {
  const bare = read(t, [{ id: '111' }, { id: '222' }], { SANDBOX: '1', API_KEYS: '', NODE_ENV: 'production', REDIS_URL: 'redis://localhost' })
  t.match(bare, {
    sandbox: true,
    senders: [
      { id: '111', accessToken: '' },
      { id: '222', accessToken: '' }
    ]
  })
  t.throws(() => read(t, [{ id: '111' }, token('222')], { SANDBOX: '1' }), {
    message: /entry 2 \("222"\), accessToken: SANDBOX=1 and a token are mutually exclusive/
  })
})

await t.test('settings that a real token requires are required for tokens in the file', async t => {
  t.throws(() => read(t, [token('111')], { API_KEYS: '' }), { code: 'CONFIG_INVALID', message: /API_KEYS: with a real access token/ })
  t.throws(() => read(t, [token('111')], { NODE_ENV: 'production' }), { message: /REDIS_URL: production needs it/ })
  t.equal(read(t, [token('111')], { NODE_ENV: 'production', REDIS_URL: 'redis://localhost' }).sandbox, false)
})

await t.test('risky settings of a sender are reported as warnings', async t => {
  const { warnings } = read(t, [token('111', { apiUrl: 'https://graph.facebook.com/v19.0' })], { WHATSAPP_ACCESS_TOKEN: 'abc' })
  t.match(warnings, [
    /apiUrl https:\/\/graph.facebook.com\/v19.0 names v19.0, which Meta has retired/,
    /WHATSAPP_ACCESS_TOKEN is not used/,
    /faster than Meta documents/,
    /without webhooks/
  ])
  const safe = read(t, [token('111', { rules: { pairIntervalMs: 6000 }, onUnknown: 'fail' })])
  t.strictSame(safe.warnings, [])
})

await t.test('each call reads the files again', async t => {
  const config = read(t, [{ id: '111', accessTokenFile: 'token' }], {}, { token: 'old' })
  t.match(config.senders, [{ accessToken: 'old' }])
  t.testdir({ 'senders.json': '[{"id":"111","accessTokenFile":"token"}]', token: 'new' })
  t.match(readSenders(config), [{ id: '111', accessToken: 'new' }])
})
