/** Bounds of the outbox and of what waits for delivery, and which callbacks lease-callbacks leases. */
import t from 'tap'
import type { LeasedCallback } from '../../src/redis/commands.js'
import { A_WORD, lease, listen, outbox, send, settle } from './callbacks.js'
import { BOB, world } from './support.js'

const test = await world(t)

await test('above the cap each script that appends drops the oldest change, and the next lease reports how many', async (t, w) => {
  await listen(w, 3)
  const ids = []
  for (let n = 0; n < 3; n++) ids.push(await send(w, n))
  t.equal((await outbox(w)).length, 3)
  const [first = '', second = '', third = ''] = ids
  const [grant, cancelled] = [await w.grant({ key: 'a', recipient: BOB }), await w.queue({ key: 'b', inline: false, recipient: BOB })]
  const expected = async (items: RegExp[], dropped: string, by: string): Promise<void> => {
    t.match(await outbox(w), items, by)
    t.strictSame([await w.redis.llen(w.key('outbox')), await w.redis.hget(w.key('sender'), 'callbacksDropped')], [3, dropped], by)
  }
  await w.receipt(first, 'wamid.1', { status: 'd', attempt: 1 })
  await expected([RegExp(`^${second} `), RegExp(`^${third} `), RegExp(`^${first} \\d+ d `)], '1', 'receipt')
  await w.settled(grant, 'sent')
  await expected([RegExp(`^${third} `), RegExp(`^${first} `), RegExp(`^${grant.id} \\d+ s `)], '2', 'settle')
  await w.bounce(grant.id, 'wamid.1', { afterMs: '' })
  await expected([RegExp(`^${first} `), RegExp(`^${grant.id} \\d+ s `), RegExp(`^${grant.id} \\d+ f `)], '3', 'bounce')
  await w.cancel(cancelled)
  await expected([RegExp(`^${grant.id} \\d+ s `), RegExp(`^${grant.id} \\d+ f `), RegExp(`^${cancelled} `)], '4', 'cancel')
  t.strictSame(await w.run('relay', A_WORD), { status: 'queued' }, 'a full outbox refuses no webhook')
  await expected([RegExp(`^${grant.id} \\d+ f `), RegExp(`^${cancelled} `), RegExp(`^${A_WORD.subject} `)], '5', 'relay')
  t.hasStrict(await lease(w), { dropped: 5, left: 0 })
  t.hasStrict(await lease(w), { dropped: 0 }, 'reported once')
})

await test('messages that wait for delivery have the same cap: the oldest that is not leased is dropped with all its changes', async (t, w) => {
  await listen(w, 3)
  const ids = []
  for (let n = 0; n < 3; n++) {
    w.at(n)
    ids.push(await send(w, n))
  }
  const [leased = '', oldest = '', next = ''] = ids
  t.hasStrict(await lease(w, { limit: 1 }), { left: 0 })
  t.strictSame(await w.redis.zrangebyscore(w.key('callbacks-due'), w.ms() + 1, '+inf'), [leased])
  await w.receipt(oldest, 'wamid.1', { status: 'd', attempt: 1 })
  await w.receipt(next, 'wamid.1', { status: 'd', attempt: 1 })
  w.at(10)
  const newest = await send(w, 4)
  t.hasStrict(await lease(w, { limit: 0 }), { left: 0, dropped: 2 }, 'two changes of one message')
  t.strictSame((await w.redis.hkeys(w.key('callbacks'))).sort(), [leased, next, newest].sort())
  t.match(await w.redis.hget(w.key('callbacks'), next), /^0\n\d+ s [^\n]*\n\d+ d [^\n]*$/)
  t.strictSame(await w.redis.zrange(w.key('callbacks-since'), 0, -1), [leased, next, newest])
  w.at(20)
  t.strictSame(await settle(w, { subject: leased, leaseEndMs: w.ms() - 18 + 30_000 }, { delivered: false }), {
    status: 'retry-scheduled', atMs: w.ms() + 5000
  })
  await send(w, 5)
  t.hasStrict(await lease(w, { limit: 0 }), { dropped: 1 }, 'one that waits for its next try is not leased')
  t.equal(await w.redis.exists(w.key('callbacks-retries')), 0)
})

await test('where all messages are leased, the new change is dropped', async (t, w) => {
  await listen(w, 2)
  for (let n = 0; n < 2; n++) await send(w, n)
  const { callbacks } = await lease(w)
  await send(w, 3)
  t.hasStrict(await lease(w), { dropped: 1, callbacks: [] })
  t.strictSame((await w.redis.hkeys(w.key('callbacks'))).sort(), callbacks.map(({ subject }) => subject).sort())
})

await test('first tries and retries are leased up to limits of their own, the oldest first', async (t, w) => {
  await listen(w)
  const ids = []
  for (let n = 0; n < 6; n++) {
    w.at(n)
    ids.push(await send(w, n))
    await lease(w, { limit: 0 })
  }
  for (const [n, one] of (await lease(w, { limit: 3 })).callbacks.entries()) {
    w.at(10 + n)
    await settle(w, one, { delivered: false, afterMs: 100 })
  }
  w.at(200)
  const { callbacks } = await lease(w, { limit: 3, retryLimit: 1 })
  t.strictSame(callbacks.map(({ subject, tries }) => [subject, tries]), [[ids[0], 1], [ids[3], 0], [ids[4], 0]])
  const rest = await lease(w, { limit: 3, retryLimit: 1 })
  const leased = rest.callbacks.map(({ subject, tries }) => [subject, tries])
  t.strictSame(leased, [[ids[1], 1], [ids[5], 0]], 'a retry does not take the slot of a first try')
  t.equal(rest.retryMs, w.ms() - 200 + 112, 'the third retry waits for its slot')
})

await test('a probe is any callback that is due, and one that failed before only where there is no other', async (t, w) => {
  await listen(w)
  const ids = []
  for (let n = 0; n < 4; n++) {
    w.at(n)
    ids.push(await send(w, n))
    await lease(w, { limit: 0 })
  }
  const probe = async (at: number): Promise<LeasedCallback> => {
    const { callbacks: [found, ...more] } = await lease(w, { limit: 1, retryLimit: 1, probe: at })
    t.strictSame(more, [])
    if (found === undefined) throw new TypeError('expected a callback')
    await settle(w, found, { delivered: false, afterMs: 10 })
    return found
  }
  t.equal((await probe(0.99)).subject, ids[3])
  t.equal((await probe(0.5)).subject, ids[1])
  w.at(100)
  t.equal((await probe(0)).subject, ids[0])
  t.equal((await probe(0)).subject, ids[2])
  t.equal((await probe(0.9)).tries, 1)
})
