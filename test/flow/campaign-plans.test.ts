/** The plan of a campaign: start, end, rate and lane, through the API, with what cannot be. */
import t from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, type Node } from '../support/gateway.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const { arrivals } = environment
const env = { WHATSAPP_RATE_LIMIT_MS: '50', WHATSAPP_RETRY_SCHEDULE_MS: '200', WHATSAPP_RETRY_INTERVAL_MS: '200' }
const SPRING = { campaign: 'spring-sale' }

const plan = async (node: Node, fields: object): Promise<{ status: number, body: Record<string, any> }> =>
  await node.put('/campaigns/spring-sale', fields)
const campaignOf = async (node: Node): Promise<Record<string, any>> => (await node.get('/campaigns/spring-sale')).body
const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString()
const numbers = (from: number, count: number): string[] => Array.from({ length: count }, (_, i) => `+1555003${from + i}`)

async function post (node: Node, all: string[], more: object = {}): Promise<string[]> {
  const { body } = await node.post('/messages/batch', all.map((to, i) => ({ to, message: `spring ${i}`, ...SPRING, ...more })))
  return (body['results'] as Array<{ id: string }>).map(({ id }) => id)
}

await t.test('messages wait for the start, which a change removes; others pass', async t => {
  const node = await environment.start(t, env)
  const startAt = inMs(3_600_000)
  t.match(await plan(node, { startAt, perSecond: 5, lane: 'bulk' }), {
    status: 200, body: { state: 'running', startAt, endAt: null, perSecond: 5, lane: 'bulk', senders: [] }
  })
  const ids = await post(node, numbers(1000, 6))
  t.match((await node.post('/messages', { to: '+15550032000', message: 'order' })).body, { immediate: true })
  const urgent = (await node.post('/messages', { to: '+15550032001', message: 'spring', priority: 'urgent', ...SPRING })).body
  t.match(urgent, { queued: true, waitingFor: 'campaign-start' })
  t.ok(urgent['delayMs'] > 3_500_000, `${urgent['delayMs']} ms`)
  t.match((await node.get(`/messages/${ids[0]}`)).body, { status: 'queued', waitingFor: 'campaign-start', priority: 'bulk' })
  t.match((await node.get(`/messages/${urgent['id']}`)).body, { priority: 'urgent' })
  const waiting = await campaignOf(node)
  t.match(waiting, { waiting: 7, sent: 0 })
  t.equal(Date.parse(waiting['expectedEndAt']), Date.parse(startAt) + 7 / 5 * 1000, 'it starts then, and keeps its rate')
  t.match(await plan(node, { startAt: null }), { status: 200, body: { startAt: null, perSecond: 5, lane: 'bulk' } })
  await until('all are sent', async () => (await campaignOf(node))['sent'] === 7)
  t.match((await node.get('/audit')).body['entries'], [
    { action: 'plan-campaign', subject: 'spring-sale', detail: 'startAt=null', sender: '*' },
    { action: 'create-campaign', subject: 'spring-sale', detail: `lane=bulk perSecond=5 startAt=${startAt}` }
  ])
})

await t.test('what has not started by the end expires, in its queue and in the schedule', async t => {
  const node = await environment.start(t, { ...env, WHATSAPP_RATE_LIMIT_MS: '60000' })
  const [to = ''] = numbers(3000, 1)
  await plan(node, { endAt: inMs(2500) })
  const ids = await post(node, [to, to])
  const [scheduled = ''] = await post(node, numbers(3100, 1), { scheduledFor: inMs(3_600_000) })
  await arrivals(to, 1)
  const expired = async (id: string | undefined): Promise<boolean> => (await node.get(`/messages/${id}`)).body['status'] === 'expired'
  await until('the scheduled message has expired', async () => await expired(scheduled), 90_000)
  await until('the second one has expired', async () => await expired(ids[1]), 90_000)
  t.match(await campaignOf(node), { accepted: 3, sent: 1, expired: 2, state: 'finished' })
  t.match(await node.post('/messages', { to, message: 'late', ...SPRING }), { status: 429, body: { code: 'WOULD_EXPIRE' } })
  t.match(await plan(node, { endAt: null }), { status: 200, body: { endAt: null } })
  t.match(await node.post('/messages', { to: '+15550033200', message: 'late', ...SPRING }), { body: { immediate: true } })
})

