/**
 * After requests of every kind, no number, text, metadata, key or token is where unauthorized readers could see it: log,
 * metrics, errors, dashboard, BullMQ's own data, the audit trail.
 */
import t from 'tap'
import { createCallerRegistry, hashKey } from '../../src/callers.js'
import { openBoard } from '../dashboard/support.js'
import { apiKeys, keys } from '../support/gateway.js'
import { startGatewayProcess, startSandboxProcess } from '../support/process.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { createCaller, request, type Reply } from '../support/request.js'
import { pass, until } from '../support/until.js'

const TEXT = 'Zaubernuss'
const TOKEN = 'EAAverysecrettoken0123'
const numbers = {
  plain: '+15553579246',
  retrying: '+15562131000',
  failed: '+15560131026',
  html: '+15556020010',
  reset: '+15558300010',
  silent: '+15558400010',
  slow: '+15557010010',
  brazil: '+55 11 8765-4321'
}
/** Texts that must not be found. Of the sandbox's test numbers only the middle, because they end in a code of WhatsApp. */
const secrets = [
  TEXT,
  TOKEN,
  ...Object.values(keys),
  ...Object.values(numbers),
  '5553579246',
  '1556213',
  '1556013',
  '1555602',
  '1555830',
  '1555840',
  '1555701',
  '5511987654321',
  '551187654321',
  '1357924680'
]

const redis = await startRedis(t)
const sandbox = await startSandboxProcess(t)

/** `errors[].value` repeats a wrong word of a field that holds one word of several, or a number. It repeats no phone number, in no field. */
function withoutWord (this: Record<string, unknown>, name: string, value: unknown): unknown {
  return name === 'value' && value === TEXT && /^(priority|limit)$/.test(String(this['field'])) ? undefined : value
}

