/** WhatsApp allows a sender less than its rule: it is slowed down, everything is sent, and the API, the metrics and the command line say why. */
import t from 'tap'
import { sluice } from '../cli/run.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { keys, SENDER } from '../support/gateway.js'
import { until } from '../support/until.js'

const { sandbox, start } = await createTestEnvironment(t, longStartWindow)
const RULE = 80
const MESSAGES = 60

await t.test('a rejection for the rate slows the sender down, and uses up no attempt', async t => {
  const node = await start(t, { WHATSAPP_SENDER_RATE_PER_SECOND: String(RULE) })
  const rate = async (): Promise<Record<string, unknown>> => (await node.get('/senders')).body['senders']?.[0]?.rate
  const gauges = async (): Promise<Record<string, number>> => {
    const text = await (await fetch(`${node.origin}/metrics`)).text()
    const found = [...text.matchAll(/^sluice_sender_rate_(current|limit)\{[^}]*\} (\S+)$/gm)]
    return Object.fromEntries(found.map(([, name, value]) => [name, Number(value)]))
  }
  t.strictSame(await rate(), { perSecond: RULE, reason: 'rule', rejectedAt: null, nextRiseAt: null, ceiling: null })
  await until('the metrics show the rule', async () => (await gauges())['current'] === RULE)

  await sandbox.control('PUT', 'settings', { throughputPerSecond: 20 })
  const ids = await Promise.all(Array.from({ length: MESSAGES }, async (_, i) =>
    (await node.send(`+1555000${String(4000 + i)}`)).body['id'] as string))
  const slower = await until('the rate is reduced', async () => { const now = await rate(); return now['reason'] === 'rejected' && now })
  t.match(slower, { rejectedAt: String, nextRiseAt: String })
  t.ok(Number(slower['perSecond']) < RULE, `${slower['perSecond']}`)
  t.ok(Date.parse(String(slower['nextRiseAt'])) >= Date.parse(String(slower['rejectedAt'])))
  await until('the metrics show the reduced rate', async () => {
    const { current, limit } = await gauges()
    return limit === RULE && current !== undefined && current < RULE
  })
  const said = /\d+(\.\d)?\/s of 80\/s: WhatsApp rejected faster sending at \d\d:\d\d:\d\dZ/
  t.match(await sluice({ origin: node.origin, key: keys.viewer }, 'stats'), { code: 0, out: said })

  for (const id of ids) {
    const sent = await until('it is sent', async () => {
      const { body } = await node.get(`/messages/${id}`)
      return body['status'] === 'sent' && body
    }, 30_000)
    t.equal(sent['attemptCount'], 1)
  }
  t.equal((await rate())['reason'], 'rejected', 'a rate that is not used does not rise')
  t.match((await node.post(`/senders/${SENDER}/resume`)).body, { rate: { perSecond: RULE, reason: 'rule' } })
})
