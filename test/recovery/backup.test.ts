/** docs/backup.md: its commands work, and restored data is as it describes. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { read } from '../contract/tree.js'
import { startSandbox } from '../sandbox/support.js'
import { longStartWindow } from '../support/flow.js'
import { keys, SENDER, startNode } from '../support/gateway.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { until } from '../support/until.js'

const [copyFile, copySnapshot, restoreFile, restoreSnapshot] = [...read('docs/backup.md').matchAll(/^```sh\n(.*?)^```/gms)].map(
  match => match[1] ?? ''
)
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

// The second message of each pair waits for a minute, so it is queued in the backup; it is sent when the pair's rate limit is cleared.
const [done, double, known, late] = ['+15550000001', '+15550000002', '+15550000003', '+15550000004']
const ids: Record<string, string> = {}

await t.test('both kinds of backup are made while the gateway runs', async t => {
  const before = await startNode(t, { ...options, redisUrl: old.url, env: { ...longStartWindow, WHATSAPP_RATE_LIMIT_MS: '60000' } })
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

await t.test('a snapshot is restored with a server that has no append-only file', async t => {
  await bash(restoreSnapshot, { ...env, NEW_DIR: `${dir}/snapshot`, NEW_PORT: String(20_000 + process.pid % 10_000) })
  const redis = await startRedis(t, { dir: `${dir}/snapshot` })
  t.equal(await redis.connect().hlen(`{${prefix}:${SENDER}}:backlog`), 2)
})

await t.test('an append-only file is restored, and messages sent since are sent again unless they are cancelled', async t => {
  await bash(restoreFile, { ...env, NEW_DIR: `${dir}/file` })
  const redis = await startRedis(t, { dir: `${dir}/file` })
  const more = { ...options, redisUrl: redis.url }
  const api = await startNode(t, { ...more, env: { ROLE: 'api', WHATSAPP_RATE_LIMIT_MS: '300' } })
  t.match(await api.send('+15550000009'), { body: { status: 'queued', waitingFor: 'cool-down' } }, 'a cool-down follows the restore')
  t.equal((await api.post(`/senders/${SENDER}/pause`, {})).status, 200)
  for (const to of [double, known]) t.equal((await api.get(`/messages/${ids[to]}`)).body['status'], 'queued', 'the message is queued again')
  t.match(await api.get(`/messages/${late}`), { status: 404 }, 'a message posted after the backup is unknown')
  t.match(await api.del(`/messages/${ids[known]}`), { status: 200, body: { status: 'cancelled' } })

  await startNode(t, { ...more, env: { ROLE: 'worker', WHATSAPP_RATE_LIMIT_MS: '300' } })
  await api.post(`/senders/${SENDER}/resume`)
  await api.del(`/rate-limits/${encodeURIComponent(double)}`)
  await arrived(double, 3)
  t.match(await api.send(late, 'after the backup', { idempotencyKey: 'late' }), { body: { duplicate: false } }, 'its key is unknown too')
  await arrived(late, 2)
  t.match(await api.as(keys.operator).get(`/messages/${ids[known]}`), { body: { status: 'cancelled' } })
  t.equal((await sandbox.seen(`?recipient=${encodeURIComponent(known)}`)).length, 2, 'the cancelled message was sent once')
  t.equal((await sandbox.seen(`?recipient=${encodeURIComponent(done)}`)).length, 1, 'the message sent before the backup was sent once')
})
