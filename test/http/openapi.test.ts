/**
 * The OpenAPI document: it is complete, it equals the committed file, and the gateway conforms to it. `WRITE_DOCS=1` regenerates
 * docs/openapi.json.
 */
import { writeFileSync } from 'node:fs'
import type { Static } from '@sinclair/typebox'
import t from 'tap'
import { errors } from '../../src/error-codes.js'
import type { Failure } from '../../src/failure/failure.js'
import type { RetryWorkerStatus } from '../../src/failure/retry-worker.js'
import type { FailureSchema } from '../../src/http/schemas/failure.js'
import type { RateLimitSchema } from '../../src/http/routes/rate-limits.js'
import type { NamedSender, SenderSchema } from '../../src/http/routes/senders.js'
import type { RetryWorkerStatusSchema } from '../../src/http/routes/workers.js'
import { hashTemplate } from '../../src/template-name.js'
import type { PairView } from '../../src/throttle/inspect.js'
import { read, root } from '../contract/tree.js'
import { startSandbox } from '../sandbox/support.js'
import { longStartWindow } from '../support/flow.js'
import { keys, startNode, routesOf as listRoutes } from '../support/gateway.js'
import { startRedis } from '../support/redis.js'
import { createCaller, request } from '../support/request.js'
import { until } from '../support/until.js'
import { createChecker, examplesOf, routesOf, type Document, type Route, type Schema } from './document.js'

/** The sender of the examples. */
const SENDER = '100000000000001'

const redis = await startRedis(t)
const sandbox = await startSandbox(t, { enforcePair: false, throughputPerSecond: null })
const options = {
  redisUrl: redis.url,
  apiUrl: sandbox.url,
  env: { ...longStartWindow, WHATSAPP_PHONE_NUMBER_ID: SENDER, WHATSAPP_RATE_LIMIT_MS: '60000', WHATSAPP_RETRY_INTERVAL_MS: '600000' }
}
const node = await startNode(t, options)
const document = (await request(`${node.origin}/docs/json`)).body as Document
const routes = routesOf(document)
const checker = createChecker(document)

await t.test('the page has our name, mark and colours', async t => {
  // A busy node sheds requests.
  const load = async (path: string): Promise<Response> => await until(`${path} is served`, async () => {
    const response = await fetch(`${node.origin}/docs/${path}`)
    return response.status !== 503 && response
  })
  const page = await (await load('')).text()
  t.match(page, '<title>Sluice API</title>')
  for (const [file, type] of [['sluice.css', 'text/css'], ['sluice.svg', 'image/svg+xml']] as const) {
    t.ok(page.includes(`./static/theme/${file}`), file)
    const response = await load(`static/theme/${file}`)
    t.match([response.status, response.headers.get('content-type')], [200, type], file)
  }
  const font = /url\("(.+?)"\)/.exec(await (await load('static/theme/sluice.css')).text())?.[1] ?? ''
  const file = await load(new URL(font, `${node.origin}/docs/static/theme/sluice.css`).pathname.replace('/console', '../console'))
  t.match([file.status, file.headers.get('content-type')], [200, 'font/woff2'], "the font is the console's")
  const start = await (await load('static/swagger-initializer.js')).text()
  t.ok(start.includes(Buffer.from(read('src/console/page/icon.svg')).toString('base64')), "the mark is the console's")
})

await t.test('document and page are served without a key', async t => {
  const page = await request(`${node.origin}/docs`)
  t.equal(page.status, 200)
  t.match(page.body['text'], /swagger-ui/)
  t.equal(document.openapi, '3.1.0')
  t.notMatch(JSON.stringify(document), new RegExp(Object.values(keys).join('|')))
})

await t.test('docs/openapi.json is this document', async t => {
  const text = `${JSON.stringify(document, null, 1)}\n`
  if (process.env['WRITE_DOCS'] === '1') writeFileSync(`${root}docs/openapi.json`, text)
  t.ok(read('docs/openapi.json') === text, 'if not: WRITE_DOCS=1 npm test -- test/http/openapi.test.ts, and then test/client/openapi.test.ts')
})

