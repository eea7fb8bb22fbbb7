/** Rates of templates and categories through the API, and what cannot be. */
import t from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, type Node } from '../support/gateway.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const { arrivals } = environment
const path = `/senders/${SENDER}/rates`
const numbers = (from: number, count: number): string[] => Array.from({ length: count }, (_, i) => `+1555004${from + i}`)
const message = (name: string): object => ({ type: 'template', message: { name, language: { code: 'en_US' } } })

async function post (node: Node, all: string[], more: object): Promise<string[]> {
  const { body } = await node.post('/messages/batch', all.map(to => ({ to, ...more })))
  return (body['results'] as Array<{ id: string }>).map(({ id }) => id)
}

await t.test('messages of a template start no faster, others pass, and a change takes effect at once', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '50' })
  const set = { template: 'spring_offer', language: 'en-US', perSecond: 2 }
  t.match(await node.put(path, set), {
    status: 200, body: { rates: [{ template: 'spring_offer', language: 'en_us', category: null, perSecond: 2, waiting: 0 }] }
  })
  t.match(await node.put(path, set), { status: 200 }, 'a repeat changes nothing')
  const offers = numbers(1000, 5)
  await post(node, offers, message('spring_offer'))
  const { id } = (await node.post('/messages', { to: offers[4], ...message('order_ready') })).body
  await until('another template to the same recipient is sent', async () => (await node.get(`/messages/${id}`)).body['status'] === 'sent', 1500)
  const late = (await node.post('/messages', { to: '+15550042000', ...message('spring_offer') })).body
  t.match(late, { queued: true, waitingFor: 'template-rate' })
  t.match((await node.get('/senders')).body['senders'][0], { rates: { count: 1, categoryWaiting: 0 }, suspended: 0 })
  await until('all are sent', async () => (await node.get(`/messages/${late['id']}`)).body['status'] === 'sent')
  const starts = (await Promise.all(offers.slice(0, 4).map(async to => (await arrivals(to, 1))[0]?.headersAt ?? 0))).sort((a, b) => a - b)
  const span = (starts[3] ?? 0) - (starts[0] ?? 0)
  t.ok(span > 1000, `four messages in ${span} ms, where 1500 are planned and the first may be late`)

  const slow = { category: 'marketing', perSecond: 0.01 }
  t.match((await node.put(path, slow)).body, {
    rates: [{ template: 'spring_offer' }, { template: null, language: null, category: 'marketing', perSecond: 0.01 }]
  })
  const held = (await node.post('/messages', { to: '+15550043000', message: 'news', category: 'marketing' })).body
  t.match(held, { queued: true, waitingFor: 'category-rate' })
  t.match((await node.post('/messages', { to: '+15550043001', message: 'news', category: 'utility' })).body, { immediate: true })
  t.match((await node.post('/messages', { to: '+15550043002', message: 'news' })).body, { immediate: true }, 'it names no category')
  t.match((await node.put(path, { ...slow, perSecond: null })).body, { rates: [{ template: 'spring_offer' }] })
  await until('what waited is sent', async () => (await node.get(`/messages/${held['id']}`)).body['status'] === 'sent')
  t.match((await node.get('/audit')).body['entries'], [
    { action: 'set-rate', subject: 'marketing', detail: 'perSecond=null', sender: SENDER },
    { action: 'set-rate', subject: 'marketing', detail: 'perSecond=0.01' },
    { action: 'set-rate', subject: 'spring_offer en_us', detail: 'perSecond=2' }
  ])
})

await t.test('what a rate cannot be', async t => {
  const node = await environment.start(t)
  const wrong = async (fields: object, expected: object): Promise<void> => {
    t.match(await node.put(path, fields), { status: 400, body: { code: 'INVALID_REQUEST', ...expected } }, JSON.stringify(fields))
  }
  await wrong({ category: 'marketing', perSecond: 0 }, { field: 'perSecond', errors: [{ value: 0 }] })
  await wrong({ category: 'marketing', perSecond: 1001 }, { field: 'perSecond', errors: [{ value: 1001 }] })
  await wrong({ category: 'news', perSecond: 1 }, { field: 'category', errors: [{ value: 'news' }] })
  await wrong({ category: 'marketing' }, { field: 'perSecond' })
  await wrong({ perSecond: 1 }, { field: 'template' })
  await wrong({ template: 'spring_offer', perSecond: 1 }, { field: 'language' })
  await wrong({ template: 'spring_offer', language: 'en_US', category: 'marketing', perSecond: 1 }, { field: 'template' })
  await wrong({ category: 'marketing', language: 'en_US', perSecond: 1 }, { field: 'language' })
  t.match(await node.put('/senders/9/rates', { category: 'marketing', perSecond: 1 }), { status: 404, body: { code: 'SENDER_UNKNOWN' } })
  for (let i = 0; i < 100; i++) t.equal((await node.put(path, { template: `t${i}`, language: 'en', perSecond: 1 })).status, 200)
  await wrong({ category: 'marketing', perSecond: 1 }, { field: 'category', detail: /100 rates/ })
  t.match(await node.put(path, { template: 't1', language: 'en', perSecond: null }), { status: 200 })
  t.match(await node.put(path, { category: 'marketing', perSecond: 1 }), { status: 200 })
})
