/** Importing files: whatever breaks an import off, the next one goes on and nothing is sent twice. The sandbox counts what WhatsApp got. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import t from 'tap'
import { startWire, type Fate, type Wire } from '../client/wire.js'
import { createGround, unhurried } from '../support/flow.js'
import { keys, SENDER } from '../support/gateway.js'
import { until } from '../support/until.js'
import { shell, sluice, start, type Ended } from './run.js'

const ground = await createGround(t, unhurried)
const BATCH = 20
const LINES = 200
const told = ({ out }: Ended): Record<string, unknown> => JSON.parse(out) as Record<string, unknown>

/** The messages that were asked for until now; under load a node may have turned some away, which were then asked for again. */
function keysAsked (wire: Wire): Set<string> {
  return new Set(wire.asked.flatMap(({ body }) => (JSON.parse(body) as { messages: Array<{ idempotencyKey: string }> }).messages.map(message => message.idempotencyKey)))
}

/** What the sandbox got of the numbers that begin so: how often each text. */
async function arrived (start: string, count: number): Promise<Map<string, number>> {
  const found = await until(`${count} arrivals`, async () => {
    const all = (await ground.sandbox.seen()).filter(({ recipient }) => recipient?.replace('+', '').startsWith(start))
    return all.length >= count && all
  }, 20_000)
  const texts = new Map<string, number>()
  for (const { body } of found) texts.set(body?.text?.body ?? '', (texts.get(body?.text?.body ?? '') ?? 0) + 1)
  return texts
}

await t.test('broken off by Ctrl-C, by a lost gateway and by a kill, it goes on and sends each line once', async t => {
  const node = await ground.start(t)
  const wire = await startWire(t, node.origin)
  const caller = { origin: wire.origin, key: keys.app }
  const file = join(t.testdir(), 'campaign.ndjson')
  const texts = Array.from({ length: LINES }, (_, at) => `text ${at}`)
  writeFileSync(file, texts.map((message, at) => JSON.stringify({ to: `+15551${String(at).padStart(6, '0')}`, message })).join('\n'))
  const args = ['import', file, '--json', '--batch', String(BATCH)]
  const passes = (count: number): Fate[] => Array.from({ length: count }, () => 'pass')

  wire.plan(...passes(2), 'slow')
  const interrupted = start(caller, ...args)
  await until('three requests', () => wire.asked.length === 3)
  interrupted.child.kill('SIGINT')
  const first = await interrupted.ended
  t.equal(first.code, 130)
  t.match(told(first), { status: 'interrupted', lines: keysAsked(wire).size, refused: 0 }, 'what is under way ends')

  wire.plan(...passes(4), ...Array.from({ length: 60 }, () => 'lose' as const))
  const lost = await sluice(caller, ...args, '--timeout', '2s')
  t.match(lost, { code: 4, err: /UNREACHABLE|TIMEOUT/ })
  t.match(told(lost), { status: 'broken-off', refused: 0 })
  t.ok(Number(told(lost)['lines']) < LINES)

  const before = wire.asked.length
  wire.plan(...passes(6), 'lose', 'hold')
  const killed = start(caller, ...args)
  await until('the request that is never answered', () => wire.asked.length === before + 8)
  killed.child.kill('SIGKILL')
  await killed.ended

  wire.plan()
  const last = await sluice(caller, ...args)
  t.match([last.code, told(last)], [0, { status: 'done', lines: LINES, refused: 0, refusedFile: null }])
  t.equal(Number(told(last)['accepted']) + Number(told(last)['known']), LINES)
  t.match(told(await sluice(caller, ...args)), { accepted: 0, known: LINES }, 'and once more, nothing is new')
  const got = await arrived('15551', LINES)
  t.strictSame([...got].filter(([, times]) => times !== 1), [])
  t.strictSame([...got.keys()].sort(), [...texts].sort())
})

