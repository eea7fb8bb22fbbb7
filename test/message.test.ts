import t from 'tap'
import { formatAttemptName, parseAttemptName } from '../src/message.js'

await t.test('an attempt name is parsed as it was formatted, and other callback data is not an attempt name', async t => {
  const id = 'AKynyTKYcaDeTqzwHA2Jkg.1a20aa72b5e'
  t.same(parseAttemptName(formatAttemptName({ id, attempt: 3 })), { id, attempt: 3 })
  for (const other of ['', 'order-4711', id, `${id}.`, `${id}.1.2`, `x${id}.1`, `${id}.1 `]) t.equal(parseAttemptName(other), null, other)
})