await t.test('no log, metric, error, dashboard page or audit entry contains a secret', async t => {
  const prefix = createPrefix()
  const node = await startGatewayProcess(t, {
    redisUrl: redis.url,
    apiUrl: sandbox.found,
    prefix,
    env: {
      LOG_LEVEL: 'trace',
      WHATSAPP_ACCESS_TOKEN: TOKEN,
      API_KEYS: apiKeys,
      SEND_TIMEOUT_MS: '400',
      INLINE_WAIT_MS: '300',
      WHATSAPP_RETRY_SCHEDULE_MS: '300,300,3600000',
      WHATSAPP_RETRY_INTERVAL_MS: '200',
      UNKNOWN_HOLD_MS: '300',
      WHATSAPP_RATE_LIMIT_MS: '300'
    }
  })
  const operator = createCaller(node.found, keys.operator)
  const outputs: Array<[place: string, text: string]> = []
  /** Successful responses go only to their caller; error responses count as output, because callers log them. */
  const output = ({ status, body }: Reply, place: string): Reply => {
    if (status >= 400) outputs.push([`error ${place}`, JSON.stringify(body, withoutWord)])
    return { status, body, headers: new Headers() }
  }
  for (const [name, number] of Object.entries(numbers)) {
    for (const i of [1, 2]) {
      output(await operator.send(number, `${TEXT} ${i}`, { metadata: { name: TEXT, number }, idempotencyKey: `order-${number}-${i}` }), name)
    }
    output(await operator.send(number, { body: TEXT }, { type: 'text' }), name)
    output(await operator.post('/messages/batch', [{ to: number, message: TEXT }, { to: number }, { to: TEXT, message: number }]), 'batch')
    output(await operator.post('/messages', { to: number, message: TEXT, priority: TEXT, unknown: number }), 'field')
    output(await operator.send(number, 'other', { idempotencyKey: `order-${number}-1` }), 'reused')
    output(await operator.send(number, TEXT, { whenLimited: 'reject' }), 'limited')
    output(
      await request(`${node.found}/v25.0/111/messages`, {
        method: 'POST',
        headers: { authorization: `Bearer ${keys.operator}`, 'content-type': 'application/json' },
        body: JSON.stringify({ messaging_product: 'whatsapp', to: number, type: 'text', text: { body: TEXT, [number]: TEXT } })
      }),
      'drop-in'
    )
    const escaped = encodeURIComponent(number)
    for (const path of [
      `/messages?recipient=${escaped}`,
      `/rate-limits/${escaped}`,
      `/messages/${escaped}`,
      `/messages/order-${escaped}-1`,
      `/failures?recipient=${escaped}`,
      `/nowhere/${escaped}`,
      `/messages/${escaped}%zz`,
      `/messages?recipient=${escaped}&limit=${TEXT}`
    ]) { output(await operator.get(path), path.split(/[/?]/)[1] ?? '') }
    for (const key of [TEXT, `${keys.operator}x`, undefined]) output(await createCaller(node.found, key).get(`/messages?recipient=${escaped}`), 'key')
  }
  for (const body of [
    `{"to":"${numbers.plain}","message":"${TEXT}"`,
    `${TEXT} ${numbers.plain}`,
    `{"to":"${numbers.plain}","message":${'['.repeat(100)}"${TEXT}"${']'.repeat(100)}}`
  ]) {
    output(
      await request(`${node.found}/api/v1/messages`, {
        method: 'POST',
        headers: { authorization: `Bearer ${keys.operator}`, 'content-type': 'application/json' },
        body
      }),
      'broken body'
    )
  }
  await until('retries have run', async () => (await operator.get('/workers/retry')).body['lastResult'] !== null)
  await pass(1500)
  output(await operator.post('/failures/retry', { force: true }), 'retry')
  await operator.post('/failures/acknowledge', { recipient: numbers.failed })
  await operator.del(`/rate-limits/${encodeURIComponent(numbers.plain)}`)
  await operator.del(`/recipients/${encodeURIComponent(numbers.slow)}`)
  await operator.post('/senders/111/pause')
  await operator.del(`/messages/${(await operator.send(numbers.plain, TEXT, { idempotencyKey: 'to-cancel' })).body['id']}`)

  outputs.push(['metrics', (await request(`${node.found}/metrics`)).body['text']])
  outputs.push(['audit', JSON.stringify((await operator.get('/audit')).body)])
  outputs.push(['stats', JSON.stringify([(await operator.get('/stats')).body, (await operator.get('/senders')).body])])
  const board = openBoard({ origin: node.found })
  for (const queue of ['WHATSAPP', 'WHATSAPP-drain', 'WHATSAPP-retry', 'WHATSAPP-housekeeping', 'WHATSAPP-bulk']) {
    for (const status of ['latest', 'waiting', 'delayed', 'paused', 'failed', 'completed']) {
      outputs.push(['dashboard', JSON.stringify((await board.get(`/api/queues?activeQueue=${queue}&status=${status}&page=1&jobsPerPage=50`)).body)])
    }
  }
  for (const key of await redis.connect().keys('*WHATSAPP-*')) {
    outputs.push(['BullMQ', `${key} ${((await redis.connect().dump(key)) ?? '').toString()}`])
  }
  // While Redis is down every request logs an error.
  await redis.stop()
  output(await operator.send(numbers.plain, TEXT), 'without Redis')
  await redis.restart()
  await node.end('SIGTERM')
  outputs.push(['log', node.output()])

  t.ok(
    node.output().split('\n').length > 100 && outputs.length > 100,
    `${outputs.length} outputs and ${node.output().split('\n').length} log lines to search`
  )
  const found = outputs.flatMap(([place, text]) =>
    secrets
      .filter(secret => text.includes(secret))
      .map(secret => `${place}: ${secret} in ${text.slice(Math.max(0, text.indexOf(secret) - 100), text.indexOf(secret) + 40)}`)
  )
  t.same([...new Set(found)].slice(0, 20), [])
})

await t.test('keys are compared by their hash, which cannot be chosen, and unknown ones are rejected', t => {
  const callers = createCallerRegistry(Object.entries(keys).map(([name, key]) => ({ caller: { name, role: 'send' }, keys: [hashKey(key)] })))
  t.same(Object.values(keys).map(key => callers.find(key)?.name), Object.keys(keys))
  const longer = Object.values(keys).flatMap(key => [`${key}x`, `${key}é`, `${key}😀`])
  const wrong = ['', keys.app.slice(0, -1), `${keys.app} `, ...longer, keys.app.toUpperCase(), 'x'.repeat(100_000), '__proto__', hashKey(keys.app)]
  t.same(wrong.filter(key => callers.find(key) !== undefined), [])
  t.end()
})
