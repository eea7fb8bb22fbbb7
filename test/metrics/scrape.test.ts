/** GET /metrics of real nodes, as Prometheus reads it. */
import t from 'tap'
import { complaintOf, missing } from '../grafana/monitoring.js'
import { startSandbox } from '../sandbox/support.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { keys, SENDER, startNode, type Node } from '../support/gateway.js'
import { measureLag } from '../support/observe.js'
import { startRedis } from '../support/redis.js'
import { fetchWithRetry } from '../support/request.js'
import { pass, until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)

async function scrape (node: Pick<Node, 'origin'>): Promise<Scraped> {
  const response = await fetch(`${node.origin}/metrics`)
  t.equal(response.status, 200)
  t.match(response.headers.get('content-type'), /^text\/plain; version=0\.0\.4/)
  return read(await response.text())
}

/** Complaints of promtool, if it is installed. */
function lint ({ text }: Scraped): string {
  return missing('promtool') === false ? complaintOf('promtool', ['check', 'metrics'], text) : ''
}

/** A scrape with a reading that is newer than `node`'s last response. */
async function scrapeNext (node: Pick<Node, 'origin'>): Promise<Scraped> {
  await pass(1000)
  return await scrape(node)
}

await t.test('every role serves metrics without a key, and promtool accepts them', async t => {
  const all = await environment.start(t)
  await all.send('+15550008001')
  for (const ROLE of ['api', 'worker', 'all']) {
    const node = ROLE === 'all' ? all : await environment.start(t, { ROLE }, { prefix: all.prefix })
    const scraped = await scrape(node)
    t.equal(lint(scraped), '', ROLE)
    t.match(scraped.text, new RegExp(`^sluice_build_info{version="[\\d.]+",role="${ROLE}",node="\\w+"} 1$`, 'm'))
    t.equal(scraped.value('sluice_retry_worker_running'), 1)
    t.equal(scraped.value('sluice_redis_up'), 1)
    t.equal(scraped.value('sluice_scrape_failed'), 0)
    t.ok((scraped.value('process_resident_memory_bytes') ?? 0) > 1e7)
  }
})

await t.test('each message counts in one state, and all nodes report the same', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '60000' })
  const other = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '60000' }, { prefix: node.prefix })
  for (let i = 0; i < 3; i++) await node.send('+15550008010', `number ${i}`)
  await node.send('+15550008011', 'later', { scheduledFor: new Date(Date.now() + 3_600_000).toISOString() })
  await node.send('+155601310000012')
  await node.send('+155601310260013')
  const outside = { suspended: 0, awaiting: 0, 'daily-limit': 0, 'templates-stopped': 0, 'template-rate': 0, 'category-rate': 0 }
  const state = { waiting: 0, delayed: 2, paused: 0, active: 0, scheduled: 1, ...outside, retrying: 1, unknown: 0 }
  for (const one of [node, other]) {
    const scraped = await scrape(one)
    t.same(scraped.by('sluice_queue_messages', 'state'), state)
    t.same(scraped.by('sluice_delivery_failures', 'status'), { pending: 1, resolved: 0, failed: 1 })
    t.same(scraped.by('sluice_delivery_failures_unacknowledged', 'reason'), { rejected: 1, exhausted: 0, expired: 0, unknown: 0 })
    t.same(scraped.by('sluice_sender_state', 'state'), { active: 1, paused: 0, stopped: 0 })
    t.equal(scraped.value('sluice_sender_rate_limit', { sender: SENDER }), 1000)
    t.equal(scraped.value('sluice_active_rate_limits', { sender: SENDER }), 3)
    t.equal(scraped.value('sluice_sent_last_day', { sender: SENDER }), 1)
  }
  await node.post(`/senders/${SENDER}/pause`)
  const paused = await scrapeNext(node)
  t.same(paused.by('sluice_queue_messages', 'state'), { ...state, delayed: 0, paused: 2 })
  t.same(paused.by('sluice_sender_state', 'state'), { active: 0, paused: 1, stopped: 0 })
  t.equal(paused.value('sluice_sender_open', { sender: SENDER }), 0)
})

