/** Grants that their node will not settle: those of a dead node, and those whose reply was lost. */
import t from 'tap'
import { claim } from '../../src/drain/claim.js'
import { createBus } from '../../src/events.js'
import { recoverSender } from '../../src/recovery/recover.js'
import { applyOrPark } from '../../src/settlement/parked.js'
import { settle } from '../../src/settlement/settle.js'
import { connect } from '../../src/redis/connect.js'
import { digestOf } from '../../src/redis/keys.js'
import { createStore, type Store } from '../../src/redis/store.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, type Node } from '../support/gateway.js'
import { until } from '../support/until.js'

const environment = await createTestEnvironment(t, longStartWindow)
const env = { WHATSAPP_RATE_LIMIT_MS: '200', UNKNOWN_HOLD_MS: '100', WHATSAPP_RETRY_INTERVAL_MS: '200' }

/** The store of a node that has nothing else. */
async function createGhost (t: { teardown: (end: () => Promise<void>) => void }, prefix: string): Promise<Store> {
  const connections = await connect(environment.redis.url, createBus())
  t.teardown(connections.close)
  return createStore(connections, { prefix, leaseMs: 600 })
}

await t.test('the grants of a dead node have an unknown outcome and are sent again after the hold', async t => {
  const poster = await environment.start(t, { ...env, ROLE: 'api' })
  const ghost = await createGhost(t, poster.prefix)
  const { body } = await poster.send('+15550010001', 'Hello', {}, { prefer: 'respond-async' })
  t.match(await claim({ store: ghost, startWithinMs: 250 }, SENDER, 'ghost.1', 1), { status: 'claimed', grants: [{ attempt: 1 }] })
  t.equal(await stateOf(poster, body['id']), 'sending')

  const worker = await environment.start(t, env, { prefix: poster.prefix })
  await until('it is sent', async () => await stateOf(poster, body['id']) === 'sent')
  t.match(worker.seen('recovery.found').filter(({ kind }) => kind !== 'unattended'), [{ kind: 'lease' }, { kind: 'unknown' }])
  t.match((await poster.get('/failures?status=RESOLVED')).body['failures'], [
    { id: body['id'], attemptCount: 2, attempts: [{ attempt: 1, outcome: 'unknown', code: 'LEASE_EXPIRED' }, { attempt: 2, outcome: 'sent' }] }
  ])
  t.equal((await environment.arrivals('+15550010001')).length, 1, 'the dead node had not sent it')
})

await t.test('a status that arrived while its attempt was in flight settles it before its hold ends as unknown', async t => {
  const poster = await environment.start(t, { ...env, ROLE: 'api' })
  const ghost = await createGhost(t, poster.prefix)
  const to = '+15550010009'
  const { body } = await poster.send(to, 'Hello', {}, { prefer: 'respond-async' })
  const claimed = await claim({ store: ghost, startWithinMs: 250 }, SENDER, 'ghost.1', 1)
  const grant = claimed.status === 'claimed' ? claimed.grants[0] : undefined
  if (grant === undefined) throw new Error('nothing was granted')
  const deps = {
    store: ghost,
    events: createBus(),
    settlement: { backoff: () => null, unknownOutcome: 'fail' as const, unknownHoldMs: 50, findMs: 0 },
    classifyCode: () => ({ status: 'rejected' as const, code: '1', error: '' }),
    wakes: { applyWakeHint: async () => {}, listen: () => () => {}, close: async () => {} },
    startWithinMs: 250
  }
  for (const kind of ['sent', 'delivered'] as const) {
    t.equal(await applyOrPark(deps, SENDER, { wamid: 'wamid.early', kind, atMs: 0, opaque: `${grant.id}.1` }), 'parked')
  }
  await settle(deps, grant, { status: 'unknown', code: 'RESET', error: '', startedAfterMs: 1, durationMs: 1 })
  await until('the hold is over', async () => {
    await recoverSender(deps, SENDER, [], true)
    return await stateOf(poster, body['id']) !== 'unknown'
  })
  t.equal(await stateOf(poster, body['id']), 'delivered')
  t.same((await poster.get('/failures?status=RESOLVED')).body['failures'].map(({ id }: { id: string }) => id), [body['id']])
  t.equal(await ghost.redis.zcard(`{${poster.prefix}:${SENDER}}:parked`), 0)
})

