import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { ConfigSchema, readConfig } from '../src/config.js'

const key = '0123456789abcdef'
/** Settings of a node that sends to WhatsApp. */
const real = { WHATSAPP_ACCESS_TOKEN: 'EAAtoken', API_KEYS: `app:${key}:send`, REDIS_URL: 'redis://localhost:6379', WHATSAPP_PHONE_NUMBER_ID: '111' }

t.test('without settings the node is a sandbox on this machine only, with the documented limits', async t => {
  t.match(readConfig({}), {
    PORT: 3000,
    HOST: '127.0.0.1',
    ROLE: 'all',
    KEY_PREFIX: 'wa',
    WHATSAPP_RATE_LIMIT_MS: 2000,
    WHATSAPP_RATE_LIMIT_BURST: 1,
    WHATSAPP_SENDER_RATE_PER_SECOND: 80,
    IDEMPOTENCY_TTL_MS: 86_400_000,
    WHATSAPP_RETRY_SCHEDULE_MS: [60_000, 300_000, 900_000, 1_800_000, 3_600_000],
    WHATSAPP_RETRY_INTERVAL_MS: 120_000,
    MESSAGE_LIFE_MS: 86_400_000,
    INLINE_WAIT_MS: 3000,
    START_WITHIN_MS: 250,
    SEND_TIMEOUT_MS: 15_000,
    LEASE_MS: 30_000,
    MAX_IN_FLIGHT_PER_SENDER: 500,
    UNKNOWN_OUTCOME: 'retry',
    API_KEYS: [],
    sandbox: true,
    embeddedRedis: true
  })
  t.match(readConfig(real), { HOST: '0.0.0.0', sandbox: false, embeddedRedis: false })
})

const refusals: Array<[what: string, env: Record<string, string>, field: string, says: RegExp]> = [
  ['a word as a number', { PORT: 'http' }, 'PORT', /PORT is "http"; allowed: .*integer/],
  ['a port beyond the last', { PORT: '70000' }, 'PORT', /"70000"; allowed: .*65535/],
  ['an unknown role', { ROLE: 'boss' }, 'ROLE', /ROLE is "boss"; allowed: "all", "api", "worker"/],
  ['a prefix with a brace', { KEY_PREFIX: '{wa}' }, 'KEY_PREFIX', /KEY_PREFIX is "\{wa\}"/],
  ['a rate of zero', { WHATSAPP_SENDER_RATE_PER_SECOND: '0' }, 'WHATSAPP_SENDER_RATE_PER_SECOND', />= 1/],
  ['a rate beyond Meta\'s highest', { WHATSAPP_SENDER_RATE_PER_SECOND: '1001' }, 'WHATSAPP_SENDER_RATE_PER_SECOND', /<= 1000/],
  ['a schedule of words', { WHATSAPP_RETRY_SCHEDULE_MS: '1m,5m' }, 'WHATSAPP_RETRY_SCHEDULE_MS', /"1m,5m"/],
  ['an unknown preset', { WHATSAPP_RATE_PRESET: 'fast' }, 'WHATSAPP_RATE_PRESET', /"fast"; allowed: "none", "meta"/],
  ['an unknown policy', { UNKNOWN_OUTCOME: 'drop' }, 'UNKNOWN_OUTCOME', /"retry", "fail"/],
  ['a lease shorter than a send', { LEASE_MS: '20000' }, 'LEASE_MS', /20000 is too short.*START_WITHIN_MS \+ SEND_TIMEOUT_MS \+ 5000/],
  ['a key that is too short', { API_KEYS: 'app:short:send' }, 'API_KEYS', /app has fewer than 16 characters/],
  ['an unknown role of a key', { API_KEYS: `app:${key}:root` }, 'API_KEYS', /role of app has to be send, read or admin/],
  ['a name with a space', { API_KEYS: `my app:${key}:send` }, 'API_KEYS', /name is 1 to 32/],
  ['a real token without keys', { ...real, API_KEYS: '' }, 'API_KEYS', /callers have to be known/],
  ['a public address without keys', { HOST: '0.0.0.0' }, 'HOST', /loopback only/],
  ['the sandbox together with a real token', { ...real, SANDBOX: '1' }, 'SANDBOX', /take one of the two away/],
  [
    'production without Redis',
    { NODE_ENV: 'production', WHATSAPP_ACCESS_TOKEN: 'EAAtoken', API_KEYS: `app:${key}:send` },
    'REDIS_URL',
    /EMBEDDED_REDIS=1/
  ],
  ['a callback URL without a secret', { CALLBACK_URL: 'https://example.com/hook' }, 'CALLBACK_SECRET', /CALLBACK_URL needs it/],
  [
    'a receiver that is not an address',
    { CALLBACK_URL: 'ftp://example.com', CALLBACK_SECRET: `whsec_${'A'.repeat(32)}` },
    'CALLBACK_URL',
    /http or https address/
  ],
  [
    'a callback URL with credentials',
    { CALLBACK_URL: 'https://me:pass@example.com', CALLBACK_SECRET: `whsec_${'A'.repeat(32)}` },
    'CALLBACK_URL',
    /without credentials/
  ],
  ['a short callback secret', { CALLBACK_SECRET: 'whsec_c2hvcnQ=' }, 'CALLBACK_SECRET', /\(hidden\); allowed: whsec_ and 24 to 64 bytes/],
  ['an invalid secret for callbacks', { CALLBACK_SECRET: `whsec_${'A'.repeat(32)} hunter2` }, 'CALLBACK_SECRET', /\(hidden\)/],
  ['a sandbox that is not an address', { SANDBOX_URL: 'sandbox:4000' }, 'SANDBOX_URL', /http or https address/],
  ['production without a token', { NODE_ENV: 'production', REDIS_URL: 'redis://localhost' }, 'WHATSAPP_ACCESS_TOKEN', /SANDBOX=1/]
]

