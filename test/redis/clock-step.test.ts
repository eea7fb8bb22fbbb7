/** The clock of a running Redis is set: no pair is sent to too early, and the step is counted. */
import t, { type Test } from 'tap'
import { startSandbox, type Seen } from '../sandbox/support.js'
import { startNode, type Node } from '../support/gateway.js'
import { recordStarts } from '../support/observe.js'
import { createPrefix } from '../support/redis.js'
import { startClockedRedis } from '../support/redis-clock.js'
import { until } from '../support/until.js'

const INTERVAL_MS = 2000
const TOLERANCE_MS = 50
const redis = await startClockedRedis(t)

if (redis === null) t.pass('skipped', { skip: 'there is no C compiler to build the shim that sets the clock of Redis' })
else {
  const sandbox = await startSandbox(t, { enforcePair: false, throughputPerSecond: null })
  const arrivals = async (to: string): Promise<Seen[]> => await sandbox.seen(`?recipient=${encodeURIComponent(to)}`)
  const starts = recordStarts(t, sandbox.url)
  const isReady = async (node: Node): Promise<boolean> => (await fetch(`${node.origin}/health/ready`)).ok

  async function startNodes (t: Test, env: Record<string, string> = {}): Promise<[Node, Node]> {
    const settings = {
      redisUrl: redis?.url ?? '',
      apiUrl: sandbox.url,
      prefix: createPrefix(),
      env: { WHATSAPP_RATE_LIMIT_MS: String(INTERVAL_MS), INLINE_WAIT_MS: '50', START_WITHIN_MS: '1000', ...env }
    }
    const nodes: [Node, Node] = [await startNode(t, settings), await startNode(t, settings)]
    for (const node of nodes) await until('the node is ready', async () => await isReady(node))
    return nodes
  }

  for (const stepMs of [3000, 3_600_000]) {
    await t.test(`a step of ${stepMs} ms forward between the messages of a pair`, async t => {
      const nodes = await startNodes(t)
      const to = `+1555020${String(stepMs).slice(0, 4)}`
      // One after the other, by both nodes: a first one that is sent at once, and some that wait.
      for (let n = 0; n < 4; n++) await nodes[n % 2]?.send(to, `message ${n}`)
      await until('the first one is sent', async () => (await arrivals(to)).length >= 1)
      redis.step(stepMs)
      // By both nodes: what comes at once after the step is the most tempting.
      await Promise.all(nodes.map(async (node, i) => await node.send(to, `after ${i}`)))
      await until('all are sent', async () => (await arrivals(to)).length === 6, 60_000)
      const gaps = starts.gaps(to)
      t.equal(gaps.length, 5)
      t.ok(gaps.every(gap => gap >= INTERVAL_MS - TOLERANCE_MS), `gaps, ms: ${gaps.join(', ')}`)
      for (const node of nodes) {
        const steps = node.seen('clock.stepped')
        // As much as the round trips before and after do not explain: on a busy machine they take more than a second.
        t.ok(steps.length === 1 && (steps[0]?.stepMs ?? 0) > 0 && (steps[0]?.stepMs ?? 0) < stepMs + 500, `the step: ${JSON.stringify(steps)}`)
        const metrics = await (await fetch(`${node.origin}/metrics`)).text()
        t.match(metrics, /^sluice_redis_clock_steps_total\{direction="forward"\} 1$/m)
      }
    })
  }

  await t.test('a step back is counted, and what waits for it goes on', async t => {
    const [node] = await startNodes(t)
    const to = '+15550209001'
    await node.send(to, 'first')
    await node.send(to, 'second')
    redis.step(-1500)
    await until('both are sent', async () => (await arrivals(to)).length === 2, 30_000)
    const gaps = starts.gaps(to)
    t.ok(gaps.length === 1 && gaps.every(gap => gap >= INTERVAL_MS - TOLERANCE_MS), `gap, ms: ${gaps.join(', ')}`)
    await until('it is counted', () => node.seen('clock.stepped').length > 0)
    t.ok(node.seen('clock.stepped').every(({ stepMs }) => stepMs < 0))
  })

  await t.test('a step over the end of a lease leaves the outcome to the node that sends', async t => {
    const [node] = await startNodes(t, { UNKNOWN_HOLD_MS: '3600000', UNKNOWN_OUTCOME: 'fail' })
    const to = '+15550209002'
    await sandbox.control('POST', 'faults', { recipient: to, times: 1, kind: 'code', code: 131026, delayMs: 8000 })
    const { body } = await node.send(to, 'slow')
    await until('it is with WhatsApp', async () => (await arrivals(to)).length === 1)
    redis.step(120_000)
    const view = await until('it is settled', async () => {
      const { body: now } = await node.get(`/messages/${body['id']}`)
      return now['status'] === 'failed' && now
    }, 60_000)
    t.match(view, { attemptCount: 1 })
    t.equal(view['attempts'].at(-1).code, '131026')
    t.equal((await arrivals(to)).length, 1)
  })
}
