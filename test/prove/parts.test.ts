/** The soak's own parts: what Redis lost, the webhooks, and the result that `npm run prove -- --write` writes. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { read } from '../contract/tree.js'
import { faultKindsOf } from './faults.js'
import type { Arrived, Fact } from './history.js'
import { breaches, judge } from './judge.js'
import { lostBetween } from './ledger.js'
import type { Soaked } from './soak.js'
import { createRandom } from '../property/random.js'
import { until } from '../support/until.js'
import { resultOf, whyNotShown } from './result.js'
import { startWhatsApp } from './whatsapp.js'

await t.test('a status is posted until a node takes it, whatever has become of its recipient', async t => {
  let refusals = 2
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(refusals-- > 0 ? 503 : 200).end())
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const facts: Fact[] = []
  // Nothing rare happens, and nothing takes time.
  const random = { ...createRandom(1), chance: (share: number) => share > 0.8, gap: () => 0 }
  const whatsapp = startWhatsApp({
    origins: () => [`http://127.0.0.1:${(server.address() as AddressInfo).port}`], record: fact => facts.push(fact), random, lateMs: 100
  })
  t.teardown(whatsapp.close)
  const arrived: Arrived = { fact: 'arrived', at: 0, key: 'a', pair: '8/15550020001', opaque: 'a.1', outcome: 'accepted', code: null, wamid: 'w' }
  whatsapp.follow({ ...arrived, httpStatus: 200 })
  await until('a node took it', () => whatsapp.left() === 0)
  t.strictSame(facts.map(fact => fact.fact === 'status-posted' && fact.http), [503, 503, 200])
})

await t.test('what only a former master wrote is found, whatever both have written again', t => {
  const grant = (digest: string, us: string): string[] =>
    ['HSET', '{p:8}:grants', 'p15550001', `${digest}.1a2b3c4d5e6 1 1000 holder ${us}`]
  const rules = ['HSET', '{p:8}:sender', 'perSecond', '40']
  const key = (digest: string): string[] => ['SET', `{p:8}:msg:${digest}`, 'w 1a2b3c4d5e6 0']
  const [first = '', second = '', third = ''] = ['a', 'b', 'c'].map(letter => letter.repeat(22))
  const pause = ['HMSET', '{p:8}:sender', 'status', 'paused', 'reason', 'operator']
  const stop = ['HSET', '{p:8}:templates', '#8-1', 'paused 1700000000 - 8-1']
  const both = [rules, grant(first, '1700000000000001'), key(second)]
  const former = [...both, grant(second, '1700000000000002'), key(third), pause, stop, rules]
  const all = { ids: [second, third], pairs: ['8/15550001'], senders: ['8'], campaigns: ['8-1'] }
  t.strictSame(lostBetween(former, [['SELECT', '0'], ...both, rules]), all, 'both wrote the rules')
  const none = { ids: [], pairs: [], senders: [], campaigns: [] }
  t.strictSame(lostBetween([...both, key(third)], both), { ...none, ids: [third] }, 'without a unique command behind it')
  t.strictSame(lostBetween(former, [...former, grant(third, '1700000000000003')]), none)
  t.end()
})

const command = 'npm run prove -- --minutes 30 --seed 7'

function soakedFor (seconds: number, messages: number): Soaked {
  const judgement = judge({ rules: { intervalMs: 1000, startWithinMs: 250, perSecond: 40 }, facts: [{ fact: 'over', at: 1, unsettled: 0 }] })
  judgement.figures.messages = messages
  const faults = new Map(faultKindsOf('server').map((kind, i) => [kind, 20 + i]))
  return { on: 'server', fsync: 'always', facts: [], judgement, faults, seconds, settledInSeconds: 1 }
}

await t.test('the result shows the command, the messages, each kind of breach, and the number of each kind of fault', t => {
  const soaked = soakedFor(1812.4, 117_000)
  soaked.judgement.found.get('overtaken')?.push('m1', 'm2')
  const text = resultOf(soaked, command)
  const [, head = '', , row = ''] = /(\| messages .*\n)(.*\n)(.*)/.exec(text) ?? []
  const titles = head.split('|').map(title => title.trim())
  const cells = row.split('|').map(cell => cell.trim())
  t.match(text, command)
  t.strictSame(titles.filter(title => title !== ''), ['messages', ...breaches])
  t.equal(cells[titles.indexOf('messages')], '117,000')
  t.strictSame(breaches.map(breach => cells[titles.indexOf(breach)]), breaches.map(breach => breach === 'overtaken' ? '2' : '0'))
  for (const [kind, count] of soaked.faults) t.match(text, `| ${kind} | ${count} |`)
  t.end()
})

await t.test('a run that was too short, too small or broke a promise is not written', t => {
  t.equal(whyNotShown(soakedFor(1800, 100_000)), null)
  t.match(whyNotShown(soakedFor(1799, 100_000)), /1799 s/)
  t.match(whyNotShown(soakedFor(1800, 99_999)), /99999 messages/)
  const broken = soakedFor(1800, 100_000)
  broken.judgement.found.get('lost')?.push('m1')
  t.match(whyNotShown(broken), /broken/)
  t.end()
})

await t.test('the page has a block for the result', t => {
  t.match(read('docs/proof.md'), /<!-- soak -->\n[^]*npm run prove -- .*--minutes \d\d[^]*\n<!-- \/soak -->/)
  t.end()
})
