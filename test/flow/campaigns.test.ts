/** Campaigns: exact counts of how their messages ended, pause and resume without a loss of order, and jobs that survive their node. */
import t from 'tap'
import { createRandom } from '../property/random.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, type Node } from '../support/gateway.js'
import { seedOf } from '../support/seed.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const { arrivals } = environment
const redis = environment.redis.connect()
const env = { WHATSAPP_RATE_LIMIT_MS: '50', WHATSAPP_RETRY_SCHEDULE_MS: '200', WHATSAPP_RETRY_INTERVAL_MS: '200' }
const SPRING = { campaign: 'spring-sale' }

const campaignOf = async (node: Node, name = 'spring-sale'): Promise<Record<string, any>> => (await node.get(`/campaigns/${name}`)).body
const act = async (node: Node, action: string, name = 'spring-sale'): Promise<Record<string, any>> =>
  (await node.post(`/campaigns/${name}/${action}`, {})).body

async function postBatch (node: Node, rows: object[]): Promise<string[]> {
  const { body } = await node.post('/messages/batch', rows)
  return (body['results'] as Array<{ id: string }>).map(({ id }) => id)
}

const counted = ['sent', 'failed', 'cancelled', 'expired'] as const

await t.test('campaigns are found by the beginning of their names, over all senders, page by page', async t => {
  const node = await environment.start(t)
  // More than one page of a script call, and callers among them.
  const names = Array.from({ length: 700 }, (_, i) => `${i % 7 === 0 ? 'spring' : 'summer'}.${i}`)
  const before = Date.now() - 60_000
  const entries = [...names, '~spring'].flatMap(name => [name, `running ${before} ${before} 1 1 0 0 0 0 0 0 0 0 0`])
  await redis.hset(`{${node.prefix}:${SENDER}}:campaigns`, ...entries)
  await node.put('/campaigns/spring.new', {})
  const find = async (query: string): Promise<Record<string, any>> => (await node.get(`/campaigns?${query}`)).body
  const { campaigns, total } = await find('name=spring&limit=1000')
  t.equal(total, 101)
  t.strictSame(campaigns.map(({ name }: { name: string }) => name).sort(), [...names.filter(name => name.startsWith('spring')), 'spring.new'].sort())
  t.equal(campaigns[0].name, 'spring.new', 'the latest first')
  t.match(await find(''), { campaigns: { length: 200 }, total: 701 })
  t.match(await find('name=spring.69'), { campaigns: [{ name: 'spring.693' }], total: 1 })
  t.match(await find('name=pring'), { campaigns: { length: 0 }, total: 0 })
  for (const wrong of ['name=*', 'name=~spring', 'limit=0', 'limit=1001']) {
    const rejected = { code: 'INVALID_REQUEST', errors: [{ field: wrong.split('=')[0] }] }
    t.match(await node.get(`/campaigns?${wrong}`), { status: 400, body: rejected }, wrong)
  }
})

const seed = seedOf('campaigns')
await t.test(`the counts are those of the messages' own ends (seed ${seed})`, async t => {
  const random = createRandom(seed)
  const node = await environment.start(t, env)
  // The sandbox rejects the last two kinds of numbers, and WhatsApp fails once for the one before.
  const numbers = (i: number): string => random.pick([`+1555000${7000 + i}`, `+1555000${7000 + i}`, `+15560131026${700 + i}`])
  const rows = Array.from({ length: 120 }, (_, i) => ({
    to: numbers(i),
    message: `text ${i}`,
    ...(random.chance(0.8) ? { campaign: random.pick(['spring-sale', 'summer.26']) } : {}),
    ...(random.chance(0.2) ? { scheduledFor: Date.now() + 3_600_000 } : {})
  }))
  const ids = await postBatch(node, rows)
  for (const [i, { to }] of rows.entries()) {
    if ('scheduledFor' in (rows[i] ?? {}) && random.chance(0.5)) await node.del(`/messages/${ids[i]}`)
    // A duplicate, which is not counted.
    if (random.chance(0.1) && !('scheduledFor' in (rows[i] ?? {}))) await node.post('/messages', { to, message: `text ${i}`, campaign: 'summer.26' })
  }
  // An observer of its own: it asks for each message.
  async function observe (name: string): Promise<Record<string, number>> {
    const found: Record<string, number> = { accepted: 0, sent: 0, failed: 0, cancelled: 0, expired: 0, unsettled: 0 }
    for (const [i, id] of ids.entries()) {
      if (rows[i]?.campaign !== name) continue
      const { status, campaign } = (await node.get(`/messages/${id}`)).body
      if (campaign !== name) throw new Error(`${id} is of campaign ${campaign}`)
      const state = counted.find(one => one === status) ?? 'unsettled'
      found['accepted'] = (found['accepted'] ?? 0) + 1
      found[state] = (found[state] ?? 0) + 1
    }
    return found
  }
  for (const name of ['spring-sale', 'summer.26']) {
    await until(`no message of ${name} is due`, async () => {
      const own = ids.filter((_, i) => rows[i]?.campaign === name)
      const states = await Promise.all(own.map(async id => (await node.get(`/messages/${id}`)).body['status']))
      return states.every(state => state === 'scheduled' || counted.includes(state))
    })
    const { unsettled, ...ends } = await observe(name)
    const campaign = await campaignOf(node, name)
    t.match(campaign, { ...ends, senders: [SENDER], state: unsettled === 0 ? 'finished' : 'running' })
    t.equal(campaign['waiting'] + campaign['inFlight'], unsettled)
    t.strictSame(campaign['failures'].map(({ code, count }: { code: string, count: number }) => [code, count]),
      ends['failed'] === 0 ? [] : [['131026', ends['failed']]])
  }
  t.strictSame((await node.get('/campaigns')).body['campaigns'].length, 2)
})

