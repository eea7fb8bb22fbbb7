import { once } from 'node:events'
import t from 'tap'
import { createBus, type Events } from '../src/events.js'

await t.test('a listener that throws breaks neither the emitter nor later listeners', async t => {
  const events = createBus()
  const seen: string[] = []
  const errors: Array<Events['unexpected-error'][0]> = []
  const broken = new TypeError('broken listener')
  events.on('unexpected-error', fact => { errors.push(fact) })
  events.on('sender.resumed', () => { throw broken })
  events.on('sender.resumed', ({ sender }) => { seen.push(sender) })
  events.emit('sender.resumed', { sender: '111' })
  t.strictSame(seen, ['111'])
  t.match(errors, [{ location: 'listener of sender.resumed', error: broken }])
})

await t.test('a listener of unexpected errors that throws ends in a warning of the process, and not in a loop', async t => {
  const events = createBus()
  events.on('unexpected-error', () => { throw new TypeError('broken log') })
  events.on('sender.resumed', () => { throw new TypeError('broken listener') })
  const warned = once(process, 'warning')
  events.emit('sender.resumed', { sender: '111' })
  t.match(await warned, [{ message: 'broken log' }])
})
