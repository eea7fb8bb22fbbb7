/** What people look at: counts by minute and day, the newest messages, failures by cause. */
import t from 'tap'
import { senderKey } from '../../src/redis/keys.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { keys, SENDER } from '../support/gateway.js'
import { each, until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const quick = { WHATSAPP_RATE_LIMIT_MS: '1', WHATSAPP_RETRY_INTERVAL_MS: '600000', WHATSAPP_SENDER_NAME: 'Support line' }

await t.test('messages and attempts are counted by minute and since a moment, and yesterday\'s apart', async t => {
  const node = await environment.start(t, quick)
  await each(['+15550000001', '+15550000002', '+15560131026', '+15560131000'], 1, async to => await node.send(to))
  const { body } = await until('the counts are written', async () => {
    const reply = await node.get('/activity')
    return reply.body['senders']?.[0]?.since.attempts === 4 && reply
  })
  const [sender] = body['senders'] as Array<{ id: string, since: object, dayBefore: object, minutes: Record<string, number[]> }>
  t.match(sender, { id: SENDER, since: { accepted: 4, sent: 2, failed: 1, attempts: 4, failing: 2 }, dayBefore: { accepted: 0, attempts: 0 } })
  const minutes = sender?.minutes['accepted'] ?? []
  t.equal(minutes.length, 60)
  t.equal(minutes.reduce((sum, count) => sum + count, 0), 4)
  // A day ago, at the same time.
  const minute = Math.floor((Date.parse(body['now']) - 86_400_000 - 60_000) / 60_000)
  const redis = environment.redis.connect()
  const key = senderKey(node.prefix, SENDER, 'activity', { hour: Math.floor(minute / 60) })
  await redis.hset(key, `${minute} accepted`, '7')
  await redis.expire(key, 60)
  const since = new Date(Date.parse(body['now']) - 600_000).toISOString()
  t.match((await node.get(`/activity?since=${since}`)).body['senders'], [{ since: { accepted: 4 }, dayBefore: { accepted: 7 } }])
  t.match(await node.get('/activity?since=yesterday'), { status: 400, body: { field: 'since' } })
  t.match((await node.get('/senders')).body['senders'], [{ id: SENDER, name: 'Support line' }])
})

await t.test('without a criterion the newest messages are found, newest first, and a caller\'s own with a send key', async t => {
  const node = await environment.start(t, quick)
  await each([1, 2, 3, 4], 1, async i => await node.as(i % 2 === 0 ? keys.app : keys.shop).send(`+1555000001${i}`, 'Hello', { metadata: { at: i } }))
  const found = await until('all are written', async () => {
    const { body } = await node.get('/messages')
    return body['messages'].length === 4 && body['messages']
  }) as Array<{ metadata: { at: number }, recipient: string, caller: string, to: null }>
  t.same(found.map(({ metadata }) => metadata.at), [4, 3, 2, 1])
  t.match(found[0], { recipient: '15550000014', caller: 'app', to: null }, 'also of a message whose content is deleted')
  t.same((await node.as(keys.shop).get('/messages')).body['messages'].map(({ metadata }: { metadata: { at: number } }) => metadata.at), [3, 1])
  t.equal((await node.get('/messages?limit=2')).body['messages'].length, 2)
})

await t.test('all failures are counted by cause, and the cause is the filter that lists and acknowledges them', async t => {
  const node = await environment.start(t, quick)
  await each(['0051', '0052', '0053'], 1, async n => await node.send(`+15560131026${n}`))
  await each(['0051', '0052'], 1, async n => await node.send(`+15560132001${n}`))
  const { id } = (await node.send('+15560131026', 'Hello')).body as { id: string }
  await node.send('+15560131000')
  await node.post(`/failures/${id}/acknowledge`)
  const groups = async (): Promise<object[]> => (await node.get('/failures/summary')).body['groups']
  const expected = [
    { status: 'FAILED', errorCode: '131026', reason: 'rejected', acknowledged: false, count: 3, recipients: 3, nextRetryAt: null },
    { status: 'FAILED', errorCode: '132001', reason: 'rejected', acknowledged: false, count: 2 },
    { status: 'FAILED', errorCode: '131026', reason: 'rejected', acknowledged: true, count: 1 },
    { status: 'PENDING', errorCode: '131000', reason: null, acknowledged: false, count: 1, nextRetryAt: String }
  ]
  t.match((await groups()).sort(byName), expected.sort(byName))
  const list = async (query: string): Promise<number> => (await node.get(`/failures?${query}`)).body['failures'].length
  t.equal(await list('status=FAILED&errorCode=131026&reason=rejected&acknowledged=false'), 3)
  for (const { status, errorCode, reason, acknowledged, count, cursor } of await groups() as Array<Record<string, string>>) {
    const query = { status, errorCode, ...(reason === null ? {} : { reason }), acknowledged: String(acknowledged), limit: '1' }
    const page = async (from: string | null): Promise<Record<string, any>> =>
      (await node.get(`/failures?${new URLSearchParams({ ...query, ...(from === null ? {} : { cursor: from }) } as Record<string, string>)}`)).body
    let [rows, next] = [0, cursor ?? null]
    do {
      const { failures, nextCursor } = await page(next)
      t.ok(rows > 0 || failures.length === 1, 'the first one comes first')
      rows += failures.length
      next = nextCursor
    } while (next !== null)
    t.equal(rows, count, 'from the cursor of the group on')
  }
  t.equal(await list('errorCode=131026'), 4)
  t.equal(await list('acknowledged=true'), 1)
  t.equal(await list('errorCode=none'), 0)
  t.match(await node.get('/failures?reason=luck'), { status: 400 })
  t.match((await node.post('/failures/acknowledge', { errorCode: '132001' })).body, { acknowledged: 2, more: false })
  await until('the summary is counted again', async () =>
    (await groups()).filter(group => (group as { acknowledged: boolean }).acknowledged).length === 2)
})

function byName (one: object, other: object): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1
}

await t.test('a pause has a note, which the sender shows', async t => {
  const node = await environment.start(t, quick)
  t.match((await node.post(`/senders/${SENDER}/pause`, { forMs: 60_000, note: 'New price list first' })).body, {
    state: 'paused', reason: 'operator: New price list first', name: 'Support line'
  })
  t.match((await node.get('/audit')).body['entries'], [{ action: 'pause', detail: '60000 ms; New price list first' }])
  t.match((await node.post(`/senders/${SENDER}/resume`)).body, { state: 'active', reason: null })
})
