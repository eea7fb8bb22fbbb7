/** One minute after each change of WhatsApp's limit the sender uses it, and few messages are rejected (ceilings.ts). */
import t from 'tap'
import { seedOf } from '../support/seed.js'
import { judgeAll } from './ceilings.js'

const SEED = seedOf('property')

let cells = 0
let below = 0
for (const { name, rule, figures } of judgeAll(SEED)) {
  await t.test(`${name}, rule ${rule} (seed ${SEED})`, async t => {
    for (const { limit, share, rejectedShare } of figures) {
      cells++
      if (share < 0.95) below++
      const text = `${limit}/s: ${(100 * share).toFixed(1)} % of the best rate, ${(1000 * rejectedShare).toFixed(2)} of 1,000 rejected`
      t.ok(share > 0.9 && rejectedShare < 1 / 180, text)
    }
  })
}
t.ok(below <= cells / 10, `${below} of ${cells} are more than 5 % below the best rate`)
