import t from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import type { Node } from '../support/gateway.js'
import { recordStarts } from '../support/observe.js'
import { each, until } from '../support/until.js'

/** `CAMPAIGN=100000 npm test -- test/flow/lanes.test.ts` runs it at a realistic size. */
const CAMPAIGN = Number(process.env['CAMPAIGN'] ?? 8000)
const RATE = 80

const environment = await createTestEnvironment(t, longStartWindow)
const number = (i: number): string => `+15550${String(i).padStart(7, '0')}`

/** Posts a campaign in batches, one message per recipient; repeats a batch with its key until all rows are accepted. */
async function post (node: Node, count: number, priority: string): Promise<number> {
  const batches = Array.from({ length: Math.ceil(count / 1000) }, (_, batch) =>
    Array.from({ length: Math.min(1000, count - batch * 1000) }, (_, i) => ({ to: number(batch * 1000 + i), message: 'Sale', priority })))
  const accepted = await each(batches, 4, async (batch, i) => await until(`batch ${i}`, async () => {
    const { body } = await node.post('/messages/batch', batch, { 'idempotency-key': `campaign-${i}` })
    // There are no results when an overloaded node rejects the whole batch.
    const rows = (body['results'] ?? [{ httpStatus: 503 }]) as Array<{ httpStatus: number }>
    return rows.every(row => row.httpStatus === 202 || row.httpStatus === 200) && rows.length
  }, 60_000))
  return accepted.reduce((sum, rows) => sum + rows, 0)
}

const overtaking = `an urgent message overtakes a campaign of ${CAMPAIGN} within the sends of a second`
await t.test(`${overtaking}, also to a recipient with queued campaign messages`, async t => {
  const node = await environment.start(t, { WHATSAPP_SENDER_RATE_PER_SECOND: String(RATE) })
  const startedAt = performance.now()
  const accepted = await post(node, CAMPAIGN, 'bulk')
  t.equal(accepted, CAMPAIGN)
  t.comment(`posted in ${Math.round(performance.now() - startedAt)} ms`)
  const recipients = ['+15559999001', number(CAMPAIGN - 1), number(CAMPAIGN - 2), '+15559999002', number(CAMPAIGN - 3)]
  const starts = recordStarts(t, environment.sandbox.url)
  const passed: number[] = []
  const took: number[] = []
  for (const to of recipients) {
    const { body } = await node.send(to, 'Your code is 123456', { priority: 'urgent' })
    t.ok(body['immediate'] === true || body['delayMs'] < 1000, JSON.stringify(body))
    const start = await until('the code is sent', () => starts.of(to)[0])
    const acceptedAt = Date.parse((await node.get(`/messages/${body['id']}`)).body['createdAt'])
    passed.push(starts.of().filter(({ at, text }) => text === 'Sale' && at > acceptedAt && at < start.at).length)
    took.push(start.at - acceptedAt)
  }
  // Counted in messages, not ms: when the machine stalls, the campaign stalls too.
  t.ok(passed.every(count => count <= RATE), `${passed.join(', ')} of the campaign went before the codes`)
  t.comment(`codes started within ${took.map(Math.round).join(', ')} ms`)
  await node.close()
})

await t.test('the lower lanes get every tenth slot under a flood of urgent messages', async t => {
  const node = await environment.start(t, { WHATSAPP_SENDER_RATE_PER_SECOND: '200' })
  await node.post('/senders/111/pause', {})
  const starts = recordStarts(t, environment.sandbox.url)
  const flood = Array.from({ length: 900 }, (_, i) => ({ to: number(i), message: 'urgent', priority: 'urgent' }))
  const normal = Array.from({ length: 40 }, (_, i) => ({ to: number(2000 + i), message: 'normal', priority: 'normal' }))
  const bulk = Array.from({ length: 40 }, (_, i) => ({ to: number(3000 + i), message: 'bulk', priority: 'bulk' }))
  await node.post('/messages/batch', [...bulk, ...normal])
  await node.post('/messages/batch', flood)
  await node.post('/senders/111/resume', {})
  await until('the first 600 are sent', () => starts.of().length >= 600, 30_000)
  const first = starts.of().slice(0, 600)
  const count = (lane: string): number => first.filter(({ text }) => text === lane).length
  t.comment(`of 600: ${count('urgent')} urgent, ${count('normal')} normal, ${count('bulk')} bulk`)
  t.ok(count('normal') >= 28 && count('normal') <= 32, `${count('normal')} normal`)
  t.ok(count('bulk') >= 28 && count('bulk') <= 32, `${count('bulk')} bulk`)
  await node.close()
})
