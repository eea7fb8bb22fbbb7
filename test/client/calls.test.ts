/** Every call of the client against a real node: its result, that each API operation has a call, and docs/client.md. */
import t from 'tap'
import { SluiceClient, SluiceClientError } from '../../src/client/index.js'
import { lines, read } from '../contract/tree.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, keys } from '../support/gateway.js'
import { createChecker, type Document } from '../http/document.js'
import { rejection } from './faulty-proxy.js'

const environment = await createTestEnvironment(t, longStartWindow)
const document = JSON.parse(read('docs/openapi.json')) as Document
const validator = createChecker(document)

await t.test('each operation of the API has a call, and its result fits the OpenAPI document', async t => {
  const node = await environment.start(t)
  const client = new SluiceClient({ baseUrl: node.origin, apiKey: keys.operator })
  t.teardown(async () => await client.close())
  const fits = (schema: string, value: unknown): void => {
    t.equal(validator.value({ $ref: `#/components/schemas/${schema}` }, value), '', schema)
  }
  const to = '+1 555 000 6001'

  const sent = await client.sendMessage(to, 'Hello', { metadata: { orderId: 'C-1' } })
  fits('Sent', sent)
  t.match(sent, { immediate: true, queued: false, duplicate: false, keySource: 'field' })
  const queued = await client.sendMessage(to, 'Hello', { scheduledFor: Date.now() + 60_000 })
  fits('Accepted', queued)
  t.match(queued, { queued: true }, 'an equal text is another message: each call has its own key')
  const failed = await rejection(client.sendMessage('+155601310260061', 'Hello'))
  t.match(failed, {
    code: 'PROVIDER_REJECTED', status: 422, idempotencyKey: /^sluice:/, problem: { id: /./, error: { code: '131026' } }
  })
  const { id: failedId } = failed['problem'] as { id: string }

  const first = { to: '+15550006002', message: 'one', idempotencyKey: 'b-1' }
  t.match(await client.sendBatch([first, { to: 'not-a-number', message: 'two' }, first]), [
    { httpStatus: 202, queued: true }, { httpStatus: 400, code: 'INVALID_RECIPIENT', field: 'to' }, { httpStatus: 200, duplicate: true }
  ])

  const checked = await client.checkBatch([first, { to: '+15550006003', message: 'new' }])
  fits('Checked', checked)
  t.match(checked.results, [{ duplicate: true }, { duplicate: false, id: null }])

  fits('Message', await client.getMessage(sent.id))
  t.match(await client.getMessage('b-1', { sender: SENDER }), { idempotencyKey: 'b-1' }, 'also by the caller\'s key')
  t.strictSame((await client.findMessages({ tag: 'orderId:C-1' })).map(message => message.id), [sent.id])
  const moved = await client.moveMessage(queued.id, { priority: 'urgent' })
  fits('Message', moved)
  t.match(moved, { priority: 'urgent', moves: [{ by: 'operator', priority: 'urgent' }] })
  t.match(await client.cancelMessage(queued.id), { status: 'cancelled' })

  const failures = []
  for await (const failure of client.failures({ status: 'FAILED', limit: 1 })) failures.push(failure)
  t.strictSame(failures.map(failure => failure.id), [failedId])
  fits('Failure', failures[0])
  fits('FailureSummary', await client.summarizeFailures())
  fits('RetryCounts', await client.retryFailedMessages(10))
  t.match(await client.acknowledgeFailure(failedId, { note: 'called' }), { id: failedId })
  t.match(await client.acknowledgeFailures(), { acknowledged: 0 })
  t.match(await client.retryFailure(failedId), { total: 1 })

  fits('RateLimit', await client.getRateLimit(to))
  t.match(await client.clearRateLimit(to), { recipient: to, cleared: true })
  t.match(await client.stopMarketing(to, { reason: 'asked' }), { recipient: '15550006001' })
  fits('OptOuts', await client.listOptOuts())
  t.match(await client.resumeMarketing(to), { recipient: '15550006001' })
  fits('Erased', await client.eraseRecipient(to))

  const stats = await client.getStats()
  fits('Stats', stats)
  t.match(stats, { throttling: { activeRateLimits: Number }, deliveryFailures: { pending: Number }, queue: { waiting: Number } },
    'the three parts of the original')
  fits('Activity', await client.getActivity({ sender: SENDER }))
  fits('QueueStats', await client.getQueueStats())
  t.match(await client.pauseRetries(), { isRunning: false, stoppedBy: 'operator' })
  t.match(await client.resumeRetries(), { stoppedBy: null })
  fits('RetryWorkerStatus', await client.getRetryStatus())
  t.match(await client.pauseSender(SENDER, { forMs: 60_000, note: 'Stock count' }), { state: 'paused', reason: 'operator: Stock count' })
  t.match(await client.resumeSender(SENDER), { state: 'active' })
  t.match(await client.changeQuota(SENDER, { perSecond: 50 }), { perSecond: 50 })
  fits('Templates', await client.listTemplates(SENDER))
  t.match(await client.putRate(SENDER, { category: 'marketing', perSecond: 5 }), { rates: [{ category: 'marketing', perSecond: 5, waiting: 0 }] })
  fits('Rates', await client.listRates(SENDER))
  t.match(await client.putRate(SENDER, { category: 'marketing', perSecond: null }), { rates: [] })
  t.match(await rejection(client.resumeTemplate(SENDER, { name: 'order_ready', language: 'en_US' })), { code: 'NOT_FOUND', field: 'name' })
  t.match(await client.listSenders(), [{ id: SENDER }])
  t.match((await client.listAudit({ limit: 3 })).map(({ action }) => action), ['set-rate', 'set-rate', 'quota'])
  t.match(await client.getCaller(), { name: 'operator', role: 'admin' })
  fits('Code', await client.getCode('131026'))
  const { id: jobId, ...job } = await client.startJob({ action: 'acknowledge', filter: { errorCode: '131026' }, dryRun: true })
  t.match(job, { action: 'acknowledge', filter: 'errorCode=131026', dryRun: true, done: 0 })
  fits('BulkJob', await client.getJob(jobId))
  fits('BulkJob', await client.stopJob(jobId))
  t.match((await client.listJobs({ limit: 5 })).map(({ id }) => id), [jobId])

  const campaign = 'spring-sale'
  fits('Campaign', await client.putCampaign(campaign))
  t.match(await client.putCampaign(campaign, { lane: 'bulk', perSecond: 20, startAt: '2030-01-31T09:00:00Z' }), {
    lane: 'bulk', perSecond: 20, startAt: '2030-01-31T09:00:00.000Z', endAt: null
  })
  t.match(await client.putCampaign(campaign, { startAt: null, perSecond: null }), { lane: 'bulk', perSecond: null, startAt: null })
  t.match(await client.pauseCampaign(campaign), { state: 'paused' })
  t.match(await client.sendMessage('+15550006004', 'Hello', { campaign }), { queued: true, waitingFor: 'campaign-paused' })
  t.match(await client.resumeCampaign(campaign), { state: 'running' })
  t.match(await client.retryCampaign(campaign), { jobs: [{ action: 'retry' }] })
  fits('Campaign', await client.cancelCampaign(campaign))
  t.match(await client.getCampaign(campaign), { name: campaign, state: 'cancelled', accepted: 1 })
  t.match((await client.listCampaigns()).map(({ name }) => name), [campaign])
  const callers = await client.listCallers()
  for (const caller of callers) fits('CallerState', caller)
  t.strictSame(callers.map(({ name }) => name), ['app', 'shop', 'viewer', 'operator'])
  t.equal(await client.isReady(), true)

  const called = new Set(node.seen('request.completed').map(({ method, route }) => `${method} ${route.replaceAll(/:(\w+)/g, '{$1}')}`))
  const operations = Object.entries(document.paths).filter(([path]) => path.startsWith('/api/v1/'))
    .flatMap(([path, methods]) => Object.keys(methods).map(method => `${method.toUpperCase()} ${path}`))
  const replaced = ['GET /api/v1/messages', 'GET /api/v1/rate-limits/{recipient}']
  t.strictSame(operations.filter(one => !called.has(one)), replaced, 'the client uses POST instead, without a number in the address')
})

