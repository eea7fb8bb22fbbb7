/**
 * Campaigns with plans under random traffic: operators give them a start and a rate, change and remove them, pause and resume them, while messages of
 * two campaigns and of none are posted to the same people. In every window no more messages of a campaign start than its rate allows, none before its
 * start, and those of a pair in their order; a message without a campaign is never blocked; in the end all are sent, and nothing is left.
 */
import t from 'tap'
import { createRun } from '../../src/redis/commands.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { seedOf } from '../support/seed.js'
import { CampaignModel, SENDER, STEPS } from './campaign-model.js'
import { createRandom } from './random.js'

const ROUNDS = Number(process.env['CAMPAIGN_ROUNDS'] ?? 6)
const server = await startRedis(t)
const seed = seedOf('campaign plans')
const held = { 'campaign-start': 0, 'campaign-rate': 0 }

for (let round = 1; round <= ROUNDS; round++) {
  await t.test(`round ${round} of seed ${seed}`, async t => {
    const redis = server.connect()
    const prefix = createPrefix()
    const model = new CampaignModel(createRun(redis, prefix), createRandom(seed + round))
    await model.rules()
    for (let step = 0; step < STEPS; step++) await model.step()
    t.strictSame(await model.contradictions(), [], 'no contradiction is stored')
    await model.finish()
    t.strictSame(model.breaches, [])
    t.strictSame([...model.messages.values()].filter(({ state }) => state === 'open'), [], 'nothing is lost')
    t.ok(model.granted > STEPS / 3, `${model.granted} grants`)
    for (const reason of ['campaign-start', 'campaign-rate'] as const) held[reason] += model.held[reason]
    t.equal(await redis.hget(`{${prefix}:${SENDER}}:sender`, 'limits'), null, 'scripts look at plans no longer')
    const left = ['suspended', 'templates', 'campaign-starts', 'backlog', 'ready:urgent', 'ready:normal', 'ready:bulk', 'grants']
    t.strictSame(await Promise.all(left.map(async name => await redis.exists(`{${prefix}:${SENDER}}:${name}`))), left.map(() => 0))
  })
}

t.ok(held['campaign-start'] > ROUNDS && held['campaign-rate'] > ROUNDS, `held: ${JSON.stringify(held)}`)
