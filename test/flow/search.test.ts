/** Searching over HTTP: complete, newest first, and page by page. */
import t from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER } from '../support/gateway.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const RECIPIENTS = 20
const EACH = 80

await t.test('a search by recipient and tag finds all messages of a large campaign to the recipient, newest first', async t => {
  const node = await environment.start(t)
  await node.post(`/senders/${SENDER}/pause`)
  const ids: string[][] = Array.from({ length: RECIPIENTS }, () => [])
  for (let from = 0; from < EACH; from += 10) {
    const messages = Array.from({ length: 10 * RECIPIENTS }, (_, i) => ({
      to: `+1415555${1000 + i % RECIPIENTS}`, message: `${from} ${i}`, metadata: { campaign: 'one' }, idempotencyKey: `${from}-${i}`
    }))
    // Repeated with the same keys, as callers do where a busy machine rejects some.
    const rows = await until('all are accepted', async () => {
      const { results } = (await node.post('/messages/batch', { messages })).body as { results?: Array<{ id?: string }> }
      return results?.every(({ id }) => id !== undefined) === true && results
    }, 30_000)
    rows.forEach(({ id = '' }, i) => ids[i % RECIPIENTS]?.push(id))
  }
  for (const index of [0, 7, RECIPIENTS - 1]) {
    const query = `recipient=${encodeURIComponent(`+1415555${1000 + index}`)}&tag=campaign:one&limit=50`
    const found: Array<{ id: string, createdAt: string }> = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const { body } = await node.get(`/messages?${query}${cursor === '' ? '' : `&cursor=${cursor}`}`)
      found.push(...body['messages'])
      cursor = body['nextCursor'] ?? null
    }
    t.strictSame(found.map(({ id }) => id).sort(), ids[index]?.toSorted(), `all of recipient ${index}, each once`)
    const moments = found.map(({ createdAt }) => createdAt)
    t.strictSame(moments, moments.toSorted().toReversed(), 'newest first')
  }
  const { body } = await node.get('/messages?tag=campaign:one&limit=5')
  const [newest = ''] = (await Promise.all(ids.map(async list => (await node.get(`/messages/${list.at(-1)}`)).body['createdAt']))).sort().toReversed()
  t.equal(body['messages'][0].createdAt, newest, 'the first by tag alone is the newest')
  t.match(await node.get('/messages?tag=campaign:one&cursor=nonsense'), { status: 400, body: { code: 'INVALID_REQUEST', field: 'cursor' } })
})

await t.test('messages are found by id, campaign, state, code and time, combined, and without a criterion', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '60000' })
  const to = '+15550007001'
  const posted = async (number: string, more: Record<string, unknown> = {}): Promise<string> =>
    String((await node.send(number, `Hello ${JSON.stringify(more)}`, more)).body.id)
  const sent = await posted(to, { campaign: 'spring', metadata: { order: 'F-1' } })
  const queued = await posted(to, { campaign: 'spring' })
  const failed = await posted('+15560131026', { campaign: 'sale' })
  const other = await posted('+15550007002')
  await until('all attempts have ended', async () => (await node.get(`/messages/${failed}`)).body['status'] === 'failed' &&
    (await node.get(`/messages/${other}`)).body['status'] === 'sent')
  const found = async (query: string): Promise<string[]> =>
    ((await node.get(`/messages${query}`)).body['messages'] as Array<{ id: string }>).map(({ id }) => id)

  t.strictSame(await found(''), [other, failed, queued, sent], 'without a criterion the newest, at once')
  t.strictSame(await found('?limit=2'), [other, failed])
  t.strictSame(await found('?campaign=spring'), [queued, sent])
  t.strictSame(await found('?campaign=spring&state=sent'), [sent])
  t.strictSame(await found('?state=queued,failed'), [failed, queued])
  t.strictSame(await found('?errorCode=131026'), [failed])
  t.strictSame(await found('?errorCode=131026&campaign=spring'), [])
  t.strictSame(await found(`?id=${sent}`), [sent])
  t.strictSame(await found(`?id=${sent}&campaign=sale`), [], 'all criteria have to match')
  t.strictSame(await found(`?recipient=${encodeURIComponent(to)}&tag=order:F-1`), [sent])
  const acceptedAt = (await node.get(`/messages/${queued}`)).body['createdAt'] as string
  t.strictSame(await found(`?acceptedUntil=${encodeURIComponent(acceptedAt)}`), [sent], 'the end is excluded')
  t.ok((await found(`?acceptedFrom=${encodeURIComponent(acceptedAt)}`)).includes(queued), 'the start is included')
  t.match(await node.get('/messages?state=lost'), { status: 400, body: { code: 'INVALID_REQUEST', field: 'state' } })
  t.match(await node.get('/messages?acceptedFrom=yesterday'), { status: 400, body: { code: 'INVALID_REQUEST', field: 'acceptedFrom' } })
  t.match(await node.get('/messages?id=1'), { status: 400, body: { code: 'INVALID_REQUEST', field: 'id' } })
})

