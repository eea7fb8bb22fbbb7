/** Commands of operators against a real node, as table and JSON, with their exit codes: senders, rates, bulk actions and campaigns. */
import t from 'tap'
import { createTestEnvironment, longStartWindow } from '../support/flow.js'
import { SENDER, keys } from '../support/gateway.js'
import { until } from '../support/until.js'
import { createRunner, shell, start } from './run.js'

const environment = await createTestEnvironment(t, longStartWindow)
const node = await environment.start(t)
const operator = { origin: node.origin, key: keys.operator }
const { run, json, results } = createRunner(t, operator)

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
  t.match(await run('campaigns', 'summer', 'sum'), { code: 0, out: /^(?![^]*summer-sale[^]*summer-sale)[^]* summer-sale │ paused / }, 'listed once')
  t.match(await run('campaigns', 'sale'), { code: 0, out: /no campaigns/ })
  t.match(await run('campaigns', '~app'), { code: 3, err: /INVALID_REQUEST[^]*name/ })
  t.match(await run('campaign', 'summer-sale', '--resume'), { code: 0, out: /campaign +│ summer-sale [^]*\] 0 %, 0 of 0, running, 0\/s\n$/ })
  t.match(await run('campaign', 'summer-sale', '--cancel', '--pause'), { code: 2, out: '', err: /cannot be used with/ })
  t.match(await json('campaign', 'summer-sale', '--per-second', '0.5', '--lane', 'bulk', '--start-at', '2030-01-31T09:00:00+01:00'), {
    perSecond: 0.5, lane: 'bulk', startAt: '2030-01-31T08:00:00.000Z', endAt: null
  })
  t.match(await run('campaign', 'summer-sale'), { code: 0, out: /default lane +│ bulk [^]*at most per second │ 0\.5 / })
  t.match(await json('campaign', 'summer-sale', '--per-second', 'none', '--start-at', 'none'), { perSecond: null, lane: 'bulk', startAt: null })
  t.match(await run('campaign', 'summer-sale', '--lane', 'slow'), { code: 2, err: /Use urgent, normal, bulk or none/ })
  t.match(await run('campaign', 'summer-sale', '--per-second', '1001'), { code: 3, err: /perSecond/ })
  t.match(await run('campaign', 'summer-sale', '--end-at', 'six'), { code: 2, err: /--end-at <time>' [^]*must be [^]*, not "six"\. Or use none\./ })
  t.match(await shell(operator, 'TZ=America/Sao_Paulo npx sluice campaign summer-sale --end-at "2030-01-31 18:00"'), {
    code: 2, err: /needs its zone: write 2030-01-31T18:00:00-03:00 \(the zone of this computer\), or 2030-01-31T18:00:00Z \(UTC\)\. Or use none\./
  })
  await node.post('/messages', { to: '+15550002902', message: 'later', scheduledFor: Date.now() + 3_600_000, campaign: 'autumn' })
  const unknown = /ends at +│ unknown: none of its messages ended [^]*sluice find --campaign autumn[^]*end unknown/
  t.match(await run('campaign', 'autumn'), { code: 0, out: unknown })
  t.match(await run('campaign', 'autumn', '--pause'), { code: 0, out: /ends at +│ unknown while it is paused/ })
  t.match(await run('campaign', 'summer-sale', '--per-second', '1', '--pause'), { code: 2, err: /cannot be used with/ })
  t.match(await json('campaign', 'summer-sale', '--cancel'), { state: 'cancelled', jobs: [{ action: 'cancel', done: 0 }] })
  t.match(await run('campaign', 'summer-sale', '--resume'), { code: 3, err: /^sluice: CAMPAIGN_CANCELLED/ })
})

await t.test('no output contains an API key', async t => {
  t.ok(results.length > 15)
  t.notMatch(results.map(({ out, err }) => out + err).join('\n'), new RegExp(Object.values(keys).join('|')))
})
