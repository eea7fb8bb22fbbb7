/** The order of acceptance is the order of rows, of lines, and of posts; and it decides whatever is due at one moment. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { sluice } from '../cli/run.js'
import { digest } from '../../src/admission/key.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { keys, SENDER, type Node } from '../support/gateway.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
type Row = Record<string, unknown> & { httpStatus: number }
const postRows = async (node: Node, messages: unknown[], headers: Record<string, string> = {}): Promise<Row[]> =>
  (await node.post('/messages/batch', messages, headers)).body['results'] as Row[]

const image = (to: string, name: number): Record<string, unknown> => ({ to, message: { type: 'image', image: { link: `https://test/${name}.png` } } })

await t.test('rows to one recipient are accepted in their order, whatever they contain', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '60' })
  const quoted = (await node.send('+15550005000', 'quoted')).body['id'] as string
  const reply = (body: string) => ({ type: 'text', text: { body }, context: { message_id: quoted } })
  const to = '+15550005001'
  await node.post(`/senders/${SENDER}/pause`)
  const rows = await postRows(node, [
    { to, message: reply('0') }, image(to, 1), { to, message: '2' }, { to, message: reply('3') }, { to, message: '4' }, image(to, 5)
  ])
  t.strictSame(rows.map(row => row['position']), [1, 2, 3, 4, 5, 6])
  await node.post(`/senders/${SENDER}/resume`)
  const seen = await environment.arrivals(to, 6)
  t.strictSame(
    seen.map(({ body }) => body?.text?.body ?? (body as { image: { link: string } }).image.link.replace(/\D/g, '')),
    ['0', '1', '2', '3', '4', '5']
  )
})

await t.test('lines of a file to one recipient are accepted in their order, whatever they contain', async t => {
  const node = await environment.start(t)
  const to = '+15550005002'
  await node.post(`/senders/${SENDER}/pause`)
  const file = join(t.testdir(), 'lines.ndjson')
  const lines = Array.from({ length: 9 }, (_, i) => i % 2 === 0 ? image(to, i) : { to, message: `${i}` })
  writeFileSync(file, lines.map((line, i) => JSON.stringify({ ...line, idempotencyKey: `line-${i}` })).join('\n'))
  t.match(await sluice({ origin: node.origin, key: keys.app }, 'import', file, '--json', '--batch', '4'), { code: 0 })
  const positions = await Promise.all(lines.map(async (_, i) => (await node.as(keys.app).get(`/messages/line-${i}`)).body['position'] as number))
  t.strictSame(positions, lines.map((_, i) => i + 1))
})

await t.test('a row behind one that was rejected for now is rejected with it, and does not overtake it', async t => {
  const node = await environment.start(t, { MAX_BACKLOG_PER_SENDER: '5' })
  const quoted = (await node.send('+15550005000', 'quoted')).body['id'] as string
  await node.post(`/senders/${SENDER}/pause`)
  const ann = '+15550005010'
  const others = (count: number, from: number): unknown[] =>
    Array.from({ length: count }, (_, i) => ({ to: `+155500052${String(from + i).padStart(3, '0')}`, message: 'x' }))
  // The backlog is full from row 5 on, and has places again once the first hundred rows have a response.
  const redis = environment.redis.connect()
  node.events.on('message.admitted', ({ outcome }) => {
    if (outcome === 'rejected') redis.del(`{${node.prefix}:${SENDER}}:backlog`).catch(() => undefined)
  })
  const rows = await postRows(node, [
    ...others(5, 0),
    { to: ann, message: 'first' },
    ...others(94, 5),
    // The look-up of its reference gives Redis the time to have places again.
    { to: '+15550005300', message: { type: 'text', text: { body: 'c' }, context: { message_id: quoted } } },
    { to: ann, message: 'second' },
    { to: ann, message: 'urgent', priority: 'urgent' }
  ])
  t.match(rows[5], { httpStatus: 429, code: 'BACKLOG_FULL' })
  t.match(rows[100], { httpStatus: 202 }, 'there are places again')
  t.match(rows[101], { httpStatus: 429, code: 'BACKLOG_FULL' }, 'not for the row behind the first')
  t.match(rows[102], { httpStatus: 202 }, 'a lane has an order of its own')
})

await t.test('retries that are due at one moment are sent in the order in which their messages were accepted', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '50', WHATSAPP_RETRY_INTERVAL_MS: '600000' })
  const to = '+15561131000'
  // Redis orders equal due times by id: the one of the first message is the greater.
  const idempotencyKeys = ['a', 'b', 'c'].sort((a, b) => digest(SENDER, 'operator', a) < digest(SENDER, 'operator', b) ? 1 : -1)
  for (const [i, idempotencyKey] of idempotencyKeys.entries()) {
    await node.send(to, `${i}`, { idempotencyKey })
    await until('it fails', async () => (await node.get(`/messages/${idempotencyKey}`)).body['status'] === 'retrying')
  }
  const redis = environment.redis.connect()
  const key = `{${node.prefix}:${SENDER}}:failures`
  const now = Date.now()
  await redis.zadd(key, ...(await redis.zrange(key, 0, -1)).flatMap(id => [now, id]))
  t.match(await node.post('/failures/retry', { force: true }), { status: 200 })
  const seen = await environment.arrivals(to, 6)
  t.strictSame(seen.slice(3).map(({ body }) => body?.text?.body), ['0', '1', '2'])
})

await t.test('messages scheduled for one moment are sent in the order in which they were accepted', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '50' })
  const to = '+15550005020'
  const scheduledFor = Date.now() + 1500
  const parts = Array.from({ length: 8 }, (_, i) => `part ${i}`)
  for (const part of parts) t.match(await node.send(to, part, { scheduledFor }), { status: 202, body: { status: 'scheduled' } })
  const seen = await until('all parts arrive', async () => {
    const found = await environment.arrivals(to)
    return found.length === parts.length && found
  }, 20_000)
  t.strictSame(seen.map(({ body }) => body?.text?.body), parts)
})