await t.test('messages are found by template in every state, also once a result is all that is left', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '60000' })
  const template = (name: string, code = 'en') => ({ type: 'template', message: { name, language: { code } } })
  const posted = async (to: string, more: Record<string, unknown>): Promise<string> => String((await node.post('/messages', { to, ...more })).body.id)
  const sent = await posted('+15550008001', template('order_ready'))
  const waiting = await posted('+15550008001', template('order_ready', 'pt_BR'))
  const failed = await posted('+15560131026', { ...template('order_ready'), campaign: 'spring', metadata: { order: 'T-1' } })
  const inCampaign = await posted('+15550008002', { ...template('order_ready'), campaign: 'spring' })
  await posted('+15550008003', template('order_ready_2'))
  await posted('+15550008004', { message: 'order_ready', campaign: 'spring' })
  const found = async (query: string): Promise<string[]> =>
    ((await node.get(`/messages?template=order_ready${query}`)).body['messages'] as Array<{ id: string }>).map(({ id }) => id)
  await until('all but one have ended', async () => (await found('&state=sent,failed')).length === 3)
  t.strictSame(await found(''), [inCampaign, failed, waiting, sent])
  t.strictSame(await found('&state=queued'), [waiting])
  t.strictSame(await found('&state=sent'), [inCampaign, sent])
  t.strictSame(await found('&campaign=spring'), [inCampaign, failed])
  t.strictSame(await found('&errorCode=131026'), [failed])
  t.match((await node.get(`/messages/${sent}`)).body, { status: 'sent', template: 'order_ready', message: null })
  t.match((await node.get('/campaigns/spring')).body, { accepted: 3, sent: 2, failed: 1 }, 'the campaign counts as before')
  const pages: string[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const more: string = cursor === '' ? '' : `&cursor=${cursor}`
    const { body }: { body: Record<string, any> } = await node.get(`/messages?template=order_ready&limit=1${more}`)
    pages.push(...body['messages'].map(({ id }: { id: string }) => id))
    cursor = body['nextCursor'] ?? null
  }
  t.strictSame(pages, [inCampaign, failed, waiting, sent], 'page by page')
  t.match(await node.get('/messages?template=a%20b'), { status: 400, body: { code: 'INVALID_REQUEST', field: 'template' } })
})

await t.test('results are kept as long as they can be found', async t => {
  const week = 7 * 86_400_000
  const node = await environment.start(t)
  const { body } = await node.send('+15550007003', 'Hello', { idempotencyKey: 'kept' })
  const redis = environment.redis.connect()
  const key = `{${node.prefix}:${SENDER}}:msg:${String(body.id).split('.')[1]}`
  await until('it is sent', async () => (await redis.pttl(key)) > 0)
  const left = await redis.pttl(key)
  t.ok(left > week - 60_000 && left <= week, `${left} ms`)
})

await t.test('behind what the index has come older messages that FAILED, page by page', async t => {
  const node = await environment.start(t, { FIND_WITHIN_MS: '8000', IDEMPOTENCY_TTL_MS: '60000' })
  const failed: string[] = []
  for (const end of ['26', '51']) failed.unshift(String((await node.send(`+155601310${end}`, 'Hello', { campaign: 'sale' })).body.id))
  await until('they failed', async () => (await node.get('/failures?status=FAILED')).body['failures'].length === 2)
  const { createdAt } = (await node.get(`/messages/${failed[0]}`)).body as { createdAt: string }
  await until('the index no longer has them', async () => Date.now() > Date.parse(createdAt) + 8000)
  const newer = String((await node.send('+15550007004', 'Hello', { campaign: 'sale' })).body.id)
  const pages: string[][] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Record<string, any> = (await node.get(`/messages?campaign=sale&limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`)).body
    if (page['messages'].length > 0) pages.push(page['messages'].map(({ id }: { id: string }) => id))
    cursor = page['nextCursor'] ?? null
  }
  t.strictSame(pages, [[newer], [failed[0]], [failed[1]]])
  t.strictSame((await node.get('/messages?campaign=sale&state=failed')).body['messages'].map(({ id }: { id: string }) => id), failed)
})