await t.test('a success that a receipt has settled before is counted once', async t => {
  const poster = await environment.start(t, { ...env, ROLE: 'api' })
  const ghost = await createGhost(t, poster.prefix)
  const { body } = await poster.send('+15550010012', 'Hello', {}, { prefer: 'respond-async' })
  const claimed = await claim({ store: ghost, startWithinMs: 250 }, SENDER, 'ghost.1', 1)
  const grant = claimed.status === 'claimed' ? claimed.grants[0] : undefined
  if (grant === undefined) throw new Error('nothing was granted')
  const events = createBus()
  const seen: string[] = []
  events.on('attempt.settled', ({ settlement }) => seen.push(settlement))
  events.on('attempt.stale', ({ result }) => seen.push(result))
  const deps = {
    store: ghost,
    events,
    settlement: { backoff: () => null, unknownOutcome: 'fail' as const, unknownHoldMs: 60_000, findMs: 0 },
    classifyCode: () => ({ status: 'rejected' as const, code: '1', error: '' }),
    wakes: { applyWakeHint: async () => {}, listen: () => () => {}, close: async () => {} },
    startWithinMs: 250
  }
  // The node freezes past its lease: recovery settles the attempt as unknown, and a webhook proves that it was sent.
  await until('recovery finds its lease', async () => {
    await recoverSender(deps, SENDER, [], true)
    return await stateOf(poster, body['id']) === 'unknown'
  }, 10_000)
  t.equal(await applyOrPark(deps, SENDER, { wamid: 'wamid.proof', kind: 'sent', atMs: 0, opaque: `${grant.id}.1` }), 'sent')
  seen.length = 0
  const outcome = { status: 'sent' as const, providerMessageId: 'wamid.proof', startedAfterMs: 1, durationMs: 1 }
  t.same(await settle(deps, grant, outcome), { status: 'stale' })
  t.same(seen, ['known'])
})

await t.test('a grant whose reply was lost is given back: it keeps its place and its attempt', async t => {
  const poster = await environment.start(t, { ...env, ROLE: 'api' })
  const ghost = await createGhost(t, poster.prefix)
  const first = await poster.send('+15550010002', '1', {}, { prefer: 'respond-async' })
  const second = await poster.send('+15550010002', '2', {}, { prefer: 'respond-async' })
  await t.rejects(ghost.granting(SENDER, async terms => {
    await ghost.run('claim', { sender: SENDER }, { drainRun: 'ghost.1', want: 1, mode: 'keep', ...terms })
    throw new Error('the connection broke before the reply')
  }))
  t.equal(await stateOf(poster, first.body['id']), 'sending')
  const deps = {
    store: ghost,
    events: createBus(),
    settlement: { backoff: () => null, unknownOutcome: 'retry' as const, unknownHoldMs: 0, findMs: 0 },
    wakes: { applyWakeHint: async () => {}, listen: () => () => {}, close: async () => {} },
    startWithinMs: 250
  }
  await recoverSender(deps as unknown as Parameters<typeof recoverSender>[0], SENDER, ghost.lost.list().get(SENDER) ?? [], false)
  t.match((await poster.get(`/messages/${first.body['id']}`)).body, { status: 'queued', position: 1, attemptCount: 0 })
  t.match((await poster.get(`/messages/${second.body['id']}`)).body, { status: 'queued', position: 2 })

  const worker = await environment.start(t, env, { prefix: poster.prefix })
  const seen = await environment.arrivals('+15550010002', 2)
  t.same(seen.map(arrival => [arrival.body?.text?.body, arrival.opaque?.split('.').at(-1)]), [['1', '1'], ['2', '1']])
  t.same(worker.seen('attempt.stale'), [])
})

await t.test('a dead node\'s grant of a message that was proven sent meanwhile is freed, and its pair goes on', async t => {
  const poster = await environment.start(t, { ...env, ROLE: 'api' })
  const ghost = await createGhost(t, poster.prefix)
  const to = '+15550010003'
  const first = await poster.send(to, '1', {}, { prefer: 'respond-async' })
  const second = await poster.send(to, '2', {}, { prefer: 'respond-async' })
  const claimed = await claim({ store: ghost, startWithinMs: 250 }, SENDER, 'ghost.1', 1)
  const [{ id = '', recipient = '', holder = '' } = {}] = claimed.status === 'claimed' ? claimed.grants : []
  const scope = { sender: SENDER, digest: digestOf(id) }
  await ghost.run('settle', scope, {
    id,
    recipient,
    attempt: 1,
    holder,
    settlement: 'retry',
    startedUs: 1000,
    afterMs: 0,
    bucket: '',
    coolMs: 0,
    code: '',
    resultSuffix: 'operator -',
    history: '{"attempt":1,"outcome":"unknown"}'
  })
  await ghost.run('retry', scope, { id, force: true, inline: false, holder: 'a0:2', leaseMs: 600, lifeMs: 60_000 })
  await until('its second attempt is in flight', async () => {
    const reply = await claim({ store: ghost, startWithinMs: 250 }, SENDER, 'ghost.1', 1)
    return reply.status === 'claimed' && reply.grants.some(grant => grant.id === id && grant.attempt === 2)
  })
  t.match(await ghost.run('receipt', scope, {
    id, attempt: 1, status: 'd', atMs: 0, wamid: 'wamid.1', resultSuffix: 'operator wamid.1', history: '{"attempt":1,"outcome":"sent"}'
  }), { status: 'sent' })

  const worker = await environment.start(t, env, { prefix: poster.prefix })
  await until('the next message is sent', async () => await stateOf(poster, second.body['id']) === 'sent', 20_000)
  t.match(worker.seen('recovery.found').filter(({ kind }) => kind === 'lease'), [{ id }])
  t.match(worker.seen('attempt.settled'), [{ settlement: 'superseded' }, { settlement: 'sent' }])
  t.equal(await stateOf(poster, first.body['id']), 'delivered')
  t.same((await environment.arrivals(to)).map(({ body }) => body?.text?.body), ['2'], 'the first one did not go out again')
})

async function stateOf (node: Node, id: string): Promise<string> {
  return (await node.get(`/messages/${id}`)).body['status']
}
