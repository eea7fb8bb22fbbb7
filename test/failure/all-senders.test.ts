/** Failures of several senders: lists, retries and acknowledgements concern all of them, and agree with the counts that alerts use. */
import t, { type Test } from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import type { Node } from '../support/gateway.js'
import { each, until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const senders = ['a1', 'a2', 'a3']

type Failure = Record<string, any>

async function start (t: Test, env: Record<string, string> = {}): Promise<Node> {
  const dir = t.testdir({ 'senders.json': JSON.stringify(senders.map(id => ({ id, accessToken: 'token' }))) })
  return await environment.start(t, {
    WHATSAPP_SENDERS_FILE: `${dir}/senders.json`,
    WHATSAPP_ACCESS_TOKEN: '',
    WHATSAPP_RATE_LIMIT_MS: '50',
    WHATSAPP_RETRY_INTERVAL_MS: '600000',
    ...env
  })
}

let last = 0

/** One failure after the other, by turns of the senders; returns the recipients in order. */
async function fail (node: Node, code: string, count: number): Promise<string[]> {
  const recipients = Array.from({ length: count }, () => `+1556${code}${String(++last * 10).padStart(4, '0')}`)
  await each(recipients, 1, async (to, i) => await node.send(to, 'Hello', { sender: senders[i % senders.length] }))
  return recipients
}

async function list (node: Node, query: string, limit: number): Promise<Failure[]> {
  const found: Failure[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const { body } = await node.get(`/failures?limit=${limit}&${query}${cursor === '' ? '' : `&cursor=${cursor}`}`)
    found.push(...body['failures'])
    cursor = body['nextCursor']
  }
  return found
}

const phones = (failures: Failure[]): string[] => failures.map(({ phoneNumber }) => phoneNumber)

await t.test('failures of all senders are one list in one order, whatever the page size', async t => {
  const node = await start(t)
  const pending = await fail(node, '0131000', 10)
  const failed = await fail(node, '0131026', 8)
  for (const limit of [1, 4, 200]) t.same(phones(await list(node, '', limit)), [...pending, ...failed.toReversed()], `pages of ${limit}`)
  const own = await list(node, 'sender=a2', 3)
  t.same(phones(own), [...pending, ...failed.toReversed()].filter(to => [...pending.keys()].some(i => i % 3 === 1 && pending[i] === to) ||
    failed.some((one, i) => i % 3 === 1 && one === to)))
  t.ok(own.every(({ sender, id }) => sender === 'a2' && id.startsWith('a2.')))
  t.match((await node.get('/stats')).body, { deliveryFailures: { pending: 10, failed: 8 } })
  t.match(await node.get('/failures?sender=other'), { status: 404, body: { code: 'SENDER_UNKNOWN' } })
})

await t.test('a retry without a sender takes the oldest failures of all senders, as many as the limit', async t => {
  const node = await start(t)
  const pending = await fail(node, '0131000', 7)
  t.match((await node.post('/failures/retry', { limit: 5, force: true })).body, { total: 5 })
  await each(pending, 1, async (to, i) => {
    const { length } = await environment.arrivals(to, i < 5 ? 2 : 1)
    t.equal(length, i < 5 ? 2 : 1, to)
  })
  t.match((await node.post('/failures/retry', { limit: 100, force: true, sender: 'a2' })).body, { total: 2 })
})

await t.test('an acknowledgement without a sender silences the alert of every sender, in bounded steps', async t => {
  const node = await start(t)
  await fail(node, '0131026', 7)
  const unacknowledged = async (): Promise<number> => {
    const text = await (await fetch(`${node.origin}/metrics`, { headers: { authorization: 'Bearer operator-key-0123456789' } })).text()
    return [...text.matchAll(/^sluice_delivery_failures_unacknowledged\{.*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0)
  }
  await until('the metrics count all', async () => await unacknowledged() === 7)
  const first = (await node.post('/failures/acknowledge', { limit: 5 })).body
  t.match(first, { acknowledged: 5, more: true, nextCursor: String })
  const last = (await node.post('/failures/acknowledge', { limit: 5, cursor: first['nextCursor'] })).body
  t.match(last, { acknowledged: 2, more: false, nextCursor: null })
  await until('no alert is left', async () => await unacknowledged() === 0)
  t.ok((await list(node, 'status=FAILED', 3)).every(({ acknowledgedBy }) => acknowledgedBy === 'operator'))
})

await t.test('a failure stays PENDING in list, statistics and metrics while its retry waits and is in flight', async t => {
  const node = await start(t, { WHATSAPP_RATE_LIMIT_MS: '1500' })
  const recipient = '+155611310009991'
  const { body: { id } } = await node.send(recipient, 'Hello', { sender: 'a2' })
  t.match(await list(node, '', 50), [{ id, status: 'PENDING', messageStatus: 'retrying', waitingFor: 'retry', nextRetryAt: String }])
  await node.post('/senders/a2/pause')
  t.match((await node.post(`/failures/${id}/retry`)).body, { deferred: 1 })
  for (const query of ['', 'due=true', 'status=PENDING', 'sender=a2']) {
    t.match(await list(node, query, 50), [{ id, status: 'PENDING', messageStatus: 'queued', waitingFor: 'pause', nextRetryAt: null }], query)
  }
  t.match((await node.get('/stats')).body, {
    deliveryFailures: { pending: 1 }, queue: { delayed: 0, paused: 1 }, senders: [{}, { retrying: 0, queued: 1 }, {}]
  })
  await until('the metrics agree', async () => {
    const text = await (await fetch(`${node.origin}/metrics`, { headers: { authorization: 'Bearer operator-key-0123456789' } })).text()
    return text.includes('sluice_delivery_failures{sender="a2",status="pending"} 1') &&
      text.includes('sluice_queue_messages{sender="a2",state="retrying"} 0')
  })
  t.match(await node.post(`/failures/${id}/acknowledge`), { status: 200 })
  await node.post('/senders/a2/resume')
  const seen = new Set<string>()
  await until('it is resolved, and was never missing before', async () => {
    const [failure] = await list(node, '', 50)
    if (failure === undefined) throw new Error('the failure is missing')
    seen.add(`${failure['status']} ${failure['messageStatus']}`)
    return failure['status'] === 'RESOLVED'
  })
  t.match((await node.get('/stats')).body, { deliveryFailures: { pending: 0, resolved: 1 } })
  t.ok(seen.has('RESOLVED null'), [...seen].join(', '))
})