await t.test('the document has every route, fully described', async t => {
  const registered = listRoutes(node.gateway.app).filter(route => !/^HEAD |^\w+ \/((docs|admin|console)\b|$)/.test(route))
    .map(route => route.replaceAll(/:(\w+)/g, '{$1}'))
  t.same(routes.map(({ method, path }) => `${method} ${path}`).sort(), registered.sort())
  const tags = document.tags.map(({ name }) => name)
  for (const { method, path, operation } of routes) {
    await t.test(`${method} ${path}`, async t => {
      t.match(operation, { operationId: /^[a-z][A-Za-z]+$/, summary: /^[A-Z].{10,}[^.]$/, description: /./ })
      t.ok(operation.tags.every(tag => tags.includes(tag)) && operation.tags.length === 1, 'has one tag')
      const open = operation.security?.length === 0
      t.equal(open, operation['x-roles'].length === 0, 'has roles, or needs no key')
      if (!open) t.match(operation['x-roles'], ['send', 'read', 'admin'].filter(role => operation['x-roles'].includes(role)))
      if (!open) for (const status of ['401', '403', '500', '503']) t.ok(operation.responses[status], status)
      t.ok(Object.keys(operation.responses).some(status => status.startsWith('2')), 'has a success response')
      t.same(
        (operation.parameters ?? []).filter(({ description = '' }) => description.length < 5).map(({ name }) => name),
        [],
        'every parameter is described'
      )
      t.ok(
        operation.requestBody === undefined || Object.keys(operation.requestBody.content['application/json']?.examples ?? {}).length > 0,
        'a body has an example'
      )
    })
  }
  const ids = routes.map(({ operation }) => operation.operationId)
  t.equal(new Set(ids).size, ids.length, 'operation ids are unique')
})

await t.test('every field is described, every reference resolves, every component is used', async t => {
  const schemas = document.components.schemas
  t.same(Object.entries(schemas).flatMap(([name, schema]) => [...(schema.description === undefined ? [name] : []), ...undescribed(name, schema)]), [])
  const named = [...JSON.stringify(document).matchAll(/"#\/components\/(\w+)\/([\w-]+)"/g)].map(([, kind = '', name = '']) => `${kind}/${name}`)
  const defined = (['schemas', 'responses', 'headers'] as const).flatMap(kind =>
    Object.keys(document.components[kind]).map(name => `${kind}/${name}`)
  )
  t.same([...new Set(named)].filter(name => !defined.includes(name)), [])
  t.same(defined.filter(name => !named.includes(name)), ['schemas/PostResponse'], 'the union of all responses is for generated clients')
})

await t.test('the problem\'s codes are those of the list, each with its status and sentence', async t => {
  const code = document.components.schemas['Problem']?.properties?.['code']
  t.same(code?.enum, Object.keys(errors))
  for (const [name, { status, title }] of Object.entries(errors)) t.ok(code?.description?.includes(`\`${name}\`: ${status}, ${title}`), name)
})

await t.test('the examples match their schemas', async t => {
  t.match(checker.value({ $ref: '#/components/schemas/Health' }, { status: 'ok', more: 1 }), /additional properties/, 'an unknown field is an error')
  for (const { operation } of routes) {
    const contents = [operation.requestBody, ...Object.values(operation.responses)].flatMap(part => Object.values(part?.content ?? {}))
    for (const { schema, examples = {} } of contents) {
      for (const [name, { value }] of Object.entries(examples)) t.equal(checker.value(schema, value), '', `${operation.operationId} ${name}`)
    }
    const success = Object.entries(operation.responses).filter(([status, { content }]) => status.startsWith('2') && content !== undefined)
    t.ok(
      success.every(([, { content }]) => Object.values(content ?? {}).every(({ examples }) => examples !== undefined)),
      `${operation.operationId} has an example of its response`
    )
  }
})

