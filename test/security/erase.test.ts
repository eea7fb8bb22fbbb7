/** An erasure removes all data about a recipient from Redis: every key and value of every type is searched for the number. */
import type { Redis } from 'ioredis'
import t from 'tap'
import { eraseRecipient } from '../../src/erasure/erase.js'
import { createBus } from '../../src/events.js'
import { connect } from '../../src/redis/connect.js'
import { findTerm } from '../../src/redis/lookup-index.js'
import { createStore, type Store } from '../../src/redis/store.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { keys, SENDER, type Node } from '../support/gateway.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
/** Nothing is retried, and queued messages stay queued, unless a test changes it. */
const noSends = {
  WHATSAPP_RATE_LIMIT_MS: '60000',
  WHATSAPP_RETRY_SCHEDULE_MS: '3600000,3600000',
  WHATSAPP_RETRY_INTERVAL_MS: '3600000',
  INLINE_WAIT_MS: '0'
}
/** The response waits for the outcome, so nothing is in flight after it. */
const settled = { ...noSends, INLINE_WAIT_MS: '10000' }
const TEXT = 'Zaubernuss'
const OTHER = '+15553579299'

/** All keys and values of a prefix as one text. */
async function dump (redis: Redis, prefix: string): Promise<string> {
  const entries: string[] = []
  for (const key of await redis.keys(`*${prefix}*`)) {
    const type = await redis.type(key)
    const value = type === 'string'
      ? await redis.get(key)
      : type === 'hash'
        ? await redis.hgetall(key)
        : type === 'zset'
          ? await redis.zrange(key, 0, -1, 'WITHSCORES')
          : type === 'stream' ? await redis.xrange(key, '-', '+') : type === 'list' ? await redis.lrange(key, 0, -1) : await redis.smembers(key)
    entries.push(`${key} ${JSON.stringify(value)}`)
  }
  return entries.join('\n')
}

/** Creates a message in each stable state; returns the ids. */
async function fill (
  node: Node,
  to: { sent: string; retrying: string; failed: string; unknown: string },
  sender = SENDER
): Promise<Record<string, string>> {
  const ids: Record<string, string> = {}
  const post = async (name: string, number: string, more: Record<string, unknown> = {}): Promise<void> => {
    const { body } = await node
      .as(keys.app)
      .send(number, `${TEXT} ${name} ${number}`, { sender, metadata: { name: `${TEXT}`, phone: number }, ...more })
    ids[name] = String(body.id)
  }
  await post('sent', to.sent, { idempotencyKey: `order-${to.sent}` })
  await until('sent', async () => (await node.get(`/messages/${ids['sent']}`)).body['status'] === 'sent')
  await post('queued', to.sent)
  await post('urgent', to.sent, { priority: 'urgent' })
  await post('scheduled', to.sent, { scheduledFor: Date.now() + 3_600_000 })
  for (const [name, state] of [['retrying', 'retrying'], ['failed', 'failed'], ['unknown', 'unknown']] as const) {
    await post(name, to[name])
    await until(name, async () => (await node.get(`/messages/${ids[name]}`)).body['status'] === state)
  }
  return ids
}

