/** Several callers of one gateway: their counts, the limit of a caller's backlog, and the message that passes the backlog of another caller. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, type Node } from '../support/gateway.js'
import type { Caller } from '../support/request.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const { arrivals } = environment
const key = (name: string): string => `key-of-${name}-0123456789`
const entry = (name: string, more: Record<string, unknown> = {}) => ({ name, role: 'send', keys: [key(name)], ...more })
const admin = entry('ops', { role: 'admin' })

/** A node with these callers; `as` calls as one of them. */
async function start (
  t: Test, callers: object[], env: Record<string, string> = {}
): Promise<{ node: Node, as: (name: string) => Caller, change: (callers: object[]) => Promise<void> }> {
  const path = join(t.testdir({}), 'keys.json')
  const change = async (callers: object[]): Promise<void> => await writeFile(path, JSON.stringify(callers))
  await change(callers)
  const node = await environment.start(t, { API_KEYS: '', API_KEYS_FILE: path, WHATSAPP_RETRY_SCHEDULE_MS: '60000', ...env })
  return { node, as: name => node.as(key(name)), change }
}

type State = Record<string, any>
const callersOf = async (node: Caller): Promise<State[]> => (await node.get('/callers')).body['callers']
const stateOf = async (node: Caller, name: string): Promise<State> => (await callersOf(node)).find(one => one['name'] === name) ?? {}
const rows = (from: number, count: number, more: object = {}) =>
  Array.from({ length: count }, (_, i) => ({ to: `+1555${String(from + i).padStart(7, '0')}`, message: 'Hello', ...more }))
const codesOf = (body: State): Array<number | string> =>
  (body['results'] as State[]).map(row => row['code'] ?? row['httpStatus'])

await t.test('what each caller has waiting, sent and failed', async t => {
  const limited = { rate: { perSecond: 100, burst: 200 }, backlog: 0.5, weight: 2, lanes: ['urgent', 'normal'] }
  const { as, change } = await start(t, [entry('shop', limited), entry('crm'), admin], { MAX_BACKLOG_PER_SENDER: '1000' })
  const [shop, crm, ops] = [as('shop'), as('crm'), as('ops')]
  t.equal((await shop.send('+15550008001')).status, 200)
  // The sandbox rejects this number with 131026.
  await shop.send('+15560131026801')
  const later = (await shop.post('/messages', { to: '+15550008002', message: 'later', scheduledFor: Date.now() + 3_600_000 })).body
  await shop.del(`/messages/${later['id']}`)
  await shop.post('/messages', { to: '+15550008003', message: 'later', scheduledFor: Date.now() + 3_600_000, campaign: 'spring-sale' })
  await crm.send('+15550008004')
  const { waiting, inFlight, sent, failed, cancelled, accepted, failures, ...rest } = await stateOf(ops, 'shop')
  t.strictSame({ accepted, waiting, inFlight, sent, failed, cancelled }, { accepted: 4, waiting: 1, inFlight: 0, sent: 1, failed: 1, cancelled: 1 })
  t.match(failures, [{ code: '131026', count: 1, explanation: String }])
  t.match(rest, {
    role: 'send',
    senders: [SENDER],
    rules: {
      rate: limited.rate, backlog: 500, weight: 2, lanes: limited.lanes, senders: null, categories: null, defaultLane: 'normal', defaultCampaign: null
    },
    readySince: null,
    firstAcceptedAt: String,
    lastAcceptedAt: String
  })
  t.match(await stateOf(ops, 'crm'), { accepted: 1, sent: 1, rules: { backlog: null, rate: null } })
  t.match(await stateOf(ops, 'ops'), { role: 'admin', accepted: 0, firstAcceptedAt: null, lastAcceptedAt: null, senders: [] })
  const text = JSON.stringify((await ops.get('/callers')).body)
  t.notMatch(text, /key-of-|sha256|[0-9a-f]{64}/, 'keys are never shown')
  t.match(await crm.get('/callers'), { status: 403, body: { code: 'FORBIDDEN' } })

  await change([entry('shop', limited), admin])
  await until('the file is read', async () => (await stateOf(ops, 'crm'))['role'] === null)
  t.match(await stateOf(ops, 'crm'), { role: null, rules: null, accepted: 1, sent: 1 }, 'one that left the file')
})

