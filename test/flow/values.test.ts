/** Nothing wrong goes out: at every entry point a value means one thing and arrives as it was written, or the caller gets an error. */
import fc from 'fast-check'
import { request as httpRequest } from 'node:http'
import t from 'tap'
import { post as postGraph, text as graphText } from '../graph/support.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { keys, type Node, SENDER } from '../support/gateway.js'
import { fetchWithRetry } from '../support/request.js'

const environment = await createTestEnvironment(t, longStartWindow)
const { arrivals, sandbox } = environment
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 120)

const headers = { 'content-type': 'application/json', authorization: `Bearer ${keys.app}` }
const paths = { own: '/api/v1/messages', batch: '/api/v1/messages/batch', graph: `/v25.0/${SENDER}/messages` } as const
type Surface = keyof typeof paths

/** Posts these bytes. `body`: the problem, or the result of the only row. */
async function postBytes (node: Node, surface: Surface, bytes: string | Buffer, contentType = 'application/json') {
  const init = { method: 'POST', headers: { ...headers, 'content-type': contentType }, body: bytes as string }
  const response = await fetchWithRetry(node.origin + paths[surface], init)
  const body = await response.json() as Record<string, any>
  const row = surface === 'batch' && response.status === 207 ? body['results'][0] as Record<string, any> : null
  return { status: row === null ? response.status : Number(row['httpStatus']), body: row ?? body, text: JSON.stringify(body) }
}

/** The source of a request for one message object, given as JSON. */
function sourceOf (surface: Surface, to: string, message: string): string {
  if (surface === 'graph') return `{"messaging_product":"whatsapp","to":${JSON.stringify(to)},${message.slice(1)}`
  const post = `{"to":${JSON.stringify(to)},"deduplicate":false,"message":${message}}`
  return surface === 'batch' ? `[${post}]` : post
}

await t.test('a body that would arrive as another one is rejected at every entry point', async t => {
  const node = await environment.start(t)
  const before = (await sandbox.seen()).length
  const image = (id: string) => `{"type":"image","image":{"id":${id}}}`
  for (const surface of ['own', 'batch', 'graph'] as const) {
    for (const id of ['122097329108006499', '9007199254740993', '-9007199254740992', '1e400', '1.2e17']) {
      const reply = await postBytes(node, surface, sourceOf(surface, '15550009001', image(id)))
      t.match(reply, { status: 400, text: /image\.id: must be a number of at most 9007199254740991/ }, `${surface} ${id}`)
    }
    const half = sourceOf(surface, '15550009001', '{"type":"text","text":{"body":"\\ud83d"}}')
    t.match(await postBytes(node, surface, half), { status: 400, text: /surrogate/ }, surface)
    const latin1 = Buffer.from(sourceOf(surface, '15550009001', '{"type":"text","text":{"body":"café"}}'), 'latin1')
    t.match(await postBytes(node, surface, latin1), { status: 400, text: /not UTF-8/ }, surface)
    t.match(await postBytes(node, surface, latin1, 'application/json; charset=iso-8859-1'), { status: 415 }, surface)
  }
  t.match(await postBytes(node, 'own', '{"to":"15550009001","message":"x","metadata":{"order":12345678901234567890}}'), {
    status: 400, body: { code: 'INVALID_REQUEST', field: 'metadata.order' }
  })
  t.match(await postBytes(node, 'own', '{"to":"15550009001",\n "message":Zaubernuss}'), {
    status: 400, body: { detail: 'the body is not valid JSON: invalid symbol at line 2, column 12' }
  }, 'the place, and nothing of the text')
  const deep = `${'{"a":['.repeat(10_000)}${']}'.repeat(10_000)}`
  t.match(await postBytes(node, 'own', deep), { status: 400, body: { detail: /64 levels/ } })
  t.match(await postBytes(node, 'own', `${deep}?`), { status: 400, body: { detail: 'the body is not valid JSON: it is nested too deep' } })
  t.match(await postBytes(node, 'own', '{"__proto__":{}}'), { status: 400, body: { detail: /__proto__/ } })
  t.equal((await sandbox.seen()).length, before, 'nothing was sent')
  const utf8 = Buffer.from('\ufeff{"to":"15550009002","message":"café 😀"}')
  t.match(await postBytes(node, 'own', utf8, 'application/json; charset="UTF-8"'), { status: 200 }, 'a byte order mark is none of the text')
  t.match((await arrivals('15550009002', 1))[0]?.body, { text: { body: 'café 😀' } })
})

