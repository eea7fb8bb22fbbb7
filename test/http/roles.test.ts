/** Authorization of every route with every role. A route that is not in the table fails the test. */
import http from 'node:http'
import t from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { keys, routesOf } from '../support/gateway.js'
import { request } from '../support/request.js'
import { until } from '../support/until.js'

type Role = 'send' | 'read' | 'admin'
const all: Role[] = ['send', 'read', 'admin']
const callers: Record<Role, string> = { send: keys.app, read: keys.viewer, admin: keys.operator }

/** `open`: needs no key. */
const table: Record<string, Role[] | 'open'> = {
  'GET /': 'open',
  'GET /health/live': 'open',
  'GET /health/ready': 'open',
  'GET /metrics': 'open',
  'POST /api/v1/messages': ['send', 'admin'],
  'POST /api/v1/messages/batch': ['send', 'admin'],
  'POST /api/v1/messages/check': ['send', 'admin'],
  'GET /api/v1/messages': all,
  'POST /api/v1/messages/find': all,
  'GET /api/v1/messages/:id': all,
  'PATCH /api/v1/messages/:id': ['send', 'admin'],
  'DELETE /api/v1/messages/:id': ['send', 'admin'],
  'GET /api/v1/campaigns': ['read', 'admin'],
  'GET /api/v1/campaigns/:name': ['read', 'admin'],
  'PUT /api/v1/campaigns/:name': ['admin'],
  'POST /api/v1/campaigns/:name/pause': ['admin'],
  'POST /api/v1/campaigns/:name/resume': ['admin'],
  'POST /api/v1/campaigns/:name/retry': ['admin'],
  'POST /api/v1/campaigns/:name/cancel': ['admin'],
  'POST /api/v1/jobs': ['admin'],
  'GET /api/v1/jobs': ['read', 'admin'],
  'GET /api/v1/jobs/:id': ['read', 'admin'],
  'POST /api/v1/jobs/:id/stop': ['admin'],
  'GET /api/v1/failures': ['read', 'admin'],
  'GET /api/v1/failures/summary': ['read', 'admin'],
  'POST /api/v1/failures/retry': ['admin'],
  'POST /api/v1/failures/:id/retry': ['admin'],
  'POST /api/v1/failures/:id/acknowledge': ['admin'],
  'POST /api/v1/failures/acknowledge': ['admin'],
  'GET /api/v1/rate-limits/:recipient': all,
  'POST /api/v1/rate-limits/find': all,
  'DELETE /api/v1/rate-limits/:recipient': ['admin'],
  'DELETE /api/v1/recipients/:recipient': ['admin'],
  'GET /api/v1/opt-outs': ['read', 'admin'],
  'PUT /api/v1/opt-outs/:recipient': ['send', 'admin'],
  'DELETE /api/v1/opt-outs/:recipient': ['admin'],
  'GET /api/v1/activity': ['read', 'admin'],
  'GET /api/v1/stats': ['read', 'admin'],
  'GET /api/v1/queues/stats': ['read', 'admin'],
  'GET /api/v1/workers/retry': ['read', 'admin'],
  'POST /api/v1/workers/retry/stop': ['admin'],
  'POST /api/v1/workers/retry/start': ['admin'],
  'GET /api/v1/senders': ['read', 'admin'],
  'POST /api/v1/senders/:id/pause': ['admin'],
  'POST /api/v1/senders/:id/resume': ['admin'],
  'PUT /api/v1/senders/:id/quota': ['admin'],
  'GET /api/v1/senders/:id/rates': ['read', 'admin'],
  'PUT /api/v1/senders/:id/rates': ['admin'],
  'GET /api/v1/senders/:id/templates': ['read', 'admin'],
  'POST /api/v1/senders/:id/templates/resume': ['admin'],
  'GET /api/v1/audit': ['admin'],
  'GET /api/v1/caller': all,
  'GET /api/v1/callers': ['admin'],
  'GET /api/v1/codes/:code': all
}

const environment = await createTestEnvironment(t, longStartWindow)
const node = await environment.start(t)

/** With ids that do not exist, so that a permitted request changes nothing. */
async function call (route: string, authorization?: string): Promise<{ status: number, body: Record<string, any>, headers: Headers }> {
  const [method = '', path = ''] = route.split(' ')
  const url = node.origin + path.replace(':id', 'unknown').replace(':recipient', '15550004001')
  return await request(url, { method, headers: authorization === undefined ? {} : { authorization } })
}

