import { createServer } from 'node:net'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { cpuOf, MEASURED, start, scratch } from './process.mjs'

const here = fileURLToPath(new URL('../../..', import.meta.url))
export const senderKey = 'bench-sender-0123456789'
export const adminKey = 'bench-admin-0123456789'

/** The ids of `count` senders. */
export const sendersOf = count => Array.from({ length: count }, (_, i) => String(100_000_000_000_000 + i))

/**
 * The gateway as in production, from dist/: with keys, metrics, and the log at its default level, which goes to
 * /dev/null. Each sender may send 1,000 a second, the maximum. `profile` writes a CPU profile into that
 * folder. `checkout`: of another version, which has been built.
 */
export async function startGateway ({ redis, apiUrl, senders = 1, role = 'all', rules = {}, env = {}, profile, checkout = here }) {
  const port = await freePort()
  const file = join(scratch(), 'senders.json')
  await writeFile(file, JSON.stringify(sendersOf(senders).map(id => ({ id, accessToken: 'token', rules: { perSecond: 1000, ...rules } }))))
  const profiling = profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-interval', '250', `--cpu-prof-dir=${profile}`]
  const program = start([...profiling, join(checkout, 'dist', 'main.js')], {
    core: MEASURED,
    env: {
      ROLE: role,
      PORT: String(port),
      HOST: '127.0.0.1',
      REDIS_URL: redis.url,
      WHATSAPP_API_URL: apiUrl,
      WHATSAPP_SENDERS_FILE: file,
      API_KEYS: `bench:${senderKey}:send,admin:${adminKey}:admin`,
      ...env
    }
  })
  const url = `http://127.0.0.1:${port}`
  /** A request as operator; repeated while the node is overloaded. */
  const ask = async (method, path, body) => {
    const headers = { authorization: `Bearer ${adminKey}`, ...body === undefined ? {} : { 'content-type': 'application/json' } }
    const response = await fetch(url + path, { method, headers, ...body === undefined ? {} : { body: JSON.stringify(body) } })
    const found = await response.json().catch(() => null)
    if (response.ok) return found
    if (response.status !== 503) throw new Error(`${method} ${path}: ${JSON.stringify(found)}`)
    await sleep(50)
    return await ask(method, path, body)
  }
  await ready(url, program)
  return {
    url: `${url}/api/v1/messages`,
    headers: { authorization: `Bearer ${senderKey}` },
    ask,
    cpu: () => cpuOf(program.pid),
    async settled () {
      while ((await ask('GET', '/api/v1/stats')).senders.some(({ unsettled }) => unsettled > 0)) await sleep(50)
    },
    stop: async () => await program.stop()
  }
}

async function ready (url, { child }) {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the gateway ended with ${child.exitCode}`)
    if (await fetch(`${url}/health/ready`).then(({ ok }) => ok, () => false)) return
    await sleep(20)
  }
}

async function freePort () {
  const server = createServer()
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise(resolve => server.close(resolve))
  return port
}
