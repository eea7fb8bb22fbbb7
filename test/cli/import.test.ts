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
  const texts = Array.from({ length: LINES }, (_, i) => `text ${i}`)
  writeFileSync(file, texts.map((message, i) => JSON.stringify({ to: `+15551${String(i).padStart(6, '0')}`, message })).join('\n'))
  const args = ['import', file, '--json', '--batch', String(BATCH)]
  const passes = (count: number): Fault[] => Array.from({ length: count }, () => 'pass')

  proxy.plan(...passes(2), 'slow')
  const interrupted = start(caller, ...args)
  await until('three requests', () => proxy.requests.length === 3)
  interrupted.child.kill('SIGINT')
  const first = await interrupted.ended
  t.equal(first.code, 130)
  const posted = postedKeys(proxy).size
  t.match(summaryOf(first), { status: 'interrupted', rows: LINES, accepted: posted, rejected: 0, notSent: LINES - posted },
    'the current request completes')

  proxy.plan(...passes(4), ...Array.from({ length: 60 }, () => 'lose' as const))
  const lost = await sluice(caller, ...args, '--timeout', '2s')
  t.match(lost, { code: 4, err: /UNREACHABLE|TIMEOUT/ })
  t.match(summaryOf(lost), { status: 'aborted', rejected: 0 })
  t.ok(Number(summaryOf(lost)['notSent']) > 0)

  const before = proxy.requests.length
  proxy.plan(...passes(6), 'lose', 'hang')
  const killed = start(caller, ...args)
  await until('the request that hangs', () => proxy.requests.length === before + 8)
  killed.child.kill('SIGKILL')
  await killed.ended

  proxy.plan()
  const last = await sluice(caller, ...args)
  t.match([last.code, summaryOf(last)], [0, { status: 'done', rows: LINES, rejected: 0, notSent: 0 }])
  t.equal(Number(summaryOf(last)['accepted']) + Number(summaryOf(last)['known']), LINES)
  t.match(summaryOf(await sluice(caller, ...args)), { accepted: 0, known: LINES }, 'another run accepts nothing')
  const got = await arrived('15551', LINES)
  t.strictSame([...got].filter(([, times]) => times !== 1), [])
  t.strictSame([...got.keys()].sort(), [...texts].sort())
})

const linesOf = (file: string): string[] => readFileSync(file, 'utf8').split('\r\n')