await t.test('in a batch only the row is rejected', async t => {
  const node = await environment.start(t)
  const rows = '[{"to":"15550009010","message":{"type":"image","image":{"id":122097329108006499}}},{"to":"15550009011","message":"good"},' +
    `{"to":"15550009012","message":{"type":"x","x":${'['.repeat(70)}${']'.repeat(70)}}}]`
  const { body } = await node.as(keys.app).post('/messages/batch')
  t.match(body, { status: 400 }, 'an empty one')
  const response = await fetchWithRetry(node.origin + paths.batch, { method: 'POST', headers, body: rows })
  t.match((await response.json() as Record<string, unknown>)['results'], [
    { httpStatus: 400, field: 'message.image.id' }, { httpStatus: 202 }, { httpStatus: 400, detail: /64 levels/ }
  ])
  await arrivals('15550009011', 1)
})

await t.test('a number is sent in one form, or rejected with the reason', async t => {
  const node = await environment.start(t)
  for (const [i, to] of ['1 (555) 000-9020', '+15550009021', '15550009022'].entries()) t.match(await node.send(to, `form ${i}`), { status: 200 })
  const sent = await Promise.all(['15550009020', '15550009021', '15550009022'].map(async to => (await arrivals(to, 1))[0]?.body))
  t.match(sent, [{ to: '+15550009020' }, { to: '+15550009021' }, { to: '+15550009022' }])
  const before = (await sandbox.seen()).length
  for (const to of ['0015550009023', '15550009023\n', '1\u00a05550009023', '1555000.9023', '+9991234567', '15550009023.0']) {
    t.match(await node.send(to), { status: 400, body: { code: 'INVALID_RECIPIENT', field: 'to' } }, JSON.stringify(to))
    t.match(await postGraph(node, graphText(to, 'x')), { status: 400, body: { error: { code: 131009 } } }, JSON.stringify(to))
    t.match(await node.put(`/opt-outs/${encodeURIComponent(to)}`, {}), { status: 400, body: { code: 'INVALID_RECIPIENT', field: 'recipient' } })
  }
  t.match(await postGraph(node, { ...graphText('15550009024', 'x'), recipient: '15550009025' }), { status: 400, body: { error: { code: 100 } } })
  t.equal((await sandbox.seen()).length, before, 'nothing was sent')
  t.match(await postGraph(node, { ...graphText('15550009024', 'x'), recipient: '+1 555 000 9024' }), { status: 200 }, 'the same number twice')
})

await t.test('an impossible number is accepted with a warning', async t => {
  const node = await environment.start(t)
  const warnings = [{ code: 'NUMBER_IMPOSSIBLE', field: 'to' }]
  t.match(await node.send('+1234567890'), { status: 200, body: { status: 'sent', warnings } })
  t.notOk('warnings' in (await node.send('+15550009030')).body)
  t.match((await node.post('/messages/batch', [{ to: '+123456789', message: 'x' }])).body['results'], [{ httpStatus: 202, warnings }])
  t.match((await node.post('/messages/check', { messages: [{ to: '+123456781', message: 'x' }] })).body['results'], [{ httpStatus: 200, warnings }])
  const graph = await postGraph(node, graphText('1234567', 'x'))
  t.match([graph.status, graph.headers.get('sluice-warnings')], [200, 'NUMBER_IMPOSSIBLE'])
})

await t.test('a name that changes an object of JavaScript rejects its own row of a batch', async t => {
  const node = await environment.start(t)
  const row = (members: string): string => `{${members},"to":"15550009070","message":"x"}`
  const bad = [row('"__proto__":{"to":"15550009071"}'), row('"metadata":{"constructor":{"prototype":{}}}'), row('"metadata":{"__proto__":1}')]
  for (const surface of ['own', 'graph'] as const) {
    for (const text of bad) t.match(await postBytes(node, surface, text), { status: 400, text: /__proto__|constructor/ }, text)
  }
  const rows = `[${[...bad, '{"to":"15550009072","message":"good"}'].join(',')}]`
  for (const [path, accepted] of [['batch', 202], ['check', 200]] as const) {
    const init = { method: 'POST', headers, body: path === 'check' ? `{"messages":${rows}}` : rows }
    const { results } = await (await fetchWithRetry(`${node.origin}/api/v1/messages/${path}`, init)).json() as { results: object[] }
    t.match(results, [{ httpStatus: 400 }, { httpStatus: 400 }, { httpStatus: 400, field: 'metadata.__proto__' }, { httpStatus: accepted }], path)
  }
  await arrivals('15550009072', 1)
})

