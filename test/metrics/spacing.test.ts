/** The counter of spacing violations of a real gateway: it stays at 0, and it counts when the limiter is broken on purpose. */
import { Redis } from 'ioredis'
import t from 'tap'
import { alterScripts } from '../support/alter-scripts.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, type Node } from '../support/gateway.js'
import { until } from '../support/until.js'

const INTERVAL_MS = 300
const environment = await createTestEnvironment(t, longStartWindow)

/** The counter as Prometheus reads it. */
async function violations (node: Node): Promise<number> {
  const text = await (await fetch(`${node.origin}/metrics`)).text()
  const found = new RegExp(`^sluice_pair_spacing_violations_total\\{sender="${SENDER}"\\} (\\d+)$`, 'm').exec(text)
  return Number(found?.[1] ?? NaN)
}

/** ms between consecutive requests at the provider. */
async function gaps (recipient: string, count: number): Promise<number[]> {
  const seen = await environment.arrivals(recipient, count)
  return seen.slice(1).map(({ receivedAt }, n) => receivedAt - (seen[n]?.receivedAt ?? 0))
}

/** Replaces a text in every script of all connections; `restore` undoes it, `count` is the number of changed scripts. */
function breakLimiter (right: string, wrong: string): { restore: () => void, count: number } {
  let count = 0
  const restore = alterScripts(Redis.prototype, ({ lua }) => {
    if (lua.includes(right)) count++
    return lua.replaceAll(right, wrong)
  })
  return { restore, count }
}

await t.test(
  'the working limiter causes no violation: neither for concurrent messages, nor for retries, nor after an operator eases a rule',
  async t => {
    const node = await environment.start(t, {
      WHATSAPP_RATE_LIMIT_MS: String(INTERVAL_MS),
      WHATSAPP_RETRY_SCHEDULE_MS: '50,50',
      WHATSAPP_RETRY_INTERVAL_MS: '100'
    })
    const [many, refused, cleared, eased] = ['15550009001', '155621310000901', '15550009004', '15550009005']
    await Promise.all([...Array.from({ length: 4 }, async (_, n) => await node.send(`+${many}`, `m${n}`)), node.send(`+${refused}`, 'a')])
    await node.send(`+${cleared}`, 'a')
    await node.del(`/rate-limits/+${cleared}`)
    await node.send(`+${cleared}`, 'b')
    await node.put(`/senders/${SENDER}/quota`, { pairIntervalMs: 20 })
    await Promise.all(['a', 'b', 'c'].map(async text => await node.send(`+${eased}`, text)))
    await until('all messages are settled', async () => (await node.get('/stats')).body['senders']?.[0]?.unsettled === 0)
    t.ok(
      (await gaps(eased, 3)).some(ms => ms < INTERVAL_MS),
      'the eased rule was applied'
    )
    t.ok(node.seen('attempt.settled').length >= 11)
    t.strictSame(node.seen('pair.violated'), [])
    t.equal(await violations(node), 0)
  }
)

await t.test('with a limiter that lets twice as much through messages that came too early are counted', async t => {
  const right = 'return math.max(tat, moment) + rate.interval'
  const { restore, count } = breakLimiter(right, right.replace('rate.interval', 'math.floor(rate.interval / 2)'))
  t.teardown(restore)
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: String(INTERVAL_MS) })
  t.ok(count >= 4, 'admit, claim, retry and settle are broken')
  t.equal(await violations(node), 0)
  for (const text of ['a', 'b', 'c', 'd']) await node.send('+15550009011', text)
  await until('all messages are settled', async () => (await node.get('/stats')).body['senders']?.[0]?.unsettled === 0)
  t.ok((await gaps('15550009011', 4)).some(ms => ms < INTERVAL_MS - 50), 'requests at the provider were too close')
  const violated = node.seen('pair.violated')
  t.ok(violated.length > 0)
  t.equal(await violations(node), violated.length)
  for (const { gapMs, intervalMs } of violated) {
    t.equal(intervalMs, INTERVAL_MS)
    t.ok(gapMs >= INTERVAL_MS / 2 && gapMs < INTERVAL_MS, `${gapMs} ms`)
  }
})
