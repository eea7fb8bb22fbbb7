import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Redis } from 'ioredis'
import t from 'tap'
import { parseAddress } from '../../src/redis/address.js'
import { createClient } from '../../src/redis/client.js'
import type { Replies } from '../../src/redis/commands.js'
import { createRun } from '../../src/redis/commands.js'
import { loadScripts } from '../../src/redis/scripts.js'
import { RULES, SETTLING } from '../lua/support.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { until } from '../support/until.js'

const server = await startRedis(t)
const prune = { retentionMs: 1000, cap: 10, limit: 5 }

interface Call { sha: string, keyCount: number, words: string[] }

/** A client that records the calls of scripts, and replies with what `reply` returns. */
function createRecorder (reply: () => unknown): { redis: Redis, calls: Call[] } {
  const calls: Call[] = []
  const redis: Record<string, unknown> = {
    async evalsha (sha: string, keyCount: number, ...words: string[]) {
      calls.push({ sha, keyCount, words })
      return reply()
    }
  }
  return { redis: redis as unknown as Redis, calls }
}

await t.test('a script is called by its hash, with the keys of its header', async t => {
  const { redis, calls } = createRecorder(() => ['done', 'active', ''])
  const run = createRun(redis, 'wa')
  await run('pause', { sender: '77' }, { reason: '', forMs: 1, state: 'paused' })
  const shaOf = (name: string): string => createHash('sha1').update(loadScripts().find(script => script.name === name)?.lua ?? '').digest('hex')
  t.match(calls, [{ sha: shaOf('pause'), keyCount: 5 }], 'the three lanes are a row of the header')
  t.match(loadScripts().find(script => script.name === 'pause')?.lua, /^#!lua flags=allow-oom\n/)
})

await t.test('keys and arguments go in the header\'s order, by whatever order they are given', async t => {
  const { redis, calls } = createRecorder(() => ['done', 'active', ''])
  const run = createRun(redis, 'wa')
  const reply = await run('pause', { sender: '77' }, { reason: 'ops', forMs: 5000, state: 'paused', now: 1_700_000_123_456_789 })
  t.strictSame(reply, { status: 'done', before: 'active', wakeHint: '' })
  t.strictSame(calls.map(call => call.words), [[
    '{wa:77}:sender', '{wa:77}:ready:urgent', '{wa:77}:ready:normal', '{wa:77}:ready:bulk', '{wa:77}:drain-lease',
    '1700000123456789', 'paused', '5000', 'ops'
  ]])
})

await t.test('a reply has the names of its header: flags are booleans, entries of lists are objects, what is left out is missing', async t => {
  const replies: unknown[] = [
    ['recovered', '', [['a.1', 'p1', 2, 'n:1', 'text']], [], [['b.2', '']], 7, 1],
    [['settled', 0, 'notify', 1, 0, 'sent', '']],
    [['settled', 9, '', 0, 1, 'wait', 'opened', 1200, 2000]],
    ['settled', 1]
  ]
  const { redis } = createRecorder(() => replies.shift())
  const run = createRun(redis, 'wa')
  t.strictSame(await run('recover', { sender: '77' }, { lost: '', limit: 1 }), {
    status: 'recovered',
    wakeHint: '',
    leases: [{ id: 'a.1', recipient: 'p1', attempt: 2, holder: 'n:1', record: 'text' }],
    lost: [],
    unknown: [{ id: 'b.2', record: '' }],
    nextMs: 7,
    parkedDue: true
  })
  const settling = { ...SETTLING, id: 'x.1', recipient: 'p1', holder: 'n:1' }
  t.strictSame(await run('settle', { sender: '77', digest: 'x' }, settling), {
    status: 'settled',
    dueMs: 0,
    wakeHint: 'notify',
    resumed: true,
    stopped: false,
    settlement: 'sent',
    circuit: ''
  })
  t.strictSame(await run('settle', { sender: '77', digest: 'x' }, settling), {
    status: 'settled',
    dueMs: 9,
    wakeHint: '',
    resumed: false,
    stopped: true,
    settlement: 'wait',
    circuit: 'opened',
    gapUs: 1200,
    leastUs: 2000
  })
  await t.rejects(run('pause', { sender: '77' }, { state: 'active', forMs: '', reason: '' }), {
    code: 'INTERNAL',
    message: /lua\/pause\.lua: an undeclared reply: settled/
  })
})

await t.test('the idempotency record\'s key carries the digest', async t => {
  const { redis, calls } = createRecorder(() => ['gone'])
  await createRun(redis, 'wa')('inspect-message', { sender: '77', digest: 'AAAAAAAAAAAAAAAAAAAAAA' }, { id: '' })
  t.equal(calls[0]?.words[0], '{wa:77}:msg:AAAAAAAAAAAAAAAAAAAAAA')
})

await t.test('a boolean is 0 or 1, and what is left out is empty: production hands in no time', async t => {
  const { redis, calls } = createRecorder(() => ['gone'])
  const run = createRun(redis, 'wa')
  const args = { id: 'x.1', inline: false, holder: 'a1:1', runId: 'r', leaseMs: 1, lifeMs: 2 }
  await run('retry', { sender: '77', digest: 'x' }, { ...args, force: true })
  t.strictSame(calls[0]?.words.slice(-9), ['', 'x.1', '1', '0', 'a1:1', 'r', '1', '2', ''])
})

await t.test('a script that the server does not have is sent in full, whatever its arguments', async t => {
  const redis = server.connect()
  const run = createRun(redis, createPrefix())
  const rules = { pairIntervalUs: 2_000_000, pairBurst: 1, senderIntervalUs: 1000, senderBurst: 2, maxInFlight: 5, perSecond: 80 }
  for (const settings of ['', 'zwölf €', '']) {
    await redis.script('FLUSH')
    t.equal((await run('quota', { sender: '77' }, { ...rules, operator: true, settings })).status, 'written')
    t.equal((await run('quota', { sender: '77' }, { ...rules, operator: true, settings })).status, 'written')
  }
})

await t.test('without `now` the time is Redis\'s', async t => {
  const redis = server.connect()
  const run = createRun(redis, createPrefix())
  const rules = { pairIntervalUs: 2_000_000, pairBurst: 1, senderIntervalUs: 1000, senderBurst: 2, maxInFlight: 5, perSecond: 80 }
  await run('quota', { sender: '77' }, { ...rules, operator: true, settings: '' })
  const reply = await run('inspect-recipient', { sender: '77' }, { recipient: 'p1', lane: 2 })
  const [seconds] = await redis.time()
  t.ok(reply.status === 'pair' && Math.abs(reply.nowMs - Number(seconds) * 1000) < 5000)
})

await t.test('an error of the script itself is INTERNAL, and names the script', async t => {
  const redis = server.connect()
  const prefix = createPrefix()
  await redis.set(`{${prefix}:77}:pair-tat`, 'not a sorted set')
  await t.rejects(createRun(redis, prefix)('prune', { sender: '77' }, prune), {
    code: 'INTERNAL',
    message: /lua\/prune\.lua: WRONGTYPE/,
    cause: undefined
  })
})

await t.test('an error reply is INTERNAL where it is about the script, else UNAVAILABLE', async t => {
  const cases: Array<[said: string, code: string]> = [
    ['ERR user_script:3: attempt to index a nil value script: 5f, on @user_script:3.', 'INTERNAL'],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'INTERNAL'],
    ["CROSSSLOT Keys in request don't hash to the same slot", 'INTERNAL'],
    ['OOM allow-oom flag is not set on the script, can not run it when used memory > \'maxmemory\'', 'UNAVAILABLE'],
    ['LOADING Redis is loading the dataset in memory', 'UNAVAILABLE'],
    ['ERR max number of clients reached', 'UNAVAILABLE'],
    ["READONLY You can't write against a read only replica.", 'UNAVAILABLE'],
    ['MISCONF Redis is configured to save RDB snapshots', 'UNAVAILABLE'],
    ['CLUSTERDOWN The cluster is down', 'UNAVAILABLE'],
    ['Command timed out', 'UNAVAILABLE'],
    ['Connection is closed.', 'UNAVAILABLE']
  ]
  for (const [said, code] of cases) {
    const cause = new TypeError(said)
    const { redis } = createRecorder(() => {
      throw cause
    })
    await t.rejects(
      createRun(redis, 'wa')('prune', { sender: '77' }, prune),
      { code, cause: code === 'UNAVAILABLE' ? said : undefined, facts: code === 'UNAVAILABLE' ? { retryAfterMs: 1000 } : {} },
      said
    )
  }
})

