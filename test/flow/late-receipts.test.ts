/** Statuses that arrive late: while a later attempt is in flight, and after the window of the message's key. */
import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, type Node } from '../support/gateway.js'
import { request } from '../support/request.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const SECRET = 'app-secret-of-the-test'
const withWebhooks = { WHATSAPP_APP_SECRET: SECRET, WHATSAPP_VERIFY_TOKEN: 'verify-me', WHATSAPP_RATE_LIMIT_MS: '60' }

interface Provider {
  url: string
  /** The attempt names of the requests so far. */
  requests: string[]
}

/** A provider whose response to each request is up to the test; `at` counts from 1. */
async function startProvider (
  t: Test,
  handle: (attempt: number, response: ServerResponse, requests: string[]) => Promise<void>
): Promise<Provider> {
  const requests: string[] = []
  const server = createServer((incoming: IncomingMessage, response) => {
    let body = ''
    incoming.on('data', piece => { body += piece })
    incoming.on('end', () => {
      requests.push((JSON.parse(body) as { biz_opaque_callback_data: string }).biz_opaque_callback_data)
      handle(requests.length, response, requests).catch((error: unknown) => { response.destroy(error as Error) })
    })
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v25.0`, requests }
}

function respond (response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

const accepted = (attempt: number): object => ({ messaging_product: 'whatsapp', contacts: [], messages: [{ id: `wamid.${attempt}` }] })

/** Posts one status as Meta does, again until it is accepted. */
async function report (node: Node, wamid: string, opaque: string | undefined, status: string, code?: number): Promise<void> {
  const one = { id: wamid, status, timestamp: '1750030073', biz_opaque_callback_data: opaque, ...(code === undefined ? {} : { errors: [{ code }] }) }
  const body = JSON.stringify({
    object: 'whatsapp_business_account',
    entry: [{ id: '1', changes: [{ field: 'messages', value: { metadata: { phone_number_id: SENDER }, statuses: [one] } }] }]
  })
  const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`
  const headers = { 'x-hub-signature-256': signature, 'content-type': 'application/json' }
  await until('the webhook is accepted', async () =>
    (await request(`${node.origin}/webhooks/whatsapp`, { method: 'POST', body, headers })).status === 200)
}

const stateOf = async (node: Node, id: string): Promise<Record<string, any>> => (await node.get(`/messages/${id}`)).body

for (const [name, status, code] of [['retryable', 500, 131000], ['rejected', 400, 131026], ['rate limited', 400, 131056]] as const) {
  await t.test(`a message that was read stays read when its second attempt, in flight meanwhile, is ${name}`, async t => {
    const nodes: Node[] = []
    const provider = await startProvider(t, async (attempt, response, requests) => {
      // Taken, delivered and read, and never responded to.
      if (attempt === 1) return
      if (attempt > 2) {
        respond(response, 200, accepted(attempt))
        return
      }
      for (const node of nodes) for (const kind of ['sent', 'delivered', 'read']) await report(node, 'wamid.1', requests[0], kind)
      respond(response, status, { error: { message: 'no', code } })
    })
    const node = await environment.start(t, {
      ...withWebhooks,
      SEND_TIMEOUT_MS: '1000',
      UNKNOWN_HOLD_MS: '1500',
      WHATSAPP_RETRY_INTERVAL_MS: '200',
      WHATSAPP_RETRY_SCHEDULE_MS: '300,300,300'
    }, { apiUrl: provider.url })
    nodes.push(node)
    const { body: { id } } = await node.send('+15550000901')
    const [{ settlement } = {}] = await until('the second attempt is settled', () => {
      const found = node.seen('attempt.settled').filter(({ attempt }) => attempt === 2)
      return found.length > 0 && found
    }, 30_000)
    t.equal(settlement, 'superseded')
    t.match(await stateOf(node, id), { status: 'read', providerMessageId: 'wamid.1', readAt: String })
    t.equal(await environment.redis.connect().hlen(`{${node.prefix}:${SENDER}}:backlog`), 0, 'nothing is left to send')
    const runs = node.seen('retry-worker.ran').length
    await until('the retry worker ran twice more', () => node.seen('retry-worker.ran').length >= runs + 2)
    t.equal(provider.requests.length, 2)
    t.match((await node.get('/queues/stats')).body, { completed: 1, failed: 0 })
    const [failure] = (await node.get('/failures')).body['failures']
    t.match(failure, { id, status: 'RESOLVED' })
    t.strictSame(failure.attempts.map(({ attempt }: { attempt: number }) => attempt), name === 'rate limited' ? [1, 1] : [1, 1, 2])
  })
}

await t.test('after the key\'s window a failure is retried, a delivery settles nothing, and a key used again changes neither', async t => {
  const provider = await startProvider(t, async (attempt, response) => { respond(response, 200, accepted(attempt)) })
  const node = await environment.start(t, {
    ...withWebhooks, IDEMPOTENCY_TTL_MS: '60000', WHATSAPP_RETRY_SCHEDULE_MS: '600000', WHATSAPP_RETRY_INTERVAL_MS: '600000'
  }, { apiUrl: provider.url })
  const send = async (attempt: number): Promise<Record<string, any>> =>
    (await node.send(`+1555000091${attempt}`, 'A reminder', { idempotencyKey: `reminder-${attempt}`, metadata: { orderId: attempt } })).body
  const [reused, failed, delivered] = [await send(1), await send(2), await send(3)]
  t.equal(provider.requests.length, 3)
  const again = await until('the key is free', async () => {
    const body = await send(1)
    return body['duplicate'] === false && body
  }, 90_000)
  t.match(again, { status: 'sent' })
  t.not(again['id'], reused?.['id'])
  for (const [i, { id }] of [reused, failed, delivered].entries()) {
    t.match(await stateOf(node, id), { status: 'sent', providerMessageId: `wamid.${i + 1}` }, 'it can be looked up')
  }
  await report(node, 'wamid.1', provider.requests[0], 'failed', 131000)
  await report(node, 'wamid.2', provider.requests[1], 'failed', 131000)
  await report(node, 'wamid.3', provider.requests[2], 'delivered')
  t.match(await stateOf(node, reused?.['id']), { status: 'retrying' })
  t.match(await stateOf(node, failed?.['id']), { status: 'retrying' })
  t.match(await stateOf(node, delivered?.['id']), { status: 'delivered' })
  t.match(await stateOf(node, again['id']), { status: 'sent' }, 'the younger message is another one')
  const failures = (await node.get('/failures')).body['failures'] as Array<Record<string, any>>
  t.strictSame(failures.map(({ id, status }) => [id, status]).sort(), [reused, failed].map(body => [body?.['id'], 'PENDING']).sort())
  t.match((await node.get('/queues/stats')).body, { completed: 2 }, 'the delivered one and the younger one')
})

await t.test('a failure without content keeps what the message was called, and a delivery resolves it', async t => {
  const provider = await startProvider(t, async (attempt, response) => { respond(response, 200, accepted(attempt)) })
  // Nothing listens there: the result has the fields of a callback, and none is delivered.
  const callbacks = { CALLBACK_URL: 'http://127.0.0.1:9/', CALLBACK_SECRET: `whsec_${'c2VjcmV0'.repeat(6)}` }
  const node = await environment.start(t, { ...withWebhooks, ...callbacks }, { apiUrl: provider.url })
  const { body: { id } } = await node.send('+15550000921', 'Hello', { idempotencyKey: 'order-17', metadata: { orderId: 17 } })
  const [opaque] = provider.requests
  await report(node, 'wamid.1', opaque, 'sent')
  await report(node, 'wamid.1', opaque, 'failed', 131000)
  t.match(await stateOf(node, id), { status: 'failed', metadata: { orderId: 17 } })
  const failed = { id, status: 'FAILED', phoneNumber: '+15550000921', idempotencyKey: 'order-17', metadata: { orderId: 17 } }
  t.match((await node.get('/failures')).body['failures'], [failed])
  await report(node, 'wamid.1', opaque, 'delivered')
  t.match(await stateOf(node, id), { status: 'delivered' })
  t.match((await node.get('/failures')).body['failures'], [{ ...failed, status: 'RESOLVED' }])
  t.strictSame(node.seen('request.completed').filter(({ status }) => status >= 500), [], 'the delivery was taken at once')
})

await t.test('an erasure applies a status that arrived while its attempt was in flight', async t => {
  const nodes: Node[] = []
  const provider = await startProvider(t, async (_, response, requests) => {
    for (const node of nodes) await report(node, 'wamid.1', requests[0], 'delivered')
    response.destroy()
  })
  // The status would be looked at again after a second.
  const node = await environment.start(t, { ...withWebhooks, UNKNOWN_HOLD_MS: '3600000', INLINE_WAIT_MS: '10000' }, { apiUrl: provider.url })
  nodes.push(node)
  const { body: { id, status } } = await node.send('+15550000922', 'Hello', { onUnknown: 'retry' })
  t.equal(status, 'unknown')
  t.match((await node.del('/recipients/+15550000922')).body, { complete: true, erased: { waiting: 0, results: 1 } })
  t.match(await stateOf(node, id), { status: 'delivered', to: null })
})