await t.test('the caller\'s own biz_opaque_callback_data is kept on both surfaces, and is refused if WhatsApp would not take it', async t => {
  const node = await environment.start(t)
  const text = { type: 'text', text: { body: 'x' } }
  const { body } = await node.send('15550009080', { ...text, biz_opaque_callback_data: 'mine-1' })
  t.match(await node.get(`/messages/${body.id}`), { status: 200, body: { callbackData: 'mine-1' } })
  for (const data of [7, {}, 'x'.repeat(513)]) {
    const reply = await node.send('15550009080', { ...text, biz_opaque_callback_data: data })
    t.match(reply, { status: 400, body: { field: 'message.biz_opaque_callback_data' } })
  }
})

await t.test('a duplicate has the time of the first message, not the one that its repeat names', async t => {
  const node = await environment.start(t)
  const [day, next] = [1, 2].map(days => new Date(Math.ceil(Date.now() / 1000 + days * 86_400) * 1000).toISOString())
  const message = { to: '15550009081', message: 'Remember', idempotencyKey: 'remember-1' }
  t.match(await node.post('/messages', { ...message, scheduledFor: day }), { status: 202, body: { scheduledFor: day } })
  const later = await node.post('/messages', { ...message, scheduledFor: next })
  t.match(later, { status: 200, body: { duplicate: true, status: 'scheduled', scheduledFor: day } })
  t.match((await node.get('/messages/remember-1')).body, { scheduledFor: day })
  await node.send('15550009082', 'Now', { idempotencyKey: 'now-1' })
  const repeat = (await node.send('15550009082', 'Now', { idempotencyKey: 'now-1', scheduledFor: next })).body
  t.match(repeat, { duplicate: true })
  t.notOk('scheduledFor' in repeat, 'it is not scheduled')
})

await t.test('two Idempotency-Key headers are an error on both surfaces', async t => {
  const node = await environment.start(t)
  const body = JSON.stringify({ messaging_product: 'whatsapp', to: '15550009040', type: 'text', text: { body: 'x' } })
  const send = async (path: string, text: string, sent: string[]) => await new Promise<{ status: number, body: string }>((resolve, reject) => {
    const request = httpRequest(node.origin + path, { method: 'POST', headers: { ...headers, 'idempotency-key': sent } }, response => {
      let received = ''
      response.setEncoding('utf8').on('data', (part: string) => { received += part }).on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: received })
      })
    })
    request.on('error', reject).end(text)
  })
  const own = JSON.stringify({ to: '15550009040', message: 'x' })
  t.match(await send(paths.own, own, ['a', 'b']), { status: 400, body: /INVALID_KEY.*more than one/ })
  t.match(await send(paths.batch, `[${own}]`, ['a', 'a']), { status: 400, body: /INVALID_KEY.*more than one/ })
  t.match(await send(paths.graph, body, ['a', 'b']), { status: 400, body: /INVALID_KEY.*more than one/ })
  t.match(await send(paths.own, own, ['"a\\"b"']), { status: 400, body: /INVALID_KEY.*backslashes/ })
  t.match(await send(paths.own, own, ['schl\u00fcssel']), { status: 400, body: /INVALID_KEY.*printable ASCII/ })
  t.match(await send(paths.own, own, ['a, b']), { status: 200, body: /"idempotencyKey":"a, b"/ }, 'a comma within one key')
})

