/** Work that is repeated: what it reports of its errors. */
import t from 'tap'
import { SluiceError } from '../../src/errors.js'
import { createBus, type Events } from '../../src/events.js'
import { every } from '../../src/recovery/every.js'
import { until } from '../support/until.js'

await t.test('an outage of Redis is reported as one, once; another error is unexpected', async t => {
  const events = createBus()
  const outages: string[] = []
  const unexpected: Array<Events['unexpected-error'][0]> = []
  events.on('redis.lost', ({ error }) => outages.push(error))
  events.on('unexpected-error', error => unexpected.push(error))
  const results = [
    new SluiceError('UNAVAILABLE', { detail: 'away' }),
    new Error('Connection is closed.'),
    null,
    new SluiceError('UNAVAILABLE'),
    new TypeError('a bug'),
    null
  ]
  let runs = 0
  const loop = every(5, events, 'the work', async () => {
    const result = results[runs++] ?? null
    if (result !== null) throw result
  })
  await until('all have run', () => runs >= results.length)
  await loop.stop()
  t.equal(outages.length, 2)
  t.match(unexpected, [{ location: 'the work', error: { message: 'a bug' } }])
  t.equal(unexpected.length, 1)
})
