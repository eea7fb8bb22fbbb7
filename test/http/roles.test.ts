/** Who may do what: every route that is served, with every kind of key. A route that is not in the table fails the test. */
import http from 'node:http'
import t from 'tap'
import { createGround, unhurried } from '../support/flow.js'
import { keys } from '../support/gateway.js'
import { request } from '../support/request.js'
import { routesOf } from '../support/routes.js'
import { until } from '../support/until.js'

type Role = 'send' | 'read' | 'admin'
const anonymous: Role[] = ['send', 'read', 'admin']
const callers: Record<Role, string> = { send: keys.app, read: keys.viewer, admin: keys.operator }

/** `open`: no key is asked for. */
const table: Record<string, Role[] | 'open'> = {
  'GET /health/live': 'open',
  'GET /health/ready': 'open',
  'GET /metrics': 'open',
  'POST /api/v1/messages': ['send', 'admin'],
  'POST /api/v1/messages/batch': ['send', 'admin'],
  'GET /api/v1/messages': anonymous,
  'POST /api/v1/messages/find': anonymous,
  'GET /api/v1/messages/:id': anonymous,
  'DELETE /api/v1/messages/:id': ['send', 'admin'],
  'GET /api/v1/failures': ['read', 'admin'],
  'POST /api/v1/failures/retry': ['admin'],
  'POST /api/v1/failures/:id/retry': ['admin'],
  'POST /api/v1/failures/:id/acknowledge': ['admin'],
  'POST /api/v1/failures/acknowledge': ['admin'],
  'GET /api/v1/rate-limits/:recipient': anonymous,
  'POST /api/v1/rate-limits/find': anonymous,
  'DELETE /api/v1/rate-limits/:recipient': ['admin'],
  'DELETE /api/v1/recipients/:recipient': ['admin'],
  'GET /api/v1/opt-outs': ['read', 'admin'],
  'PUT /api/v1/opt-outs/:recipient': ['send', 'admin'],
  'DELETE /api/v1/opt-outs/:recipient': ['admin'],
  'GET /api/v1/stats': ['read', 'admin'],
  'GET /api/v1/queues/stats': ['read', 'admin'],
  'GET /api/v1/workers/retry': ['read', 'admin'],
  'POST /api/v1/workers/retry/stop': ['admin'],
  'POST /api/v1/workers/retry/start': ['admin'],
  'GET /api/v1/senders': ['read', 'admin'],
  'POST /api/v1/senders/:id/pause': ['admin'],
  'POST /api/v1/senders/:id/resume': ['admin'],
  'PUT /api/v1/senders/:id/quota': ['admin'],
  'GET /api/v1/audit': ['admin'],
  'GET /api/v1/caller': anonymous,
  'GET /api/v1/codes/:code': anonymous
}

const ground = await createGround(t, unhurried)
const node = await ground.start(t)

/** With a name that nobody has, so that who may do it does no harm. */
async function call (route: string, authorization?: string): Promise<{ status: number, body: Record<string, any>, headers: Headers }> {
  const [method = '', path = ''] = route.split(' ')
  const url = node.origin + path.replace(':id', 'nobody').replace(':recipient', '15550004001')
  return await request(url, { method, headers: authorization === undefined ? {} : { authorization } })
}

await t.test('the table names every route that is served, and no other', async t => {
  // The pages for browsers have tests of their own: what describes the API and the console's empty page are open, the dashboard asks for an admin by itself;
  // and so has the drop-in surface, which refuses in WhatsApp's words; of webhooks a signature is asked, and no key.
  const served = routesOf(node.gateway.app).filter(route => !/^\w+ \/(docs|admin|console|:version|webhooks)\b/.test(route))
  t.same(served.filter(route => !route.startsWith('HEAD ')), Object.keys(table).sort())
  t.same(served.filter(route => route.startsWith('HEAD ') && table[route.replace('HEAD', 'GET')] === undefined), [], 'HEAD is there only with its GET')
})

