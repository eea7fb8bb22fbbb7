/**
 * An operator is paged: a real gateway whose WhatsApp breaks, the shipped rules in a real Prometheus, the shipped routes in a real
 * Alertmanager, and a telephone, which is a small HTTP server. An hour is a minute here (shorten.ts); nothing else is changed.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { startSandbox } from '../sandbox/support.js'
import { SENDER, startNode } from '../support/gateway.js'
import { startRedis } from '../support/redis.js'
import { pass, until } from '../support/until.js'
import { retryWhileUnavailable } from './load.js'
import { missing, startAlertmanager, startPrometheus } from './monitoring.js'
import { quickAlertmanager, quickPrometheus, quickRules } from './shorten.js'

/** On a machine that is busy with other tests a scrape may be late, and alerts about nodes and Redis come and go in a world sixty times faster. */
const watched = ['SluiceErrorsBurnFast', 'SluiceSenderStopped']

interface Call { afterS: number, who: string, status: string, alert: string, sender: string, summary: string, runbook: string }

const skip = missing('prometheus', 'prometheus-alertmanager')

await t.test('a broken WhatsApp pages an operator, and its repair resolves the page', { skip }, async t => {
  const redis = await startRedis(t)
  const sandbox = await startSandbox(t, { enforcePair: false, throughputPerSecond: null })
  const node = await startNode(t, { redisUrl: redis.url, apiUrl: sandbox.url })
  const phone = await startPhone(t)
  const alertmanager = await startAlertmanager(t, { 'alertmanager.yml': quickAlertmanager(phone.url) })
  const prometheus = await startPrometheus(t, {
    'prometheus.yml': quickPrometheus([node.origin.replace('http://', '')], alertmanager.replace('http://', '')),
    'alerts/rules.yml': quickRules()
  })
  const firing = async (): Promise<string[]> => (await prometheus.get('/api/v1/alerts')).data.alerts
    .filter(({ state }: { state: string }) => state === 'firing').map(({ labels }: { labels: { alertname: string } }) => labels.alertname)

  const over = new AbortController()
  const sending = (async () => {
    for (let i = 0; !over.signal.aborted; i++) {
      await Promise.all([0, 1, 2].map(async k => await node.send(`+1555000${String((i * 3 + k) % 10_000).padStart(4, '0')}`, `news ${i}`)))
      await pass(100)
    }
  })()
  await until(
    'Prometheus has seen it send',
    async () =>
      Number(
        (await prometheus.get(`/api/v1/query?query=${encodeURIComponent('sum(rate(sluice_provider_requests_total{outcome="sent"}[5s]))')}`)).data
          .result[0]?.value[1]
      ) > 0,
    20_000
  )
  t.notOk(
    (await firing()).some(name => watched.includes(name)),
    'without a fault neither alert fires'
  )

  phone.addToLog('WhatsApp responds 503')
  await sandbox.control('POST', 'faults', { recipient: '*', kind: 'status', httpStatus: 503 })
  const burning = await phone.rings('page', 'firing', 'SluiceErrorsBurnFast')
  t.match(burning, { sender: SENDER, summary: /^[\d.]+% of the attempts of 111 fail/, runbook: /docs\/runbooks\.md#sluiceerrorsburnfast$/ })

  phone.addToLog('WhatsApp refuses the token')
  await sandbox.control('POST', 'faults', { recipient: '*', kind: 'code', code: 190 })
  const stopped = await phone.rings('page', 'firing', 'SluiceSenderStopped')
  t.match(stopped, { sender: SENDER, summary: 'WhatsApp rejects 111 as a whole: the sender is stopped and its messages wait' })

  phone.addToLog('mended, and the sender is resumed')
  await sandbox.control('DELETE', 'faults')
  await retryWhileUnavailable(async () => await node.post(`/senders/${SENDER}/resume`))
  await phone.rings('page', 'resolved', 'SluiceSenderStopped')
  await phone.rings('page', 'resolved', 'SluiceErrorsBurnFast')
  over.abort()
  await sending
  t.notOk((await firing()).some(name => watched.includes(name)), 'neither alert fires any more')
  const mended = phone.calls().findIndex(({ status, alert }) => status === 'resolved' && alert === 'SluiceErrorsBurnFast')
  t.notOk(
    phone
      .calls()
      .slice(0, mended)
      .some(({ alert }) => alert === 'SluiceErrorsBurnSlow'),
    'a consequence of a firing page sends no page of its own'
  )
  for (const line of phone.log()) t.comment(line)
})

interface Phone {
  url: string
  /** What was done, for the log. */
  addToLog: (what: string) => void
  calls: () => Call[]
  /** The first call of this kind; waits for it. */
  rings: (who: string, status: string, alert: string) => Promise<Call>
  log: () => string[]
}

/** Takes Alertmanager's calls at `/<receiver>`, and records each with its receiver and time. */
async function startPhone (t: { teardown: (fn: () => unknown) => void }): Promise<Phone> {
  const began = performance.now()
  const calls: Call[] = []
  const log: string[] = []
  const addToLog = (what: string): void => { log.push(`${((performance.now() - began) / 1000).toFixed(1).padStart(5)} s  ${what}`) }
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', data => { body += String(data) })
    request.on('end', () => {
      response.end()
      const who = (request.url ?? '').slice(1)
      for (const { status, labels, annotations } of (
        JSON.parse(body) as { alerts: Array<{ status: string; labels: Record<string, string>; annotations: Record<string, string> }> }
      ).alerts) {
        const call = {
          afterS: (performance.now() - began) / 1000,
          who,
          status,
          alert: labels['alertname'] ?? '',
          sender: labels['sender'] ?? '',
          summary: annotations['summary'] ?? '',
          runbook: annotations['runbook_url'] ?? ''
        }
        calls.push(call)
        addToLog(`→ ${who}: ${status} ${call.alert}: ${call.summary}`)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const rings: Phone['rings'] = async (who, status, alert) =>
    await until(
      `${who} gets that ${alert} is ${status}`,
      () => calls.find(call => call.who === who && call.status === status && call.alert === alert),
      60_000
    )
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, addToLog, calls: () => calls, rings, log: () => log }
}
