/** What a start says where one side speaks TLS and the other does not. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { connect } from '../../src/redis/connect.js'
import { createBus } from '../../src/events.js'
import { freePort } from '../support/process.js'
import { startRedis } from '../support/redis.js'

const redis = await startRedis(t)
const admin = redis.connect()
const [key, certificate] = ['key.pem', 'certificate.pem'].map(name => join(redis.dir, name)) as [string, string]
execFileSync('openssl', [
  'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate, '-days', '2', '-subj', '/CN=localhost'
], { stdio: 'ignore' })
const tlsPort = await freePort()
await admin.call(
  'CONFIG', 'SET', 'tls-cert-file', certificate, 'tls-key-file', key, 'tls-ca-cert-file', certificate, 'tls-auth-clients', 'no',
  'tls-port', String(tlsPort)
)

const cases: Array<[what: string, url: string, message: RegExp]> = [
  ['a port for TLS', `redis://127.0.0.1:${tlsPort}`, /^no Redis responds at REDIS_URL: .* \(not a Redis, or a port for TLS: set `rediss:\/\/`/],
  ['a port without TLS', `rediss://127.0.0.1:${redis.port}`, /^no Redis responds at REDIS_URL: .* \(if it is a port without TLS, set `redis:\/\/`/],
  ['an unknown certificate authority', `rediss://127.0.0.1:${tlsPort}`, /: self-signed certificate \(to trust .* NODE_EXTRA_CA_CERTS/]
]
// All at once: each one waits for 10 s.
const started = cases.map(([, url]) => connect(url, createBus()).then(() => null, (error: unknown) => error))
for (const [index, [what,, message]] of cases.entries()) {
  await t.test(what, async t => { t.match(await started[index], { code: 'UNAVAILABLE', message }) })
}
