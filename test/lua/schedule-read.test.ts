/** When the templates of an account are read: one node at a time, soon after a hint, seldom while reads fail. */
import t from 'tap'
import { createRun } from '../../src/redis/commands.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { strangers } from './layout.js'
import { START } from './support.js'

await t.test('one node takes a read, a hint brings it forward, failures space it out', async t => {
  const redis = (await startRedis(t)).connect()
  const prefix = createPrefix()
  const run = createRun(redis, prefix)
  let ms = 0
  const step = async (step: string, account = '42', afterMs = 600_000): Promise<object> =>
    await run('schedule-read', { sender: '' }, { account, step, afterMs, code: step === 'failed' ? '190' : '', now: START + ms * 1000 })
  const at = (later: number): number => Math.floor((START + later * 1000) / 1000)

  t.match(await step('begin'), { status: 'begun' })
  t.match(await step('begin'), { status: 'later' })
  ms = 10_000
  t.match(await step('hint'), { dueMs: at(60_000) }, 'at most once a minute')
  t.match(await step('read'), { dueMs: at(60_000) }, 'a hint during a read stays')
  ms = 60_000
  t.match(await step('begin'), { status: 'begun' })
  t.match(await step('read'), { dueMs: at(660_000) })
  ms = 130_000
  t.match(await step('hint'), { dueMs: at(130_000) })
  t.match(await step('begin'), { status: 'begun' })
  t.match(await step('failed'), { dueMs: at(130_000 + 120_000) })
  ms = 250_000
  t.match(await step('begin'), { status: 'begun' })
  t.match(await step('failed'), { dueMs: at(250_000 + 240_000) })
  t.strictSame(await strangers(redis, prefix), [], 'every key matches a row of lua/README.md')
  ms += 8 * 24 * 3_600_000
  await step('read', '43', 1000)
  t.strictSame(await redis.hkeys(`{${prefix}}:accounts`), ['43'], 'an account that no node reads is forgotten')
})
