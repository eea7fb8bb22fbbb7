import t from 'tap'
import { world } from './support.js'

const test = await world(t)
const body = { name: 'AAAAAAAAAAAAAAAAAAAAAA:sent', status: '{"wamid":"wamid.1"}', waitMs: 1000, cap: 2 }

await test('a status is stored once, and due after its wait', async (t, w) => {
  t.strictSame(await w.run('park', body), { status: 'parked', nextMs: w.ms() + 1000 })
  t.strictSame(await w.run('park', { ...body, waitMs: 9 }), { status: 'known' })
  t.strictSame(await w.redis.hgetall(w.key('parked-bodies')), { [body.name]: `${w.ms()} ${body.status}` })
  t.hasStrict(await w.run('recover', { lost: '', limit: 10 }), { nextMs: w.ms() + 1000, parkedDue: false }, 'the recovery schedule has its time')
  w.at(1000)
  t.hasStrict(await w.run('recover', { lost: '', limit: 10 }), { parkedDue: true })
})

await test('beyond the cap nothing is stored', async (t, w) => {
  for (const letter of 'AB') await w.run('park', { ...body, name: `${letter.repeat(22)}:read` })
  const before = await w.dump()
  t.strictSame(await w.run('park', { ...body, name: `${'C'.repeat(22)}:read` }), { status: 'full' })
  t.strictSame(await w.dump(), before)
})