for (const [route, allowed] of Object.entries(table)) {
  await t.test(`${route} is for ${allowed === 'open' ? 'everybody' : allowed.join(', ')}`, async t => {
    if (allowed === 'open') return t.equal((await call(route)).status, 200)
    for (const authorization of [undefined, 'Bearer wrong-key-0123456789', `Basic ${keys.operator}`, 'Bearer ', `Bearer ${keys.operator}x`]) {
      const { status, body, headers } = await call(route, authorization)
      t.match([status, body], [401, { code: 'UNAUTHENTICATED', status: 401 }], `not with ${authorization ?? 'no key'}`)
      t.match(headers.get('www-authenticate'), /^Bearer/)
    }
    for (const role of anonymous) {
      const { status, body } = await call(route, `Bearer ${callers[role]}`)
      if (allowed.includes(role)) t.notMatch(status, /^(401|403|5..)$/, `a ${role} key may`)
      else t.match([status, body], [403, { code: 'FORBIDDEN' }], `a ${role} key may not`)
    }
    if (route.startsWith('GET')) t.equal((await call(route.replace('GET', 'HEAD'))).status, 401, 'nor HEAD without a key')
  })
}

await t.test('a node that only works serves its health and nothing else', async t => {
  const worker = await ground.start(t, { ROLE: 'worker' }, { prefix: node.prefix })
  const served = routesOf(worker.gateway.app).filter(route => !route.startsWith('HEAD '))
  t.same(served.filter(route => route.includes('/api/')), [])
  t.equal((await request(`${worker.origin}/health/ready`)).status, 200)
})

await t.test('without API keys everybody on this machine may do everything', async t => {
  const open = await ground.start(t, { API_KEYS: '', WHATSAPP_ACCESS_TOKEN: '' }, { prefix: node.prefix })
  t.match(await open.as().send('+15550004010'), { status: 200, body: { sandbox: true, immediate: true } })
  t.match(await open.as('whatever').get('/stats'), { status: 200, body: { sandbox: true } })
})

await t.test('without API keys no page of another site acts on the node or reads it', async t => {
  const open = await ground.start(t, { API_KEYS: '', WHATSAPP_ACCESS_TOKEN: '' }, { prefix: node.prefix })
  const ask = async (headers: Record<string, string>, method = 'POST', path = '/workers/retry/start') =>
    await until('an answer', async () => {
      const answer = await answerTo(`${open.origin}/api/v1${path}`, method, headers)
      return answer.body['code'] !== 'OVERLOADED' && answer
    })
  const refused = { status: 403, body: { code: 'FORBIDDEN', detail: /^without API_KEYS / } }
  for (const host of ['rebound.example', 'localhost.rebound.example', '127.0.0.1.rebound.example:3000', '10.0.0.1']) {
    t.match(await ask({ host }, 'GET', '/stats'), refused, `read as ${host}`)
    t.match(await ask({ host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }), refused, `changed as ${host}`)
  }
  const foreign: Array<Record<string, string>> = [
    { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, { origin: 'https://elsewhere.example' }, { origin: 'null' },
    { 'sec-fetch-site': 'none', origin: 'https://elsewhere.example' }
  ]
  for (const headers of foreign) {
    t.match(await ask(headers), refused, JSON.stringify(headers))
    t.match(await ask(headers, 'DELETE', '/rate-limits/15550004011'), refused)
    t.match(await ask(headers, 'GET', '/stats'), { status: 200 }, 'a look is not readable there, and changes nothing')
  }
  const own: Array<Record<string, string>> = [
    {}, { origin: open.origin }, { 'sec-fetch-site': 'same-origin', origin: open.origin }, { 'sec-fetch-site': 'none' },
    { host: 'localhost:3000' }, { host: '[::1]:3000' }, { host: 'LOCALHOST' }
  ]
  for (const headers of own) t.match(await ask(headers), { status: 200 }, JSON.stringify(headers))
})

/** fetch sets the header Host by itself. */
async function answerTo (url: string, method: string, headers: Record<string, string>): Promise<{ status: number, body: Record<string, any> }> {
  return await new Promise((resolve, reject) => {
    http.request(url, { method, headers }, response => {
      let text = ''
      response.on('data', data => { text += String(data) })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }))
    }).on('error', reject).end()
  })
}
