/** The Python client: its generated parts are current, its types fit, and its calls work against a real node, through lost responses too. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { startProxy } from '../client/faulty-proxy.js'
import { read, root } from '../contract/tree.js'
import { blocksIn } from '../flow/examples.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { keys } from '../support/gateway.js'
import { onPath, provide } from '../support/provide.js'

const run = promisify(execFile)
const package_ = join(root, 'clients', 'python')

await t.test('types and calls are generated from the current OpenAPI document', async t => {
  await t.resolves(run(process.execPath, [join(root, 'bin', 'python.mjs'), '--check']))
})

const options = onPath('python3') === null ? { skip: 'no python3' } : {}

await t.test('client and example have no type errors', options, async t => {
  await provide('pyright')
  const dir = t.testdir({ 'example.py': blocksIn(read('docs/python.md'), 'python')[0] ?? '' })
  const pyright = join(root, '.data', 'pyright', 'node_modules', 'pyright', 'index.js')
  const { stdout } = await run(process.execPath, [pyright, '--pythonversion', '3.9', join(package_, 'sluice_gateway'), join(dir, 'example.py')], {
    env: { ...process.env, PYTHONPATH: package_ }
  })
  t.match(stdout, '0 errors')
})

await t.test('against a node', options, async t => {
  const environment = await createTestEnvironment(t, longStartWindow)
  const node = await environment.start(t)
  const proxy = await startProxy(t, node.origin)
  /** Runs a program with a client `sluice`, and returns its lines. */
  const python = async (program: string): Promise<string[]> => {
    const begin = `from sluice_gateway import Sluice, SluiceError\nsluice = Sluice("${proxy.origin}/", api_key="${keys.operator}")\n`
    const { stdout } = await run('python3', ['-c', begin + program], { env: { ...process.env, PYTHONPATH: package_ } })
    return stdout.trimEnd().split('\n')
  }

  await t.test('a message whose responses are lost is sent once', async t => {
    proxy.plan('lose', 'cut', { status: 502, body: '<html>' }, 'pass')
    const to = '+15550008101'
    t.strictSame(await python(`m = sluice.send("${to}", "Hello")\nprint(m["status"], m["duplicate"])`), ['sent True'])
    t.equal(proxy.requests.length, 4)
    t.equal(new Set(proxy.requests.map(({ body }) => body)).size, 1, 'each try has the same body and key')
    t.equal((await environment.arrivals(to)).length, 1)
  })

  await t.test('errors have code, field and key', async t => {
    const caught = (call: string): string => `
try:
    ${call}
except SluiceError as error:
    print(error.code, error.status, error.field, error.idempotency_key)`
    t.strictSame(await python(caught('sluice.send("12-34", "Hello", idempotency_key="k-1")')), ['INVALID_RECIPIENT 400 to k-1'])
    t.strictSame(await python(caught('sluice.get_message("order-0")')), ['NOT_FOUND 404 id None'])
    proxy.plan({ status: 404, body: '<html>' })
    t.strictSame(await python(caught('sluice.get_stats()')), ['UNEXPECTED_RESPONSE 404 None None'])
    t.strictSame(await python(`sluice = Sluice("http://127.0.0.1:1", timeout=0.2)${caught('sluice.get_stats()')}`), ['UNREACHABLE None None None'])
  })

  await t.test('a retry of failures whose response is lost is not repeated', async t => {
    const before = proxy.requests.length
    proxy.plan('lose')
    t.match(await python('try:\n    sluice.retry_failures({"limit": 1})\nexcept SluiceError as error:\n    print(error.code)'), ['UNREACHABLE'])
    t.equal(proxy.requests.length, before + 1)
  })

  await t.test('an idle connection that the gateway has closed is replaced', async t => {
    t.strictSame(await python(`
print(sluice.get_caller()["role"])
for connection in list(sluice._idle.queue):
    connection.sock.shutdown(2)
print(sluice.get_caller()["role"])`), ['admin', 'admin'])
  })

  await t.test('threads share a client', async t => {
    t.strictSame(await python(`
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(8) as pool:
    sent = list(pool.map(lambda n: sluice.send(f"+155500082{n:02}", "Hello")["status"], range(40)))
print(sorted(set(sent)), len(sent))`), ['[\'sent\'] 40'])
  })

  await t.test('the example of the documentation', async t => {
    const [example = ''] = blocksIn(read('docs/python.md'), 'python')
    const lines = await python(example.replace('http://localhost:3000")', `${proxy.origin}", api_key="${keys.operator}")`))
    t.match(lines.slice(0, 3), [/^sent \S+$/, /^queued \d+ pair-rate$/, 'INVALID_RECIPIENT to'])
    t.match(lines.slice(3, 6), [/^202 \S+ None$/, /^202 \S+ None$/, /^(sent|delivered|read)$/])
  })
})
