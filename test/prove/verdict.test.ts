/** What `npm run prove -- --write` writes into the README, and for which runs. */
import t from 'tap'
import { read } from '../contract/tree.js'
import { faultKindsOf } from './faults.js'
import { breaches, judge } from './judge.js'
import type { Soaked } from './soak.js'
import { verdictOf, whyNotShown } from './verdict.js'

const command = 'npm run prove -- --minutes 30 --seed 7'

function soakedFor (seconds: number, messages: number): Soaked {
  const judgement = judge({ rules: { intervalMs: 1000, startWithinMs: 250, perSecond: 40 }, facts: [{ fact: 'over', at: 1, unsettled: 0 }] })
  judgement.figures.messages = messages
  const faults = new Map(faultKindsOf('server').map((kind, at) => [kind, 20 + at]))
  return { on: 'server', fsync: 'always', facts: [], judgement, faults, seconds, settledInSeconds: 1 }
}

await t.test('the verdict shows the command, the messages, each kind of breach, and the number of each kind of fault', t => {
  const soaked = soakedFor(1812.4, 117_000)
  soaked.judgement.found.get('overtaken')?.push('m1', 'm2')
  const text = verdictOf(soaked, command)
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

await t.test('the README has a block for the verdict', t => {
  t.match(read('README.md'), /<!-- soak -->\n[^]*npm run prove -- --minutes \d\d[^]*\n<!-- \/soak -->/)
  t.end()
})
