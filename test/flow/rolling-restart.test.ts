/**
 * Three nodes under load are restarted one after the other. Callers keep their connections; a caller that gets 503, or no connection,
 * asks another node with the same key. The sandbox enforces nothing: it observes.
 */
import { Agent, request as ask } from 'node:http'
import t from 'tap'
import type { Seen } from '../sandbox/support.js'
import { keys } from '../support/gateway.js'
import { measureLag } from '../support/observe.js'
import { startGatewayProcess, startSandboxProcess, type Program } from '../support/process.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { createCaller, request } from '../support/request.js'
import { pass, until } from '../support/until.js'
import { observe } from './observer.js'
import { watchWritten } from './written.js'

const INTERVAL_MS = 200
/** So few that each gets messages a little faster than the rule allows: some are sent at once, and queues grow. */
const RECIPIENTS = 24
/** Interval of the posts, whatever the result of earlier ones. */
const EVERY_MS = 8
/** Largest difference between the clocks of two processes. */
const CLOCKS_MS = 50
const env = {
  WHATSAPP_RATE_LIMIT_MS: String(INTERVAL_MS),
  WHATSAPP_SENDER_RATE_PER_SECOND: '400',
  SHUTDOWN_NOTICE_MS: '5000',
  SHUTDOWN_GRACE_MS: '10000',
  LOG_LEVEL: 'error'
}

const lagMs = measureLag(1000)

const redis = await startRedis(t)
const sandbox = await startSandboxProcess(t)
const control = `${new URL(sandbox.found).origin}/_sandbox`
await request(`${control}/settings`, { method: 'PUT', body: JSON.stringify({ latencyMs: 60, enforcePair: false, throughputPerSecond: null }) })

await t.test('during a rolling restart callers get nothing worse than 503, and no message is duplicated, late or too close', async t => {
  const prefix = createPrefix()
  const started: Program[] = []
  const written = watchWritten(t)
  const start = async (): Promise<Program> => {
    const node = await startGatewayProcess(t, { redisUrl: redis.url, apiUrl: sandbox.found, prefix, env: { ...env, ...written.env } })
    started.push(node)
    return node
  }
  const nodes = await Promise.all([start(), start(), start()])
  const load = startLoad(nodes)
  await until('the load has started', () => load.posted() > 150)

  const tookMs: number[] = []
  for (const [i, node] of nodes.entries()) {
    const began = performance.now()
    t.equal(await node.end('SIGTERM'), 0, `node ${i + 1} shuts down in order`)
    tookMs.push(performance.now() - began)
    // By now its callers use other nodes, and their connections are closed.
    nodes[i] = await start()
    await pass(300)
  }
  const { statuses, faults, texts, codes } = await load.end()
  const viewer = createCaller(nodes[0]?.found ?? '', keys.operator)
  await until('all messages are settled', async () => (await viewer.get('/stats')).body['senders']?.[0]?.unsettled === 0, 30_000)

  t.same([...statuses.keys()].filter(status => ![200, 202, 503].includes(status)), [], 'no other status')
  t.ok(codes.has('SHUTTING_DOWN'), 'nodes that shut down were asked, and responded so')
  t.same([...faults.keys()].filter(code => code !== 'ECONNREFUSED'), [], 'no connection was reset')
  t.ok(tookMs.every(ms => ms < 8000), `each ended quickly (${tookMs.map(Math.round).join(', ')} ms)`)

  const { body } = await request(`${control}/messages`)
  const arrivals = (body['messages'] as Seen[]).filter(arrival => arrival.outcome === 'accepted')
  const observed = observe(arrivals)
  t.equal(observed.sends, texts.length, 'every message was sent')
  t.same(observed.doubled, [], 'no message was sent twice')
  const { leastSpacing } = written.read(arrivals)
  t.ok(leastSpacing >= INTERVAL_MS - CLOCKS_MS, `least spacing of a pair: ${leastSpacing.toFixed(0)} ms`)
  t.notOk(started.some(node => node.output().includes('spacing violated')), 'nor did a node see one')
  // A drain lease lives 3 s: a hand-over that waits for its end shows as a silence of that length.
  t.ok(observed.longestSilence < 2000 + lagMs(), `drain runs are handed over at once: longest silence ${observed.longestSilence} ms`)
  t.comment(
    `${texts.length} messages, statuses ${JSON.stringify([...statuses])}, faults ${JSON.stringify([...faults])}, ` +
      `ends after ${tookMs.map(Math.round).join(', ')} ms, ` +
      `least spacing ${leastSpacing.toFixed(0)} ms, longest silence ${observed.longestSilence.toFixed(0)} ms`
  )
})

interface LoadResult { texts: string[], statuses: Map<number, number>, faults: Map<string, number>, codes: Set<string> }

/** Posts at fixed intervals. A node that could not be used is asked again sooner than its Retry-After. */
function startLoad (nodes: Program[]): { posted: () => number, end: () => Promise<LoadResult> } {
  const agent = new Agent({ keepAlive: true, maxSockets: 30 })
  const result: LoadResult = { texts: [], statuses: new Map(), faults: new Map(), codes: new Set() }
  const avoidedUntil = new Map<Program, number>()
  const underway = new Set<Promise<void>>()
  const count = <Key>(counts: Map<Key, number>, key: Key): void => { counts.set(key, (counts.get(key) ?? 0) + 1) }

  const deliver = async (to: string, text: string, offset: number): Promise<void> => {
    for (let tries = 0; ; tries++) {
      const open = nodes.filter(node => (avoidedUntil.get(node) ?? 0) < performance.now())
      const node = open[(offset + tries) % Math.max(1, open.length)]
      if (node === undefined) {
        await pass(20)
        continue
      }
      const reply = await post(agent, node.found, { to, message: text, idempotencyKey: text })
      if ('fault' in reply) count(result.faults, reply.fault)
      else {
        count(result.statuses, reply.status)
        if (reply.status !== 503) return
        result.codes.add(reply.code)
      }
      avoidedUntil.set(node, performance.now() + 100)
    }
  }
  const timer = setInterval(() => {
    const index = result.texts.length
    const to = `+1555000${String(index % RECIPIENTS).padStart(4, '0')}`
    const text = `${to}/${Math.floor(index / RECIPIENTS) + 1}`
    result.texts.push(text)
    const delivery = deliver(to, text, index).finally(() => underway.delete(delivery))
    underway.add(delivery)
  }, EVERY_MS)
  return {
    posted: () => result.texts.length,
    async end () {
      clearInterval(timer)
      await Promise.all(underway)
      agent.destroy()
      return result
    }
  }
}

/** One post and its result; `fault` is the error of a connection that broke before a response. */
async function post (agent: Agent, origin: string, body: object): Promise<{ status: number, code: string } | { fault: string }> {
  return await new Promise(resolve => {
    const asked = ask(
      `${origin}/api/v1/messages`,
      { method: 'POST', agent, headers: { authorization: `Bearer ${keys.app}`, 'content-type': 'application/json' } },
      response => {
        let text = ''
        response.on('data', data => {
          text += String(data)
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, code: JSON.parse(text).code ?? '' }))
        response.on('error', error => resolve({ fault: String((error as { code?: string }).code) }))
      }
    )
    asked.on('error', error => resolve({ fault: String((error as { code?: string }).code) }))
    asked.end(JSON.stringify(body))
  })
}