await t.test('the used share of a daily limit is the portfolio\'s, not that of one sender', async t => {
  const list = ['d1', 'd2', 'd3'].map(id => ({ id, accessToken: 'token', ...(id === 'd3' ? { dailyLimit: 'off' } : { portfolio: 'acme' }) }))
  const file = `${t.testdir({ 'senders.json': JSON.stringify(list) })}/senders.json`
  const node = await environment.start(t, {
    WHATSAPP_SENDERS_FILE: file, WHATSAPP_ACCESS_TOKEN: '', DAILY_LIMIT: 'auto', PORTFOLIO_DAILY_LIMIT: '4', MESSAGE_LIFE_MS: String(72 * 3_600_000)
  })
  const message = { type: 'template', template: { name: 'order_ready', language: { code: 'en_US' } } }
  const limit = async (sender: string): Promise<number | undefined> => (await scrapeNext(node)).value('sluice_daily_limit', { sender })
  await until('each has half', async () => await limit('d1') === 2 && await limit('d2') === 2, 30_000)
  for (const to of ['+15550008061', '+15550008062']) t.match((await node.post('/messages', { sender: 'd1', to, message })).body, { status: 'sent' })
  t.match((await node.post('/messages', { sender: 'd1', to: '+15550008063', message })).body, { waitingFor: 'daily-limit' })
  const reached = await scrapeNext(node)
  t.equal(reached.value('sluice_queue_messages', { sender: 'd1', state: 'daily-limit' }), 1)
  t.same(reached.by('sluice_daily_used', 'sender'), { d1: 2, d2: 0 }, 'a sender that counts none has no series')
  t.same(reached.by('sluice_daily_used_ratio', 'sender'), { d1: 0.5, d2: 0.5 })
  t.same(Object.keys(reached.by('sluice_daily_limit', 'sender')), ['d1', 'd2'])
})

await t.test('a failure counts until it is acknowledged, and again when it fails once more', async t => {
  const node = await environment.start(t)
  const { body } = await node.send('+155601310260020')
  const unseen = async (): Promise<number | undefined> =>
    (await scrapeNext(node)).value('sluice_delivery_failures_unacknowledged', { reason: 'rejected' })
  t.equal(await unseen(), 1)
  t.match((await node.post('/failures/acknowledge', {})).body, { acknowledged: 1 })
  t.equal(await unseen(), 0)
  await node.del('/rate-limits/+155601310260020')
  t.match((await node.post(`/failures/${body['id']}/retry`)).body, { permanentlyFailed: 1 })
  t.equal(await unseen(), 1)
  t.match((await node.post('/failures/acknowledge', {})).body, { acknowledged: 1 }, 'the API counts the same failure')
})

await t.test('concurrent scrapes and scrapes within a second share one reading', async t => {
  const node = await environment.start(t)
  const readings = async (): Promise<number> =>
    (await scrape(node)).value('sluice_redis_script_duration_seconds_count', { script: 'inspect-sender' }) ?? 0
  // Repeated if the machine stalled so long that the last scrape came after the second.
  const shared = await until('twenty scrapes and one within a second', async () => {
    const before = await readings()
    await pass(1000)
    const startedAt = performance.now()
    const after = [...await Promise.all(Array.from({ length: 20 }, readings)), await readings()]
    return performance.now() - startedAt < 1000 && after.map(count => count - before)
  })
  t.same(new Set(shared), new Set([1]))
})

