/** What a start does while Redis does not respond, or refuses. */
import t from 'tap'
import { SluiceError } from '../../src/errors.js'
import { atStart } from '../../src/redis/unavailable.js'
import { startNode } from '../support/gateway.js'
import { createPrefix, startRedis } from '../support/redis.js'

const redis = await startRedis(t)
const admin = redis.connect()
const users: Array<[name: string, rules: string[]]> = [
  ['noinfo', ['~*', '&*', '+@all', '-info']],
  ['noeval', ['~*', '&*', '+@all', '-@scripting']],
  ['nokeys', ['~other*', '&*', '+@all']],
  ['nohset', ['~*', '&*', '+@all', '-hset']]
]
for (const [name, rules] of users) await admin.call('ACL', 'SETUSER', name, 'on', '>secret-of-user', ...rules)
const replica = await startRedis(t)
await replica.connect().call('REPLICAOF', '127.0.0.1', String(redis.port))

await t.test('a call that Redis does not respond in time is repeated', async t => {
  const client = redis.connect({ commandTimeout: 200 })
  await atStart(async () => await client.ping())
  await redis.connect().call('CLIENT', 'PAUSE', '900', 'ALL')
  let calls = 0
  t.equal(await atStart(async () => {
    calls++
    return await client.ping()
  }), 'PONG')
  t.ok(calls > 1, `${calls} calls`)
})

await t.test('an error reply about the command is not repeated', async t => {
  const client = redis.connect()
  let calls = 0
  await t.rejects(atStart(async () => {
    calls++
    return await client.call('NO-SUCH-COMMAND')
  }), /unknown command/)
  t.equal(calls, 1)
})

await t.test('a start that gives up throws UNAVAILABLE with the last reason', async t => {
  const client = redis.connect({ commandTimeout: 200 })
  await client.ping()
  await admin.call('CLIENT', 'PAUSE', '1500', 'ALL')
  await t.rejects(atStart(async () => await client.ping(), 500), {
    code: 'UNAVAILABLE', message: 'Redis could not be used for 0.5 s: Command timed out'
  })
  await atStart(async () => await client.ping())
  const oom = 'OOM command not allowed when used memory > \'maxmemory\'.'
  for (const reason of [{ cause: oom }, { detail: oom, cause: 'NOREPLICAS' }]) {
    await t.rejects(atStart(async () => { throw new SluiceError('UNAVAILABLE', reason) }, 0), {
      code: 'UNAVAILABLE', message: `Redis could not be used for 0 s: ${oom}`
    })
  }
})

const address = `127.0.0.1:${redis.port}`
const refusals: Array<[what: string, url: string, message: RegExp]> = [
  ['a database that does not exist', `${redis.url}/99`,
    /Redis refuses: ERR DB index is out of range \(the number after the last \/ is the database\)/],
  ['a replica', replica.url, /Redis refuses: READONLY You can't write against a read only replica.*name the master/],
  ['a user without INFO', `redis://noinfo:secret-of-user@${address}`, /Redis refuses: NOPERM .*'info'.*docs\/redis\.md/],
  ['a user without scripts', `redis://noeval:secret-of-user@${address}`, /Redis refuses: NOPERM .*'eval/],
  ['a user without the keys', `redis://nokeys:secret-of-user@${address}`, /Redis refuses: NOPERM .*keys/],
  ['a user who may not run a command of a script', `redis://nohset:secret-of-user@${address}`,
    /Redis refuses: .*user.*permissions|can't run this command/],
  ['a wrong password', `redis://noeval:secret@of-user@${address}`, /Redis refuses: WRONGPASS .*check user and password/]
]
for (const [what, redisUrl, message] of refusals) {
  await t.test(`${what} stops the start with Redis's own words`, async t => {
    const prefix = createPrefix()
    const startedAt = performance.now()
    const error = await startNode(t, { redisUrl, apiUrl: 'http://127.0.0.1:9/v25.0', prefix }).then(() => null, (error: unknown) => error)
    t.match(error, { code: 'CONFIG_INVALID', message })
    t.notMatch(String(error), /secret/)
    t.ok(performance.now() - startedAt < 25_000, 'long before the 30 s of a start end')
    if (/database|replica|keys/.test(what)) t.strictSame(await admin.keys(`*${prefix}*`), [], 'no key is written, in database 0 neither')
  })
}