await t.test('what a plan cannot be', async t => {
  const node = await environment.start(t, env)
  const wrong = async (fields: object, expected: object): Promise<void> => {
    t.match(await plan(node, fields), { status: 400, body: { code: 'INVALID_REQUEST', ...expected } }, JSON.stringify(fields))
  }
  await wrong({ perSecond: 0 }, { field: 'perSecond', errors: [{ value: 0 }] })
  await wrong({ perSecond: 1001 }, { field: 'perSecond', errors: [{ value: 1001 }] })
  await wrong({ lane: 'slow' }, { field: 'lane', errors: [{ value: 'slow', allowed: ['urgent', 'normal', 'bulk'] }] })
  await wrong({ startAt: 'tomorrow' }, { field: 'startAt' })
  const past = inMs(-3_600_000)
  await wrong({ endAt: past }, { field: 'endAt', errors: [{ value: past, detail: /must be in the future/ }] })
  await wrong({ startAt: past }, { field: 'startAt', errors: [{ value: past }] })
  const [startAt, endAt] = [inMs(7_200_000), inMs(3_600_000)]
  await wrong({ startAt, endAt }, { field: 'endAt', errors: [{ value: endAt, detail: `must be after startAt, ${startAt}` }] })
  await wrong({ startsAt: startAt }, { field: 'startsAt' })
  t.match(await plan(node, { sender: '9', perSecond: 5 }), { status: 404, body: { code: 'SENDER_UNKNOWN', field: 'sender' } })
  t.equal((await node.get('/campaigns/spring-sale')).status, 404, 'nothing was created')
})

await t.test('a plan of one sender, and of a key that may use one only', async t => {
  const OTHER = '100000000000002'
  const file = t.testdir({
    'keys.json': JSON.stringify([
      { name: 'ops', role: 'admin', keys: ['ops-key-of-the-gateway'] },
      { name: 'shop', role: 'admin', keys: ['shop-key-of-the-gateway'], senders: [OTHER] }
    ]),
    'senders.json': JSON.stringify([SENDER, OTHER].map(id => ({ id, accessToken: 'token' })))
  })
  const node = await environment.start(t, {
    ...env, WHATSAPP_SENDERS_FILE: `${file}/senders.json`, API_KEYS: '', API_KEYS_FILE: `${file}/keys.json`
  })
  const as = async (key: string, method: string, fields?: object): Promise<Record<string, any>> => {
    const response = await fetch(`${node.origin}/api/v1/campaigns/spring-sale`, {
      method,
      headers: { authorization: `Bearer ${key}-key-of-the-gateway`, 'content-type': 'application/json' },
      ...(fields === undefined ? {} : { body: JSON.stringify(fields) })
    })
    return { status: response.status, ...await response.json() as object }
  }
  t.match(await as('shop', 'PUT', { sender: SENDER, perSecond: 5 }), { status: 403, code: 'NOT_PERMITTED', field: 'sender' })
  await as('ops', 'PUT', {})
  t.match(await as('shop', 'PUT', { perSecond: 5 }), {
    status: 200,
    perSecond: 5,
    plans: [SENDER, OTHER].sort().map(sender => ({ sender, perSecond: sender === OTHER ? 5 : null, lane: null, startAt: null, endAt: null }))
  })
  const same = await as('ops', 'PUT', { perSecond: 5 })
  t.match(same, { status: 200, perSecond: 5 })
  t.notOk('plans' in same, 'absent where all are the same')

  // Their ends differ: a start may come after one of them only. Then no sender gets it.
  const [soon, later, between] = [inMs(3_600_000), inMs(10_800_000), inMs(7_200_000)]
  await as('ops', 'PUT', { endAt: later })
  await as('ops', 'PUT', { sender: OTHER, endAt: soon })
  t.match(await as('ops', 'PUT', { startAt: between }), {
    status: 400, code: 'INVALID_REQUEST', errors: [{ field: 'startAt', value: between, detail: `must be before endAt, ${soon}, at sender ${OTHER}` }]
  })
  const { plans } = await as('ops', 'GET')
  t.strictSame(plans.map(({ sender, startAt, endAt }: Record<string, unknown>) => ({ sender, startAt, endAt })), [SENDER, OTHER].sort()
    .map(sender => ({ sender, startAt: null, endAt: sender === OTHER ? soon : later })), 'nothing is half done')
  t.match(await as('ops', 'PUT', { startAt: between, endAt: later }), { status: 200, startAt: between, endAt: later })
})
