/** Two gateways as processes on one Redis, one of them killed on the way. The sandbox enforces nothing: it observes. */
import t from 'tap'
import type { Seen } from '../sandbox/support.js'
import { keys, SENDER } from '../support/gateway.js'
import { startGatewayProcess, startSandboxProcess, type Program } from '../support/process.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { createCaller, request, type Caller } from '../support/request.js'
import { each, pass, until } from '../support/until.js'
import { observe } from './observer.js'
import { watchWritten } from './written.js'

const INTERVAL_MS = 200
const PER_SECOND = 250
/** By so much the clocks of two processes may differ. */
const CLOCKS_MS = 50
/** A start may come START_WITHIN_MS after its grant, so a second of starts holds at most 1.25 s of grants. */
const MOST = Math.ceil(PER_SECOND * 1.25)
/** Promised are 5 s; a busy machine may take a little longer. */
const ATTENDED_WITHIN_MS = 7000
const env = {
  WHATSAPP_RATE_LIMIT_MS: String(INTERVAL_MS),
  WHATSAPP_SENDER_RATE_PER_SECOND: String(PER_SECOND),
  WHATSAPP_RETRY_SCHEDULE_MS: '500,500,500,500,500',
  WHATSAPP_RETRY_INTERVAL_MS: '500',
  SEND_TIMEOUT_MS: '500',
  LEASE_MS: '6000'
}

const redis = await startRedis(t)
const sandbox = await startSandboxProcess(t)
const control = new URL(sandbox.found).origin + '/_sandbox'
await request(`${control}/settings`, { method: 'PUT', body: JSON.stringify({ latencyMs: 100, enforcePair: false, throughputPerSecond: null }) })

await t.test('a node killed in the middle loses nothing, doubles nothing that is known, and breaks no limit', async t => {
  const prefix = createPrefix()
  const written = watchWritten(t)
  const start = async () => await startGatewayProcess(t, { redisUrl: redis.url, apiUrl: sandbox.found, prefix, env: { ...env, ...written.env } })
  const nodes = await Promise.all([start(), start()])
  const wanted = texts(120, 12)
  let posted = 0
  const crash = (async () => {
    await until('a third is posted', () => posted > wanted.length / 3, 30_000)
    await nodes[0]?.end('SIGKILL')
    await pass(1000)
    nodes[0] = await start()
  })()
  const answers = await post(wanted, nodes, () => posted++)
  await crash
  const viewer = callerOf(nodes[1])
  await until('all is settled', async () => (await viewer.get('/stats')).body['senders'][0].unsettled === 0, 60_000)

  const arrivals = await seen()
  const observed = { ...observe(arrivals), ...written.read(arrivals) }
  const got = new Set(arrivals.map(arrival => arrival.body?.text?.body))
  t.same(wanted.filter(text => !got.has(text)), [], 'nothing is lost')
  t.equal(answers.filter(status => status === 200 || status === 202).length, wanted.length, 'every caller has an answer')
  t.ok(observed.leastSpacing >= INTERVAL_MS - CLOCKS_MS, `least spacing of a pair: ${observed.leastSpacing} ms`)
  t.ok(observed.mostPerSecond <= MOST, `most in a second: ${observed.mostPerSecond}`)
  t.same(observed.outOfOrder, [], 'first attempts to a recipient came in the order in which they were posted')
  t.ok(observed.longestSilence < ATTENDED_WITHIN_MS, `attended again after ${observed.longestSilence} ms`)
  const uncertain = await uncertainTexts(viewer)
  t.same(observed.doubled.filter(text => !uncertain.has(text)), [], 'only messages of unknown outcome came twice')
  t.match((await viewer.get('/stats')).body['deliveryFailures'], { pending: 0, failed: 0 })
  t.comment(figures('two nodes, one killed', wanted.length, observed))
})