await t.test('after an erasure Redis contains neither the number in any spelling, nor the texts, nor WhatsApp\'s message ids', async t => {
  const node = await environment.start(t, noSends)
  const redis = environment.redis.connect()
  const numbers = { sent: '+55 11 8765-4321', retrying: '+15560131000', failed: '+15560131026', unknown: '+15558200010' }
  const ids = await fill(node, numbers)
  await node.send(OTHER, 'stays')
  await node.send(OTHER, 'stays queued')
  await node.del(`/messages/${ids['urgent']}`)
  const wamids = (await environment.sandbox.seen()).map(({ wamid }) => wamid).filter(wamid => wamid !== null)
  const before = await dump(redis, node.prefix)
  t.ok(
    [/5511987654321/, /\+55 11 8765-4321/, /15560131000/, new RegExp(TEXT)].every(trace => trace.test(before)) &&
      wamids.some(wamid => before.includes(wamid)),
    'there was something to erase'
  )

  t.match(await node.as(keys.app).del('/recipients/+551187654321'), { status: 403 })
  const erased = await node.del('/recipients/5511987654321')
  t.match(
    erased,
    { status: 200, body: { complete: true, erased: { waiting: 2, results: 4, failures: 0 }, remaining: [] } },
    'the other spelling of the same person'
  )
  t.match((await node.del(`/recipients/${encodeURIComponent(numbers.retrying)}`)).body, {
    complete: true,
    erased: { waiting: 1, results: 1, failures: 1 }
  })
  t.match((await node.del(`/recipients/${encodeURIComponent(numbers.failed)}`)).body, {
    complete: true,
    erased: { waiting: 0, results: 1, failures: 1 }
  })
  t.match(
    (await node.del(`/recipients/${encodeURIComponent(numbers.unknown)}`)).body,
    { complete: true, erased: { waiting: 1, results: 1, failures: 1 } },
    'a message of unknown outcome becomes failed'
  )

  const after = await dump(redis, node.prefix)
  const other = await node.get(`/messages?recipient=${encodeURIComponent(OTHER)}`)
  t.equal(other.body['messages'].length, 2, 'another recipient keeps its messages')
  const othersWamids = new Set((await environment.sandbox.seen(`?recipient=${encodeURIComponent(OTHER)}`)).map(({ wamid }) => wamid))
  for (const number of Object.values(numbers)) {
    const digits = number.replaceAll(/\D/g, '')
    for (const spelling of [number, digits, digits.slice(2), digits.replace('5511', '55119'), Buffer.from(digits).toString('base64').slice(0, 12)]) {
      t.notOk(after.includes(spelling), spelling)
    }
    for (const canonical of [digits, digits.replace('5511', '55119')]) {
      t.notOk(after.includes(findTerm('recipient', `p${canonical}`)), 'nor its hash in the index')
    }
    for (const tag of [`name:${TEXT}`, `phone:${number}`]) t.notOk(after.includes(findTerm('tag', tag)), 'nor a tag')
  }
  t.notOk(after.includes(TEXT))
  t.same(wamids.filter(wamid => !othersWamids.has(wamid) && (after.includes(wamid) || after.includes(findTerm('provider', wamid)))), [])

  for (const [name, status] of Object.entries({
    sent: 'sent',
    queued: 'cancelled',
    urgent: 'cancelled',
    scheduled: 'cancelled',
    retrying: 'cancelled',
    failed: 'failed',
    unknown: 'failed'
  })) {
    t.match(
      await node.get(`/messages/${ids[name]}`),
      { status: 200, body: { status, to: null, message: null, metadata: null, providerMessageId: null } },
      `the ${name} message keeps its final state`
    )
  }
  const repeat = await node.as(keys.app).send(numbers.sent, 'another text', { idempotencyKey: `order-${numbers.sent}` })
  t.match(repeat, { status: 200, body: { duplicate: true, status: 'sent' } }, 'a repeated key is known, and nothing is sent')
  t.match(
    node
      .seen('operator.action')
      .filter(({ action }) => action === 'erase')
      .at(0),
    { by: 'operator', subject: '…21', sender: '*', detail: 'complete' }
  )
  t.match(
    (await node.del('/recipients/5511987654321')).body,
    { complete: true, erased: { waiting: 0, results: 0, failures: 0 } },
    'a repeat finds nothing'
  )
})

await t.test('a message in flight remains, is listed, and is erased by a repeat', async t => {
  const node = await environment.start(t, { ...noSends, SEND_TIMEOUT_MS: '20000', LEASE_MS: '60000' })
  const redis = environment.redis.connect()
  const number = '+15557050077'
  const { body } = await node.send(number, TEXT)
  await environment.arrivals(number, 1)
  const first = await node.del(`/recipients/${encodeURIComponent(number)}`)
  t.match(first, { status: 202, body: { complete: false, remaining: [body.id] } })
  await until('the message is sent', async () => (await node.get(`/messages/${body.id}`)).body['status'] === 'sent')
  t.match(await node.del(`/recipients/${encodeURIComponent(number)}`), { status: 200, body: { complete: true, erased: { results: 1 } } })
  t.notOk((await dump(redis, node.prefix)).includes(number.slice(1)))
})