await t.test('users and groups are recipients, and respondAsync queues a message', async t => {
  const node = await environment.start(t)
  const client = new SluiceClient({ baseUrl: node.origin, apiKey: keys.app })
  t.teardown(async () => await client.close())
  t.match(await client.sendMessage({ recipient: 'US.13491208655302741918' }, 'Hello'), { immediate: true })
  t.match(await client.sendMessage({ group: 'Y2FwaV9ncm91cDox' }, 'Hello', { respondAsync: true }), { immediate: false, queued: true })
})

await t.test('an error has code, status and field, and contains neither key nor number', async t => {
  const node = await environment.start(t)
  const client = new SluiceClient({ baseUrl: `${node.origin}/`, apiKey: keys.app })
  const unknown = new SluiceClient({ baseUrl: node.origin, apiKey: 'not-a-key-of-the-gateway' })
  t.teardown(async () => await Promise.all([client.close(), unknown.close()]))
  const wrong = await rejection(client.sendMessage('+1555 not-a-number', 'Hello'))
  t.ok(wrong instanceof SluiceClientError)
  t.match(wrong, { code: 'INVALID_RECIPIENT', status: 400, field: 'to' })
  t.match(await rejection(client.sendMessage('+15550006010', 'Hello', { expiresInMs: 1 })), { code: 'INVALID_REQUEST', field: 'expiresInMs' })
  t.match(await rejection(client.getStats()), { code: 'FORBIDDEN', status: 403 })
  t.match(await rejection(client.getMessage('nothing')), { code: 'NOT_FOUND', field: 'id' })
  const rejected = await rejection(unknown.sendMessage('+15550006010', 'Hello'))
  t.match(rejected, { code: 'UNAUTHENTICATED', status: 401 })
  t.notMatch(JSON.stringify([wrong, rejected]) + String(wrong['stack']), /a-key|1555|Hello/)
})

