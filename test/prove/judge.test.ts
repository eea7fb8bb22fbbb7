/** The judge of `npm run prove` and `npm run crash` has to find violations: each doctored history has one. */
import t from 'tap'
import { read } from '../contract/tree.js'
import { allowed } from './allowed.js'
import { aboutCampaigns, allowedOfCampaigns } from './doctored-campaigns.js'
import { aboutHolds, allowedOfHolds } from './doctored-holds.js'
import { allowedOfPlans, aboutPlans } from './doctored-plans.js'
import { aboutMessages } from './doctored-messages.js'
import { aboutTheRest } from './doctored-rest.js'
import { aboutTeams, allowedOfTeams } from './doctored-teams.js'
import { aboutTime } from './doctored-time.js'
import { rules } from './doctored.js'
import { isSpotless, judge, type Judgement } from './judge.js'
import { sentences } from './model.js'

const doctored = [...aboutMessages, ...aboutTime, ...aboutTheRest, ...aboutCampaigns, ...aboutPlans, ...aboutTeams, ...aboutHolds]
const foundBy = ({ bySentence }: Judgement): string => JSON.stringify([...bySentence])

await t.test('the judge finds', async t => {
  for (const { what, sentence, facts, rules: own = rules } of doctored) {
    await t.test(`${sentence}: ${what}`, async t => {
      const judgement = judge({ rules: own, facts })
      t.ok((judgement.bySentence.get(sentence)?.length ?? 0) > 0, foundBy(judgement))
      t.equal(isSpotless(judgement), false)
    })
  }
})

await t.test('each sentence of the model has a history that violates it', t => {
  const numbered = [...read('docs/model.md').matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number))
  t.strictSame(numbered, Object.keys(sentences).map(Number), 'docs/model.md has the same sentences')
  const names = [...read('docs/model.md').matchAll(/\(\*([^*]+)\*\)/g)].map(([, name = '']) => name.replaceAll(/\s+/g, ' '))
  t.strictSame(names, Object.values(sentences), 'under the same names')
  t.strictSame(numbered.filter(number => !doctored.some(({ sentence }) => sentence === number)), [])
  t.end()
})

await t.test('the judge allows', async t => {
  const histories = [...allowed, ...allowedOfCampaigns, ...allowedOfPlans, ...allowedOfTeams, ...allowedOfHolds]
  for (const { what, facts, figure, rules: own = rules } of histories) {
    await t.test(what, async t => {
      const judgement = judge({ rules: own, facts })
      if (figure !== undefined) t.equal(judgement.figures[figure], 1)
      t.ok(isSpotless(judgement), foundBy(judgement))
    })
  }
})
