/**
 * One minute after each change of WhatsApp's limit the sender uses it, and few messages are rejected (ceilings.ts). The median of runs reaches the
 * goal. Of 5,658 single figures of 30 seeds, 20 were 93 to 95 % of the best rate, and 22 had one rejection more than the goal allows: the search
 * begins another climb at a random moment, and the two minutes that are judged have one more of them or not. So a single run may be off by one climb:
 * 90 %, and 15 rejections in the 2,340 messages of a limit of 20/s, where the goal allows 11.
 */
import t from 'tap'
import { seedOf } from '../support/seed.js'
import { judgeAll } from './ceilings.js'

const SEED = seedOf('property')

for (const { name, rule, figures } of judgeAll(SEED)) {
  await t.test(`${name}, rule ${rule} (seed ${SEED})`, async t => {
    for (const { limit, share, rejectedShare, shares, rejectedShares } of figures) {
      const [least, most] = [Math.min(...shares), Math.max(...rejectedShares)]
      const percent = (part: number): string => `${(100 * part).toFixed(1)} %`
      const rejected = (part: number): string => `${(1000 * part).toFixed(2)} of 1,000`
      const text = `${limit}/s, ${shares.length} runs: ${percent(share)} of the best rate (${percent(least)}), rejected ${rejected(rejectedShare)}`
      t.ok(share >= 0.95 && rejectedShare < 1 / 200, text)
      t.ok(least >= 0.9 && most < 1 / 150, `in each run at least ${percent(least)}, and at most ${rejected(most)}`)
    }
  })
}
