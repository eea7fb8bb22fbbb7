import t from 'tap'
import { world } from './support.js'

const test = await world(t)
const body = { name: 'AAAAAAAAAAAAAAAAAAAAAA:sent', status: '{"wamid":"wamid.1"}', waitMs: 1000, cap: 2 }

await test('a status is stored once, and due after its wait', async (t, w) => {
  t.strictSame(await w.run('park', body), { status: 'parked', nextMs: w.ms() + 1000, dropped: '' })
  t.strictSame(await w.run('park', { ...body, waitMs: 9 }), { status: 'known' })
  t.strictSame(await w.redis.hgetall(w.key('parked-bodies')), { [body.name]: `${w.ms()} ${body.status}` })
  t.hasStrict(await w.run('recover', { lost: '', limit: 10 }), { nextMs: w.ms() + 1000, parkedDue: false }, 'the recovery schedule has its time')
  w.at(1000)
  t.hasStrict(await w.run('recover', { lost: '', limit: 10 }), { parkedDue: true })
})

await test('beyond the cap the status that was tried most often leaves', async (t, w) => {
  const name = (letter: string): string => `${letter.repeat(22)}:read`
  for (const letter of 'AB') {
    await w.run('park', { ...body, name: name(letter) })
    w.at(2000)
    // A is looked up, and due again after B.
    if (letter === 'A') await w.run('unpark', { done: '', waitMs: 5000, limit: 10 })
  }
  t.strictSame(await w.run('park', { ...body, name: name('C') }), { status: 'parked', nextMs: w.ms() + 1000, dropped: name('A') })
  t.strictSame((await w.redis.zrange(w.key('parked'), 0, -1)).sort(), [name('B'), name('C')])
  t.strictSame((await w.redis.hkeys(w.key('parked-bodies'))).sort(), [name('B'), name('C')])
})
