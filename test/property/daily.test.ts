/**
 * The daily limit of a portfolio: three senders share it, nodes distribute it in rounds that overlap, stop and die between any two calls, WhatsApp
 * changes it, and senders leave and return. An observer counts the grants: no new person is written to while as many as the limit have been in the
 * last 24 hours, all that waits is sent in the end, and what is free is used.
 */
import t from 'tap'
import { createRun } from '../../src/redis/commands.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { seedOf } from '../support/seed.js'
import { PortfolioModel } from './portfolio-model.js'
import { createRandom } from './random.js'

const ROUNDS = Number(process.env['DAILY_ROUNDS'] ?? 3)
const STEPS = 1500

const server = await startRedis(t)
const seed = seedOf('daily')

for (let round = 1; round <= ROUNDS; round++) {
  await t.test(`round ${round} of seed ${seed}`, async t => {
    const redis = server.connect()
    const prefix = createPrefix()
    const countedAt = async (sender: string, ms: number): Promise<string[]> => await redis.zrange(`{${prefix}:${sender}}:daily`, ms, ms, 'BYSCORE')
    const model = new PortfolioModel(createRun(redis, prefix), createRandom(seed + round), countedAt)
    await model.begin()
    for (let step = 0; step < STEPS; step++) await model.step()
    await model.finish()
    t.strictSame(model.breaches, [])
    t.strictSame([...model.open], [], 'nothing waits for ever')
    t.ok(model.counts.waited > 20 && model.counts.full > 5 && model.counts.stale > 0 && model.counts.killed > 0, JSON.stringify(model.counts))
    const { limit, shares } = await model.shares()
    t.equal(shares.reduce((sum, share) => sum + share, 0), limit, 'the whole limit is leased')
    for (const sender of model.senders) {
      const left = ['suspended', 'daily-queue', 'backlog', 'grants'].map(async name => await redis.exists(`{${prefix}:${sender}}:${name}`))
      t.strictSame(await Promise.all(left), [0, 0, 0, 0])
    }
  })
}