await t.test('a CSV file with refused lines: the others are sent, and each refused one is noted with code and field', async t => {
  const node = await ground.start(t)
  const caller = { origin: node.origin, key: keys.operator }
  const file = join(t.testdir(), 'people.csv')
  writeFileSync(file, [
    'to,message,metadata.orderId,priority,expiresInMs',
    '+15552000001,"Hello, ""you"", on',
    'two lines",A-1,bulk,60000',
    'nobody,Hello,A-2,,',
    '+15552000002,Hello, you,A-3,,',
    '+15552000003,Hello,,loud,',
    '',
    '+15552000004,"Hello",,,',
    '+15552000004,Hello,,,'
  ].join('\r\n'))
  const { code, out } = await sluice(caller, 'import', file)
  t.equal(code, 5)
  t.match(out, /6 lines: 2 accepted, 1 known already, 3 refused, see .*people\.csv\.refused\.ndjson\n {2}1 INVALID_RECIPIENT \(to\), in line 4\n/)
  const refused = readFileSync(`${file}.refused.ndjson`, 'utf8').trimEnd().split('\n').map(line => JSON.parse(line) as { line: number })
  t.match(refused.sort((a, b) => a.line - b.line), [
    { line: 4, code: 'INVALID_RECIPIENT', field: 'to', detail: /7 to 15 digits/, text: 'nobody,Hello,A-2,,' },
    { line: 5, code: 'INVALID_LINE', text: '+15552000002,Hello, you,A-3,,' },
    { line: 6, code: 'INVALID_REQUEST', field: 'priority' }
  ])
  t.equal(statSync(`${file}.refused.ndjson`).mode & 0o077, 0)
  t.strictSame([...(await arrived('15552', 2)).keys()].sort(), ['Hello', 'Hello, "you", on\ntwo lines'])
  t.match((await node.get('/messages?tag=orderId:A-1')).body['messages'], [{ status: /./ }])
})

await t.test('lines that are no JSON are refused; a campaign\'s name sends the same again; a row\'s own key and sender win', async t => {
  const node = await ground.start(t, { WHATSAPP_RATE_LIMIT_MS: '20' })
  const caller = { origin: node.origin, key: keys.app, cwd: t.testdir() }
  const rows = [{ to: '+15553000001', message: 'one', idempotencyKey: 'mine' }, { to: '+15553000001', message: 'two', sender: '999' }, { to: '+15553000001', message: 'three' }]
  writeFileSync(join(caller.cwd, 'list'), `${rows.map(row => JSON.stringify(row)).join('\n')}\nnonsense\n[]\n`)
  const args = ['import', 'list', '--format', 'ndjson', '--refused', 'bad', '--sender', SENDER, '--json']
  t.match(told(await sluice(caller, ...args)), { lines: 5, accepted: 2, known: 0, refused: 3, refusedFile: 'bad', reasons: [{ code: 'INVALID_LINE', count: 2, firstLine: 4 }, { code: 'SENDER_UNKNOWN', count: 1, firstLine: 2 }] })
  t.match(readFileSync(join(caller.cwd, 'bad'), 'utf8').trimEnd().split('\n').map(line => (JSON.parse(line) as { code: string }).code).sort(), ['INVALID_LINE', 'INVALID_LINE', 'SENDER_UNKNOWN'])
  t.match(told(await sluice(caller, ...args, '--campaign', 'again')), { accepted: 1, known: 1, refused: 3 })
  t.match((await node.as(keys.app).get(`/messages/mine?sender=${SENDER}`)).body, { status: /./ })
})

const script = (process.env['PATH'] ?? '').split(delimiter).map(folder => join(folder, 'script')).find(existsSync)

await t.test('in a terminal a bar tells how far it is, and gives way to the report', { skip: script === undefined && 'it takes util-linux\'s script to make a terminal' }, async t => {
  const node = await ground.start(t, { WHATSAPP_RATE_LIMIT_MS: '20' })
  const cwd = t.testdir({ 'list.ndjson': Array.from({ length: 6 }, (_, i) => JSON.stringify({ to: '+15554000001', message: `line ${i}` })).join('\n') })
  const { out } = await shell({ origin: node.origin, key: keys.app, cwd }, 'script -qec "npx sluice import list.ndjson --batch 2" /dev/null')
  t.match(out, /- 0 % \| 0 lines \|[^]*= 100 % \| 6 lines \| 6 accepted \| 0 known \| 0 refused \|[^]*list\.ndjson: 6 lines: 6 accepted/)
})
