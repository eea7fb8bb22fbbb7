/** WhatsApp is down for a while: the circuit of the sender opens, messages wait, and all of them are sent afterwards. */
import t from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER } from '../support/gateway.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const { arrivals, sandbox } = environment
const PROBE_MS = 500
const env = {
  CIRCUIT_RECIPIENTS: '3',
  CIRCUIT_PROBE_MS: String(PROBE_MS),
  CIRCUIT_STAGE_MS: '300',
  WHATSAPP_RATE_LIMIT_MS: '100',
  // One retry, so that an outage would soon use up all attempts.
  WHATSAPP_RETRY_SCHEDULE_MS: '300',
  WHATSAPP_RETRY_INTERVAL_MS: '200'
}
const LASTING_MS = 4000

await t.test('an outage fails nothing, and its backlog is sent in order afterwards', async t => {
  const node = await environment.start(t, env)
  const circuit = async (): Promise<Record<string, string>> => (await node.get('/senders')).body['senders']?.[0]?.circuit
  t.match(await circuit(), { state: 'closed' })
  await sandbox.control('POST', 'faults', { recipient: '*', kind: 'html', httpStatus: 503 })
  const began = performance.now()
  const first = []
  for (let i = 0; i < 3; i++) first.push((await node.send(`+1555000300${i}`)).body)
  t.match(await until('the circuit opens', async () => { const now = await circuit(); return now['state'] === 'open' && now }), { code: String })

  // Messages that come now wait, and so do repeats of those that failed.
  const waiting = []
  for (let i = 0; i < 3; i++) waiting.push((await node.send('+15550003010', `text ${i}`)).body)
  for (const body of waiting) t.match(body, { status: 'queued', waitingFor: 'outage' })
  await until('the outage has lasted', () => performance.now() - began > LASTING_MS, 2 * LASTING_MS)
  t.match(await circuit(), { state: 'open', nextProbeAt: String })
  const requests = (await sandbox.seen('')).length
  t.ok(requests <= 3 + 2 + LASTING_MS / PROBE_MS, `${requests} requests: those before, and single probes`)
  t.match((await node.get('/stats')).body['deliveryFailures'], { failed: 0 })

  await sandbox.control('DELETE', 'faults', {})
  for (const { id } of [...first, ...waiting]) {
    await until('it is sent', async () => (await node.get(`/messages/${id}`)).body['status'] === 'sent', 30_000)
  }
  t.strictSame((await arrivals('+15550003010')).filter(({ outcome }) => outcome === 'accepted').map(({ body }) => body?.text?.body), [
    'text 0', 'text 1', 'text 2'
  ])
  // Each stage ends with a success.
  let more = 0
  await until('the circuit closes', async () => {
    await node.send(`+1555000340${more++ % 10}`, `text ${more}`)
    return (await circuit())['state'] === 'closed'
  })
  t.match((await node.get('/stats')).body['deliveryFailures'], { failed: 0 })
})

await t.test('with UNKNOWN_OUTCOME=fail an outage of time-outs fails only what was in flight when it began', async t => {
  const node = await environment.start(t, {
    ...env, UNKNOWN_OUTCOME: 'fail', UNKNOWN_HOLD_MS: '300', SEND_TIMEOUT_MS: '500', INLINE_WAIT_MS: '100'
  })
  const circuit = async (): Promise<Record<string, string>> => (await node.get('/senders')).body['senders']?.[0]?.circuit
  for (const recipient of ['*', 'node']) await sandbox.control('POST', 'faults', { recipient, kind: 'hang' })
  t.teardown(async () => { await sandbox.control('DELETE', 'faults', {}) })
  const began = performance.now()
  for (let i = 0; i < 3; i++) await node.send(`+1555000350${i}`)
  await until('the circuit opens', async () => (await circuit())['state'] === 'open')
  const before = (await sandbox.seen('')).length
  const waiting = []
  for (let i = 0; i < 5; i++) waiting.push((await node.send(`+1555000351${i}`)).body)
  await until('several probes have failed', () => node.seen('attempt.settled').filter(({ outcome }) => outcome === 'unsent').length >= 2, 30_000)
  t.comment(`${Math.round(performance.now() - began)} ms`)
  t.equal((await sandbox.seen('')).length, before, 'no message was risked')
  await sandbox.control('DELETE', 'faults', {})
  for (const { id } of waiting) {
    await until('it is sent', async () => (await node.get(`/messages/${id}`)).body['status'] === 'sent', 30_000)
  }
})

await t.test('an operator closes the circuit by resuming the sender', async t => {
  const node = await environment.start(t, { ...env, CIRCUIT_PROBE_MS: '60000' })
  await sandbox.control('POST', 'faults', { recipient: '*', kind: 'html', httpStatus: 503 })
  t.teardown(async () => { await sandbox.control('DELETE', 'faults', {}) })
  for (let i = 0; i < 3; i++) await node.send(`+1555000320${i}`)
  await until('the circuit opens', async () => (await node.get('/senders')).body['senders']?.[0]?.circuit?.state === 'open')
  await sandbox.control('DELETE', 'faults', {})
  t.match((await node.send('+15550003210')).body, { status: 'queued', waitingFor: 'outage' })
  const resumed = (await node.post(`/senders/${SENDER}/resume`)).body
  t.match(resumed, { circuit: { state: 'closed' } })
  t.match((await node.send('+15550003211')).body, { status: 'sent' })
})

await t.test('one recipient to whom all fails opens no circuit', async t => {
  const node = await environment.start(t, env)
  const to = '+155601310000003'
  for (let i = 0; i < 5; i++) await node.send(to, `text ${i}`)
  await until('it has failed', async () => (await node.get('/stats')).body['deliveryFailures']?.failed > 0, 20_000)
  t.match((await node.send('+15550003300')).body, { status: 'sent' })
})