await t.test('the table of docs/http.md has every route with its roles', async t => {
  const rows = [...read('docs/http.md').matchAll(/^\| `(GET|POST|PUT|PATCH|DELETE) (\/[^`?]*)[^`]*`.*? \| ([^|]+) \|/gm)]
    .map(([, method = '', path = '', roles = '']) => `${method} ${path} ${roles.replace(' (own)', '').trim()}`)
  const documented = routes.map(({ method, path, operation }) =>
    `${method} ${path.replace('/api/v1', '').replaceAll(/\{(\w+)\}/g, ':$1')} ${operation['x-roles'].join(', ') || '–'}`)
  t.same(rows.sort(), documented.sort())
})

await t.test('every example works, and its response is as documented', async t => {
  const api = createCaller(node.origin, keys.operator)
  let failures = 0
  // Compiling the document's schemas in this process has blocked the node.
  await until('the node is ready again', async () => (await request(`${node.origin}/health/ready`)).status === 200)
  // What WhatsApp has paused, an operator resumes.
  const paused = { name: 'order_ready', language: 'en_US' }
  await redis.connect().hset(`{${node.prefix}:${SENDER}}:templates`, hashTemplate(paused), 'paused 1700000000000000 0 132015 order_ready en_us')
  for (const route of routes) {
    const statuses: number[] = []
    for (const { name, path, headers, body } of examplesOf(route)) {
      // The failure has to exist first, and has an id of its own.
      const real = /\/failures\/1/.test(path)
        ? path.replace(/1\d+\.[\w-]+\.\w+/, (await api.send(`+155601310260${10 + failures++}`)).body['id'])
        : path
      const reply = await ask(route.method, real, body, headers)
      statuses.push(reply.status)
      t.equal(checker.response(route, reply), '', `${route.operation.operationId} ${name}: ${reply.status}`)
    }
    // Meta's requests need its token and its signature: test/flow/webhooks.test.ts.
    if (!route.path.startsWith('/webhooks/')) t.ok(statuses.some(status => status < 300), `${route.operation.operationId} succeeds`)
  }
})