for (const [what, env, field, says] of refusals) {
  t.test(`${what} is rejected at the start, with what is allowed`, async t => {
    t.throws(() => readConfig(env), { code: 'CONFIG_INVALID', facts: { field }, message: says })
  })
}

t.test('the preset sets Meta\'s pair limits, and an explicit setting takes precedence', async t => {
  t.match(readConfig({ WHATSAPP_RATE_PRESET: 'meta' }), {
    WHATSAPP_RATE_LIMIT_MS: 6000,
    WHATSAPP_RATE_LIMIT_BURST: 8,
    senders: [{ rules: { pairIntervalMs: 6000, pairBurst: 8 } }]
  })
  t.match(readConfig({ WHATSAPP_RATE_PRESET: 'meta', WHATSAPP_RATE_LIMIT_BURST: '1' }), {
    WHATSAPP_RATE_LIMIT_MS: 6000,
    WHATSAPP_RATE_LIMIT_BURST: 1
  })
  t.notOk(readConfig({ WHATSAPP_RATE_PRESET: 'meta' }).warnings.some(line => /faster than Meta/.test(line)))
  t.ok(
    readConfig({}).warnings.some(line => /one message per 2000 ms .*one per 6,000 ms.* 131056; WHATSAPP_RATE_PRESET=meta/.test(line)),
    'a warning for the default shows Meta\'s documented limit'
  )
})

t.test('production accepts the embedded Redis and the sandbox where they are enabled', async t => {
  t.match(readConfig({ NODE_ENV: 'production', EMBEDDED_REDIS: '1', SANDBOX: '1' }), { sandbox: true, embeddedRedis: true })
})

t.test('no error message shows a secret', async t => {
  const secrets = {
    ...real,
    WHATSAPP_ACCESS_TOKEN: 'EAAsecret',
    API_KEYS: `app:${key}:send,other:secretsecretsecret:boss`,
    REDIS_URL: 'redis://:secret@localhost'
  }
  try {
    readConfig(secrets)
    t.fail('invalid settings were accepted')
  } catch (error) {
    t.notMatch(String(error), /secret|0123456789abcdef/)
  }
})

t.test('a caller may have two keys during a rotation', async t => {
  t.same(
    readConfig({ API_KEYS: `app:${key}:send,app:${key}2:send,ops:${key}3:admin` }).API_KEYS.map(entry => `${entry.name} ${entry.role}`),
    ['app send', 'app send', 'ops admin']
  )
})

t.test('a value may come from a file; the variable takes precedence; a missing file stops the start', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-config-'))
  t.teardown(async () => await rm(dir, { recursive: true }))
  await writeFile(join(dir, 'token'), 'EAAfromfile\n')
  const { WHATSAPP_ACCESS_TOKEN: token, ...rest } = real
  t.equal(
    readConfig({ ...rest, WHATSAPP_ACCESS_TOKEN_FILE: join(dir, 'token') }).WHATSAPP_ACCESS_TOKEN,
    'EAAfromfile',
    'the line break at the end is removed'
  )
  t.equal(readConfig({ ...real, WHATSAPP_ACCESS_TOKEN_FILE: join(dir, 'token') }).WHATSAPP_ACCESS_TOKEN, token)
  t.throws(() => readConfig({ ...rest, WHATSAPP_ACCESS_TOKEN_FILE: join(dir, 'none') }), {
    code: 'CONFIG_INVALID',
    facts: { field: 'WHATSAPP_ACCESS_TOKEN_FILE' }
  })
})

t.test('valid but risky settings give a warning at the start', async t => {
  const warns = (env: Record<string, string>, says: RegExp) => readConfig({ ...real, ...env }).warnings.some(warning => says.test(warning))
  t.ok(warns({ WHATSAPP_API_URL: 'https://graph.facebook.com' }, /names no version/))
  t.ok(warns({ WHATSAPP_API_URL: 'https://graph.facebook.com/v18.0' }, /v18\.0, which Meta has retired/))
  t.ok(warns({}, /2000 ms .* faster than Meta documents/))
  t.notOk(warns({ WHATSAPP_RATE_LIMIT_MS: '6000' }, /faster than Meta/))
  t.ok(warns({}, /may send it twice/), 'without webhooks an unknown outcome may cause a duplicate')
  t.notOk(warns({ UNKNOWN_OUTCOME: 'fail' }, /may send it twice/))
})

t.test('every duration has its unit in its name, and every setting has a description', async t => {
  for (const [name, schema] of Object.entries(ConfigSchema.properties)) {
    t.ok(typeof schema.description === 'string' && schema.description.length > 10, name)
    if (/how long|time|delay|how often/i.test(schema.description ?? '') && schema.type === 'integer') t.match(name, /_MS$/, name)
  }
})
