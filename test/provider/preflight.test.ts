/** The check of senders at the start, against the sandbox over HTTP and through a whole start. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createLog } from '../../src/metrics/log.js'
import { checkSenders, type Preflight } from '../../src/provider/preflight.js'
import { standardPolicy } from '../../src/provider/policy.js'
import { createProviders } from '../../src/provider/providers.js'
import { createSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.js'
import { createStartOutput } from '../../src/start-output.js'
import { startProgram } from '../support/process.js'
import { closedPort, token } from './cloud-api.js'
import { startProxy } from './connect-proxy.js'

const sender = '100000000000001'

async function start (t: Test, options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await createSandbox({ latencyMs: 0, ...options })
  t.teardown(sandbox.close)
  return sandbox
}

async function check (t: Test, url: string, options: { accessToken?: string, ids?: string[], perSecond?: number } = {}): Promise<Preflight> {
  const { accessToken = token, ids = [sender], perSecond = 80 } = options
  const providers = createProviders(ids.map(id => ({ id, url, accessToken, connections: 1 })), 1000)
  t.teardown(providers.close)
  const senders = ids.map(id => ({ id, rules: { perSecond } }))
  return await checkSenders({ providers, policy: standardPolicy, senders, signal: new AbortController().signal })
}

async function fail (sandbox: Sandbox, rule: Record<string, unknown>): Promise<void> {
  const url = `http://127.0.0.1:${sandbox.port}/_sandbox/faults`
  await fetch(url, { method: 'POST', body: JSON.stringify({ recipient: 'node', ...rule }) })
}

await t.test('a number and token that WhatsApp accepts have no findings', async t => {
  const { url } = await start(t, { accessToken: token, phoneNumberIds: [sender] })
  t.match(await check(t, url), { findings: [], checked: 1, skipped: 0 })
})

await t.test('a rejected token, an unknown number and a missing permission have different findings', async t => {
  const sandbox = await start(t, { accessToken: token, phoneNumberIds: ['1', '2'] })
  const expired = await check(t, sandbox.url, { accessToken: 'expired' })
  t.match(expired, { findings: [{ sender, result: 'failed', code: '190', note: /token is expired/ }] })
  t.match(await check(t, sandbox.url, { accessToken: 'other' }), { findings: [{ result: 'failed', code: '190' }] })
  await fail(sandbox, { sender: '2', kind: 'code', code: 10 })
  const { findings } = await check(t, sandbox.url, { ids: ['1', '2', '3'] })
  t.match(findings, [
    { sender: '2', result: 'warning', code: '10', note: /whatsapp_business_management/ },
    { sender: '3', result: 'failed', code: '100/33', note: /does not exist, or does not belong/ }
  ])
  t.equal(findings.length, 2)
})

await t.test('what says nothing of the sender is a warning: errors, pages of a proxy, resets, no listener', async t => {
  const sandbox = await start(t)
  for (const [rule, code] of [
    [{ kind: 'status', httpStatus: 503 }, '2'], [{ kind: 'code', code: 80007 }, '80007'], [{ kind: 'html' }, 'HTTP_502'],
    [{ kind: 'reset-after' }, 'RESET']
  ] as const) {
    await fail(sandbox, { times: 1, ...rule })
    t.match(await check(t, sandbox.url), { findings: [{ result: 'warning', code, note: /could not be checked/ }] }, code)
  }
  t.match(await check(t, `http://127.0.0.1:${await closedPort()}/v25.0`), { findings: [{ result: 'warning', code: 'CONNECT_REFUSED' }] })
})

await t.test('a rate above the number\'s throughput is a warning, and a removed field is no error', async t => {
  const sandbox = await start(t)
  t.match(await check(t, sandbox.url, { perSecond: 200 }), { findings: [{ result: 'warning', code: null, note: /80 messages a second.* 200/ }] })
  await fail(sandbox, { times: 1, kind: 'code', code: 100 })
  t.match(await check(t, sandbox.url), { findings: [] })
})

await t.test('a start logs what the check finds, and is ready whatever that is', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'preflight-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  const { url: apiUrl } = await start(t, { accessToken: token })
  const senders = [
    { id: '1', accessToken: 'expired', apiUrl },
    { id: '2', accessToken: token, apiUrl: `http://127.0.0.1:${await closedPort()}/v25.0` },
    { id: '3', accessToken: token, apiUrl }
  ]
  await writeFile(join(dir, 'senders.json'), JSON.stringify(senders))
  const run = async (env: Record<string, string>, ready: RegExp): Promise<string> => {
    const program = await startProgram(t, 'main.js', {
      NODE_ENV: 'production',
      EMBEDDED_REDIS: '1',
      DATA_DIR: join(dir, 'data'),
      PORT: '0',
      HOST: '127.0.0.1',
      SHUTDOWN_NOTICE_MS: '0',
      API_KEYS: 'shop:0123456789abcdef:admin',
      WHATSAPP_SENDERS_FILE: join(dir, 'senders.json'),
      ...env
    }, ready)
    const url = /"url":"(http:[^"]+)".*"gateway started"/.exec(program.output())?.[1] ?? ''
    t.equal((await fetch(`${url}/health/ready`)).status, 200)
    await program.end('SIGTERM')
    t.notMatch(program.output(), token, 'no token is logged')
    for (const line of program.output().trim().split('\n')) t.doesNotThrow(() => JSON.parse(line), line)
    return program.output()
  }
  await t.test('through a proxy, which alone knows the API', async t => {
    const [proxy, refusing] = [await startProxy(t), await startProxy(t, 407)]
    const { port } = new URL(apiUrl)
    await writeFile(join(dir, 'senders.json'), JSON.stringify([
      { id: '4', accessToken: token, apiUrl: `http://graph.test:${port}/v25.0` },
      { id: '5', accessToken: 'expired', apiUrl: `http://graph.test:${port}/v25.0` },
      { id: '6', accessToken: token, apiUrl: 'https://graph.test/v25.0' }
    ]))
    const output = await run({ HTTP_PROXY: proxy.url, HTTPS_PROXY: refusing.url }, /"sender":"6".*"sender check/)
    t.match(output, /"level":"error".*"sender":"5","code":"190".*"sender check failed"/)
    t.match(output, /"level":"warn".*"sender":"6","code":"PROXY_REFUSED"/)
    t.notMatch(output, /"sender":"4"/)
    t.strictSame([...new Set(proxy.connects.map(({ url }) => url))], [`graph.test:${port}`])
    t.strictSame([...new Set(refusing.connects.map(({ url }) => url))], ['graph.test:443'])
    await writeFile(join(dir, 'senders.json'), JSON.stringify(senders))
  })
  const output = await run({}, /"sender check warning"/)
  t.match(output, /"level":"error".*"sender":"1","code":"190".*"sender check failed"/)
  t.match(output, /"level":"warn".*"sender":"2","code":"CONNECT_REFUSED"/)
  t.notMatch(output, /"sender":"3"/)
  t.notMatch(await run({ WHATSAPP_START_CHECK: '0' }, /"shutting down"|"gateway started"/), /sender check/)
})

await t.test('one line says that all is well', t => {
  const lines: string[] = []
  const output = createStartOutput(true)
  output.use(createLog('info', { write: line => { lines.push(line) } }))
  output.checked({ findings: [], checked: 2, skipped: 0, durationMs: 12 }, false)
  output.checked({ findings: [], checked: 2, skipped: 3, durationMs: 60_001 }, false)
  t.match(lines.map(line => JSON.parse(line) as unknown), [
    { level: 'info', msg: 'senders checked', senders: 2, durationMs: 12 }, { level: 'warn', msg: 'start check', note: /^3 senders were not checked/ }
  ])
  t.end()
})