await t.test('equal messages are duplicates if the gateway derives the key, or the caller gives the same one', async t => {
  const node = await environment.start(t)
  const client = new SluiceClient({ baseUrl: node.origin, apiKey: keys.app })
  t.teardown(async () => await client.close())
  const to = '+1 (555) 000-6020'
  const first = await client.sendMessage(to, 'Hello', { deduplicate: true })
  t.match(first, { immediate: true, keySource: 'derived', idempotencyKey: client.generateIdempotencyKey(to, 'Hello') })
  t.match(await client.sendMessage(to, 'Hello', { deduplicate: true }), { duplicate: true, id: first.id })
  const timedKey = client.generateIdempotencyKey(to, 'Hello', { timestamp: 1_700_000_000_000 })
  t.match(await client.sendMessage(to, 'Hello', { timestamp: 1_700_000_000_000 }), { duplicate: false, idempotencyKey: timedKey })
  t.match(await client.sendMessage(to, 'Hello', { idempotencyKey: 'mine' }), { duplicate: false })
  t.match(await client.sendMessage(to, 'Hello', { idempotencyKey: 'mine' }), { duplicate: true })
})

await t.test('the derived key equals the gateway\'s for one person, however number and times are written', async t => {
  const node = await environment.start(t)
  const client = new SluiceClient({ baseUrl: node.origin, apiKey: keys.app })
  t.teardown(async () => await client.close())
  const at = Date.now() + 86_400_000
  const written = [['+5511987656021', at], ['55 11 8765-6021', new Date(at).toISOString()], ['551187656021', String(at)]] as const
  const options = { timestamp: '2026-01-31T09:30:00+01:00', deduplicate: true }
  const results = []
  for (const [to, scheduledFor] of written) {
    results.push(await client.sendMessage(to, 'Seu pedido saiu', { ...options, scheduledFor }))
    t.match(results.at(-1), { idempotencyKey: client.generateIdempotencyKey(to, 'Seu pedido saiu', { ...options, scheduledFor }) })
  }
  t.strictSame(results.map(({ duplicate }) => duplicate), [false, true, true])
  t.equal(new Set(results.map(({ id }) => id)).size, 1)
  t.match(await client.sendMessage(written[0][0], 'Seu pedido saiu', { ...options, scheduledFor: at + 1 }), { duplicate: false })
  t.throws(() => client.generateIdempotencyKey('0015550006021', 'x'), { name: 'TypeError', message: /instead of 00/ })
  t.throws(() => client.generateIdempotencyKey('+15550006021', 'x', { timestamp: '2026-01-31' }), { message: /^timestamp: / })
})

await t.test('a value that JSON cannot hold is never sent', async t => {
  const client = new SluiceClient({ baseUrl: 'http://127.0.0.1:9' })
  t.teardown(async () => await client.close())
  const message = { type: 'location', location: { latitude: NaN, longitude: 1 } }
  await t.rejects(client.sendMessage('+15550006022', message), { name: 'TypeError', message: /^message\.location\.latitude: .*not finite/ })
  await t.rejects(client.sendMessage('+15550006022', { type: 'image', image: { id: 2 ** 60 } }), { message: /^message\.image\.id: .*string/ })
})

const examples = [...read('docs/client.md').matchAll(/^```js\n([^]*?)^```/gm)].map(([, code = '']) => code)

await t.test('every example of docs/client.md runs, with another address and key', async t => {
  const node = await environment.start(t)
  const printed: string[] = []
  const whatsapp = new SluiceClient({ baseUrl: node.origin, apiKey: keys.operator })
  t.teardown(async () => await whatsapp.close())
  const names = { SluiceClient, SluiceClientError, whatsapp, console: { log: (...values: unknown[]) => printed.push(values.join(' ')) } }
  const AsyncFunction = (async () => {}).constructor as FunctionConstructor
  t.equal(examples.length, 3)
  for (const code of examples) {
    const body = code.replaceAll(/^import .*$/gm, '')
      .replace('http://localhost:3000', node.origin).replace('process.env.SLUICE_API_KEY', `'${keys.operator}'`)
    // The first two make their own client.
    await AsyncFunction(...Object.keys(names), `{${body}}`)(...Object.values(names))
  }
  t.match(printed, [/^sent wamid\./, 'wrong: to', /^\d 0 \d 0 0 0 0$/, 'not accepted: 0'])
  t.equal((await environment.arrivals('+15550101234', 2)).length, 2)
})

await t.test('the table of docs/client.md has exactly the calls of the client', async t => {
  const rows = lines('docs/client.md').flatMap(line => /^\| `(\w+)\(/.exec(line)?.[1] ?? [])
  const parts = [SluiceClient.prototype, Object.getPrototypeOf(SluiceClient.prototype) as object]
  const calls = parts.flatMap(part => Object.getOwnPropertyNames(part))
  t.strictSame(rows.sort(), calls.filter(name => name !== 'constructor').sort())
})
