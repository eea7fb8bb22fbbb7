/** Importing files: after any interruption the next run continues and sends nothing twice. The sandbox counts the sent messages. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import t from 'tap'
import { startProxy, type Fault, type FaultyProxy } from '../client/faulty-proxy.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { keys, SENDER } from '../support/gateway.js'
import { until } from '../support/until.js'
import { shell, sluice, start, type Ended } from './run.js'

const environment = await createTestEnvironment(t, longStartWindow)
const BATCH = 20
const LINES = 200
const summaryOf = ({ out }: Ended): Record<string, unknown> => JSON.parse(out) as Record<string, unknown>

/** The keys of all posted messages. A set: an overloaded node rejects some requests, and the client retries them. */
function postedKeys (proxy: FaultyProxy): Set<string> {
  const batches = proxy.requests.map(({ body }) => JSON.parse(body) as { messages: Array<{ idempotencyKey: string }> })
  return new Set(batches.flatMap(({ messages }) => messages.map(message => message.idempotencyKey)))
}

/** How often the sandbox received each text for numbers with this prefix. */
async function arrived (prefix: string, count: number): Promise<Map<string, number>> {
  const found = await until(`${count} arrivals`, async () => {
    const all = (await environment.sandbox.seen()).filter(({ recipient }) => recipient?.replace('+', '').startsWith(prefix))
    return all.length >= count && all
  }, 20_000)
  const texts = new Map<string, number>()
  for (const { body } of found) texts.set(body?.text?.body ?? '', (texts.get(body?.text?.body ?? '') ?? 0) + 1)
  return texts
}

await t.test('after Ctrl-C, an outage and a kill it continues and sends each line once', async t => {
  const node = await environment.start(t)
  const proxy = await startProxy(t, node.origin)
  const caller = { origin: proxy.origin, key: keys.app }
  const file = join(t.testdir(), 'campaign.ndjson')
  const texts = Array.from({ length: LINES }, (_, at) => `text ${at}`)
  writeFileSync(file, texts.map((message, at) => JSON.stringify({ to: `+15551${String(at).padStart(6, '0')}`, message })).join('\n'))
  const args = ['import', file, '--json', '--batch', String(BATCH)]
  const passes = (count: number): Fault[] => Array.from({ length: count }, () => 'pass')

  proxy.plan(...passes(2), 'slow')
  const interrupted = start(caller, ...args)
  await until('three requests', () => proxy.requests.length === 3)
  interrupted.child.kill('SIGINT')
  const first = await interrupted.ended
  t.equal(first.code, 130)
  t.match(summaryOf(first), { status: 'interrupted', lines: postedKeys(proxy).size, rejected: 0 }, 'the current request completes')

  proxy.plan(...passes(4), ...Array.from({ length: 60 }, () => 'lose' as const))
  const lost = await sluice(caller, ...args, '--timeout', '2s')
  t.match(lost, { code: 4, err: /UNREACHABLE|TIMEOUT/ })
  t.match(summaryOf(lost), { status: 'aborted', rejected: 0 })
  t.ok(Number(summaryOf(lost)['lines']) < LINES)

  const before = proxy.requests.length
  proxy.plan(...passes(6), 'lose', 'hang')
  const killed = start(caller, ...args)
  await until('the request that hangs', () => proxy.requests.length === before + 8)
  killed.child.kill('SIGKILL')
  await killed.ended

  proxy.plan()
  const last = await sluice(caller, ...args)
  t.match([last.code, summaryOf(last)], [0, { status: 'done', lines: LINES, rejected: 0, rejectedFile: null }])
  t.equal(Number(summaryOf(last)['accepted']) + Number(summaryOf(last)['duplicates']), LINES)
  t.match(summaryOf(await sluice(caller, ...args)), { accepted: 0, duplicates: LINES }, 'another run accepts nothing')
  const got = await arrived('15551', LINES)
  t.strictSame([...got].filter(([, times]) => times !== 1), [])
  t.strictSame([...got.keys()].sort(), [...texts].sort())
})

