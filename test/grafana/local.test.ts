/** `npm run prometheus` looks at the gateway of the same PORT. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import t from 'tap'
import { root } from '../contract/tree.js'
import { provide } from '../support/provide.js'
import { request } from '../support/request.js'
import { until } from '../support/until.js'

await provide('monitoring')

async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

await t.test('Prometheus scrapes the gateway at PORT, listens at PROMETHEUS_PORT, and has the rules', async t => {
  const [gateway, own] = [await freePort(), await freePort()]
  const env = { ...process.env, PORT: String(gateway), PROMETHEUS_PORT: String(own), TMPDIR: t.testdir() }
  const child = spawn(process.execPath, ['bin/prometheus.mjs'], { cwd: root, env, stdio: 'ignore', detached: true })
  // Both processes at once: Prometheus takes some seconds for an orderly end.
  t.teardown(() => process.kill(-(child.pid ?? 0), 'SIGKILL'))
  const wait = async (path: string, part: string): Promise<boolean> => await until(`${part} in ${path}`, async () =>
    await request(`http://127.0.0.1:${own}/api/v1/${path}`).then(({ body }) => JSON.stringify(body).includes(part), () => false), 30_000)
  t.ok(await wait('targets', `http://localhost:${gateway}/metrics`))
  t.ok(await wait('rules', 'SluiceSenderStopped'))
})

await t.test('a port that is none is an error', async t => {
  const env = { ...process.env, PORT: 'http' }
  const child = spawn(process.execPath, ['bin/prometheus.mjs'], { cwd: root, env, stdio: ['ignore', 'ignore', 'pipe'] })
  let output = ''
  child.stderr.on('data', data => { output += String(data) })
  t.strictSame(await once(child, 'exit'), [1, null])
  t.match(output, /PORT is "http"; allowed: a port from 1 to 65535/)
})
