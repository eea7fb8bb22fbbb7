import type { TSchema } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'

const DAY_MS = 86_400_000

const ms = (standard: number, description: string, least = 1): TSchema & { static: number } =>
  Type.Integer({ default: standard, minimum: least, maximum: 366 * DAY_MS, description })
const count = (standard: number, description: string, most = 1_000_000_000, least = 1): TSchema & { static: number } =>
  Type.Integer({ default: standard, minimum: least, maximum: most, description })
const text = (description: string, standard = ''): TSchema & { static: string } =>
  Type.String({ default: standard, description })

/** Every setting: its type, default and meaning. `npm run docs` writes the tables in docs/settings.md from it. */
export const ConfigSchema = Type.Object({
  NODE_ENV: text('`production` rejects the embedded Redis and the sandbox unless they are enabled explicitly', 'development'),
  PORT: Type.Integer({ default: 3000, minimum: 0, maximum: 65535, description: 'Port of the HTTP server; 0 takes a free one' }),
  HOST: text('Address to listen on; by default `0.0.0.0` with `API_KEYS`, `127.0.0.1` without'),
  ROLE: Type.Union([Type.Literal('all'), Type.Literal('api'), Type.Literal('worker')], {
    default: 'all',
    description: 'What this node does: `all`, `api` or `worker`'
  }),
  REDIS_URL: text(
    '`redis://host:port`, `redis+sentinel://host:port,host:port/name` or `redis+cluster://host:port,host:port`, ' +
      'with `rediss` for TLS; empty starts an embedded Redis'
  ),
  REDIS_WAIT_REPLICAS: count(0, 'Replicas of Redis that have to hold a message before it is acknowledged or sent; see docs/redis.md', 9, 0),
  EMBEDDED_REDIS: Type.Boolean({ default: false, description: 'Allows the embedded Redis in production' }),
  DATA_DIR: text('Directory of the embedded Redis', '.data'),
  KEY_PREFIX: Type.String({ default: 'wa', pattern: '^[A-Za-z0-9_-]{1,32}$', description: 'First part of every key in Redis' }),
  API_KEYS: text(
    '`name:key:role,...`; roles are `send`, `read` and `admin`, a key has 16 characters or more. `API_KEYS_FILE` names a file with the same, or ' +
      'with the keys and limits of each caller in JSON, see docs/callers.md'
  ),
  WHATSAPP_API_URL: text('Address of the Cloud API with its version', 'https://graph.facebook.com/v25.0'),
  WHATSAPP_PHONE_NUMBER_ID: Type.String({
    default: '100000000000001',
    pattern: '^[A-Za-z0-9_-]{1,64}$',
    description: 'The sender: ID of the business phone number'
  }),
  WHATSAPP_SENDER_NAME: text('Name of the sender, for people to read'),
  WHATSAPP_BUSINESS_ACCOUNT_ID: Type.String({
    default: '',
    pattern: '^\\d{0,30}$',
    description: 'WhatsApp Business account of the senders: its templates are read, and messages of a paused one wait, see docs/templates.md; ' +
      'empty reads none'
  }),
  TEMPLATE_POLL_MS: Type.Integer({
    default: 600_000, minimum: 60_000, maximum: DAY_MS, description: 'How often the statuses of all templates of an account are read'
  }),
  THROUGHPUT_POLL_MS: Type.Integer({
    default: DAY_MS,
    minimum: 0,
    maximum: DAY_MS,
    description: 'How often the node of each phone number is read for WhatsApp\'s limit of messages per second, see docs/rates.md; 0 for never, ' +
      'not even at the start'
  }),
  HEALTH_STATUS: Type.Union([Type.Literal('stop'), Type.Literal('show')], {
    default: 'stop',
    description: 'What the health of a number does that is read with its limit: `stop`: known causes also stop its messages, see docs/stops.md; ' +
      '`show`: it is only shown'
  }),
  DAILY_LIMIT: Type.String({
    default: '',
    pattern: '^(auto|[1-9]\\d{0,6})?$',
    description: 'To how many people a sender may write outside of their windows in 24 hours: a number, or `auto`. WhatsApp\'s limit also holds. ' +
      'Empty counts none, see docs/daily-limit.md'
  }),
  DAILY_RAMP: Type.String({
    default: '',
    pattern: '^(\\d{4}-\\d\\d-\\d\\d:[1-9]\\d{0,6}(,[1-9]\\d{0,6}){0,59})?$',
    description: 'The daily limit of each day of a warm-up, from a day on (UTC), such as `2026-12-01:50,100,200`'
  }),
  WHATSAPP_PORTFOLIO: Type.String({
    default: '', pattern: '^[A-Za-z0-9_-]{0,64}$', description: 'Name of the portfolio whose daily limit the senders share; empty for none'
  }),
  PORTFOLIO_DAILY_LIMIT: count(0, 'The daily limit of that portfolio, where it is to be lower than WhatsApp\'s; 0 for none', 1_000_000, 0),
  WHATSAPP_ACCESS_TOKEN: text('Token for the Cloud API; empty uses the sandbox'),
  WHATSAPP_SENDERS_FILE: text('JSON file with several senders, see docs/senders.md; the first is the default sender'),
  WHATSAPP_START_CHECK: Type.Boolean({
    default: true,
    description: 'Asks WhatsApp at the start whether it accepts each sender\'s token and number, and logs what is wrong'
  }),
  WHATSAPP_APP_SECRET: text('Secret of the Meta app that signs webhooks, several separated by commas; empty accepts no webhooks'),
  WINDOW_CHECK: Type.Boolean({
    default: false,
    description: 'Rejects messages that WhatsApp accepts only within 24 hours after their recipient has written, where that is surely over: see ' +
      'docs/windows.md. Needs the webhook fields `messages`, `calls` and `standby`'
  }),
  WINDOW_GAP_MS: Type.Integer({
    default: 3_600_000,
    minimum: 60_000,
    maximum: DAY_MS,
    description: 'Longest time without any webhook of a sender after which its windows are still known'
  }),
  WHATSAPP_VERIFY_TOKEN: text('Verify token that you type into Meta\'s webhook form'),
  CALLBACK_URL: text('Address that receives callbacks, see docs/callbacks.md; empty sends none'),
  CALLBACK_SECRET: text('Secret that signs callbacks, `whsec_...`; several separated by spaces for a rotation'),
  CALLBACK_TIMEOUT_MS: ms(15_000, 'A callback without a response after this time is retried', 100),
  CALLBACK_RETRY_MS: ms(5000, 'Delay before the first retry of a failed callback; doubled each time, up to an hour'),
  CALLBACK_GIVE_UP_MS: ms(3 * DAY_MS, 'A callback that is not accepted within this time is dead-lettered', 1000),
  CALLBACK_CAP: count(1_000_000, 'Messages of a sender that may have callbacks waiting; above it the oldest are dropped'),
  HTTPS_PROXY: text('Proxy for https addresses of WhatsApp and of `CALLBACK_URL`, such as `http://proxy:3128`; see docs/deploying.md'),
  HTTP_PROXY: text('Proxy for http addresses, and for https ones without `HTTPS_PROXY`'),
  NO_PROXY: text('Hosts that are reached without a proxy, separated by commas; `.example.com` includes its subdomains, `*` is all'),
  POLICY_FILE: text('JSON file that overrides how WhatsApp\'s error codes are handled, see docs/outcomes.md'),
  SANDBOX: Type.Boolean({ default: false, description: 'Uses the sandbox, also in production' }),
  SANDBOX_URL: text('Address of a sandbox that several nodes share; empty starts one in this process'),
  WHATSAPP_RATE_PRESET: Type.Union([Type.Literal('none'), Type.Literal('meta')], {
    default: 'none',
    description: '`meta` sets `WHATSAPP_RATE_LIMIT_MS` to 6000 and `WHATSAPP_RATE_LIMIT_BURST` to 8 unless they are set, see docs/rates.md'
  }),
  WHATSAPP_RATE_LIMIT_MS: ms(2000, 'Minimum time between two messages to one recipient'),
  WHATSAPP_RATE_LIMIT_BURST: count(1, 'Messages that an idle recipient may get one directly after the other', 1000),
  WHATSAPP_SENDER_RATE_PER_SECOND: count(80, 'Maximum messages of the sender in any second', 1000),
  IDEMPOTENCY_TTL_MS: ms(DAY_MS, 'How long an idempotency key is remembered, from admission', 60_000),
  IDEMPOTENCY_DERIVED_TTL_MS: ms(DAY_MS, 'The same for keys that the gateway derives from the content', 60_000),
  WHATSAPP_RETRY_SCHEDULE_MS: Type.String({
    default: '60000,300000,900000,1800000,3600000',
    pattern: '^\\d+(,\\d+)*$',
    description: 'Delays before the retries of a failed message; one retry per delay'
  }),
  WHATSAPP_RETRY_INTERVAL_MS: ms(120_000, 'How often the retry worker looks for due failures', 100),
  MESSAGE_LIFE_MS: ms(DAY_MS, 'How long a message may wait before it expires', 1000),
  WORKER_CONCURRENCY: count(1000, 'Drain runs that a node executes at once', 100_000),
  MAX_IN_FLIGHT_PER_SENDER: count(500, 'Requests to WhatsApp in flight at once, over all nodes', 100_000),
  INLINE_WAIT_MS: ms(3000, 'How long a caller waits for a message that is sent at once', 0),
  START_WITHIN_MS: ms(250, 'A granted send starts within this time or is given back', 10),
  SEND_TIMEOUT_MS: ms(15_000, 'A request without a response after this time has an unknown outcome', 100),
  LEASE_MS: ms(30_000, 'After this time the grants of a dead node are recovered', 1000),
  UNKNOWN_OUTCOME: Type.Union([Type.Literal('retry'), Type.Literal('fail')], {
    default: 'retry',
    description: 'What happens to a message whose outcome stays unknown: `retry` or `fail`'
  }),
  UNKNOWN_HOLD_MS: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: DAY_MS,
    description: 'How long an unknown outcome is held first; 0 is 15 minutes with webhooks, otherwise one step of the retry schedule'
  }),
  MAX_QUEUE_PER_RECIPIENT: count(1000, 'Messages that may wait for one recipient; scheduled ones join above it when they are due'),
  MAX_BACKLOG_PER_SENDER: count(1_000_000, 'Messages of a sender that may be unsettled, scheduled ones included; ' +
    'what can go at once is accepted up to `MAX_IN_FLIGHT_PER_SENDER` above it'),
  CIRCUIT_RECIPIENTS: count(5, 'Recipients in a row to whom attempts fail, until the circuit opens; 0 for no circuit breaker', 100, 0),
  CIRCUIT_FAILURE_PERCENT: count(50, 'Failed share of the attempts within a minute that opens it too, with as many recipients', 100),
  CIRCUIT_PROBE_MS: ms(5000, 'Wait for the first probe of an open circuit; doubled after each failed one', 100),
  CIRCUIT_PROBE_MOST_MS: ms(60_000, 'Longest wait between two probes', 100),
  CIRCUIT_STAGE_MS: ms(15_000, 'Length of each of the three stages, at an eighth, a quarter and half of the rate, until the circuit is closed', 100),
  BULK_HOLD_MS: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: DAY_MS,
    description: 'How long the lane `bulk` of a sender waits at most while WhatsApp accepts messages and reports no status of most of them; 0 for ' +
      'never. Needs webhooks, see docs/outages.md'
  }),
  FIND_WITHIN_MS: Type.Integer({
    default: 7 * DAY_MS,
    minimum: 0,
    maximum: 30 * DAY_MS,
    description: 'How long results are kept and messages can be found, from their acceptance; 0 keeps no index, and results as long as their keys'
  }),
  FAILURE_RETENTION_MS: ms(30 * DAY_MS, 'How long settled failures are kept; of each sender at most 100,000 FAILED and 100,000 RESOLVED ones', 1000),
  SHUTDOWN_GRACE_MS: ms(20_000, 'How long a node that shuts down finishes messages in flight', 100),
  SHUTDOWN_NOTICE_MS: ms(
    1000,
    'How long at most a node that shuts down keeps its port open and responds 503, so that callers switch to other nodes',
    0
  ),
  LOG_LEVEL: Type.Union(
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map(level => Type.Literal(level)),
    { default: 'info', description: 'Minimum level that is logged' }
  )
})

/** Settings whose values never appear in an error or a log line. URLs may have a password. */
export const secretSettings: ReadonlySet<string> = new Set([
  'API_KEYS', 'WHATSAPP_ACCESS_TOKEN', 'WHATSAPP_APP_SECRET', 'WHATSAPP_VERIFY_TOKEN', 'CALLBACK_SECRET', 'CALLBACK_URL', 'REDIS_URL',
  'HTTP_PROXY', 'HTTPS_PROXY'
])
