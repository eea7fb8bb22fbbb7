/** A node that could not reach Redis for longer than its leases: what it knows for certain counts more than the expired leases. */
import t, { type Test } from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { startProxies } from '../prove/proxies.js'
import { startSandbox } from '../sandbox/support.js'
import { startNode, type Node } from '../support/gateway.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { until } from '../support/until.js'

const LEASE_MS = 9500
const redis = await startRedis(t)
const sandbox = await startSandbox(t, { enforcePair: false, throughputPerSecond: null })
const proxies = startProxies(t)
const env = {
  LEASE_MS: String(LEASE_MS), START_WITHIN_MS: '1000', SEND_TIMEOUT_MS: '3000', INLINE_WAIT_MS: '50', WHATSAPP_RETRY_INTERVAL_MS: '600000'
}

/** WhatsApp's refusals, and what each of them means for the message. */
const refusals = [
  { code: 131000, httpStatus: 500, status: 'retrying', attemptCount: 1 },
  { code: 131026, httpStatus: 400, status: 'failed', attemptCount: 1 },
  // A limit uses up no attempt. The message goes out again when the cool-down of its pair is over.
  { code: 131056, httpStatus: 400, status: 'queued', attemptCount: 0 }
]

interface Posted { to: string, id: string, code: number, status: string, attemptCount: number, policy: 'retry' | 'fail' }

/** How long WhatsApp takes to refuse. */
const REFUSED_AFTER_MS = 2000

/** Posts a message for each refusal and policy. Resolves once all are with WhatsApp. */
async function post (node: Node, area: number): Promise<Posted[]> {
  const drafts = refusals.flatMap((refusal, i) => (['retry', 'fail'] as const).map(policy =>
    ({ ...refusal, policy, to: `+1555${area}00${i}${policy === 'fail' ? 1 : 2}` })))
  for (const { to, code, httpStatus } of drafts) {
    await sandbox.control('POST', 'faults', { recipient: to, times: 1, kind: 'code', code, httpStatus, delayMs: REFUSED_AFTER_MS })
  }
  return await Promise.all(drafts.map(async draft => {
    const { body } = await node.send(draft.to, 'Hello', { onUnknown: draft.policy })
    await until(`${draft.to} is with WhatsApp`, async () => await arrivals(draft.to) === 1)
    return { ...draft, id: String(body['id']) }
  }))
}

async function arrivals (to: string): Promise<number> {
  return (await sandbox.seen(`?recipient=${encodeURIComponent(to)}`)).length
}

/** Waits until each message is where its refusal puts it, and checks that nothing was sent twice for it. */
async function check (t: Test, node: Node, posted: Posted[]): Promise<Array<{ codes: unknown[] }>> {
  const seen = []
  for (const { to, id, code, status, attemptCount, policy } of posted) {
    const label = `${code}, policy ${policy}`
    const view = await until(`${label} is settled`, async () => {
      const { status: http, body } = await node.get(`/messages/${id}`)
      return http === 200 && !['sending', 'unknown'].includes(body['status']) && body
    }, 30_000)
    // After the cool-down the limited one is sent again, as it should be.
    if (view['status'] === 'sent') t.match([code, await arrivals(to), view['attemptCount']], [131056, 2, 1], label)
    else t.match([view['status'], view['attemptCount'], await arrivals(to)], [status, attemptCount, 1], label)
    seen.push({ codes: (view['attempts'] ?? []).map((attempt: { code?: string }) => attempt.code) })
  }
  return seen
}

await t.test('after an outage of Redis, what running nodes know is written before recovery takes their grants for lost', async t => {
  const prefix = createPrefix()
  const nodes: Node[] = []
  const settings = { redisUrl: redis.url, apiUrl: sandbox.url, prefix, env: { ...env, UNKNOWN_HOLD_MS: '1000' } }
  for (let i = 0; i < 2; i++) nodes.push(await startNode(t, settings))
  const posted = (await Promise.all(nodes.map(async (node, i) => await post(node, 101 + i)))).flat()
  await redis.kill()
  // The outage has to be longer than the lease.
  await sleep(LEASE_MS + 1000)
  await redis.restart()
  const seen = await check(t, nodes[0]!, posted)
  t.strictSame(seen.filter(({ codes }) => codes.includes('LEASE_EXPIRED')), [])
  for (const node of nodes) t.strictSame(node.seen('attempt.stale'), [])
  t.strictSame(nodes.flatMap(node => node.seen('recovery.found')).filter(({ kind }) => kind === 'lease'), [])
})

await t.test('a node that alone was cut off corrects what recovery wrote meanwhile', async t => {
  const prefix = createPrefix()
  const port = await proxies.open('redis', redis.port)
  const settings = { apiUrl: sandbox.url, prefix, env: { ...env, UNKNOWN_HOLD_MS: '60000' } }
  const cut = await startNode(t, { redisUrl: `redis://127.0.0.1:${port}`, ...settings })
  const other = await startNode(t, { redisUrl: redis.url, ...settings })
  const posted = await post(cut, 103)
  proxies.set('redis', { refuse: true })
  proxies.cut('redis')
  for (const { id, code } of posted) {
    await until(`recovery takes ${code} for lost`, async () => (await other.get(`/messages/${id}`)).body['status'] === 'unknown', 40_000)
  }
  proxies.set('redis')
  await check(t, other, posted)
  t.strictSame(cut.seen('attempt.stale'), [])
})