await t.test('the table has every route, and no other', async t => {
  // Tested elsewhere: pages for browsers (the documentation and the console's page are open, the dashboard authenticates an admin itself), the
  // Graph surface, whose errors have Meta's shape, and webhooks, which need a signature and no key.
  const served = routesOf(node.gateway.app).filter(route => !/^\w+ \/(docs|admin|console|:version|webhooks)\b/.test(route))
  t.same(served.filter(route => !route.startsWith('HEAD ')), Object.keys(table).sort())
  t.same(served.filter(route => route.startsWith('HEAD ') && table[route.replace('HEAD', 'GET')] === undefined), [], 'HEAD exists only with its GET')
})

for (const [route, allowed] of Object.entries(table)) {
  await t.test(`${route} permits ${allowed === 'open' ? 'requests without a key' : allowed.join(', ')}`, async t => {
    if (allowed === 'open') return t.equal((await call(route)).status, 200)
    for (const authorization of [undefined, 'Bearer wrong-key-0123456789', `Basic ${keys.operator}`, 'Bearer ', `Bearer ${keys.operator}x`]) {
      const { status, body, headers } = await call(route, authorization)
      t.match([status, body], [401, { code: 'UNAUTHENTICATED', status: 401 }], `rejected with ${authorization ?? 'no key'}`)
      t.match(headers.get('www-authenticate'), /^Bearer/)
    }
    for (const role of all) {
      const { status, body } = await call(route, `Bearer ${callers[role]}`)
      if (allowed.includes(role)) t.notMatch(status, /^(401|403|5..)$/, `permits a ${role} key`)
      else t.match([status, body], [403, { code: 'FORBIDDEN' }], `rejects a ${role} key`)
    }
    if (route.startsWith('GET')) t.equal((await call(route.replace('GET', 'HEAD'))).status, 401, 'rejects HEAD without a key')
  })
}

await t.test('a worker node serves health and metrics only', async t => {
  const worker = await environment.start(t, { ROLE: 'worker' }, { prefix: node.prefix })
  const served = routesOf(worker.gateway.app).filter(route => !route.startsWith('HEAD '))
  t.same(served.filter(route => route.includes('/api/')), [])
  t.equal((await request(`${worker.origin}/health/ready`)).status, 200)
})

await t.test('without API keys every caller on this machine is admin', async t => {
  const open = await environment.start(t, { API_KEYS: '', WHATSAPP_ACCESS_TOKEN: '' }, { prefix: node.prefix })
  t.match(await open.as().send('+15550004010'), { status: 200, body: { sandbox: true, immediate: true } })
  t.match(await open.as('whatever').get('/stats'), { status: 200, body: { sandbox: true } })
})

await t.test('without API keys no page of another site can change or read anything', async t => {
  const open = await environment.start(t, { API_KEYS: '', WHATSAPP_ACCESS_TOKEN: '' }, { prefix: node.prefix })
  const ask = async (headers: Record<string, string>, method = 'POST', path = '/workers/retry/start') =>
    await until('a response', async () => {
      const response = await fetchAs(`${open.origin}/api/v1${path}`, method, headers)
      return response.body['code'] !== 'OVERLOADED' && response
    })
  const rejected = { status: 403, body: { code: 'FORBIDDEN', detail: /^without API_KEYS / } }
  for (const host of ['rebound.example', 'localhost.rebound.example', '127.0.0.1.rebound.example:3000', '10.0.0.1']) {
    t.match(await ask({ host }, 'GET', '/stats'), rejected, `GET with host ${host}`)
    t.match(await ask({ host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }), rejected, `POST with host ${host}`)
  }
  const foreign: Array<Record<string, string>> = [
    { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, { origin: 'https://elsewhere.example' }, { origin: 'null' },
    { 'sec-fetch-site': 'none', origin: 'https://elsewhere.example' }
  ]
  for (const headers of foreign) {
    t.match(await ask(headers), rejected, JSON.stringify(headers))
    t.match(await ask(headers, 'DELETE', '/rate-limits/15550004011'), rejected)
    t.match(await ask(headers, 'GET', '/stats'), { status: 200 }, 'GET changes nothing, and the other site cannot read the response')
  }
  const own: Array<Record<string, string>> = [
    {}, { origin: open.origin }, { 'sec-fetch-site': 'same-origin', origin: open.origin }, { 'sec-fetch-site': 'none' },
    { host: 'localhost:3000' }, { host: '[::1]:3000' }, { host: 'LOCALHOST' }
  ]
  for (const headers of own) t.match(await ask(headers), { status: 200 }, JSON.stringify(headers))
})

/** fetch cannot set the header Host. */
async function fetchAs (url: string, method: string, headers: Record<string, string>): Promise<{ status: number, body: Record<string, any> }> {
  return await new Promise((resolve, reject) => {
    http.request(url, { method, headers }, response => {
      let text = ''
      response.on('data', data => { text += String(data) })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }))
    }).on('error', reject).end()
  })
}
