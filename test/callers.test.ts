import { writeFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { createCallerRegistry, hashKey, notPermitted, readCallers } from '../src/callers.js'
import { readConfig } from '../src/config.js'
import { createTestEnvironment, longStartWindow } from './support/flow.js'
import { SENDER } from './support/gateway.js'
import { type Caller, request } from './support/request.js'
import { until } from './support/until.js'

const key = (name: string) => `key-of-${name}-0123456789`
const hashed = (name: string) => `sha256:${hashKey(key(name))}`
const entry = (name: string, more: Record<string, unknown> = {}) => ({ name, role: 'send', keys: [hashed(name)], ...more })

function fileOf (t: Test, content: unknown): string {
  return `${t.testdir({ keys: typeof content === 'string' ? content : JSON.stringify(content, null, 2) })}/keys`
}

const read = (t: Test, content: unknown) => readCallers({ API_KEYS: '', apiKeysFile: fileOf(t, content) })

await t.test('an entry has keys, in the clear or hashed, and limits', t => {
  const callers = createCallerRegistry(read(t, [
    entry('shop', { keys: [key('shop'), hashed('shop2')], senders: ['1'], lanes: ['urgent', 'bulk'], categories: ['utility'] }),
    { ...entry('ops'), role: 'admin' }
  ]))
  const shop = callers.find(key('shop'))
  const limits = { senders: ['1'], lanes: ['urgent', 'bulk'], categories: ['utility'], defaultLane: 'urgent', rate: null, weight: 1, backlog: null }
  t.strictSame(shop, { name: 'shop', role: 'send', limits })
  t.equal(callers.find(key('shop2')), shop, 'a second key')
  t.match(callers.find(key('ops')), { role: 'admin', limits: { senders: null, lanes: null, categories: null, defaultLane: 'normal' } })
  t.equal(callers.find(hashed('shop2')), undefined, 'a hash is no key')
  t.strictSame(callers.names(), ['shop', 'ops'])
  t.end()
})

await t.test('the form of API_KEYS is read from a file as well', t => {
  const callers = createCallerRegistry(read(t, `shop:${key('shop')}:send,\nshop:${key('two')}:send, ops:${key('ops')}:admin\n`))
  t.strictSame(callers.find(key('two')), { name: 'shop', role: 'send' })
  t.strictSame(callers.list(), [{ name: 'shop', role: 'send' }, { name: 'ops', role: 'admin' }])
  t.end()
})

const invalid: Array<[what: string, content: unknown, message: RegExp]> = [
  ['a file without keys', ' \n', /has no key/],
  ['an empty list', [], /must have 1 entry or more/],
  ['no list', {}, /must be a list/],
  ['no JSON', '[{]', /line 1, column 3/],
  [
    'a misspelt role',
    [entry('a', { role: 'amdin' })],
    /line 4, entry 1 \("a"\), role: must be one of send, read, admin; it is "amdin"; did you mean admin\?/
  ],
  ['a short key', [entry('a', { keys: ['short'] })], /line 6, entry 1 \("a"\), keys\.0: must be 16 to 200 .* it is \(hidden\)/],
  ['a hash that is cut', [entry('a', { keys: [hashed('a').slice(0, -1)] })], /keys\.0: must be 16 to 200 .* 64 hexadecimal digits/],
  ['three keys', [entry('a', { keys: [key('a'), key('b'), key('c')] })], /keys: must NOT have more than 2 items/],
  ['a key twice', [entry('a'), entry('b', { keys: [key('a')] })], /entry 2 \("b"\), keys\.0: the same key as one of a/],
  ['a name twice', [entry('a'), entry('a', { keys: [key('b')] })], /entry 2 \("a"\), name: given twice/],
  ['an unknown field', [entry('a', { lane: ['bulk'] })], /lane: unknown field; did you mean lanes\?/],
  ['an unknown lane', [entry('a', { lanes: ['urgnt'] })], /lanes\.0: must be one of urgent, normal, bulk; it is "urgnt"; did you mean urgent\?/],
  [
    'a default lane outside of the lanes',
    [entry('a', { lanes: ['bulk'], defaultLane: 'urgent' })],
    /defaultLane: must be one of lanes: bulk; it is urgent/
  ]
]
for (const [what, content, message] of invalid) {
  await t.test(`an invalid file is refused with line, field, value and what is allowed: ${what}`, t => {
    const path = fileOf(t, content)
    const refused = { code: 'CONFIG_INVALID', message }
    t.throws(() => readCallers({ API_KEYS: '', apiKeysFile: path }), refused)
    t.throws(() => readConfig({ API_KEYS_FILE: path }), refused)
    try {
      readConfig({ API_KEYS_FILE: path })
    } catch (error) {
      t.notMatch(String(error), /key-of-|[0-9a-f]{40}/, 'without a key')
    }
    t.end()
  })
}

await t.test('a caller may post what its limits permit', t => {
  const [shop] = read(t, [entry('shop', { senders: ['1', '2'], lanes: ['bulk'], categories: ['utility'] })])
  if (shop === undefined) throw new Error('no caller')
  const { caller } = shop
  t.equal(notPermitted(caller, { sender: '1', lane: 'bulk', category: 'utility' }), undefined)
  t.equal(notPermitted(caller, { sender: '2' }), undefined, 'a request that is no message')
  t.match(notPermitted(caller, { sender: '3' }), { code: 'NOT_PERMITTED', facts: { field: 'sender' } })
  t.match(notPermitted(caller, { sender: '3', lane: 'urgent' })?.facts.errors, [
    { field: 'sender', value: '3', allowed: ['1', '2'], detail: 'must be one of 1, 2 for the key of shop' },
    { field: 'priority', value: 'urgent', allowed: ['bulk'], detail: 'must be bulk for the key of shop' },
    { field: 'category', allowed: ['utility'] }
  ])
  t.match(notPermitted(caller, { sender: '1', lane: 'bulk', edge: 'marketing_messages' })?.facts, { field: 'category' })
  t.equal(notPermitted({ name: 'free', role: 'send' }, { sender: '9', lane: 'urgent' }), undefined)
  t.end()
})

await t.test('callers have shares by weight where several may post', t => {
  const registry = createCallerRegistry(read(t, [entry('shop', { weight: 3 }), { ...entry('board'), role: 'read' }]))
  t.equal(registry.shareOf('shop', 1000), '', 'one that may post')
  registry.replace(read(t, [entry('shop', { weight: 3 }), entry('crm')]))
  t.strictSame([registry.shareOf('shop', 1000), registry.shareOf('crm', 1000), registry.shareOf('removed', 1000)], ['shop*3', 'crm', 'removed'])
  registry.replace(read(t, [entry('shop', { backlog: 0.25 }), { ...entry('board'), role: 'read' }]))
  t.equal(registry.shareOf('shop', 1000), 'shop/250', 'one that may post, with a limit')
  registry.replace(read(t, [entry('shop', { weight: 3, backlog: 5000 }), entry('crm', { backlog: 20 }), entry('small', { backlog: 0.0001 })]))
  t.strictSame(['shop', 'crm', 'small'].map(name => registry.shareOf(name, 1000)), ['shop*3/1000', 'crm/20', 'small/1'])
  for (const wrong of [{ weight: 0 }, { backlog: 0 }, { backlog: 1.5 }, { backlog: '5' }]) {
    t.throws(() => read(t, [entry('shop', wrong)]), { code: 'CONFIG_INVALID' }, JSON.stringify(wrong))
  }
  t.end()
})

await t.test('the rate of a caller holds over nodes and senders, with the headers of its own policy', async t => {
  const environment = await createTestEnvironment(t, longStartWindow)
  const path = fileOf(t, [entry('shop', { rate: { perSecond: 0.01, burst: 5 } }), entry('free'), { ...entry('ops'), role: 'admin' }])
  const env = { API_KEYS: '', API_KEYS_FILE: path }
  const first = await environment.start(t, env)
  const second = await environment.start(t, env, { prefix: first.prefix })
  const [one, two] = [first, second].map(node => node.as(key('shop'))) as [Caller, Caller]
  const rows = (from: number, count: number) => Array.from({ length: count }, (_, i) => ({ to: `+1555000${1000 + from + i}`, message: 'Hello' }))

  const sent = await one.send('+15550000001')
  t.equal(sent.status, 200)
  t.equal(sent.headers.get('ratelimit-policy'), '"pair";q=1;w=2, "caller";q=5;w=500')
  t.match(sent.headers.get('ratelimit'), /^"pair";r=0;t=\d+, "caller";r=4;t=0$/)
  const { body, headers } = await two.post('/messages/batch', rows(0, 7))
  t.strictSame(body['results'].map((row: { httpStatus: number }) => row.httpStatus), [202, 202, 202, 202, 429, 429, 429], 'the first rows')
  t.match(body['results'][4], { code: 'CALLER_RATE_LIMITED', detail: 'shop may post 0.01 a second, 5 at once', waitMs: Number, retryAfterMs: Number })
  t.match(headers.get('ratelimit'), /^"caller";r=0;t=(9\d|100)$/)

  const refused = await one.send('+15550000002')
  t.match(refused, { status: 429, body: { code: 'CALLER_RATE_LIMITED' } })
  t.match(refused.headers.get('retry-after'), /^(9\d|100)$/)
  t.match(refused.headers.get('ratelimit'), /^"caller";r=0;t=(9\d|100)$/)
  t.equal(refused.headers.get('ratelimit-policy'), '"caller";q=5;w=500')
  t.match(await one.send('+15550000001'), { status: 200, body: { duplicate: true } }, 'a repeat is a duplicate all the same')
  const graph = await request(`${second.origin}/v25.0/${SENDER}/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key('shop')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ messaging_product: 'whatsapp', to: '15550000003', type: 'text', text: { body: 'Hello' } })
  })
  t.match(graph, { status: 429, body: { error: { code: 130429, error_data: { details: /CALLER_RATE_LIMITED/ } } } })
  t.ok(graph.headers.get('retry-after'))
  t.equal((await second.as(key('free')).send('+15550000003')).status, 200, 'another caller')
  t.strictSame(second.seen('caller.limited').map(({ count }) => count), [3, 1])
  const metrics = await (await fetch(`${second.origin}/metrics`)).text()
  t.match(metrics, 'sluice_caller_limited_total{caller="shop"} 4')
  t.match(metrics, 'sluice_caller_messages_total{caller="shop",outcome="queued"} 4')
})

await t.test('with a file', async t => {
  const environment = await createTestEnvironment(t, longStartWindow)
  const path = fileOf(t, [
    entry('shop', { lanes: ['urgent', 'bulk'], defaultLane: 'bulk', categories: ['utility'] }),
    entry('news', { senders: ['other'] }),
    { ...entry('ops'), role: 'admin' }
  ])
  const node = await environment.start(t, { API_KEYS: '', API_KEYS_FILE: path })
  const shop = node.as(key('shop'))
  const ops = node.as(key('ops'))
  const message = { to: '+15550000001', message: 'Hello', category: 'utility' }

  await t.test('a message that names no lane joins the default lane', async t => {
    await ops.post(`/senders/${SENDER}/pause`)
    t.equal((await shop.post('/messages', message)).status, 202)
    t.match(node.seen('message.admitted'), [{ lane: 'bulk', caller: 'shop' }])
  })

  await t.test('a message outside of the limits is refused, and its repeat is a duplicate all the same', async t => {
    const wrong = { ...message, priority: 'normal', category: 'marketing' }
    t.match(await shop.post('/messages', wrong), { status: 200, body: { duplicate: true } }, 'a repeat')
    const { status, body } = await shop.post('/messages', { ...wrong, message: 'News' })
    t.match({ status, body }, {
      status: 403,
      body: {
        code: 'NOT_PERMITTED',
        field: 'priority',
        errors: [
          { field: 'priority', value: 'normal', allowed: ['urgent', 'bulk'] }, { field: 'category', value: 'marketing', allowed: ['utility'] }
        ]
      }
    })
    const elsewhere = await node.as(key('news')).post('/messages', message)
    t.match(elsewhere, { status: 403, body: { field: 'sender', errors: [{ value: SENDER }] } })
    const rows = [{ ...message, to: '+15550000002' }, { ...message, message: 'Other', category: 'service' }]
    const { body: batch } = await shop.post('/messages/batch', rows)
    t.match(batch, { results: [{ httpStatus: 202 }, { httpStatus: 403, code: 'NOT_PERMITTED' }] })
    const graph = await request(`${node.origin}/v25.0/${SENDER}/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key('shop')}`, 'content-type': 'application/json' },
      body: JSON.stringify({ messaging_product: 'whatsapp', to: '15550000001', type: 'text', text: { body: 'Hello' } })
    })
    t.match(graph, { status: 403, body: { error: { code: 10, error_data: { details: /NOT_PERMITTED/ } } } })
  })

  await t.test('a changed file applies without a signal, and an invalid one changes nothing', async t => {
    const exchanged = entry('shop', { keys: [hashed('shop'), hashed('shop2')] })
    await writeFile(path, JSON.stringify([exchanged, { ...entry('ops'), role: 'admin' }]))
    await until('the new key is known', async () => (await node.as(key('shop2')).get('/caller')).status === 200)
    t.equal((await node.as(key('news')).get('/caller')).status, 401, 'a removed caller')
    t.strictSame(node.seen('callers.reloaded').at(-1), { total: 2, added: [], removed: ['news'] })
    t.match(await shop.post('/messages', { ...message, to: '+15550000009', priority: 'normal' }), { status: 202 }, 'without its limits')

    await writeFile(path, '[')
    await until('the file is refused', () => node.seen('callers.rejected').length > 0)
    t.match(node.seen('callers.rejected'), [{ error: /API_KEYS_FILE: the file is not valid JSON: line 1/ }])
    t.equal((await shop.get('/caller')).status, 200)
    await node.reload()
    t.equal(node.seen('callers.rejected').length, 2, 'a signal reports it again')
  })
})