await t.test('what waited when all was ended, Redis too, goes on after a start on the same data', async t => {
  await request(`${control}/messages`, { method: 'DELETE' })
  const prefix = createPrefix()
  const written = watchWritten(t)
  const start = async () => await startGatewayProcess(t, { redisUrl: redis.url, apiUrl: sandbox.found, prefix, env: { ...env, ...written.env } })
  const nodes = await Promise.all([start(), start()])
  const wanted = texts(20, 10)
  // A machine that takes long to post them all must not have sent them all by then.
  const posting = post(wanted, nodes)
  await until('some are sent', async () => (await seen()).length > 0)
  await callerOf(nodes[0]).post(`/senders/${SENDER}/pause`, {})
  await posting
  await callerOf(nodes[0]).post(`/senders/${SENDER}/resume`)
  t.same(await Promise.all(nodes.map(async node => await node.end('SIGTERM'))), [0, 0], 'both end in order')
  const before = (await seen()).length
  t.ok(before > 0 && before < wanted.length, `${wanted.length - before} messages wait`)
  await redis.restart()

  const node = await start()
  await until('all is settled', async () => (await callerOf(node).get('/stats')).body['senders'][0].unsettled === 0, 30_000)
  const arrivals = await seen()
  const observed = { ...observe(arrivals), ...written.read(arrivals) }
  t.equal(observed.sends, wanted.length, 'each has come once')
  t.same(observed.doubled, [])
  t.same(observed.outOfOrder, [])
  t.ok(observed.leastSpacing >= INTERVAL_MS - CLOCKS_MS, `least spacing of a pair: ${observed.leastSpacing} ms`)
  t.comment(figures('restart on the same data', wanted.length, observed))
})

/** Texts for so many recipients, all first ones first. */
function texts (recipients: number, each: number): string[] {
  return Array.from({ length: recipients * each }, (_, at) => `+1555000${String(at % recipients).padStart(4, '0')}/${Math.floor(at / recipients) + 1}`)
}

/** Posts a recipient's messages one after the other, to the nodes by turns; who gets no answer asks again with the same key. */
async function post (wanted: string[], nodes: Program[], done = (): void => {}): Promise<number[]> {
  const recipients = [...new Set(wanted.map(text => text.split('/')[0] ?? ''))]
  const answers = await each(recipients, 40, async (recipient, at) => {
    const statuses: number[] = []
    for (const [number, text] of wanted.filter(text => text.startsWith(`${recipient}/`)).entries()) {
      statuses.push(await persist(recipient, text, at + number, nodes))
      done()
    }
    return statuses
  })
  return answers.flat()
}

async function persist (to: string, text: string, turn: number, nodes: Program[]): Promise<number> {
  for (let tries = 0; ; tries++) {
    try {
      const reply = await callerOf(nodes[(turn + tries) % nodes.length]).send(to, text, { idempotencyKey: text })
      if (reply.status !== 503 || tries > 50) return reply.status
    } catch (error) {
      if (tries > 50) throw error
    }
    await pass(20)
  }
}

function callerOf (node: Program | undefined): Caller {
  return createCaller(node?.found ?? '', keys.operator)
}

async function seen (): Promise<Seen[]> {
  const { body } = await request(`${control}/messages?sender=${SENDER}`)
  return body['messages'].filter((arrival: Seen) => arrival.outcome === 'accepted')
}

/** Texts of messages that had an attempt of unknown outcome. */
async function uncertainTexts (viewer: Caller): Promise<Set<string>> {
  const found = new Set<string>()
  for (let cursor: string | null = ''; cursor !== null;) {
    const { body } = await viewer.get(`/failures?status=RESOLVED&limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`)
    for (const failure of body['failures']) {
      if (failure.attempts.some((attempt: { outcome: string }) => attempt.outcome === 'unknown')) found.add(failure.message)
    }
    cursor = body['nextCursor']
  }
  return found
}

function figures (what: string, messages: number, { sends, leastSpacing, mostPerSecond, longestSilence, doubled, seconds }: ReturnType<typeof observe>): string {
  return `${what}: ${messages} messages, ${sends} sends, ${doubled.length} doubled, least spacing ${leastSpacing.toFixed(1)} ms, ` +
    `most in a second ${mostPerSecond}, longest silence ${longestSilence.toFixed(0)} ms, ${seconds.toFixed(1)} s`
}