/** JSON as text, with numbers that JavaScript cannot hold, and with half surrogate pairs. */
const { json } = fc.letrec<{ json: string }>(tie => ({
  json: fc.oneof({ depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('null', 'true', 'false', '{}', '[]'),
    fc.stringMatching(/^-?(0|[1-9]\d{0,19})$/),
    fc.stringMatching(/^-?(0|[1-9]\d{0,3})(\.\d{1,18})?([eE][+-]?\d{1,3})?$/),
    fc.string({ unit: 'binary' }).map(text => JSON.stringify(text)),
    fc.array(tie('json'), { maxLength: 3 }).map(items => `[${items.join(',')}]`),
    fc.array(fc.tuple(fc.string({ unit: 'binary-ascii', maxLength: 5 }), tie('json')), { maxLength: 3 })
      .map(members => `{${members.map(([name, value]) => `${JSON.stringify(name)}: ${value}`).join(', ')}}`))
}))

/** Messages of kinds that Meta checks, with any text in them, and of a kind that it may add tomorrow, with any content. */
const message = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }).map(text => `{"type":"text","text":{"body":${JSON.stringify(text)}}}`),
  fc.stringMatching(/^("\d{1,20}"|\d{1,20})$/).map(id => `{"type":"image","image":{"id":${id}}}`),
  fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { minLength: 1, maxLength: 4 }).map(texts => JSON.stringify({
    type: 'template',
    template: { name: 'hello', language: { code: 'en_US' }, components: [{ type: 'body', parameters: texts.map(text => ({ type: 'text', text })) }] }
  })),
  json.map(content => `{"type":"novelty","novelty":{"content":${content}}}`)
)

const DIGITS = /-?\d+(\.\d+)?([eE][+-]?\d+)?/g
/** The whole numbers of a JSON text; those in its strings do not count. */
const wholeNumbers = (source: string): string[] =>
  (source.replace(/"(\\.|[^"\\])*"/g, '""').match(DIGITS) ?? []).filter(token => /^-?\d+$/.test(token))

await t.test('what arrives equals what was sent, or the caller gets an error', async t => {
  const node = await environment.start(t)
  const mark = fc.option(fc.constantFrom(' ', '-', '(', ')', '+', '.', '\u00a0', '\n', '0'), { freq: 4, nil: '' })
  const surface = fc.constantFrom<Surface>('own', 'own', 'graph', 'batch')
  let count = 0
  let accepted = 0
  await fc.assert(fc.asyncProperty(surface, message, mark, fc.nat(11), async (surface, source, mark, place) => {
    const digits = `1555${String(9_000_000 + count++).padStart(7, '0')}`
    const to = digits.slice(0, place) + mark + digits.slice(place)
    const written = to.replace(/\D/g, '')
    const { status, body } = await postBytes(node, surface, sourceOf(surface, to, source))
    // 422: the sandbox has rejected what it got, which has to be right as well.
    if (status >= 400 && status !== 422) {
      if (status !== 400) throw new Error(`${status} ${JSON.stringify(body)}`)
      return (await sandbox.seen(`?recipient=${written}`)).length === 0
    }
    accepted++
    const [arrival] = await arrivals(written, 1)
    const arrived = arrival?.body as unknown as Record<string, unknown>
    const { messaging_product: _product, recipient_type: _kind, biz_opaque_callback_data: _opaque, to: addressed, ...rest } = arrived
    t.equal(addressed, `+${written}`)
    t.strictSame(rest, JSON.parse(source))
    return wholeNumbers(source).every(token => BigInt(token) === BigInt(Number(token)))
  }), { numRuns: RUNS, interruptAfterTimeLimit: RUNS * 100, markInterruptAsFailure: false })
  t.ok(accepted > RUNS / 4, `${accepted} of ${count} accepted`)
})

const wrong = {
  own: {
    prioritty: 'bulk',
    to: '0123',
    scheduledFor: 'tomorrow at 9',
    timestamp: 1_798_100_000,
    idempotencyKey: 'clé',
    priority: 'high',
    sender: '999',
    expiresInMs: 1.5,
    metadata: [],
    message: { type: 'image', image: { id: 122097329108006500 } },
    whenPast: 'later',
    type: 7
  },
  graph: {
    messaging_product: 'sms', to: '0123', recipient_type: 'all', biz_opaque_callback_data: 5, recipient: {}, type: 7
  },
  '/senders/111/quota': { perSecnd: 1, pairIntervalMs: 0, perSecond: 'many', maxInFlight: 9007199254740992 },
  '/senders/111/pause': { forMs: 0.5, until: 1 },
  '/messages/find': { recipient: '0123', limit: 0, tag: 'x', cursor: '?', sendr: 'x' },
  '/rate-limits/find': { recipient: '0123', priority: 'high', sendr: 'x' },
  '/failures/acknowledge': { recipient: '0123', limit: 0, cursor: '?', status: 'broken', note: 7 },
  '/failures/retry': { limit: 'x', force: 'yes', sendr: 'x' }
} as const
/** What some errors are about besides the field: the place within it, or a field of the same choice. */
const fieldOf = (field: string): string => field.split('.')[0] ?? ''