await t.test('a script without a file is SCRIPT_INVALID', async t => {
  const { redis } = createRecorder(() => [])
  await t.rejects(createRun(redis, 'wa')('sundial' as 'prune', { sender: '77' }, prune), { code: 'SCRIPT_INVALID', message: /sundial/ })
})

await t.test('a lost connection is UNAVAILABLE', async t => {
  const redis = server.connect({ maxRetriesPerRequest: 0, enableOfflineQueue: false, retryStrategy: () => null })
  const run = createRun(redis, createPrefix())
  await new Promise<void>(resolve => { redis.once('ready', () => resolve()) })
  await server.kill()
  await t.rejects(run('prune', { sender: '77' }, prune), { code: 'UNAVAILABLE', facts: { retryAfterMs: 1000 } })
})

await t.test('a reply that lies unread in the socket because the process was busy is not late', async t => {
  const { url } = await startRedis(t)
  const client = createClient(parseAddress(url), 'scripts')
  t.teardown(() => client.disconnect())
  await once(client, 'ready')
  const reply = createRun(client, createPrefix(), { replyWithinMs: 200 })('quota', { sender: '1' }, RULES)
  await new Promise(resolve => setImmediate(resolve))
  // Five times the time limit.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
  t.strictSame(await reply, { status: 'written', version: 1 })
})

