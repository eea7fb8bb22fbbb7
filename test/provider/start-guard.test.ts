/** A request starts before the deadline of its grant or not at all. */
import t from 'tap'
import { elapsedNow } from '../../src/deadlines.js'
import { StartGuard } from '../../src/provider/start-guard.js'
import { accepted, connectTo, grantFor, json, latch, startApi } from './cloud-api.js'

await t.test('a request that waits for a connection past its deadline is given back at once and never reaches the server', async t => {
  const busy = latch()
  const release = latch()
  const api = await startApi(t, (res, seen) => {
    if (api.seen.length > 1) return json(res, 200, accepted)
    busy.open()
    release.opened.then(() => json(res, 200, accepted), t.threw)
  })
  const provider = connectTo(t, api.url, { connections: 1 })
  const first = provider.send(grantFor({ message: 'first' }))
  await busy.opened

  const began = performance.now()
  const late = await Promise.all([1, 2].map(async () => await provider.send(grantFor({ withinMs: 80, message: 'late' }))))
  const waited = performance.now() - began
  for (const outcome of late) t.match(outcome, { status: 'unsent', code: 'NOT_STARTED', startedAfterMs: null, durationMs: 0 })
  t.ok(waited > 70, `given back after ${waited} ms, before a connection is free`)

  const second = provider.send(grantFor({ message: 'second' }))
  release.open()
  t.match(await first, { status: 'sent' })
  t.match(await second, { status: 'sent' })
  t.strictSame(api.seen.map(seen => seen.body.text), [{ body: 'first' }, { body: 'second' }])
  t.equal(api.sockets.size, 1, 'the connection is kept for others')
})

await t.test('a grant whose deadline has passed opens no connection', async t => {
  const api = await startApi(t, res => json(res, 200, accepted))
  t.match(await connectTo(t, api.url).send(grantFor({ withinMs: -1 })), { status: 'unsent', code: 'NOT_STARTED' })
  t.equal(api.sockets.size, 0)
})

await t.test('a process that was blocked while connecting does not start late', async t => {
  const api = await startApi(t, res => json(res, 200, accepted))
  const provider = connectTo(t, api.url, { connections: 1 })
  const sending = provider.send(grantFor({ withinMs: 30 }))
  const until = performance.now() + 60
  while (performance.now() < until);
  t.match(await sending, { status: 'unsent', code: 'NOT_STARTED' })
  t.match(await provider.send(grantFor()), { status: 'sent' })
  t.equal(api.seen.length, 1)
})

await t.test('startedAfterMs counts from the granting call', async t => {
  const api = await startApi(t, res => json(res, 200, accepted))
  const grant = grantFor()
  const outcome = await connectTo(t, api.url).send({ ...grant, askedAt: grant.askedAt - 100 })
  const tookMs = elapsedNow() - grant.askedAt
  const startedAfterMs = outcome.startedAfterMs ?? NaN
  t.ok(startedAfterMs >= 100 && outcome.durationMs > 0, `${startedAfterMs} ms, ${outcome.durationMs} ms`)
  t.ok(startedAfterMs + outcome.durationMs <= 100 + tookMs, `both within ${tookMs} ms`)
})

await t.test('a guard lets a request start once, and not after its deadline or its end', async t => {
  let late = 0
  const guardFor = (withinMs: number): StartGuard => new StartGuard(elapsedNow() + withinMs, () => { late++ })

  const inTime = guardFor(10_000)
  inTime.start()
  t.ok(inTime.startedAt)
  t.throws(() => inTime.start(), { code: 'UND_ERR_ABORTED' }, 'otherwise undici would send it a second time')
  t.equal(late, 0)

  const tooLate = guardFor(-1)
  t.throws(() => tooLate.start(), { code: 'UND_ERR_ABORTED' })
  t.equal(tooLate.startedAt, null)
  t.equal(late, 1, 'called once, although the timer is due as well')

  const over = guardFor(10_000)
  over.close()
  t.throws(() => over.start())
  t.equal(late, 1)
})

await t.test('a grant does not start after the machine was suspended, although the monotonic clock stood still', async t => {
  const api = await startApi(t, res => json(res, 200, accepted))
  const provider = connectTo(t, api.url)
  t.match(await provider.send(grantFor()), { status: 'sent' })
  const grant = grantFor({ withinMs: 5000 })
  const { now } = Date
  t.teardown(() => { Date.now = now })
  Date.now = () => now() + 60_000
  t.match(await provider.send(grant), { status: 'unsent', code: 'NOT_STARTED', startedAfterMs: null })
  t.equal(api.seen.length, 1)
})

await t.test('a response that has arrived counts, although the process was blocked beyond the time limit', async t => {
  const responded = latch()
  const api = await startApi(t, res => {
    json(res, 400, { error: { code: 131_026, message: 'undeliverable' } })
    responded.open()
  })
  const sending = connectTo(t, api.url, { sendTimeoutMs: 100 }).send(grantFor())
  await responded.opened
  const until = performance.now() + 300
  while (performance.now() < until);
  t.match(await sending, { status: 'rejected', code: '131026' })
})
