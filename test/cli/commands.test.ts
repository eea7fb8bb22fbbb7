/** Each built command against a real node: its output as table and JSON, its exit code, and docs/cli.md. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createCallerRegistry } from '../../src/callers.js'
import { readConfig } from '../../src/config.js'
import { lines, read } from '../contract/tree.js'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, keys } from '../support/gateway.js'
import { each } from '../support/until.js'
import { createRunner, type Ended, shell, sluice } from './run.js'

const environment = await createTestEnvironment(t, longStartWindow)
const node = await environment.start(t, { WHATSAPP_RATE_LIMIT_MS: '60000' })
const operator = { origin: node.origin, key: keys.operator }
const { run, json, results } = createRunner(t, operator)

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
  t.match(await json('message', 'c-1'), { status: 'sent' })
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
    [['send', '+15550008004', 'Hello', '--at', '2030-01-31'], { code: 2, out: '', err: /needs its zone: write 2030-01-31T09:00:00Z \(UTC\)/ }],
    [['send', '+15550008004', 'Hello', '--at', '2030-02-30 09:00'], { code: 2, out: '', err: /must be a time in RFC 3339/ }],
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