await t.test('other responses are documented too', async t => {
  // A node of the same gateway that does not wait for sends.
  const impatient = await startNode(t, { ...options, prefix: node.prefix, env: { ...options.env, INLINE_WAIT_MS: '0' } })
  const see = async (
    id: string,
    status: number,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
    { origin } = node
  ): Promise<Record<string, any>> => {
    const route = routes.find(({ operation }) => operation.operationId === id) as Route
    const reply = await ask(route.method, `/api/v1${path}`, body, headers, origin)
    t.equal(reply.status, status, `${id} ${path} ${JSON.stringify(body ?? '').slice(0, 80)}`)
    t.equal(checker.response(route, reply), '', `${id} ${reply.body['code'] ?? reply.body['status'] ?? ''}`)
    return reply.body
  }
  const post = async (status: number, body: unknown, headers = {}, by = node) => await see('postMessage', status, '/messages', body, headers, by)
  const first = { to: '+15550105001', message: 'Hello', idempotencyKey: 'again' }

  await post(200, first)
  await post(422, { ...first, message: 'Other' })
  await post(429, { to: first.to, message: 'Now', whenLimited: 'reject' })
  await post(429, { to: first.to, message: 'Soon', expiresInMs: 1000 })
  for (const wrong of [
    { to: '12' },
    { to: 'US.abc' },
    { idempotencyKey: 'ä' },
    { sender: 'unknown' },
    { unknown: 1 },
    { message: 'x'.repeat(300_000) }
  ]) {
    await post('sender' in wrong ? 404 : (wrong.message ?? '').length > 4096 ? 413 : 400, { to: '+15550105002', message: 'Hello', ...wrong })
  }
  await post(401, first, { authorization: 'Bearer unknown-key' })
  await post(403, first, { authorization: `Bearer ${keys.viewer}` })
  t.equal((await post(202, { to: '+155611310000051', message: 'Hello' }))['status'], 'retrying')
  const unknown = await post(202, { to: '+15556020010', message: 'Hello' })
  t.equal(unknown['status'], 'unknown')
  const sending = await post(202, { to: '+15557010010', message: 'Hello' }, {}, impatient)
  t.equal(sending['status'], 'sending')
  const scheduledFor = Date.now() + 3_600_000
  const late = await post(202, { to: '+15550105001', message: 'Tomorrow', scheduledFor })
  t.equal(late['status'], 'scheduled')
  await see('getMessage', 200, `/messages/${late['id']}`)
  await post(200, { to: '+15550105001', message: 'Tomorrow', scheduledFor })

  const rows = await see('postBatch', 207, '/messages/batch', [
    first,
    { to: '+15550105003', message: 'Hello' },
    { to: '+15550105003', message: 'Hello', whenLimited: 'reject' },
    {}
  ])
  t.same(rows['results'].map((row: { httpStatus: number }) => row.httpStatus), [200, 202, 400, 400])
  await see('postBatch', 400, '/messages/batch', [])
  const unsure = [first, { ...first, message: 'Other' }, { to: '12', message: 'x' }]
  const checked = await see('checkMessages', 200, '/messages/check', { messages: unsure })
  t.same(checked['results'].map((row: { httpStatus: number }) => row.httpStatus), [200, 422, 400])
  await see('checkMessages', 400, '/messages/check', { messages: [] })
  await see('findMessages', 400, '/messages?limit=0')
  await see('cancelMessage', 409, '/messages/again')
  await see('getMessage', 404, '/messages/unknown')
  await see('retryFailure', 409, `/failures/${SENDER}.aaaaaaaaaaaaaaaaaaaaaa.19999999999/retry`)
  await see('acknowledgeFailure', 404, '/failures/nothing/acknowledge', {})
  await see('stopMarketing', 200, '/opt-outs/+15550105005', {})
  await see('listOptOuts', 200, '/opt-outs')
  await post(422, { to: '+15550105005', message: 'Offer', category: 'marketing' })
  await see('stopMarketing', 400, '/opt-outs/12', {})
  await see('getRateLimit', 400, '/rate-limits/12')
  await see('pauseSender', 404, '/senders/unknown/pause', {})
  await see('changeQuota', 400, `/senders/${SENDER}/quota`, {})

  await until('it is sent', async () => (await node.get(`/messages/${sending['id']}`)).body['status'] === 'sent')
  for (const state of [unknown, sending]) await see('getMessage', 200, `/messages/${state['id']}`)
  await node.del('/rate-limits/+155611310000051')
  await see('retryFailures', 200, '/failures/retry', { force: true })
  await until('one is resolved', async () => (await node.get('/failures?status=RESOLVED')).body['failures']?.length > 0)
  const failures = await see('listFailures', 200, '/failures')
  for (const { id } of failures['failures']) await see('getMessage', 200, `/messages/${id}`)
  const page = await see('listFailures', 200, '/failures?limit=1')
  t.type(page['nextCursor'], 'string')
  await see('listAudit', 200, '/audit')
  await node.post(`/senders/${SENDER}/pause`, {})
  await see('getStats', 200, '/stats')
  await see('getRateLimit', 200, '/rate-limits/+15550105001')
})

await t.test('the types of responses have the fields of their schemas', async t => {
  const same = <One, Other extends One>(_: (one: One) => Other): void => {}
  same<Failure, Static<typeof FailureSchema>>(one => one)
  same<Static<typeof FailureSchema>, Failure>(one => one)
  same<NamedSender, Static<typeof SenderSchema>>(one => one)
  same<Static<typeof SenderSchema>, NamedSender>(one => one)
  same<RetryWorkerStatus, Static<typeof RetryWorkerStatusSchema>>(one => one)
  same<Static<typeof RetryWorkerStatusSchema>, RetryWorkerStatus>(one => one)
  same<PairView & { recipient: string, sender: string }, Static<typeof RateLimitSchema>>(one => one)
  same<Static<typeof RateLimitSchema>, PairView & { recipient: string, sender: string }>(one => one)
  t.pass('checked by tsc')
})

async function ask (method: string, path: string, body: unknown, headers: Record<string, string>, origin = node.origin) {
  return await request(origin + path, {
    method,
    headers: { authorization: `Bearer ${keys.operator}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

function undescribed (path: string, schema: Schema): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [
    ...(field.description === undefined ? [`${path}.${name}`] : []), ...undescribed(`${path}.${name}`, field)])
}
