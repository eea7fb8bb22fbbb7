/** One minute after each change of WhatsApp's limit the sender uses it, and few messages are rejected (ceilings.ts). */
import t from 'tap'
import { seedOf } from '../support/seed.js'
import { judgeAll } from './ceilings.js'

const SEED = seedOf('property')

for (const { name, rule, figures } of judgeAll(SEED)) {
  await t.test(`${name}, rule ${rule} (seed ${SEED})`, async t => {
    for (const { limit, share, rejectedShare } of figures) {
      const text = `${limit}/s: ${(100 * share).toFixed(1)} % of the best rate, ${(1000 * rejectedShare).toFixed(2)} of 1,000 rejected`
      t.ok(share >= 0.95 && rejectedShare < 1 / 200, text)
    }
  })
}
