/** The jobs of operators and of teams that share a number, in a real browser. */
import t from 'tap'
import { createTestEnvironment } from '../support/flow.js'
import { testAway } from './away.js'
import { missing, startBrowser, wrong } from './browser.js'
import { testCallers } from './callers.js'
import { testMoves } from './moves.js'
import { testOperators } from './operators.js'

const skip = missing()
if (skip !== false) t.plan(0, skip)
else {
  const ground = { environment: await createTestEnvironment(t), browser: await startBrowser(t) }
  await testOperators(t, ground)
  await testCallers(t, ground)
  await testMoves(t, ground)
  await testAway(t, ground)
  await t.test('no script failed, the content security policy held, and no other origin was called', async t => {
    t.same(wrong, [])
  })
}