await t.test('a CSV file with rejected lines: the others are sent, and each rejected one is written to a file with code and field', async t => {
  const node = await environment.start(t)
  const caller = { origin: node.origin, key: keys.operator }
  const file = join(t.testdir(), 'people.csv')
  writeFileSync(file, [
    'to,message,metadata.orderId,priority,expiresInMs',
    '+15552000001,"Hello, ""you"", on',
    'two lines",A-1,bulk,60000',
    'not-a-number,Hello,A-2,,',
    '+15552000002,Hello, you,A-3,,',
    '+15552000003,Hello,,loud,',
    '',
    '+15552000004,"Hello",,,',
    '+15552000004,Hello,,,'
  ].join('\r\n'))
  const { code, out } = await sluice(caller, 'import', file)
  t.equal(code, 5)
  t.match(out, /6 lines: 2 accepted, 1 duplicates, 3 rejected, see .*people\.csv\.rejected\.ndjson\n {2}1 INVALID_RECIPIENT \(to\), at line 4\n/)
  const rejected = readFileSync(`${file}.rejected.ndjson`, 'utf8').trimEnd().split('\n').map(line => JSON.parse(line) as { line: number })
  t.match(rejected.sort((a, b) => a.line - b.line), [
    { line: 4, code: 'INVALID_RECIPIENT', field: 'to', detail: /7 to 15 digits/, text: 'not-a-number,Hello,A-2,,' },
    { line: 5, code: 'INVALID_LINE', text: '+15552000002,Hello, you,A-3,,' },
    { line: 6, code: 'INVALID_REQUEST', field: 'priority' }
  ])
  t.equal(statSync(`${file}.rejected.ndjson`).mode & 0o077, 0)
  t.strictSame([...(await arrived('15552', 2)).keys()].sort(), ['Hello', 'Hello, "you", on\ntwo lines'])
  t.match((await node.get('/messages?tag=orderId:A-1')).body['messages'], [{ status: /./ }])
})

await t.test('lines that are not JSON are rejected; another campaign sends lines again; a row\'s own key and sender take precedence', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '20' })
  const caller = { origin: node.origin, key: keys.app, cwd: t.testdir() }
  const to = '+15553000001'
  const rows = [{ to, message: 'one', idempotencyKey: 'mine' }, { to, message: 'two', sender: '999' }, { to, message: 'three' }]
  writeFileSync(join(caller.cwd, 'list'), `${rows.map(row => JSON.stringify(row)).join('\n')}\nnonsense\n[]\n`)
  const args = ['import', 'list', '--format', 'ndjson', '--rejected', 'bad', '--sender', SENDER, '--json']
  t.match(summaryOf(await sluice(caller, ...args)), {
    lines: 5,
    accepted: 2,
    duplicates: 0,
    rejected: 3,
    rejectedFile: 'bad',
    reasons: [{ code: 'INVALID_LINE', count: 2, firstLine: 4 }, { code: 'SENDER_UNKNOWN', count: 1, firstLine: 2 }]
  })
  const rejected = readFileSync(join(caller.cwd, 'bad'), 'utf8').trimEnd().split('\n').map(line => JSON.parse(line) as { code: string })
  t.match(rejected.map(({ code }) => code).sort(), ['INVALID_LINE', 'INVALID_LINE', 'SENDER_UNKNOWN'])
  t.match(summaryOf(await sluice(caller, ...args, '--campaign', 'again')), { accepted: 1, duplicates: 1, rejected: 3 })
  t.match((await node.as(keys.app).get(`/messages/mine?sender=${SENDER}`)).body, { status: /./ })
})

const script = (process.env['PATH'] ?? '').split(delimiter).map(folder => join(folder, 'script')).find(existsSync)

const skip = script === undefined && 'util-linux\'s script is required to create a terminal'

await t.test('a terminal shows a progress bar, and then the summary', { skip }, async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '20' })
  const rows = Array.from({ length: 6 }, (_, i) => JSON.stringify({ to: '+15554000001', message: `line ${i}` }))
  const cwd = t.testdir({ 'list.ndjson': rows.join('\n') })
  const command = 'script -qec "npx sluice import list.ndjson --batch 2" /dev/null'
  const { out } = await shell({ origin: node.origin, key: keys.app, cwd }, command)
  t.match(out, /- 0 % \| 0 lines \|[^]*= 100 % \| 6 lines \| 6 accepted \| 0 duplicates \| 0 rejected \|[^]*list\.ndjson: 6 lines: 6 accepted/)
})
