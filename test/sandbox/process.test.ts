import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { createSandbox } from '../../src/sandbox/sandbox.js'
import { provide } from '../support/provide.js'

await provide('build')

await t.test('the process prints its URL, and a signal ends it even with an open request', async t => {
  const main = fileURLToPath(new URL('../../dist/sandbox/main.js', import.meta.url))
  const child = spawn(process.execPath, [main, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const [line] = await once(child.stdout, 'data') as [Buffer]
  const url = line.toString().trim()
  t.match(url, /^http:\/\/127\.0\.0\.1:\d+\/v25\.0$/)
  const hanging = fetch(`${url}/111/messages`, {
    method: 'POST',
    headers: { authorization: 'Bearer token' },
    body: JSON.stringify({ messaging_product: 'whatsapp', to: '15558400010', text: { body: 'hi' } })
  })
  const failed = t.rejects(hanging)
  const origin = new URL(url).origin
  while (!(await (await fetch(`${origin}/_sandbox/messages`)).text()).includes('accept-hang'));
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit') as [number | null]
  t.equal(code, 0)
  await failed
})

await t.test('a port in use rejects', async t => {
  const first = await createSandbox()
  t.teardown(() => first.close())
  await t.rejects(createSandbox({ port: first.port }), { code: 'EADDRINUSE' })
})
