/** `npx sluice doctor` as people run it: beside a busy gateway, on damage, with --repair, and where it cannot check. */
import t from 'tap'
import { examine, openDoctor } from '../../src/doctor/open.js'
import { senderKey } from '../../src/redis/keys.js'
import { isUnavailable } from '../../src/redis/unavailable.js'
import { sluice, type Ended } from '../cli/run.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER } from '../support/gateway.js'
import { CALLBACK_SECRET, startReceiver } from '../support/receiver.js'
import { each, pass, until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const redis = environment.redis.connect()

const doctor = async (prefix: string, ...args: string[]): Promise<Ended> =>
  await sluice({ origin: 'http://127.0.0.1:9' }, 'doctor', '--redis-url', environment.redis.url, '--prefix', prefix, '--wait', '300ms', ...args)

await t.test('a busy gateway yields no finding, and the check does not disturb it', async t => {
  const receiver = await startReceiver(t)
  const node = await environment.start(t, {
    WHATSAPP_RATE_LIMIT_MS: '100',
    WHATSAPP_SENDER_RATE_PER_SECOND: '100',
    WHATSAPP_RETRY_SCHEDULE_MS: '200,200,60000',
    WHATSAPP_RETRY_INTERVAL_MS: '100',
    CALLBACK_URL: receiver.url,
    CALLBACK_SECRET
  })
  const over = new AbortController()
  t.teardown(() => over.abort())
  let sent = 0
  const load = each([1, 2, 3, 4], 4, async caller => {
    for (let n = 0; !over.signal.aborted; n++) {
      // Some numbers of the sandbox fail: temporarily, for good, or by the pair limit.
      const code = ['131000', '131026', '131056'][n % 9]
      const to = code === undefined ? `+1555000${1000 + n % 50}` : `+15560${code}${100 + caller}`
      const scheduledFor = n % 7 === 0 ? new Date(Date.now() + 700).toISOString() : undefined
      const more = { priority: ['urgent', 'normal', 'bulk'][n % 3], ...scheduledFor === undefined ? {} : { scheduledFor } }
      const { body } = await node.send(to, `message ${n} of ${caller}`, more)
      if (n % 11 === 0) await node.del(`/messages/${body['id']}`)
      sent++
      // A constant load, so that the check does not race with an endless backlog.
      await pass(40)
    }
  })
  await until('the load runs', () => sent > 50)
  for (let times = 0; times < 2; times++) {
    const before = sent
    const { deps, close } = await openDoctor({ redisUrl: environment.redis.url, prefix: node.prefix, onChecked: () => undefined })
    const report = await examine(deps, { waitMs: 300, repair: false }).finally(close)
    t.strictSame(report.findings, [])
    t.ok(report.checked > 50)
    t.ok(sent > before, 'messages were accepted meanwhile')
  }
  over.abort()
  await load
  // A machine that is busy with other tests may miss a command timeout.
  const errors = node.seen('unexpected-error').filter(({ error }) => !isUnavailable(error))
  t.strictSame(errors.map(({ error }) => String(error)), [])
})

await t.test('damage is printed, repaired and printed as JSON', async t => {
  const node = await environment.start(t)
  await node.post(`/senders/${SENDER}/pause`)
  const { body } = await node.send('+15550007001')
  const key = (name: string): string => senderKey(node.prefix, SENDER, name)
  await redis.del(key('ready:normal'))
  await redis.set(key('mystery'), 'x')
  const found = await doctor(node.prefix)
  t.equal(found.code, 1)
  t.match(found.out, /^queue-without-ready: 1\. Meaning: .*To do: run it again with --repair/m)
  t.match(found.out, /^unknown-key: 1\. .*mystery/m)
  const repaired = await doctor(node.prefix, '--repair', '--json')
  t.equal(repaired.code, 1, 'an unknown key is not repaired')
  const { findings } = JSON.parse(repaired.out) as { findings: Array<Record<string, unknown>> }
  t.match(findings.find(({ kind }) => kind === 'queue-without-ready'), { count: 1, repaired: 1, left: [] })
  t.match(findings.find(({ kind }) => kind === 'unknown-key'), { count: 1, repaired: 0, left: [{ count: 1, why: /unknown content/ }] })
  await redis.del(key('mystery'))
  await node.post(`/senders/${SENDER}/resume`)
  await environment.arrivals('+15550007001', 1)
  await until('it is settled', async () => (await node.get(`/messages/${body['id']}`)).body['status'] === 'sent')
  t.match(await doctor(node.prefix, '--json'), { code: 0, out: /"findings":\[\]/ })
})

await t.test('an empty prefix is clean; a wrong address or setting is exit code 2', async t => {
  const nowhere = { origin: 'http://127.0.0.1:9' }
  const [empty, unset, invalid, away] = await Promise.all([
    doctor('empty'),
    sluice(nowhere, 'doctor'),
    sluice(nowhere, 'doctor', '--redis-url', 'http://x', '--json'),
    sluice(nowhere, 'doctor', '--redis-url', 'redis://127.0.0.1:9')
  ])
  t.match(empty, { code: 0, out: /^0 entries checked: no contradiction found/ })
  t.strictSame(await redis.keys('{empty*'), [], 'a check writes nothing')
  t.match(unset, { code: 2, err: /REDIS_URL/ })
  t.match(invalid, { code: 2, out: '', err: /^{"error"/ })
  t.match(away, { code: 2, err: /no Redis responds|UNAVAILABLE/ })
})