await t.test('the messages of the only caller that posts are not counted, and no count is shown', async t => {
  const { as, change } = await start(t, [admin, entry('viewer', { role: 'read' })])
  const ops = as('ops')
  const names = ['accepted', 'waiting', 'inFlight', 'sent', 'delivered', 'read', 'failed', 'cancelled', 'expired', 'ratePerSecond']
  const unknown = Object.fromEntries(names.map(name => [name, null]))
  await ops.send('+15550008401')
  t.match(await stateOf(ops, 'ops'), { ...unknown, failures: [], senders: [], firstAcceptedAt: null })
  await change([entry('shop'), admin])
  await until('the file is read', async () => (await stateOf(ops, 'shop'))['accepted'] === 0)
  await ops.send('+15550008402')
  t.match(await stateOf(ops, 'ops'), { accepted: 1, sent: 1 }, 'from the second caller on')
  await change([admin])
  await until('the file is read', async () => (await callersOf(ops)).length === 1)
  t.match(await stateOf(ops, 'ops'), unknown, 'what was counted before is not all')
})

await t.test('a caller holds no more of the backlog than its limit, message by message', async t => {
  const { node, as, change } = await start(t, [entry('shop', { backlog: 5 }), entry('crm'), admin], { WHATSAPP_SENDER_RATE_PER_SECOND: '100' })
  const [shop, crm, ops] = [as('shop'), as('crm'), as('ops')]
  await ops.post(`/senders/${SENDER}/pause`, {})
  const { body, status } = await shop.post('/messages/batch', rows(8_100, 8))
  t.equal(status, 207)
  t.strictSame(codesOf(body), [202, 202, 202, 202, 202, 'CALLER_BACKLOG_FULL', 'CALLER_BACKLOG_FULL', 'CALLER_BACKLOG_FULL'], 'the first rows')
  t.match(body['results'][5], { detail: 'shop may have 5 messages at this sender that have not ended', retryAfterMs: Number })
  const refused = await shop.send('+15550008200')
  t.match(refused, { status: 429, body: { code: 'CALLER_BACKLOG_FULL', waitMs: null } })
  t.equal(refused.headers.get('ratelimit-policy'), '"backlog";q=5;qu="concurrent-requests"')
  t.match(refused.headers.get('ratelimit'), /^"backlog";r=0;t=60$/, 'no end of the pause is known')
  t.equal(refused.headers.get('retry-after'), '60')
  const scheduled = await shop.post('/messages', { to: '+15550008201', message: 'x', scheduledFor: Date.now() + 60_000 })
  t.match(scheduled, { status: 429, body: { code: 'CALLER_BACKLOG_FULL' } }, 'a scheduled message counts, too')
  const known = await shop.post('/messages', { to: '+15550008100', message: 'Hello' })
  t.match(known.body, { duplicate: true }, 'a repeat is a duplicate all the same')
  t.equal((await crm.send('+15550008202')).status, 202, 'another caller has its own')

  await change([entry('shop', { backlog: 6 }), entry('crm'), admin])
  await until('a higher limit applies', async () => (await stateOf(ops, 'shop'))['rules'].backlog === 6)
  t.strictSame(codesOf((await shop.post('/messages/batch', rows(8_300, 2))).body), [202, 'CALLER_BACKLOG_FULL'])
  await ops.post(`/senders/${SENDER}/resume`, {})
  await until('all are sent', async () => (await stateOf(ops, 'shop'))['sent'] === 6)
  // By its rate of the last ten seconds, which is known now.
  await ops.post(`/senders/${SENDER}/pause`, {})
  await shop.post('/messages/batch', rows(8_400, 6))
  const { status: full, body: { waitMs }, headers } = await shop.send('+15550008500')
  t.equal(full, 429)
  t.ok(Number(waitMs) >= 1000 && Number(waitMs) <= 10_000, `${waitMs}`)
  t.equal(headers.get('retry-after'), String(Math.ceil(Number(waitMs) / 1000)))
  t.match(await (await fetch(`${node.origin}/metrics`)).text(), 'sluice_refusals_total{sender="111",code="CALLER_BACKLOG_FULL"}')
})