await t.test('a message of unknown outcome is not kept on hold while the circuit is open', async t => {
  const node = await environment.start(t, { ...settled, CIRCUIT_RECIPIENTS: '2', CIRCUIT_PROBE_MS: '60000', UNKNOWN_HOLD_MS: '3600000' })
  const redis = environment.redis.connect()
  await environment.sandbox.control('POST', 'faults', { recipient: '*', kind: 'html', httpStatus: 502 })
  t.teardown(async () => { await environment.sandbox.control('DELETE', 'faults', {}) })
  const numbers = ['+15558200031', '+15558200032']
  for (const number of numbers) t.match(await node.send(number, TEXT, { onUnknown: 'retry' }), { body: { status: 'unknown' } })
  await until('the circuit opens', async () => (await node.get('/senders')).body['senders']?.[0]?.circuit?.state === 'open')
  for (const number of numbers) {
    const erased = await node.del(`/recipients/${encodeURIComponent(number)}`)
    t.match(erased, { status: 200, body: { complete: true, erased: { waiting: 1, results: 1, failures: 1 }, remaining: [] } })
    t.notMatch(await dump(redis, node.prefix), new RegExp(number.slice(1)))
  }
  t.match((await node.get('/stats')).body['senders'], [{ unknown: 0, unsettled: 0 }])
})

await t.test('an erasure covers one sender, or all of them with those that this node does not serve, and rejects an unknown one', async t => {
  const node = await environment.start(t, settled)
  const redis = environment.redis.connect()
  const number = '+15553579288'
  const second = await environment.start(t, { ...settled, WHATSAPP_PHONE_NUMBER_ID: '222' }, { prefix: node.prefix })
  await node.send(number, TEXT)
  await second.send(number, TEXT)
  t.match((await node.del(`/recipients/${number}?sender=222`)).body, { complete: true, erased: { results: 1 } })
  t.ok((await dump(redis, node.prefix)).includes(number.slice(1)), 'the other sender keeps its own')
  t.match((await node.del(`/recipients/${number}`)).body, { complete: true, erased: { results: 1 } })
  t.notOk((await dump(redis, node.prefix)).includes(number.slice(1)))
  t.match(await node.del(`/recipients/${number}?sender=333`), { status: 404, body: { code: 'SENDER_UNKNOWN' } })
  t.match(await node.del('/recipients/hello'), { status: 400, body: { code: 'INVALID_RECIPIENT' } })
})

await t.test('an erasure that was interrupted at any step is completed by a repeat', async t => {
  const redis = environment.redis.connect()
  const node = await environment.start(t, settled)
  const connections = await connect(environment.redis.url, createBus())
  t.teardown(connections.close)
  const store = createStore(connections, { prefix: node.prefix, leaseMs: 30_000 })
  const number = '+15553579277'
  let steps = 0
  for (let isBroken = true; isBroken; steps++) {
    for (const text of ['1', '2', '3']) await node.send(number, `${TEXT} ${text} ${steps}`, { metadata: { name: TEXT } })
    const deps = {
      ...node,
      store: breakAfter(store, steps),
      wakes: { applyWakeHint: async () => {}, listen: () => () => {}, close: async () => {} },
      settlement: {} as never,
      classifyCode: undefined as never
    }
    isBroken = await eraseRecipient(deps, [SENDER], 'p15553579277', 'test').then(
      () => false,
      () => true
    )
    t.match(await node.del(`/recipients/${number}`), { status: 200, body: { complete: true } })
    const after = await dump(redis, node.prefix)
    t.notOk(
      after.includes(number.slice(1)) || after.includes(TEXT) || after.includes(findTerm('tag', `name:${TEXT}`)),
      `interrupted after ${steps} steps`
    )
  }
  t.ok(steps > 15, `${steps} steps to interrupt at`)
})

/** A store whose process ends after `steps` commands. */
function breakAfter (store: Store, steps: number): Store {
  let left = steps
  const counted = <Args extends unknown[], Reply>(call: (...args: Args) => Promise<Reply>) => async (...args: Args): Promise<Reply> => {
    if (left-- <= 0) throw new Error('the process has ended')
    return await call(...args)
  }
  const redis = new Proxy(store.redis, {
    get: (target, name) => {
      const member = Reflect.get(target, name) as unknown
      return typeof member === 'function' ? counted((member as (...args: unknown[]) => Promise<unknown>).bind(target)) : member
    }
  })
  return { ...store, redis, run: counted(store.run as (...args: unknown[]) => Promise<unknown>) as Store['run'] }
}
