/** The doctor on a Redis Cluster: it finds the keys of every master, beside running nodes, and repairs each where it is. */
import t from 'tap'
import { examine, openDoctor, type Report } from '../../src/doctor/open.js'
import { senderKey } from '../../src/redis/keys.js'
import { longTimeouts, startNodes, startObserver } from '../flow/failover.js'
import { startCluster } from '../support/redis-cluster.js'
import { each, pass, until } from '../support/until.js'

const cluster = await startCluster(t)
const sandbox = await startObserver(t)
const senders = Array.from({ length: 6 }, (_, i) => `s${i + 1}`)

await t.test('contradictions on every master are found and repaired, and the messages arrive', async t => {
  const env = { ...longTimeouts, WHATSAPP_RATE_LIMIT_MS: '300' }
  const { nodes: [node], prefix } = await startNodes(t, { url: cluster.url, sandbox, senders, count: 1, env })
  if (node === undefined) throw new TypeError('no node')
  const runDoctor = async (repair: boolean): Promise<Report> => {
    const { deps, close } = await openDoctor({ redisUrl: cluster.url, prefix, onChecked: () => undefined })
    return await examine(deps, { waitMs: 500, repair }).finally(close)
  }
  const over = new AbortController()
  t.teardown(() => over.abort())
  const load = each(senders, 6, async sender => {
    for (let n = 0; !over.signal.aborted; n++) {
      await node.send(`+1555000200${n % 10}`, `load ${n}`, { sender })
      // A constant load, so that the check does not race with an endless backlog.
      await pass(100)
    }
  })
  t.strictSame((await runDoctor(false)).findings, [], 'nothing under load')
  over.abort()
  await load

  await each(senders, 6, async sender => { await node.post(`/senders/${sender}/pause`) })
  const to = '+15550009001'
  await each(senders, 6, async sender => { await node.send(to, 'damaged', { sender }) })
  const masters = new Set<number>()
  for (const sender of senders) {
    const key = senderKey(prefix, sender, 'ready:normal')
    const master = await cluster.masterOf(key)
    masters.add(master.port)
    await master.connect().del(key)
  }
  t.ok(masters.size > 1, 'the senders are on several masters')
  const found = await runDoctor(true)
  t.match(found.findings, [{ kind: 'queue-without-ready', left: [] }])
  t.equal(found.findings.length, 1)
  t.ok((found.findings[0]?.repaired ?? 0) >= senders.length)
  await each(senders, 6, async sender => { await node.post(`/senders/${sender}/resume`) })
  const arrived = async (): Promise<number> => (await sandbox.arrivals()).filter(({ body }) => body?.text?.body === 'damaged').length
  await until('every message has arrived', async () => await arrived() === senders.length)
  t.strictSame((await runDoctor(false)).findings, [])
})