/** Pauses the sender while `post` posts; returns how many messages arrive then before the one to this recipient. */
async function countBefore (ops: Caller, recipient: string, post: () => Promise<unknown>): Promise<number> {
  await ops.post(`/senders/${SENDER}/pause`, {})
  await post()
  const before = Math.max(0, ...(await environment.sandbox.seen('?limit=200')).map(({ seq }) => seq))
  await ops.post(`/senders/${SENDER}/resume`, {})
  const [{ seq } = { seq: NaN }] = await arrivals(recipient, 1, 20_000)
  return seq - before - 1
}

await t.test('a message passes the backlog of another caller within a few slots', async t => {
  const { as } = await start(t, [entry('shop'), entry('crm'), admin], { WHATSAPP_SENDER_RATE_PER_SECOND: '40', FIND_WITHIN_MS: '0' })
  const [shop, crm, ops] = [as('shop'), as('crm'), as('ops')]
  const passed = await countBefore(ops, '15550008900', async () => {
    for (let from = 0; from < 3000; from += 1000) await shop.post('/messages/batch', rows(10_000 + from, 1000))
    t.equal((await crm.post('/messages', { to: '+15550008900', message: 'urgent for me' })).status, 202)
    t.match(await stateOf(ops, 'shop'), { waiting: 3000, readySince: String }, 'the paused backlog is ready')
  })
  t.comment(`${passed} messages of the backlog went before it`)
  t.ok(passed >= 0 && passed <= 4, `${passed} messages went before it`)
  const { waiting, inFlight, sent } = await stateOf(ops, 'shop')
  t.equal(waiting + inFlight + sent, 3000)
  t.ok(waiting > 2000, 'the backlog still waits')
})

await t.test('counts of two callers equal what the sandbox got, and the full backlog of one leaves the other as it is', async t => {
  const { as } = await start(t, [entry('shop', { backlog: 400 }), entry('crm'), admin], { WHATSAPP_SENDER_RATE_PER_SECOND: '100' })
  const [shop, crm, ops] = [as('shop'), as('crm'), as('ops')]
  const first = Math.max(0, ...(await environment.sandbox.seen('?limit=1')).map(({ seq }) => seq))
  await ops.post(`/senders/${SENDER}/pause`, {})
  const accepted = codesOf((await shop.post('/messages/batch', rows(20_000, 500))).body).filter(code => code === 202).length
  t.equal(accepted, 400, 'up to its limit')
  t.match(await shop.send('+15550020999'), { status: 429, body: { code: 'CALLER_BACKLOG_FULL' } })
  t.strictSame(codesOf((await crm.post('/messages/batch', rows(21_000, 12))).body), Array.from({ length: 12 }, () => 202))
  const [own, other] = [await stateOf(ops, 'shop'), await stateOf(ops, 'crm')]
  t.match([own, other], [{ accepted: 400, waiting: 400 }, { accepted: 12, waiting: 12 }], 'a refused message is counted nowhere')
  await ops.post(`/senders/${SENDER}/resume`, {})

  await until('those of the other caller are sent', async () => (await stateOf(ops, 'crm'))['sent'] === 12, 20_000)
  t.ok((await stateOf(ops, 'shop'))['waiting'] > 200, 'the backlog still waits')
  await until('all are sent', async () => (await stateOf(ops, 'shop'))['sent'] === 400, 20_000)
  const arrived = (await environment.sandbox.seen('?limit=1000')).filter(({ seq }) => seq > first)
  const countOf = (from: number, count: number): number => {
    const recipients = new Set(rows(from, count).map(({ to }) => to.replace('+', '')))
    return arrived.filter(({ recipient }) => recipients.has(recipient?.replace('+', '') ?? '')).length
  }
  t.same([countOf(20_000, 500), countOf(21_000, 12), arrived.length], [400, 12, 412], 'the sandbox counted the same')
  t.match(await stateOf(ops, 'shop'), { accepted: 400, waiting: 0, inFlight: 0, sent: 400, failed: 0 })
  t.match(await stateOf(ops, 'crm'), { accepted: 12, waiting: 0, inFlight: 0, sent: 12, failed: 0 })
})
