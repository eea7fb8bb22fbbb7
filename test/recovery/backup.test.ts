/** docs/backup.md: its commands are run, and what it says of restored data is found there. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { read } from '../contract/tree.js'
import { startSandbox } from '../sandbox/support.js'
import { unhurried } from '../support/flow.js'
import { keys, SENDER, startNode } from '../support/gateway.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { until } from '../support/until.js'

const [copyFile, copySnapshot, restoreFile, restoreSnapshot] = [...read('docs/backup.md').matchAll(/^```sh\n(.*?)^```/gms)].map(match => match[1] ?? '')
const run = promisify(execFile)
const bash = async (commands = 'exit 9', env: Record<string, string>): Promise<unknown> =>
  await run('bash', ['-euc', commands], { env: { PATH: process.env['PATH'] ?? '', ...env }, timeout: 60_000 })

const dir = t.testdir({})
const old = await startRedis(t)
const sandbox = await startSandbox(t, { enforcePair: false, throughputPerSecond: null })
const prefix = createPrefix()
const options = { apiUrl: sandbox.url, prefix }
const arrived = async (to: string, count: number): Promise<void> => {
  await until(`${count} messages for ${to}`, async () => (await sandbox.seen(`?recipient=${encodeURIComponent(to)}`)).length >= count, 20_000)
}
const env = { REDIS_URL: old.url, DIR: old.dir, BACKUP: `${dir}/backup` }

// The second message of each waits for a minute; so it is in the backup as waiting, and goes when its recipient's pace is forgotten.
const [done, double, known, late] = ['+15550000001', '+15550000002', '+15550000003', '+15550000004']
const ids: Record<string, string> = {}

await t.test('both are made while the gateway runs; then it goes on', async t => {
  const before = await startNode(t, { ...options, redisUrl: old.url, env: { ...unhurried, WHATSAPP_RATE_LIMIT_MS: '60000' } })
  for (const to of [done, double, known]) {
    t.equal((await before.send(to, 'first')).body['status'], 'sent')
    if (to !== done) ids[to] = (await before.send(to, 'second')).body['id']
  }
  await bash(copyFile, env)
  await bash(copySnapshot, env)
  for (const to of [double, known]) await before.del(`/rate-limits/${encodeURIComponent(to)}`)
  t.equal((await before.send(late, 'after the backup', { idempotencyKey: 'late' })).body['status'], 'sent')
  await Promise.all([arrived(double, 2), arrived(known, 2), arrived(late, 1)])
})

await t.test('a snapshot comes back through a server without an append-only file', async t => {
  await bash(restoreSnapshot, { ...env, NEW_DIR: `${dir}/snapshot`, NEW_PORT: String(20_000 + process.pid % 10_000) })
  const redis = await startRedis(t, { dir: `${dir}/snapshot` })
  t.equal(await redis.connect().hlen(`{${prefix}:${SENDER}}:backlog`), 2)
})

await t.test('an append-only file comes back, and what was sent since goes out again unless it is taken out', async t => {
  await bash(restoreFile, { ...env, NEW_DIR: `${dir}/file` })
  const redis = await startRedis(t, { dir: `${dir}/file` })
  const more = { ...options, redisUrl: redis.url }
  const api = await startNode(t, { ...more, env: { ROLE: 'api', WHATSAPP_RATE_LIMIT_MS: '300' } })
  t.match(await api.send('+15550000009'), { body: { status: 'queued', waitingFor: 'cool-down' } }, 'nothing is granted at first')
  t.equal((await api.post(`/senders/${SENDER}/pause`, {})).status, 200)
  for (const to of [double, known]) t.equal((await api.get(`/messages/${ids[to]}`)).body['status'], 'queued', 'it waits again')
  t.match(await api.get(`/messages/${late}`), { status: 404 }, 'what came after the backup is unknown')
  t.match(await api.del(`/messages/${ids[known]}`), { status: 200, body: { status: 'cancelled' } })

  await startNode(t, { ...more, env: { ROLE: 'worker', WHATSAPP_RATE_LIMIT_MS: '300' } })
  await api.post(`/senders/${SENDER}/resume`)
  await api.del(`/rate-limits/${encodeURIComponent(double)}`)
  await arrived(double, 3)
  t.match(await api.send(late, 'after the backup', { idempotencyKey: 'late' }), { body: { duplicate: false } }, 'its key is unknown too')
  await arrived(late, 2)
  t.match(await api.as(keys.operator).get(`/messages/${ids[known]}`), { body: { status: 'cancelled' } })
  t.equal((await sandbox.seen(`?recipient=${encodeURIComponent(known)}`)).length, 2, 'what was taken out went once')
  t.equal((await sandbox.seen(`?recipient=${encodeURIComponent(done)}`)).length, 1, 'what was sent before the backup went once')
})