await t.test('without a reply in time it is UNAVAILABLE', async t => {
  const { url, pid } = await startRedis(t)
  const client = createClient(parseAddress(url), 'scripts')
  t.teardown(() => client.disconnect())
  await once(client, 'ready')
  process.kill(pid, 'SIGSTOP')
  t.teardown(() => process.kill(pid, 'SIGCONT'))
  await t.rejects(createRun(client, createPrefix(), { replyWithinMs: 200 })('prune', { sender: '1' }, prune), {
    code: 'UNAVAILABLE',
    facts: { cause: 'Command timed out' }
  })
})

await t.test('a claim is sent at once, however long its tick lasts', async t => {
  const own = await startRedis(t)
  const client = createClient(parseAddress(own.url), 'scripts')
  t.teardown(() => client.disconnect())
  await once(client, 'ready')
  const run = createRun(client, createPrefix())
  await run(
    'quota',
    { sender: '77' },
    { operator: true, settings: '', pairIntervalUs: 2e6, pairBurst: 1, senderIntervalUs: 1000, senderBurst: 1, maxInFlight: 10, perSecond: 10 }
  )
  const claim = async (): Promise<Replies['claim']> =>
    await run('claim', { sender: '77' }, { drainRun: 's', want: 1, mode: 'keep', holder: 'h', leaseMs: 1000 })
  await claim() // from here on the server has the script
  // A busy Redis may run one of them late. If claims left at the end of the tick, all of them would be late.
  await until('a claim that ran within its tick', async () => {
    const asked = claim()
    const busyUntil = Date.now() + 150
    while (Date.now() < busyUntil) { /* the tick lasts */ }
    const reply = await asked.catch(() => null)
    return reply?.status === 'claimed' && reply.nowUs / 1000 < busyUntil - 50
  })
})