await t.test('a table with rejected rows: the others are sent, and each row is in a file for spreadsheets', async t => {
  const node = await environment.start(t)
  const caller = { origin: `${node.origin}/api/v1/`, key: keys.operator }
  const file = join(t.testdir(), 'people.csv')
  writeFileSync(file, [
    'to;message;metadata.orderId;priority;expiresInMs',
    '+15552000001;"Hello, ""you""; on',
    'two lines";A-1;NORMAL;60000',
    'not-a-number;Hello;A-2;;',
    '+15552000002;Hello; you;A-3;;',
    '+15552000003;Hello;;loud;',
    '',
    '+15552000004;"Hello";;;',
    '+1 555 200-0004;Hello;;;'
  ].join('\r\n'))
  const dry = await sluice(caller, 'import', file, '--dry-run')
  t.match(dry, { code: 5, out: /people\.csv: 6 rows, checked, nothing was sent\n[^]*2 {2}valid[^]*1 {2}known[^]*3 {2}rejected[^]*6 {2}in all/ })
  t.match(dry.out, /All sent in about 1\.0 s[^]*Row 2, to \+15552000001, would get:\n {2}Hello, "you"; on\n {2}two lines/)
  t.strictSame((await environment.sandbox.seen()).filter(({ recipient }) => recipient?.includes('15552') === true), [])
  const { code, out } = await sluice(caller, 'import', file)
  t.equal(code, 5)
  t.match(out, /2 {2}accepted[^]*1 {2}known, and not sent again \(1 equal to another row[^]*3 {2}rejected[^]*6 {2}in all/)
  t.match(out, /1 {2}.*\(row 3; INVALID_RECIPIENT\)\n[^]*1 row without any text: not counted/)
  t.match(linesOf(`${file}.results.csv`), [
    '\ufeffrow;status;to;reason;code;field;id',
    /^2;accepted;'\+15552000001;;;;111\./,
    /^3;rejected;not-a-number;.*;INVALID_RECIPIENT;to;$/,
    /^4;rejected;'\+15552000002;the row has more or fewer cells.*;INVALID_ROW;;$/,
    /^5;rejected;'\+15552000003;.*;INVALID_REQUEST;priority;$/,
    /^7;accepted;'\+15552000004;/,
    /^8;known;'\+15552000004;equal to row 7;/,
    ''
  ])
  t.equal(statSync(`${file}.results.csv`).mode & 0o077, 0)
  t.strictSame([...(await arrived('15552', 2)).keys()].sort(), ['Hello', 'Hello, "you"; on\ntwo lines'])
  t.match((await node.get('/messages?tag=orderId:A-1')).body['messages'], [{ status: /./ }])
  t.match(summaryOf(await sluice(caller, 'import', file, '--dry-run', '--json')), { valid: 0, known: 3, repeated: 1, rejected: 3 })
})

await t.test('a dry run finds opt-outs, known rows and the end; a limit leaves out the other rows; a lane is bulk', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '60000' })
  const caller = { origin: node.origin, key: keys.operator, cwd: t.testdir() }
  await node.post(`/senders/${SENDER}/pause`, {})
  await node.put('/opt-outs/+15555000002', {})
  writeFileSync(join(caller.cwd, 'list.csv'), 'Phone,Name\n+15555000001,Ann\n+15555000002,Ben\n+15555000003,Cy\n')
  const args = ['import', 'list.csv', '--text', 'Hi {{name}}', '--json']
  t.match(summaryOf(await sluice(caller, ...args, '--dry-run')), { valid: 3, optedOut: 1, expectedEnd: null })
  t.match(await sluice(caller, ...args.slice(0, -1), '--dry-run'), { out: /Not sent until it is resumed: sender 111 is paused/ })
  t.match(await sluice(caller, ...args, '--limit', '1'), { code: 0, out: /"rows":1,"accepted":1.*"leftOut":2/ })
  t.match(summaryOf(await sluice(caller, ...args, '--dry-run', '--category', 'marketing')), {
    rows: 3, valid: 1, known: 1, rejected: 1, reasons: [{ code: 'RECIPIENT_OPTED_OUT', firstRow: 3 }]
  })
  const waiting = (await node.get('/messages?recipient=%2B15555000001')).body['messages'] as Array<{ id: string }>
  t.match(waiting, [{ message: 'Hi Ann' }])
  t.match((await node.post('/rate-limits/find', { recipient: '+15555000001' })).body, { waiting: { bulk: 1, normal: 0 } })
})

await t.test('a dry run says which rows do not fit into the backlog or the queue of a recipient, and what to do', async t => {
  const node = await environment.start(t, { MAX_BACKLOG_PER_SENDER: '3', MAX_QUEUE_PER_RECIPIENT: '2' })
  const caller = { origin: node.origin, key: keys.operator, cwd: t.testdir() }
  // Both spellings are one recipient.
  const rows = ['+5511987654321', '+551187654321', '+5511987654321', '+15555000104', '+15555000105']
  writeFileSync(join(caller.cwd, 'list.csv'), `to,message\n${rows.map((to, i) => `${to},text ${i}`).join('\n')}\n`)
  t.strictSame(summaryOf(await sluice(caller, 'import', 'list.csv', '--dry-run', '--json'))['excess'], [
    { code: 'BACKLOG_FULL', sender: SENDER, rows: 2, limit: 3, recipients: 3 },
    { code: 'RECIPIENT_QUEUE_FULL', sender: SENDER, rows: 1, limit: 2, recipients: 1 }
  ])
  t.match((await sluice(caller, 'import', 'list.csv', '--dry-run')).out, new RegExp('2 rows too many: sender 111 has room for 3 more messages.*\\n' +
    '.*later.*MAX_BACKLOG_PER_SENDER\\n1 row too many: 1 recipient gets more than 2 messages.*\\n.*MAX_QUEUE_PER_RECIPIENT'))
  t.strictSame(summaryOf(await sluice(caller, 'import', 'list.csv', '--limit', '1', '--dry-run', '--json'))['excess'], [])
})

