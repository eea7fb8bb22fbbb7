/** Two gateway processes on one Redis, one of them killed under load. The sandbox enforces no limits and only observes. */
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
/** Maximum difference between the clocks of two processes. */
const CLOCKS_MS = 50
/** A start may come START_WITHIN_MS after its grant, so a second of starts contains at most 1.25 s of grants. */
const MOST = Math.ceil(PER_SECOND * 1.25)
/** The promise is 5 s, plus tolerance for a busy machine. */
const TAKEN_OVER_WITHIN_MS = 7000
const env = {
  WHATSAPP_RATE_LIMIT_MS: String(INTERVAL_MS),
  WHATSAPP_SENDER_RATE_PER_SECOND: String(PER_SECOND),
  WHATSAPP_RETRY_SCHEDULE_MS: '500,500,500,500,500',
  WHATSAPP_RETRY_INTERVAL_MS: '500'
}
/** So that what the killed node held is recovered within the test. */
const SHORT = { SEND_TIMEOUT_MS: '500', LEASE_MS: '6000' }

const redis = await startRedis(t)
const sandbox = await startSandboxProcess(t)
const control = new URL(sandbox.found).origin + '/_sandbox'
await request(`${control}/settings`, { method: 'PUT', body: JSON.stringify({ latencyMs: 100, enforcePair: false, throughputPerSecond: null }) })

await t.test('a node killed under load loses nothing, duplicates only messages of unknown outcome, and breaks no limit', async t => {
  const prefix = createPrefix()
  const written = watchWritten(t)
  const options = { redisUrl: redis.url, apiUrl: sandbox.found, prefix, env: { ...env, ...SHORT, ...written.env } }
  const start = async () => await startGatewayProcess(t, options)
  const nodes = await Promise.all([start(), start()])
  const wanted = texts(120, 12)
  let posted = 0
  const crash = (async () => {
    await until('a third of the messages is posted', () => posted > wanted.length / 3, 30_000)
    await nodes[0]?.end('SIGKILL')
    await pass(1000)
    nodes[0] = await start()
  })()
  const statuses = await post(wanted, nodes, () => posted++)
  await crash
  const viewer = callerOf(nodes[1])
  await until('all messages are settled', async () => (await viewer.get('/stats')).body['senders']?.[0]?.unsettled === 0, 60_000)

  const arrivals = await seen()
  const observed = { ...observe(arrivals), ...written.read(arrivals) }
  const got = new Set(arrivals.map(arrival => arrival.body?.text?.body))
  t.same(wanted.filter(text => !got.has(text)), [], 'nothing is lost')
  t.equal(statuses.filter(status => status === 200 || status === 202).length, wanted.length, 'every request has a response')
  t.ok(observed.leastSpacing >= INTERVAL_MS - CLOCKS_MS, `least spacing of a pair: ${observed.leastSpacing} ms`)
  t.ok(observed.mostPerSecond <= MOST, `most in a second: ${observed.mostPerSecond}`)
  t.same(observed.outOfOrder, [], 'first attempts to a recipient arrived in the order of their posts')
  t.ok(observed.longestSilence < TAKEN_OVER_WITHIN_MS, `drained again after ${observed.longestSilence} ms`)
  const uncertain = await uncertainTexts(viewer)
  t.same(observed.doubled.filter(text => !uncertain.has(text)), [], 'only messages of unknown outcome arrived twice')
  t.match((await viewer.get('/stats')).body['deliveryFailures'], { pending: 0, failed: 0 })
  t.comment(figures('two nodes, one killed', wanted.length, observed))
})

await t.test('messages that wait when all nodes and Redis stop are sent after a start on the same data', async t => {
  await request(`${control}/messages`, { method: 'DELETE' })
  const prefix = createPrefix()
  const written = watchWritten(t)
  const start = async () => await startGatewayProcess(t, { redisUrl: redis.url, apiUrl: sandbox.found, prefix, env: { ...env, ...written.env } })
  const nodes = await Promise.all([start(), start()])
  const wanted = texts(20, 10)
  // With the default time limit of a send: a slow machine must not make an outcome unknown, which is sent again.
  // Paused while posting, so that a slow machine has not sent all messages by then.
  const posting = post(wanted, nodes)
  await until('some messages are sent', async () => (await seen()).length > 0)
  await callerOf(nodes[0]).post(`/senders/${SENDER}/pause`, {})
  await posting
  await callerOf(nodes[0]).post(`/senders/${SENDER}/resume`)
  t.same(await Promise.all(nodes.map(async node => await node.end('SIGTERM'))), [0, 0], 'both nodes exit with 0')
  const before = (await seen()).length
  t.ok(before > 0 && before < wanted.length, `${wanted.length - before} messages wait`)
  await redis.restart()

  const node = await start()
  await until('all messages are settled', async () => (await callerOf(node).get('/stats')).body['senders']?.[0]?.unsettled === 0, 30_000)
  const arrivals = await seen()
  const observed = { ...observe(arrivals), ...written.read(arrivals) }
  t.equal(observed.sends, wanted.length, 'each message arrived once')
  t.same(observed.doubled, [])
  t.same(observed.outOfOrder, [])
  t.ok(observed.leastSpacing >= INTERVAL_MS - CLOCKS_MS, `least spacing of a pair: ${observed.leastSpacing} ms`)
  t.comment(figures('restart on the same data', wanted.length, observed))
})

/** Texts for `recipients`, the first text of each recipient before all second ones. */
function texts (recipients: number, each: number): string[] {
  return Array.from({ length: recipients * each }, (_, i) =>
    `+1555000${String(i % recipients).padStart(4, '0')}/${Math.floor(i / recipients) + 1}`)
}

/** Posts a recipient's messages one after the other, alternating between the nodes; a request without a response is repeated with the same key. */
async function post (wanted: string[], nodes: Program[], done = (): void => {}): Promise<number[]> {
  const recipients = [...new Set(wanted.map(text => text.split('/')[0] ?? ''))]
  const statuses = await each(recipients, 40, async (recipient, i) => {
    const own: number[] = []
    for (const [number, text] of wanted.filter(text => text.startsWith(`${recipient}/`)).entries()) {
      own.push(await persist(recipient, text, i + number, nodes))
      done()
    }
    return own
  })
  return statuses.flat()
}

async function persist (to: string, text: string, offset: number, nodes: Program[]): Promise<number> {
  for (let tries = 0; ; tries++) {
    try {
      const reply = await callerOf(nodes[(offset + tries) % nodes.length]).send(to, text, { idempotencyKey: text })
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

function figures (what: string, messages: number, observed: ReturnType<typeof observe>): string {
  const { sends, leastSpacing, mostPerSecond, longestSilence, doubled, seconds } = observed
  return `${what}: ${messages} messages, ${sends} sends, ${doubled.length} doubled, least spacing ${leastSpacing.toFixed(1)} ms, ` +
    `most in a second ${mostPerSecond}, longest silence ${longestSilence.toFixed(0)} ms, ${seconds.toFixed(1)} s`
}
