import t from 'tap'
import { createSchedule } from '../../src/values/backoff.js'
import { senderKey } from '../../src/redis/keys.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { keys, SENDER, type Node } from '../support/gateway.js'
import { each, until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const noRetries = { WHATSAPP_RATE_LIMIT_MS: '50', WHATSAPP_RETRY_INTERVAL_MS: '600000' }

await t.test('the retry schedule has exact delays and an end', async t => {
  const backoff = createSchedule([60_000, 300_000, 900_000, 1_800_000, 3_600_000])
  t.same([1, 2, 3, 4, 5, 6, 7].map(backoff), [60_000, 300_000, 900_000, 1_800_000, 3_600_000, null, null])
})

await t.test('pages of failures are disjoint and complete: PENDING by next retry, then FAILED and RESOLVED newest first', async t => {
  const node = await environment.start(t, noRetries)
  const pending = numbers('+15560131000', 12)
  const failed = numbers('+15560131026', 7)
  await each([...pending, ...failed], 1, async to => await node.send(to))
  const all = await pages(node, 5, '')
  t.same(all.map(failure => failure['phoneNumber']), [...pending, ...failed.toReversed()])
  t.same((await pages(node, 3, 'status=FAILED')).map(failure => failure['phoneNumber']), failed.toReversed())
  t.equal((await pages(node, 200, 'status=RESOLVED')).length, 0)
})

await t.test('a filtered page of failures is full', async t => {
  const node = await environment.start(t, noRetries)
  await each(
    numbers('+15560131000', 6),
    1,
    async (to, i) => await node.as(i % 2 === 0 ? keys.app : keys.shop).send(to, 'Hello', { idempotencyKey: `key-${i}` })
  )
  const { body: one } = await node.get('/failures?recipient=%2B155601310000004')
  t.match(one, { failures: [{ phoneNumber: '+155601310000004', idempotencyKey: 'key-4' }], nextCursor: null })
  t.match((await node.get('/failures?idempotencyKey=key-3')).body['failures'], [{ phoneNumber: '+155601310000003' }])
  t.equal((await node.get('/failures?idempotencyKey=key-9')).body['failures'].length, 0)
  t.equal((await node.get('/failures?due=true')).body['failures'].length, 0, 'none is due before its time')
})

await t.test('a failure that is removed or moved between two pages hides no other failure', async t => {
  const node = await environment.start(t, { ...noRetries, WHATSAPP_RETRY_SCHEDULE_MS: '600000,600000' })
  const to = numbers('+15560131000', 9)
  await each(to, 1, async recipient => await node.send(recipient))
  const { body: first } = await node.get('/failures?limit=3')
  const [, second, third] = first['failures']
  await until('the pair is free', async () => (await node.get(`/rate-limits/${encodeURIComponent(third.phoneNumber)}`)).body['delayMs'] === 0)
  t.match((await node.post(`/failures/${third.id}/retry`)).body, { failed: 1 }, 'the failure at the cursor moves to the end')
  const moved = await pages(node, 3, '', first['nextCursor'])
  t.same(moved.map(failure => failure['phoneNumber']), [...to.slice(3), third.phoneNumber], 'it is listed again, and no failure is skipped')

  const { body: again } = await node.get('/failures?limit=1')
  t.match(await node.del(`/messages/${again['failures'][0].id}`), { status: 200 }, 'the failure at the cursor is cancelled')
  const rest = await pages(node, 3, 'status=PENDING', again['nextCursor'])
  t.same(rest.map(failure => failure['phoneNumber']), [second.phoneNumber, ...to.slice(3), third.phoneNumber])
})

await t.test('an entry without a record is skipped', async t => {
  const node = await environment.start(t, noRetries)
  await each(numbers('+15560131026', 3), 1, async recipient => await node.send(recipient))
  const client = environment.redis.connect()
  const [id = ''] = await client.zrange(senderKey(node.prefix, SENDER, 'failed'), 1, 1)
  await client.hdel(senderKey(node.prefix, SENDER, 'failure-records'), id)
  t.equal((await pages(node, 1, 'status=FAILED')).length, 2)
})

await t.test('an invalid cursor is rejected, so that no reader starts over forever', async t => {
  const node = await environment.start(t, noRetries)
  for (const cursor of ['nonsense', Buffer.from('["constructor",1,"x"]').toString('base64url'), Buffer.from('[]').toString('base64url')]) {
    t.match(await node.get(`/failures?cursor=${cursor}`), { status: 400, body: { code: 'INVALID_REQUEST', field: 'cursor' } })
  }
})

function numbers (head: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${head}${String(i).padStart(4, '0')}`)
}

async function pages (node: Node, limit: number, query: string, from?: string): Promise<Array<Record<string, unknown>>> {
  const found: Array<Record<string, unknown>> = []
  for (let cursor: string | null | undefined = from; cursor !== null;) {
    const { body } = await node.get(`/failures?limit=${limit}&${query}${cursor === undefined ? '' : `&cursor=${cursor}`}`)
    t.ok(body['failures'].length <= limit)
    found.push(...body['failures'])
    cursor = body['nextCursor']
  }
  return found
}
