/** Recovery checks a sender in time by the recovery schedule; without the schedule its slow round finds everything. */
import t, { type Test } from 'tap'
import { createBus } from '../../src/events.js'
import { SluiceError } from '../../src/errors.js'
import { startRecovery, type RecoveryDeps } from '../../src/recovery/recover.js'
import { connect } from '../../src/redis/connect.js'
import { createRecoverySchedule } from '../../src/redis/recovery-schedule.js'
import { createStore } from '../../src/redis/store.js'
import { startApi } from '../support/api.js'
import { longStartWindow } from '../support/flow.js'
import { SENDER, startNode } from '../support/gateway.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { until } from '../support/until.js'

const redis = await startRedis(t)
const api = await startApi(t)
const client = redis.connect()
const ANN = '+15550000001'
/** Later than all times expected here, and within recovery's round. */
const LATER_MS = 25_000

await t.test('a sender is on the recovery schedule before its next ready time', async t => {
  const prefix = createPrefix()
  const recoverySchedule = `{${prefix}}:recovery-schedule`
  const senders = ['scheduled', 'far', 'paused', 'unknown'].map(id => ({
    id,
    accessToken: 'token',
    rules: id === 'far' ? { pairIntervalMs: 20_000 } : {}
  }))
  const file = `${t.testdir({ 'senders.json': JSON.stringify(senders) })}/senders.json`
  const node = await startNode(t, {
    redisUrl: redis.url,
    apiUrl: api.url,
    prefix,
    env: { WHATSAPP_SENDERS_FILE: file, WHATSAPP_ACCESS_TOKEN: '', ...longStartWindow, SEND_TIMEOUT_MS: '1000', UNKNOWN_HOLD_MS: '15000' }
  })
  await node.send(ANN, '1', { sender: 'far' })
  await node.post('/senders/paused/pause', { forMs: 20_000 })
  for (const { id } of senders) await calm(id)

  t.match((await node.send(ANN, '1', { sender: 'scheduled', scheduledFor: Date.now() + 20_000 })).body, { status: 'scheduled' })
  t.match((await node.send(ANN, '2', { sender: 'far' })).body, { status: 'queued', waitingFor: 'pair-rate' })
  t.match((await node.send(ANN, '1', { sender: 'paused' })).body, { status: 'queued', waitingFor: 'pause' })
  api.silence('unknown')
  t.match((await node.send(ANN, '1', { sender: 'unknown' })).body, { status: 'unknown' })
  api.speak('unknown')
  await Promise.all(senders.map(async ({ id }) => await advancedTo(t, id, id === 'unknown' ? 15_000 : 18_000)))

  async function nextIn (sender: string): Promise<number> {
    const [seconds] = await client.time()
    return Number(await client.zscore(recoverySchedule, sender)) - Number(seconds) * 1000
  }

  /** Puts a sender into the state of a sender without work: its next check is a round away. */
  async function calm (sender: string): Promise<void> {
    await until(`${sender} has been checked`, async () => await nextIn(sender) > 0 && await client.exists(`{${prefix}:${sender}}:drain-lease`) === 0)
    const [seconds] = await client.time()
    await client.zadd(recoverySchedule, Number(seconds) * 1000 + LATER_MS, sender)
  }

  /**
   * Soon after a mark recovery checks once more before it postpones a sender to its next ready time; and during a check a sender
   * is postponed for a round. So the test waits for the right time, but not so long that it would come near by itself.
   */
  async function advancedTo (t: Test, sender: string, dueMs: number): Promise<void> {
    const inMs = await until(`${sender} has a time for its next check`, async () => {
      const foundMs = await nextIn(sender)
      return foundMs > 5000 && foundMs < dueMs + 1000 && foundMs
    }, 8000)
    t.ok(inMs < dueMs + 1000, `${sender}: next check in ${inMs} ms, needed in ${dueMs} ms`)
  }
})

await t.test('without the recovery schedule a sender is checked within a round', async t => {
  const prefix = createPrefix()
  const recoverySchedule = `{${prefix}}:recovery-schedule`
  const node = await startNode(t, {
    redisUrl: redis.url, apiUrl: api.url, prefix, env: { WHATSAPP_RATE_LIMIT_MS: '5500', SEND_TIMEOUT_MS: '500', LEASE_MS: '6000' }
  })
  await node.send(ANN, 'first')
  t.match((await node.send(ANN, 'second')).body, { status: 'queued' })
  await until('the sender is on the schedule', async () => await client.zscore(recoverySchedule, SENDER) !== null)
  await client.del(recoverySchedule)
  await until('the message is sent', () => api.asked(SENDER).some(({ text }) => text === 'second'), 20_000)
})

await t.test('a sender whose check failed while Redis was unavailable is checked again at once', async t => {
  const events = createBus()
  const connections = await connect(redis.url, events)
  t.teardown(connections.close)
  const prefix = createPrefix()
  const store = createStore(connections, { prefix, leaseMs: 30_000 })
  const checked: string[] = []
  let isUnavailable = false
  const run = async (_script: string, { sender }: { sender: string }): Promise<unknown> => {
    checked.push(sender)
    if (isUnavailable && sender === 'b') throw new SluiceError('UNAVAILABLE')
    return ['', [], [], [], 0]
  }
  const senders = ['a', 'b', 'c']
  const refresh = async (): Promise<void> => await store.recoverySchedule.addMissing(senders)
  const addDueRuns = async (): Promise<void> => {}
  const recovery = startRecovery({ store: { ...store, run }, events, senders, refresh, roundMs: 30_000 } as unknown as RecoveryDeps, addDueRuns)
  t.teardown(recovery.stop)
  // Checked twice without work: from now on they are postponed for a whole round.
  await until('each sender has been checked twice', () => checked.length === 6)
  isUnavailable = true
  await client.zadd(`{${prefix}}:recovery-schedule`, 1, 'a', 2, 'b', 3, 'c')
  await until('the check of b fails', () => checked.filter(sender => sender === 'b').length > 2)
  isUnavailable = false
  checked.length = 0
  await until('b is checked again', () => checked.includes('b'), 3000)
  store.recoverySchedule.close()
})

await t.test('a sender that was forgotten stays out of the schedule when the end of its last call marks it due', async t => {
  const prefix = createPrefix()
  const schedule = createRecoverySchedule(client, prefix)
  t.teardown(schedule.close)
  await client.zadd(`{${prefix}}:recovery-schedule`, Date.now() + 60_000, 'listed')
  schedule.markDue('forgotten')
  schedule.markDue('listed')
  await until('it is written', async () => await client.zscore(`{${prefix}}:recovery-schedule`, 'listed') === '0')
  t.equal(await client.zscore(`{${prefix}}:recovery-schedule`, 'forgotten'), null)
})