await t.test('a pause takes effect at the next grant, blocks no other message, and a resume keeps the order', async t => {
  const node = await environment.start(t, { ...env, WHATSAPP_RATE_LIMIT_MS: '300' })
  const to = '+15550008001'
  const [first = '', second = '', third = ''] = await postBatch(node, [1, 2, 3].map(i => ({ to, message: `spring ${i}`, ...SPRING })))
  await arrivals(to, 1)
  t.match(await act(node, 'pause'), { state: 'paused', expectedEndAt: null })
  const before = (await arrivals(to)).length
  const other = (await node.post('/messages', { to, message: 'your order' })).body
  await until('a message without a campaign passes', async () => (await node.get(`/messages/${other['id']}`)).body['status'] === 'sent')
  t.ok((await arrivals(to)).length <= before + 2, 'what was granted before the pause, and the order')
  t.match((await node.get(`/messages/${third}`)).body, { status: 'queued', waitingFor: 'campaign-paused', delayMs: null })
  t.match((await node.post('/messages', { to: '+15550008002', message: 'new', ...SPRING })).body, { queued: true, waitingFor: 'campaign-paused' })
  t.match(await act(node, 'resume'), { state: 'running' })
  await until('all are sent', async () => (await campaignOf(node))['sent'] === 4)
  const order = (await arrivals(to)).map(({ opaque }) => opaque?.slice(0, 22))
  const places = [first, second, third].map(id => order.indexOf(id.split('.')[1]))
  t.strictSame(places, [...places].sort((a, b) => a - b), 'in the order of acceptance')
  t.match((await node.get('/audit')).body['entries'].map(({ action }: { action: string }) => action), ['resume-campaign', 'pause-campaign'])
})

await t.test('a cancellation is a job with progress and result, and another node goes on with it', async t => {
  const node = await environment.start(t, { ...env, ROLE: 'api' })
  const rows = Array.from({ length: 900 }, (_, i) => ({ to: `+1555001${1000 + i}`, message: 'spring', ...SPRING }))
  await postBatch(node, rows)
  const other = (await node.post('/messages', { to: '+15550012999', message: 'order', scheduledFor: Date.now() + 3_600_000 })).body
  const cancelling = await act(node, 'cancel')
  t.match(cancelling, { state: 'cancelled', accepted: 900, jobs: [{ action: 'cancel', state: 'waiting', done: 0 }] })
  const jobId = cancelling['jobs'][0].id
  t.match(await node.post('/messages', { to: '+15550012998', message: 'spring', ...SPRING }), {
    status: 422, body: { code: 'CAMPAIGN_CANCELLED', field: 'campaign' }
  })
  // As a node leaves it that died while it worked: active, without a lock, some messages done.
  const queue = `{${node.prefix}}:WHATSAPP-bulk`
  t.equal(await redis.lrange(`${queue}:wait`, 0, -1).then(([id]) => id), jobId)
  await redis.lmove(`${queue}:wait`, `${queue}:active`, 'LEFT', 'RIGHT')
  await redis.hset(`${queue}:${jobId}`, { progress: '{"done":5,"left":0}', processedOn: Date.now() - 60_000, ats: 1 })

  await environment.start(t, env, { prefix: node.prefix })
  const done = await until('the job is done', async () => {
    const campaign = await campaignOf(node)
    return campaign['jobs']?.[0]?.state === 'completed' && campaign
  }, 90_000)
  t.match(done, { state: 'cancelled', accepted: 900, waiting: 0, inFlight: 0, jobs: [{ left: 0 }] })
  t.equal(done['sent'] + done['cancelled'], 900, 'each has one end')
  t.equal((await node.get(`/messages/${other['id']}`)).body['status'], 'scheduled', 'other messages stay')
  t.match(await node.post('/campaigns/spring-sale/resume', {}), { status: 422, body: { code: 'CAMPAIGN_CANCELLED' } })
})

await t.test('a retry reopens the FAILED messages, and the counts follow', async t => {
  const node = await environment.start(t, env)
  const ids = await postBatch(node, [1, 2, 3].map(i => ({ to: `+15560131026800${i}`, message: 'spring', ...SPRING })))
  await until('they have failed', async () => (await campaignOf(node))['failed'] === 3)
  t.match(await act(node, 'retry'), { jobs: [{ action: 'retry' }] })
  await until('the job is done', async () => (await campaignOf(node))['jobs']?.[0]?.state === 'completed')
  await until('they have failed again', async () => (await campaignOf(node))['failed'] === 3)
  t.match(await campaignOf(node), { accepted: 3, failed: 3, failures: [{ code: '131026', count: 3 }], jobs: [{ done: 3 }] })
  t.match((await node.get(`/messages/${ids[0]}`)).body, { attemptCount: 2 })
})

await t.test('names: created before, unknown, and not allowed', async t => {
  const node = await environment.start(t, env)
  t.match((await node.put('/campaigns/later', {})).body, { name: 'later', state: 'running', accepted: 0, senders: [] })
  t.match(await act(node, 'pause', 'later'), { state: 'paused' })
  t.match((await node.post('/messages', { to: '+15550009001', message: 'x', campaign: 'later' })).body, { waitingFor: 'campaign-paused' })
  t.match(await node.get('/campaigns/nothing'), { status: 404, body: { code: 'NOT_FOUND', field: 'name' } })
  t.match(await node.post('/messages', { to: '+15550009001', message: 'x', campaign: 'a b' }), { status: 400, body: { field: 'campaign' } })
})