await t.test('lines that are not JSON are rejected; another campaign sends lines again; a row\'s own key and sender take precedence', async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '20' })
  const caller = { origin: node.origin, key: keys.app, cwd: t.testdir() }
  const to = '+15553000001'
  const rows = [{ to, message: 'one', idempotencyKey: 'mine' }, { to, message: 'two', sender: '999' }, { to, message: 'three' }]
  const big = `{"to":"${to}","message":{"type":"image","image":{"id":122097329108006499}}}`
  writeFileSync(join(caller.cwd, 'list'), `\ufeff${rows.map(row => JSON.stringify(row)).join('\n')}\nnonsense\n${big}\n`)
  const args = ['import', 'list', '--format', 'ndjson', '--results', 'all.csv', '--sender', SENDER, '--json']
  t.match(summaryOf(await sluice(caller, ...args)), { rows: 5, accepted: 2, known: 0, rejected: 3, resultsFile: 'all.csv' })
  t.match(linesOf(join(caller.cwd, 'all.csv')).slice(2, 6), [
    /^2.rejected.*SENDER_UNKNOWN/, /^3.accepted/, /^4.rejected/, /^5.rejected.*image\.id.*9007199254740991/
  ])
  t.match(summaryOf(await sluice(caller, ...args, '--campaign', 'again')), { accepted: 1, known: 1, rejected: 3 })
  const { out } = await sluice(caller, ...args.slice(0, -1), '--campaign', 'again')
  t.match(out, /^Progress, rate and end, with a read or admin key: sluice campaign again --watch$/m)
  t.match((await node.as(keys.app).get(`/messages/mine?sender=${SENDER}`)).body, { status: /./ })
  t.match(await sluice(caller, 'import', 'list', '--format', 'ndjson', '--results', './list'), { code: 2, err: /names the list itself/ })
})

await t.test('an address of the gateway works in every usual form, or is explained', async t => {
  const node = await environment.start(t)
  for (const form of ['', '/', '/api/v1', '/api/v1/']) {
    t.match(await sluice({ origin: node.origin + form, key: keys.operator }, 'stats'), { code: 0 }, form)
  }
  t.match(await sluice({ origin: node.origin.replace('http://', ''), key: keys.operator }, 'stats'), { code: 2, err: /must begin with http:\/\// })
})

const script = (process.env['PATH'] ?? '').split(delimiter).map(folder => join(folder, 'script')).find(existsSync)

const skip = script === undefined && 'util-linux\'s script is required to create a terminal'

await t.test('a terminal shows a progress bar, and then the summary', { skip }, async t => {
  const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '20' })
  const rows = Array.from({ length: 6 }, (_, i) => JSON.stringify({ to: '+15554000001', message: `line ${i}` }))
  const cwd = t.testdir({ 'list.ndjson': rows.join('\n') })
  const command = 'script -qec "npx sluice import list.ndjson --batch 2" /dev/null'
  const { out } = await shell({ origin: node.origin, key: keys.app, cwd }, command)
  t.match(out, /- 0 % \| 0 of 6 rows \|[^]*= 100 % \| 6 of 6 rows \| 6 passed \| 0 known \| 0 rejected \|[^]*list\.ndjson: 6 rows, done/)
})
