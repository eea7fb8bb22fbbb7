import { writeFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { ConfigSchema, readConfig } from '../src/config.js'
import { allowedBy } from '../src/settings/patterns.js'
import { SluiceError } from '../src/errors.js'
import { readPolicyFile } from '../src/provider/policy-file.js'
import { mutate, mutations } from './support/mutate.js'
import { seedOf } from './support/seed.js'

const key = '0123456789abcdef'
/** Settings of a node that sends to WhatsApp. */
const real = { WHATSAPP_ACCESS_TOKEN: 'EAAtoken', API_KEYS: `app:${key}:send`, REDIS_URL: 'redis://localhost:6379', WHATSAPP_PHONE_NUMBER_ID: '111' }

await t.test('without settings the node is a sandbox on this machine only, with the documented limits', async t => {
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

function wrongOf (read: () => unknown): SluiceError {
  try {
    read()
  } catch (error) {
    if (error instanceof SluiceError) return error
  }
  throw new Error('the settings were accepted')
}

const refusals: Array<[what: string, env: Record<string, string>, field: string, says: RegExp]> = [
  ['a word as a number', { PORT: 'http' }, 'PORT', /PORT is "http"; allowed: .*integer/],
  ['a number in another notation', { WHATSAPP_RATE_LIMIT_MS: '2s' }, 'WHATSAPP_RATE_LIMIT_MS', /is "2s"; allowed: an integer in digits, in millis/],
  ['a number with an exponent', { PORT: '1e3' }, 'PORT', /"1e3"; allowed: an integer in digits/],
  ['a word as a switch', { SANDBOX: 'yes' }, 'SANDBOX', /SANDBOX is "yes"; allowed: 1, 0, true or false/],
  ['a value in quotation marks', { ...real, WHATSAPP_APP_SECRET: '"abc"' }, 'WHATSAPP_APP_SECRET', /remove the quotation marks/],
  ['seconds that are too few ms', { LEASE_MS: '30' }, 'LEASE_MS', /LEASE_MS is "30"; allowed: from 1000 to 31622400000 milliseconds/],
  ['a token with a space', { ...real, WHATSAPP_ACCESS_TOKEN: 'Bearer EAAtoken' }, 'WHATSAPP_ACCESS_TOKEN', /without spaces .*without the word B/],
  ['a token of two lines', { ...real, WHATSAPP_ACCESS_TOKEN: 'EAA\ntoken' }, 'WHATSAPP_ACCESS_TOKEN', /without spaces or line breaks/],
  ['an API without scheme', { ...real, WHATSAPP_API_URL: 'graph.facebook.com/v25.0' }, 'WHATSAPP_API_URL', /URL with its scheme/],
  ['an API with a port and no scheme', { ...real, WHATSAPP_API_URL: 'localhost:4000/v25.0' }, 'WHATSAPP_API_URL', /URL with its scheme/],
  ['an app secret with a space', { ...real, WHATSAPP_APP_SECRET: 'a b' }, 'WHATSAPP_APP_SECRET', /each secret must be printable ASCII/],
  ['an address to listen on with a port', { HOST: '127.0.0.1:3000' }, 'HOST', /without scheme and port/],
  ['an API key outside of ASCII', { API_KEYS: 'app:schl\u00fcssel0123456789:send' }, 'API_KEYS', /the key of app must be printable ASCII/],
  ['an API key with a colon', { API_KEYS: 'app:with:colon:0123456789:send' }, 'API_KEYS', /the key of app contains a colon/],
  ['two callers with one key', { API_KEYS: `a:${key}:send,b:${key}:read` }, 'API_KEYS', /the keys of a \(send\) and b \(read\) are equal/],
  ['a misspelt role', { API_KEYS: `app:${key}:amdin` }, 'API_KEYS', /role of app has to be send, read or admin; did you mean admin\?/],
  ['no daily limit as a number', { DAILY_LIMIT: '0' }, 'DAILY_LIMIT', /DAILY_LIMIT is "0"; allowed: auto, a number from 1 to 9999999, or empty/],
  ['a ramp without a day', { DAILY_RAMP: '50,100' }, 'DAILY_RAMP', /"50,100"; allowed: a day and .*, such as 2026-12-01:50,100,200/],
  ['a misspelt word', { UNKNOWN_OUTCOME: 'rety' }, 'UNKNOWN_OUTCOME', /"rety"; allowed: "retry", "fail"; did you mean retry\?/],
  ['a Redis without scheme', { REDIS_URL: 'localhost:6379' }, 'REDIS_URL', /REDIS_URL has to be `redis:/],
  ['a % in the password of Redis', { REDIS_URL: 'redis://:100%sure@localhost' }, 'REDIS_URL', /write %25 for %/],
  ['replicas of the embedded Redis', { REDIS_WAIT_REPLICAS: '1' }, 'REDIS_WAIT_REPLICAS', /the embedded Redis has no replicas/],
  ['a proxy without scheme', { HTTPS_PROXY: 'proxy:3128' }, 'HTTPS_PROXY', /address of a proxy with its scheme/],
  ['a port beyond the last', { PORT: '70000' }, 'PORT', /"70000"; allowed: .*65535/],
  ['an unknown role', { ROLE: 'boss' }, 'ROLE', /ROLE is "boss"; allowed: "all", "api", "worker"/],
  ['a prefix with a brace', { KEY_PREFIX: '{wa}' }, 'KEY_PREFIX', /KEY_PREFIX is "\{wa\}"/],
  ['a rate of zero', { WHATSAPP_SENDER_RATE_PER_SECOND: '0' }, 'WHATSAPP_SENDER_RATE_PER_SECOND', /from 1 to 1000/],
  ['a rate beyond Meta\'s highest', { WHATSAPP_SENDER_RATE_PER_SECOND: '1001' }, 'WHATSAPP_SENDER_RATE_PER_SECOND', /from 1 to 1000/],
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
  await t.test(`${what} is rejected at the start, with what is allowed`, async t => {
    t.throws(() => readConfig(env), { code: 'CONFIG_INVALID', facts: { field }, message: says })
  })
}

await t.test('all wrong settings are reported at once, without what only follows from them', async t => {
  const dir = t.testdir({ 'policy.json': '[{"code":"190","outcome":"retryble"}]', 'senders.json': '[{"id":"1"}]' })
  const env = {
    PORT: 'http',
    START_WITHIN_MS: '1',
    LEASE_MS: '6000',
    API_KEYS: 'app:short:send',
    CALLBACK_URL: 'https://example.com',
    CALLBACK_SECRET: 'x',
    WHATSAPP_SENDERS_FILE: `${dir}/senders.json`,
    POLICY_FILE: `${dir}/policy.json`,
    REDIS_URL: 'redis://',
    NODE_ENV: 'production'
  }
  const error = wrongOf(() => readConfig(env, '', ({ POLICY_FILE }) => readPolicyFile(POLICY_FILE)))
  t.match(error, { facts: { field: 'PORT' }, message: /^7 settings are wrong:\n {2}PORT is "http"/ })
  t.strictSame(
    (error.facts.extra?.['problems'] as Array<{ field: string }>).map(({ field }) => field),
    ['PORT', 'START_WITHIN_MS', 'API_KEYS', 'WHATSAPP_SENDERS_FILE', 'CALLBACK_SECRET', 'POLICY_FILE', 'REDIS_URL']
  )
  t.match(error.message, /entry 1 \("190"\), outcome: must be one of/)
})

await t.test('names that are probably meant as settings give a warning', async t => {
  const warningsOf = (env: Record<string, string>): string[] => readConfig(env).warnings.filter(line => line.includes('is not a setting'))
  const misspelt = {
    WHATSAPP_RATE_LIMIT: '5',
    UNKNOWN_OUTCOM: 'fail',
    CALLBACK_URI: 'x',
    WHATSAPP_ACCES_TOKEN_FILE: '/x',
    whatsapp_app_secret: 'x',
    REDISURL: 'redis://x',
    SANDBXO: 'true'
  }
  t.strictSame(warningsOf(misspelt), [
    'WHATSAPP_RATE_LIMIT is not a setting and has no effect; did you mean WHATSAPP_RATE_LIMIT_MS?',
    'UNKNOWN_OUTCOM is not a setting and has no effect; did you mean UNKNOWN_OUTCOME?',
    'CALLBACK_URI is not a setting and has no effect; did you mean CALLBACK_URL?',
    'WHATSAPP_ACCES_TOKEN_FILE is not a setting and has no effect; did you mean WHATSAPP_ACCESS_TOKEN_FILE?',
    'whatsapp_app_secret is not a setting and has no effect; did you mean WHATSAPP_APP_SECRET?',
    'REDISURL is not a setting and has no effect; did you mean REDIS_URL?',
    'SANDBXO is not a setting and has no effect; did you mean SANDBOX?'
  ])
  const others = { PATH: '/bin', HOME: '/root', NODE_OPTIONS: '', REDIS_PORT: 'tcp://1', REDIS_SERVICE_HOST: '1', SLUICE_URL: 'x', no_proxy: 'x' }
  const ofOtherPrograms = { IS_SANDBOX: '1', SANDBOX_ID: '7', MY_REDIS_URL: 'x', API_KEYS_ID: 'x' }
  t.strictSame(warningsOf({ ...others, ...ofOtherPrograms }), [])
})

await t.test('durations that are probably in seconds, and settings without effect, give a warning', async t => {
  const { warnings } = readConfig({ ...real, WHATSAPP_RATE_LIMIT_MS: '2', WHATSAPP_RETRY_SCHEDULE_MS: '60,300', SANDBOX_URL: 'http://x' })
  for (const line of [
    'WHATSAPP_RATE_LIMIT_MS is 2 ms: if 2 s are meant, set 2000', 'WHATSAPP_RETRY_SCHEDULE_MS is 60 ms: if 60 s are meant, set 60000',
    'SANDBOX_URL is not used: a real access token is set'
  ]) t.ok(warnings.includes(line), line)
  const { WHATSAPP_PHONE_NUMBER_ID: _, ...noId } = real
  t.ok(readConfig(noId).warnings.some(line => /WHATSAPP_PHONE_NUMBER_ID is not set/.test(line)))
})

await t.test('spaces around a value are ignored, and a proxy may have its usual name in lower case', async t => {
  const { PORT, proxies, API_KEYS } = readConfig({ PORT: ' 3001\n', https_proxy: 'http://proxy:1', NO_PROXY: 'a', API_KEYS: `app:${key}:send,` })
  const expected = { PORT: 3001, proxies: { httpsProxy: 'http://proxy:1', httpProxy: '', noProxy: 'a' }, API_KEYS: [{ caller: { name: 'app' } }] }
  t.match({ PORT, proxies, API_KEYS }, expected)
})

const seed = seedOf('settings')

await t.test(`random settings and files are read or refused with CONFIG_INVALID, which contains no secret (seed ${seed})`, async t => {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-config-'))
  t.teardown(async () => await rm(dir, { recursive: true }))
  const secret = 'S3cr3tS3cr3tS3cr3t'
  const names = Object.keys(ConfigSchema.properties)
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.constantFrom('0', '1', '-1', '2', 'true', 'production', '1e9', ' ', '%', '@', ':', '"x"', 'redis://h', 'http://h', 'a:b', '9'.repeat(20)),
    fc.string({ maxLength: 5 }).map(text => `${text}${secret}`),
    fc.string({ maxLength: 5 }).map(text => `redis://:${secret}${text}@host/${text}`),
    fc.string({ maxLength: 5 }).map(text => `app:${secret}${text}:send`)
  )
  const settings = fc.dictionary(fc.constantFrom(...names, ...names.map(name => name.slice(0, -1))), value, { maxKeys: 12 })
  const senders = [{ id: '111', accessToken: secret, appSecrets: [secret], rules: { pairBurst: 1 } }, { id: '222', accessToken: secret }]
  const policy = [{ code: '131056', coolDownMs: 6000 }, { code: '190', outcome: 'sender-stopped', probeMs: 6000 }]
  const file = join(dir, 'file.json')
  const cut = fc.oneof(fc.constant(null), fc.nat(300))
  const refusals = new Map<string, number>()
  fc.assert(fc.property(settings, mutations, cut, fc.boolean(), (env, mutation, length, isPolicy) => {
    const text = JSON.stringify(mutate<unknown>(isPolicy ? policy : senders, mutation).value, null, 1) ?? ''
    writeFileSync(file, length === null ? text : text.slice(0, length))
    try {
      // A token in the name of a setting's file, or in the file of another setting, is not quoted either.
      const files = isPolicy ? { POLICY_FILE: file, WHATSAPP_SENDERS_FILE: '' } : { WHATSAPP_SENDERS_FILE: file, POLICY_FILE: file }
      const config = readConfig({ WHATSAPP_ACCESS_TOKEN: secret, ...env, ...files }, '', ({ POLICY_FILE }) => readPolicyFile(POLICY_FILE))
      return !config.warnings.some(line => line.includes(secret))
    } catch (error) {
      if (!(error instanceof SluiceError) || error.code !== 'CONFIG_INVALID') throw error
      refusals.set(error.facts.field ?? '', (refusals.get(error.facts.field ?? '') ?? 0) + 1)
      return !error.message.includes(secret) && !JSON.stringify(error.facts.extra).includes(secret)
    }
  }), { numRuns: Number(process.env['FUZZ_RUNS'] ?? 300), seed })
  t.ok(refusals.size > 10, 'many settings were refused')
})

await t.test('the preset sets Meta\'s pair limits, and an explicit setting takes precedence', async t => {
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

await t.test('production accepts the embedded Redis and the sandbox where they are enabled', async t => {
  t.match(readConfig({ NODE_ENV: 'production', EMBEDDED_REDIS: '1', SANDBOX: '1' }), { sandbox: true, embeddedRedis: true })
})

await t.test('no error message shows a secret', async t => {
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

await t.test('a caller may have two keys during a rotation', async t => {
  t.same(
    readConfig({ API_KEYS: `app:${key}:send,app:${key}2:send,ops:${key}3:admin` }).API_KEYS.map(({ caller }) => `${caller.name} ${caller.role}`),
    ['app send', 'app send', 'ops admin']
  )
})

await t.test('a value may come from a file; the variable takes precedence; a missing file stops the start', async t => {
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

await t.test('valid but risky settings give a warning at the start', async t => {
  const warns = (env: Record<string, string>, says: RegExp) => readConfig({ ...real, ...env }).warnings.some(warning => says.test(warning))
  t.ok(warns({ WHATSAPP_API_URL: 'https://graph.facebook.com' }, /names no version/))
  t.ok(warns({ WHATSAPP_API_URL: 'https://graph.facebook.com/v18.0' }, /v18\.0, which Meta has retired/))
  t.ok(warns({}, /2000 ms .* faster than Meta documents/))
  t.notOk(warns({ WHATSAPP_RATE_LIMIT_MS: '6000' }, /faster than Meta/))
  t.ok(warns({}, /sent again, perhaps a second time/), 'without webhooks an unknown outcome may cause a duplicate')
  t.notOk(warns({ UNKNOWN_OUTCOME: 'fail' }, /sent again, perhaps a second time/))
})

await t.test('every duration has its unit in its name, and every setting says what it is and what is allowed', async t => {
  for (const [name, schema] of Object.entries(ConfigSchema.properties)) {
    t.ok(typeof schema.description === 'string' && schema.description.length > 10, name)
    if (/how long|time|delay|how often/i.test(schema.description ?? '') && schema.type === 'integer') t.match(name, /_MS$/, name)
    if (typeof schema.pattern === 'string') t.ok(allowedBy[schema.pattern], `what is allowed for ${name}`)
  }
})
