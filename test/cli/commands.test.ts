/** Each built command against a real node: its output as table and JSON, its exit code, and docs/cli.md. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createCallerRegistry } from '../../src/callers.js'
import { readConfig } from '../../src/config.js'
import { lines, read } from '../contract/tree.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, keys } from '../support/gateway.js'
import { each, until } from '../support/until.js'
import { type Ended, shell, sluice, start } from './run.js'

const environment = await createTestEnvironment(t, longStartWindow)
const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '60000' })
const results: Ended[] = []
const operator = { origin: node.origin, key: keys.operator }
const run = async (...args: string[]): Promise<Ended> => {
  const ended = await sluice(operator, ...args)
  results.push(ended)
  return ended
}
const json = async (...args: string[]): Promise<Record<string, any>> => {
  const { code, out, err } = await run(...args, '--json')
  t.strictSame({ code, err, lines: out.split('\n').length }, { code: 0, err: '', lines: 2 }, args.join(' '))
  return JSON.parse(out)
}

await t.test('a message is sent, found, explained and cancelled', async t => {
  const to = '+15550008001'
  const inOneHour = new Date(Date.now() + 3_600_000).toISOString()
  const metadata = ['--metadata', 'orderId=A-1', '--metadata', 'shop=7']
  t.match(await json('send', to, 'Hello', ...metadata, '--idempotency-key', 'c-1'), { immediate: true, idempotencyKey: 'c-1' })
  const [waiting] = await Promise.all([
    run('send', to, 'Later', '--idempotency-key', 'c-2', '--priority', 'bulk', '--at', inOneHour),
    json('send', '+15550008002', '{"type":"image","image":{"link":"https://example.com/a.png"}}', '--content')
  ])
  t.match(waiting, { code: 0, out: /scheduled[^]*waits at least[^]*60 min/ })
  t.match((await environment.arrivals(to, 1))[0], { body: { text: { body: 'Hello' } } })
  t.match((await environment.arrivals('+15550008002', 1))[0], { body: { type: 'image' } })
  const [status, why, limited] = await Promise.all([json('status', 'c-1'), run('why', to), run('send', to, 'now or never', '--reject')])
  t.match(status, { status: 'sent', metadata: { orderId: 'A-1', shop: '7' } })
  t.match(why, { code: 0, out: /one in 60\.0 s[^]*waits[^]*the rate limit of its recipient[^]*schedule/ })
  t.match(limited, { code: 4, out: '', err: /^sluice: LIMITED/ })
  t.match(await run('move', 'c-2', '--priority', 'urgent', '--now', '--expires-at', inOneHour), { code: 0, out: /lane +│ urgent/ })
  t.match(await run('move', 'c-2'), { code: 2, err: /give --priority, --at, --now or --expires-at/ })
  t.match(await run('cancel', 'c-2'), { code: 0, out: /cancelled/ })
  t.match(await run('cancel', 'c-2', '--json'), { code: 3, out: '', err: /^{"error":{"code":"NOT_CANCELLABLE".*"field"|"status":409/ })
})

await t.test('a key is made with its entry for API_KEYS_FILE, without a gateway', async t => {
  const { key, entry } = await json('keys', 'new', 'shop', '--role', 'read')
  const API_KEYS_FILE = join(t.testdir({ keys: JSON.stringify([entry]) }), 'keys')
  const callers = createCallerRegistry(readConfig({ API_KEYS_FILE }).API_KEYS)
  t.match(callers.find(key), { name: 'shop', role: 'read' })
  t.match(await run('keys', 'new', 'shop'), { code: 0, out: /^key: +sluice_[\w-]{43}\nentry: +\{"name":"shop"/ })
  t.match(await run('keys', 'new', 'my shop'), { code: 2, err: /name: use 1 to 32/ })
})

await t.test('failures are listed and retried', async t => {
  const rejected = await run('send', '+155601310260081', 'Hello')
  t.match(rejected, { code: 3, err: /^sluice: PROVIDER_REJECTED[^]*sluice status (\S+)/ })
  t.match(await run('retry'), { code: 0, out: /No failure is due/ })
  const id = /sluice status (\S+)/.exec(rejected.err)?.[1] ?? ''
  const [page, shown, both] = await Promise.all([
    json('failures', '--status', 'FAILED'), run('failures'), run('retry', id, '--limit', '5')
  ])
  t.match(page['failures'], [{ id, errorCode: '131026' }])
  t.match(shown, { code: 0, out: /FAILED[^]*131026/ })
  t.match(both, { code: 2, err: /either an id or/ })
  t.match(await json('retry', id), { total: 1 })
})

await t.test('a sender is paused and resumed, and stats --watch refreshes until Ctrl-C', async t => {
  t.match(await json('pause', SENDER, '--for', '10m'), { state: 'paused', reason: 'operator' })
  const { child, ended } = start(operator, 'stats', '--watch', '--every', '20ms', '--json')
  let out = ''
  child.stdout?.on('data', data => { out += String(data) })
  await until('three lines', () => out.split('\n').length > 3)
  child.kill('SIGINT')
  t.equal((await ended).code, 0)
  for (const line of out.trimEnd().split('\n')) t.match(JSON.parse(line), { queue: {}, senders: [{ state: 'paused' }] })
  t.match(await json('sender', SENDER), { id: SENDER, state: 'paused', health: { state: 'unknown' } })
  t.match(await run('sender', SENDER), { code: 0, out: /state +│ paused[^]*health +│ unknown/ })
  t.match(await run('sender', '999'), { code: 2, out: '', err: new RegExp(`no sender 999; there is ${SENDER}`) })
  t.match(await json('resume', SENDER), { state: 'active' })
})

await t.test('a bulk job counts, acts and is shown', async t => {
  t.match(await run('bulk', 'cancel'), { code: 2, out: '', err: /at least one option/ })
  t.match(await run('bulk', 'move', '--tag', 'batch:cli', '--dry-run'), { code: 2, out: '', err: /give --priority, --at, --now or --expires-at/ })
  t.match(await run('bulk', 'cancel', '--campaign', 'x', '--state', 'failed'), { code: 2, err: /Allowed choices are scheduled, queued, retrying/ })
  for (const [action, flag, value] of [
    ['move', '--reason', 'unknown'], ['cancel', '--note', 'x'], ['retry', '--note', 'x'], ['retry', '--priority', 'bulk']
  ] as const) {
    const { code, err } = await run('bulk', action, '--tag', 'a:b', flag, value)
    t.match({ code, err }, { code: 2, err: new RegExp(`unknown option '${flag}'`) }, `${action} ${flag}`)
  }
  t.match(await run('bulk', 'move', '--help'), { code: 0, out: /--state <state> .*"scheduled", "queued",\s+"retrying"\)/ })
  t.match(await run('bulk', 'retry', '--tag', 'a:b', '--acknowledged', 'no', '--dry-run'), { code: 0, out: /acknowledged=false/ })
  const later = { to: '+15550002901', message: 'later', scheduledFor: Date.now() + 3_600_000, metadata: { batch: 'cli' } }
  const { id } = (await node.post('/messages', later)).body
  t.match(await run('bulk', 'cancel', '--tag', 'batch:cli', '--dry-run'), { code: 0, out: /action +│ cancel, dry run [^]*match +│ 1 / })
  const started = await json('bulk', 'cancel', '--tag', 'batch:cli', '--detach')
  t.match(started, { action: 'cancel', filter: 'tag=batch' })
  t.match(await run('job', String(started['id']), '--watch'), { code: 0, out: /state +│ completed [^]*done +│ 1 / })
  t.match((await node.get(`/messages/${id}`)).body, { status: 'cancelled' })
  t.match(await run('jobs'), { code: 0, out: /filter[^]* tag=batch / })
  t.match(await run('job', 'cancel-0000000000000000'), { code: 3, err: /^sluice: NOT_FOUND/ })
})

await t.test('rates are listed, set and removed', async t => {
  t.match(await run('rates', SENDER), { code: 0, out: /^no rates/ })
  const args = ['rates', SENDER, '--template', 'spring_offer', '--per-second']
  t.match(await json(...args, '0.5'), { rates: [{ template: 'spring_offer', language: 'en_us', category: null, perSecond: 0.5, waiting: 0 }] })
  t.match(await run('rates', SENDER, '--category', 'marketing', '--per-second', '5'), { code: 0, out: /spring_offer │ en_us [^]*marketing │ 5 / })
  t.match(await run(...args, 'none'), { code: 0, out: /marketing/ })
  t.match(await run('rates', SENDER, '--category', 'marketing', '--per-second', 'none'), { code: 0, out: /^no rates/ })
  t.match(await run(...args, 'fast'), { code: 2, out: '', err: /Use a number such as 20 or 0\.5, or none/ })
  t.match(await run('rates', SENDER, '--per-second', '5'), { code: 2, out: '', err: /needs --template or --category/ })
  t.match(await run('rates', SENDER, '--template', 'x'), { code: 2, out: '', err: /needs --template or --category/ })
})

await t.test('a campaign is listed, shown, paused, resumed and cancelled', async t => {
  t.match(await run('campaign', 'summer-sale'), { code: 3, out: '', err: /^sluice: NOT_FOUND/ })
  await node.put('/campaigns/summer-sale', {})
  t.match(await json('campaign', 'summer-sale', '--pause'), { name: 'summer-sale', state: 'paused' })
  t.match(await run('campaigns'), { code: 0, out: /per second[^]* summer-sale │ paused / })
  t.match(await run('campaign', 'summer-sale', '--resume'), { code: 0, out: /campaign +│ summer-sale [^]*\] 0 %, 0 of 0, running, 0\/s\n$/ })
  t.match(await run('campaign', 'summer-sale', '--cancel', '--pause'), { code: 2, out: '', err: /cannot be used with/ })
  t.match(await json('campaign', 'summer-sale', '--per-second', '0.5', '--lane', 'bulk', '--start-at', '2030-01-31T09:00:00+01:00'), {
    perSecond: 0.5, lane: 'bulk', startAt: '2030-01-31T08:00:00.000Z', endAt: null
  })
  t.match(await run('campaign', 'summer-sale'), { code: 0, out: /default lane +│ bulk [^]*at most per second │ 0\.5 / })
  t.match(await json('campaign', 'summer-sale', '--per-second', 'none', '--start-at', 'none'), { perSecond: null, lane: 'bulk', startAt: null })
  t.match(await run('campaign', 'summer-sale', '--lane', 'slow'), { code: 2, err: /Use urgent, normal, bulk or none/ })
  t.match(await run('campaign', 'summer-sale', '--per-second', '1001'), { code: 3, err: /perSecond/ })
  t.match(await run('campaign', 'summer-sale', '--end-at', 'six'), { code: 2, err: /--end-at: must be [^]*, not "six"\. Or use none\./ })
  t.match(await run('campaign', 'summer-sale', '--per-second', '1', '--pause'), { code: 2, err: /cannot be used with/ })
  t.match(await json('campaign', 'summer-sale', '--cancel'), { state: 'cancelled', jobs: [{ action: 'cancel', done: 0 }] })
  t.match(await run('campaign', 'summer-sale', '--resume'), { code: 3, err: /^sluice: CAMPAIGN_CANCELLED/ })
})

await t.test('the exit codes are those of docs/cli.md', async t => {
  t.strictSame(lines('docs/cli.md').flatMap(line => /^\| (\d+) \| /.exec(line)?.[1] ?? []), ['0', '1', '2', '3', '4', '5', '130'])
  const { version } = JSON.parse(read('package.json')) as { version: string }
  const cases: Array<[args: string[], expected: Partial<Record<keyof Ended, unknown>>]> = [
    [['--version'], { code: 0, out: `${version}\n` }],
    [['help', 'send'], { code: 0, out: /SLUICE_API_KEY[^]*Examples:/ }],
    [['sned'], { code: 2, out: '', err: /unknown command/ }],
    [['sned', '--json'], { code: 2, out: '', err: /^{"error":{"code":"USAGE","message":"unknown command[^\n]*}}\n$/ }],
    [['stats', '--every', '3'], { code: 2, out: '', err: /number with a unit/ }],
    [['import', 'nothing.csv'], { code: 2, out: '', err: /cannot read the file nothing\.csv/ }],
    [['send', '+15550008004', '{"type":"template"}'], { code: 2, out: '', err: /JSON object: add --content/ }],
    [['send', '+15550008004', '[]', '--content'], { code: 2, out: '', err: /JSON object/ }],
    [['retry', ''], { code: 2, out: '', err: /<id> is empty/ }],
    [['send', '+15550008004', ''], { code: 2, out: '', err: /<message> is empty/ }],
    [['send', '+15550008004', 'caf\ufffd'], { code: 2, out: '', err: /an argument is not UTF-8/ }],
    [['send', '+15550008004', 'Hello', '--metadata', 'a=1', '--metadata', 'a=2'], { code: 2, out: '', err: /a is given twice/ }],
    [['pause', SENDER, '--for', '99999999999d'], { code: 2, out: '', err: /at most 366d/ }],
    [['failures', '--limit', '0x10'], { code: 2, out: '', err: /whole number from 1, in digits/ }],
    [['send', 'not-a-number', 'Hello', '--json'], { code: 3, err: /"code":"INVALID_RECIPIENT".*"field":"to","errors":\[{"field":"to"/ }],
    [['send', '0123', 'Hello', '--sender', 'a b', '--idempotency-key', 'clé'], {
      code: 3,
      err: /^sluice: INVALID_RECIPIENT: .*\n {2}to: must be .*No country.*\n {2}idempotencyKey: .*\n {2}sender: must be 1 to 64 .*, not "a b"\n$/
    }]
  ]
  // Runs beside the others, with a timeout long enough for the first try to fail with ECONNREFUSED.
  const unreachable = sluice({ origin: 'http://127.0.0.1:9' }, 'send', '+15550008004', 'Hello', '--timeout', '3s')
  await each(cases, 4, async ([args, expected]) => t.match(await run(...args), expected, args.join(' ')))
  t.match(await sluice({ origin: node.origin, key: 'no-key-of-this-gateway' }, 'stats'),
    { code: 3, err: /UNAUTHENTICATED[^]*SLUICE_API_KEY/ })
  t.match(await unreachable, { code: 4, err: /UNREACHABLE[^]*SLUICE_URL/ })
})

await t.test('no output contains an API key', async t => {
  t.ok(results.length > 15)
  t.notMatch(results.map(({ out, err }) => out + err).join('\n'), new RegExp(Object.values(keys).join('|')))
})

function blocks (language: string): string[] {
  const fences = read('docs/cli.md').matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, 'gm'))
  return [...fences].map(([, block = '']) => block)
}

await t.test('the commands in each block of docs/cli.md work in order, and print the documented output', async t => {
  const cwd = t.testdir()
  writeFileSync(join(cwd, 'campaign.csv'), blocks('csv')[0] ?? '')
  await node.put('/campaigns/spring-sale', {})
  const commands = blocks('sh').map(block => block.trimEnd().split('\n').filter(line => line.startsWith('npx sluice ')))
  t.ok(commands.flat().length > 10)
  let imported = ''
  await Promise.all(commands.map(async block => {
    for (const command of block) {
      const { code, out, err } = await shell({ ...operator, cwd }, command.replace('100000000000001', SENDER))
      t.strictSame({ code, err }, { code: command.includes(' import ') ? 5 : 0, err: '' }, command)
      if (command.includes(' import ')) imported += out
    }
  }))
  // Documented with the default rate, and some time of day.
  imported = imported.replaceAll(/, at \d\d:\d\d, /g, ', at 14:32, ')
    .replaceAll(/at most \d+ a second(, behind \d+ that wait already)?/g, 'at most 80 a second')
  t.ok(read('docs/cli.md').includes(`\n\`\`\`\n${imported}\`\`\`\n`), imported)
})
