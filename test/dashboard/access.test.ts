/** Who may open the dashboard, and what another site can make a browser do with it: nothing. */
import http from 'node:http'
import t from 'tap'
import { createTestEnvironment } from '../support/flow.js'
import { keys, type Node } from '../support/gateway.js'
import { request } from '../support/request.js'
import { until } from '../support/until.js'
import { basic, openBoard } from './support.js'

const environment = await createTestEnvironment(t)
const admin = { authorization: basic('operator', keys.operator) }

await t.test('a browser is asked for name and key', async t => {
  const node = await environment.start(t)
  for (const path of ['', '/', '/api/queues', '/queue/WHATSAPP', '/static/favicon-32x32.png']) {
    const { status, headers, body } = await request(`${node.origin}/admin/queues${path}`)
    t.equal(status, 401, path)
    t.match(headers.get('www-authenticate'), /^Basic realm="/)
    t.equal(body['code'], 'UNAUTHENTICATED')
  }
})

await t.test('an admin gets in with either scheme; other roles, and wrong pairs, do not', async t => {
  const node = await environment.start(t)
  const status = async (authorization: string): Promise<number> => (await openBoard(node, authorization).get('/api/queues')).status
  t.equal(await status(basic('operator', keys.operator)), 200)
  t.equal(await status(`Bearer ${keys.operator}`), 200)
  for (const [name, key] of [['viewer', keys.viewer], ['app', keys.app]] as const) {
    t.equal(await status(basic(name, key)), 403, name)
    t.equal(await status(`Bearer ${key}`), 403, name)
  }
  t.equal(await status(basic('viewer', keys.operator)), 401, 'the name has to be that of the key')
  t.equal(await status(basic('operator', 'wrong')), 401)
  t.equal(await status(`Basic ${Buffer.from(keys.operator).toString('base64')}`), 401)
  t.equal(await status('Basic'), 401)
})

await t.test('the page, its parts and the five queues are there', async t => {
  const node = await environment.start(t)
  const board = openBoard(node)
  const page = await board.get('/')
  t.equal(page.status, 200)
  t.match(page.body['text'], /<base href="\/admin\/queues\/"/)
  t.match(page.headers.get('content-security-policy'), /default-src 'self'.*frame-ancestors 'none'/)
  const [, script = ''] = /src="(static\/js\/main[^"]+)"/.exec(page.body['text']) ?? []
  t.equal((await board.get(`/${script}`)).status, 200)
  const { queues } = (await board.get('/api/queues')).body as { queues: Array<{ name: string, readOnlyMode: boolean }> }
  t.strictSame(queues.map(queue => [queue.name, queue.readOnlyMode]), [
    ['WHATSAPP', true], ['WHATSAPP-drain', true], ['WHATSAPP-retry', true], ['WHATSAPP-housekeeping', true], ['WHATSAPP-bulk', true]])
  t.equal((await request(`${node.origin}/admin/queues/api/redis/stats`, { headers: admin })).status, 200)
})

await t.test('another site cannot make a browser send a change, and the page itself has none', async t => {
  const node = await environment.start(t)
  const board = openBoard(node)
  const pause = async (headers: Record<string, string>): Promise<number> => (await board.put('/api/queues/WHATSAPP/pause', headers)).status
  t.equal(await pause({ 'sec-fetch-site': 'cross-site' }), 403)
  t.equal(await pause({ 'sec-fetch-site': 'same-site' }), 403)
  t.equal(await pause({ 'sec-fetch-site': 'none' }), 403)
  t.equal(await pause({ origin: 'https://elsewhere.example' }), 403)
  t.equal(await pause({ origin: 'null' }), 403)
  t.equal((await board.get('/api/queues', { 'sec-fetch-site': 'cross-site' })).status, 200, 'reading changes nothing')
  t.equal(await pause({ 'sec-fetch-site': 'same-origin', origin: node.origin }), 405)
  t.equal(await pause({}), 405, 'no browser')
  t.equal((await board.queue()).isPaused, false)
})

await t.test('without API keys it is open, to localhost by this name only', async t => {
  const node = await environment.start(t, { API_KEYS: '', WHATSAPP_ACCESS_TOKEN: '', HOST: '127.0.0.1' })
  t.equal((await request(`${node.origin}/admin/queues/api/queues`)).status, 200)
  t.equal(await statusAs(node, 'rebound.example'), 403)
  t.equal(await statusAs(node, 'localhost'), 200)
})

await t.test('a worker node has none', async t => {
  const node = await environment.start(t, { ROLE: 'worker' })
  t.equal((await request(`${node.origin}/admin/queues`, { headers: admin })).status, 404)
})

/** fetch sets the header Host by itself. Turned away by a node that is behind its work, it comes again. */
async function statusAs (node: Node, host: string): Promise<number> {
  return await until('a response', async () => {
    const status = await firstStatusAs(node, host)
    return status !== 503 && status
  })
}

async function firstStatusAs (node: Node, host: string): Promise<number> {
  return await new Promise((resolve, reject) => {
    http.get(`${node.origin}/admin/queues/api/queues`, { headers: { host } }, response => {
      response.resume()
      resolve(response.statusCode ?? 0)
    }).on('error', reject)
  })
}