await t.test('all problems of a body are in one error, whichever fields are wrong', async t => {
  const node = await environment.start(t)
  const before = (await sandbox.seen()).length
  const good = { own: { to: '15550009050', message: 'x' }, graph: { messaging_product: 'whatsapp', to: '15550009050', text: { body: 'x' } } }
  const someOf = (fields: object): fc.Arbitrary<string[]> => fc.subarray(Object.keys(fields), { minLength: 1 })
  const pick = (from: object, names: string[]): object => Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)))
  await fc.assert(fc.asyncProperty(someOf(wrong.own), fc.constantFrom('own', 'batch', 'check'), async (names, place) => {
    const message = { ...good.own, ...pick(wrong.own, names) }
    const reply = place === 'own'
      ? (await node.post('/messages', message)).body
      : (await node.post(`/messages/${place}`, { messages: [message] })).body['results'][0] as Record<string, any>
    // The only wrong thing about the sender is that it does not exist, which is no matter of the body alone.
    if (names.length === 1 && names[0] === 'sender') return reply['code'] === 'SENDER_UNKNOWN'
    t.strictSame([...new Set(reply['errors'].map(({ field }: { field: string }) => fieldOf(field)))].sort(), [...names].sort())
    t.equal(reply['field'], reply['errors'][0].field)
    return reply['status'] === 400 && !/0123|clé/.test(JSON.stringify(reply))
  }), { numRuns: Math.ceil(RUNS / 3) })
  await fc.assert(fc.asyncProperty(someOf(wrong.graph), async names => {
    const { status, body } = await postGraph(node, { ...good.graph, ...pick(wrong.graph, names) })
    const { details } = body['error']['error_data'] as { details: string }
    return status === 400 && names.every(name => details.includes(`${name}: `)) && !details.includes('0123')
  }), { numRuns: Math.ceil(RUNS / 4) })
  const others = Object.entries(wrong).filter(([path]) => path.startsWith('/'))
  const request = fc.constantFrom(...others).chain(([path, fields]) => someOf(fields).map(names => ({ path, body: pick(fields, names), names })))
  await fc.assert(fc.asyncProperty(request, async ({ path, body, names }) => {
    const reply = await node.as(keys.operator)[path.endsWith('quota') ? 'put' : 'post'](path, body)
    const fields = new Set((reply.body['errors'] ?? []).map(({ field }: { field: string }) => field))
    return reply.status === 400 && names.every(name => fields.has(name))
  }), { numRuns: Math.ceil(RUNS / 4) })
  t.equal((await sandbox.seen()).length, before, 'nothing was sent')
})

await t.test('a member that is given twice is an error at every entry point, of its row only', async t => {
  const node = await environment.start(t)
  for (const surface of ['own', 'graph'] as const) {
    const source = sourceOf(surface, '15550009060', '{"type":"text","text":{"body":"a","body":"b"}}')
    t.match(await postBytes(node, surface, source), { status: 400, text: /text\.body: must be given once/ }, surface)
    t.match(await postBytes(node, surface, source.replace('{', '{"to":"15550009061",')), { status: 400, text: /to: must be given once/ }, surface)
  }
  const rows = '{"messages":[{"to":"15550009062","to":"15550009063","message":"x"},{"to":"15550009064","message":"good"}]}'
  const response = await fetchWithRetry(node.origin + paths.batch, { method: 'POST', headers, body: rows })
  t.match((await response.json() as Record<string, unknown>)['results'], [{ httpStatus: 400, field: 'to' }, { httpStatus: 202 }])
  const quota = { method: 'PUT', headers: { ...headers, authorization: `Bearer ${keys.operator}` }, body: '{"perSecond":1,"perSecond":100}' }
  t.equal((await fetchWithRetry(`${node.origin}/api/v1/senders/${SENDER}/quota`, quota)).status, 400)
})
