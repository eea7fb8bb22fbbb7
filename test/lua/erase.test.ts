/** find-recipient, erase-message and erase-pair: the scripts of an erasure. */
import t from 'tap'
import { ANN, BOB, lives, tail, world } from './support.js'

const test = await world(t)

await test('find-recipient returns the messages of one recipient, page by page', async (t, w) => {
  const wanted = new Set<string>()
  for (let i = 0; i < 300; i++) {
    const id = await w.queue({
      key: `k${i}`,
      inline: false,
      recipient: i % 100 === 0 ? ANN : `p1416555${String(i).padStart(4, '0')}`,
      queueCap: 10_000
    })
    if (i % 100 === 0) wanted.add(id)
  }
  // A number that begins with the same digits is another recipient.
  await w.queue({ key: 'longer', inline: false, recipient: `${ANN}7` })
  const found: string[] = []
  let pages = 0
  for (let cursor = '0'; cursor !== '0' || pages === 0; pages++) {
    const page = await w.run('find-recipient', { recipient: ANN, which: 'waiting', cursor, limit: 20 })
    found.push(...page.messages.map(({ id }) => id))
    t.ok(page.messages.every(({ record }) => record.startsWith(`${ANN} `)))
    cursor = page.cursor
  }
  t.ok(pages > 5, `${pages} pages`)
  t.strictSame(new Set(found), wanted)
  t.strictSame(await w.run('find-recipient', { recipient: ANN, which: 'failures', cursor: 0, limit: 20 }), {
    status: 'page',
    cursor: '0',
    messages: []
  })
})

await test('erase-message leaves of a sent message only that it was sent, for as long as its key is remembered', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'sent', { resultSuffix: `${tail('wamid.x')} {"name":"Ann"}` })
  const began = performance.now()
  const life = await w.redis.pttl(w.key('msg', grant.id))
  t.strictSame(await w.run('erase-message', { id: grant.id }, grant.id), { status: 'erased', hadResult: true, wasFailure: false })
  t.match(await w.msg(grant.id), /^s [0-9a-f]+ 0 \d+ 1 - web -$/)
  t.ok(lives(await w.redis.pttl(w.key('msg', grant.id)), life, began))
  t.equal(await w.state(grant.id), 'sent')
  t.match(await w.admit({ key: 'a', fingerprint: 'ff' }), { status: 'duplicate' }, 'a repeat is a duplicate, whatever its content')
  t.strictSame(
    await w.run('erase-message', { id: grant.id }, grant.id),
    { status: 'erased', hadResult: false, wasFailure: false },
    'a repeat finds nothing'
  )
})

await test('erase-message removes a failure with its history', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  await w.settled(grant, 'failed', { history: '{"attempt":1}' })
  t.strictSame(await w.run('erase-message', { id: grant.id }, grant.id), { status: 'erased', hadResult: true, wasFailure: true })
  for (const key of ['failed', 'resolved', 'failure-records', 'unacknowledged']) t.equal(await w.redis.exists(w.key(key)), 0, key)
  t.equal(await w.state(grant.id), 'failed')
  t.match(await w.retry(grant.id, { force: true }), { status: 'gone' })
})

await test('erase-message keeps a message that is not settled, and a younger one under the same key', async (t, w) => {
  const first = await w.grant({ key: 'a', windowMs: 1 })
  await w.settled(first, 'failed')
  t.match(await w.run('erase-message', { id: first.id }, first.id), { status: 'erased', hadResult: true, wasFailure: true })
  await w.redis.del(w.key('msg', first.id))
  w.at(70_000)
  const second = await w.queue({ key: 'a', inline: false })
  t.strictSame(await w.run('erase-message', { id: second }, second), { status: 'busy' })
  const before = await w.msg(second)
  t.match(await w.run('erase-message', { id: first.id }, first.id), { status: 'erased', hadResult: false, wasFailure: false })
  t.equal(await w.msg(second), before)
})

await test('erase-pair waits for a message that is queued or in flight, and then removes the pair', async (t, w) => {
  const grant = await w.grant({ key: 'a' })
  const id = await w.queue({ key: 'b' })
  t.strictSame(await w.run('erase-pair', { recipient: ANN }), { status: 'busy' })
  await w.settled(grant, 'sent', { startedUs: 1000 })
  t.strictSame(await w.run('erase-pair', { recipient: ANN }), { status: 'busy' })
  await w.cancel(id)
  await w.settled(await w.grant({ key: 'c', recipient: BOB }), 'sent', { startedUs: 1000 })
  t.strictSame(await w.run('erase-pair', { recipient: ANN }), { status: 'erased', count: 2 }, 'its bucket and its starts')
  t.equal(await w.tat(ANN), 0)
  t.equal(await w.ready(ANN), null)
  t.equal(await w.redis.exists(w.starts(ANN)), 0)
  t.ok(await w.tat(BOB) > 0, 'others keep theirs')
  t.strictSame(await w.run('erase-pair', { recipient: ANN }), { status: 'erased', count: 0 })
})
