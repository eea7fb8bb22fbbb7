import t from 'tap'
import { hourOf } from '../../src/redis/keys.js'
import { world } from './support.js'

const test = await world(t)
const life = { most: 3, countsLifeS: 100, idsLifeS: 50 }
const id = (letter: string): string => `${letter.repeat(22)}.18c2f3a4b5c`

await test('counts are added to those of the hour and of the minute', async (t, w) => {
  t.strictSame(await w.run('count-activity', { ...life, counts: 'accepted 2 failing 1', ids: '' }), { status: 'counted' })
  await w.run('count-activity', { ...life, counts: 'accepted 40', ids: '' })
  const [key = ''] = await w.redis.keys(`*${w.prefix}*activity*`)
  const minute = Math.floor(w.now / 60_000_000)
  t.strictSame(await w.redis.hgetall(key), { accepted: '42', failing: '1', [`${minute} accepted`]: '42', [`${minute} failing`]: '1' })
  t.ok(Math.abs(Number(key.split(':').at(-1)) - hourOf(Date.now())) <= 1, 'the key of the hour')
  t.ok(await w.redis.ttl(key) > 90)
  t.equal(await w.redis.exists(w.key('latest')), 0)
})

await test('the newest messages are kept, the newest first', async (t, w) => {
  await w.run('count-activity', { ...life, counts: '', ids: `${id('A')} ${id('B')}` })
  await w.run('count-activity', { ...life, counts: '', ids: `${id('C')} ${id('D')}` })
  t.strictSame(await w.redis.lrange(w.key('latest'), 0, -1), [id('D'), id('C'), id('B')])
  t.ok(await w.redis.ttl(w.key('latest')) > 40)
})