await t.test('no scrape holds a recipient, id, key or text', async t => {
  const node = await environment.start(t, {
    WHATSAPP_RATE_LIMIT_MS: '100',
    SEND_TIMEOUT_MS: '400',
    INLINE_WAIT_MS: '100',
    WHATSAPP_RETRY_SCHEDULE_MS: '50,50',
    WHATSAPP_RETRY_INTERVAL_MS: '200'
  })
  const text = 'Ciphertext-of-a-message'
  const ids: string[] = []
  for (const to of [
    '+15550008030',
    '+155621310000031',
    '+155601310260032',
    '+155600001900033',
    '+155601310560034',
    '+15556020035',
    '+15558400036',
    '+155609876540037'
  ]) {
    for (const key of ['order-4711', undefined]) {
      const { body } = await node.send(to, text, {
        tag: undefined,
        metadata: { customer: 'customer-0815' },
        ...(key === undefined ? {} : { idempotencyKey: `${key}-${to.slice(1)}` })
      })
      ids.push(body['id'])
    }
  }
  await node.send('+15550008030', text)
  await node.send('+15550008030', 'other', { idempotencyKey: 'order-4711-15550008030' })
  await node.send('+15550008038', text, { whenLimited: 'reject' })
  await node.send('12', text)
  for (const path of [
    '/rate-limits/+15550008030',
    '/messages/order-4711-15550008030',
    `/messages/${ids[0]}`,
    '/messages/+15550008039',
    '/nowhere/15550008030',
    '/failures?recipient=15560131000'
  ]) { await node.get(path) }
  await fetchWithRetry(`${node.origin}/15550008030`)
  await fetch(`${node.origin}/api/v1/messages`, { method: 'PATCH' })
  await node.del('/rate-limits/+15550008030')
  await node.del(`/messages/${ids.at(-1)}`)
  await node.post(`/senders/${SENDER}/pause`, { forMs: 10 })
  await node.as(keys.shop).get('/audit')
  await until(
    'most attempts are settled, one of them with an unknown code',
    () => node.seen('attempt.settled').length >= 10 && node.seen('attempt.settled').some(({ code }) => code === '987654')
  )
  const { text: scraped, value } = await scrapeNext(node)
  // A sum may have any digits, and the name of a caller is the value of its own label only.
  const withoutValues = scraped.replaceAll(/ \S+$/gm, '').replaceAll(/(sluice_caller_\w+\{.*)caller="[\w-]+"/g, '$1')
  const secrets = [
    /1?555\d{4,}/,
    /155[56]0/,
    /order-4711/,
    /Ciphertext/,
    /customer/,
    /wamid/,
    /operator[^_]|"app"|"shop"/,
    ...ids.map(id => new RegExp(id.split('.')[1] ?? id))
  ]
  for (const secret of secrets) t.notMatch(withoutValues, secret)
  t.equal(value('sluice_http_requests_total', { route: 'unknown', status: '404', method: 'GET' }), 2)
  t.ok(value('sluice_http_requests_total', { route: '/api/v1/messages/:id', method: 'GET' }))
  t.ok(value('sluice_provider_requests_total', { code: 'other' }), 'an unknown code is exported as other')
})

await t.test('while Redis hangs or is down a scrape responds soon, says so, and holds no stale gauges', async t => {
  const redis = await startRedis(t)
  const sandbox = await startSandbox(t)
  const node = await startNode(t, { redisUrl: redis.url, apiUrl: sandbox.url })
  await node.send('+15550008040')
  t.ok((await scrape(node)).value('sluice_inflight_limit'))
  const broken = async (): Promise<void> => {
    await pass(1000)
    const lag = measureLag(5000)
    const askedAt = performance.now()
    const scrapes = await Promise.all([scrape(node), scrape(node), scrape(node)])
    const tookMs = performance.now() - askedAt
    t.ok(tookMs < 800 + 2 * lag(), `${Math.round(tookMs)} ms`)
    for (const scraped of scrapes) {
      t.same([scraped.value('sluice_redis_up'), scraped.value('sluice_scrape_failed')], [0, 1])
      t.equal(scraped.value('sluice_messages_settled_total', { outcome: 'sent' }), 1, 'the node\'s own counters are exported')
      t.notMatch(scraped.text, /sluice_(queue_messages|inflight|sender_open|retry_worker_running|redis_memory)/)
      t.equal(lint(scraped), '')
    }
  }
  process.kill(redis.pid, 'SIGSTOP')
  await broken()
  process.kill(redis.pid, 'SIGCONT')
  await until('Redis is read again', async () => (await scrape(node)).value('sluice_scrape_failed') === 0)
  await redis.kill()
  await broken()
  await redis.restart()
  await until('Redis is read again', async () => (await scrape(node)).value('sluice_redis_up') === 1)
  t.equal((await scrape(node)).value('sluice_sent_last_day'), 1)
  t.same(node.seen('unexpected-error').filter(({ location }) => location === 'scrape'), [])
})

interface Scraped {
  text: string
  /** The value of the first series with this name and these labels. */
  value: (name: string, labels?: Record<string, string>) => number | undefined
  /** Values of a metric by one of its labels. */
  by: (name: string, label: string) => Record<string, number>
}

interface Series { name: string, labels: Record<string, string>, value: number }

/** Parses the text format of Prometheus as far as the tests need it. */
function read (text: string): Scraped {
  const series = text.split('\n').filter(line => line !== '' && !line.startsWith('#')).map(parse)
  return {
    text,
    value: (name, labels = {}) =>
      series.find(one => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value))?.value,
    by: (name, label) => Object.fromEntries(series.filter(one => one.name === name).map(({ labels, value }) => [labels[label], value]))
  }
}

function parse (line: string): Series {
  const [, name = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
  return {
    name,
    value: Number(value),
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', value = '']) => [label, value]))
  }
}
