/**
 * Windows under random traffic for days: people write, call and fall silent; webhooks come late, twice or never; WhatsApp rejects messages, at times
 * wrongly; Redis restarts and loses its last writes. An observer knows all acts and all interruptions. No message is rejected while its window is
 * open, unless the webhook that says so has not come yet. Once webhooks have come for a day, each message with a closed window is rejected.
 */
import t from 'tap'
import { createRun } from '../../src/redis/commands.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { seedOf } from '../support/seed.js'
import { createRandom } from './random.js'
import { Model, SENDER } from './window-model.js'

const ROUNDS = Number(process.env['WINDOW_ROUNDS'] ?? 3)
const STEPS = 700

const server = await startRedis(t)
const seed = seedOf('windows')

for (let round = 1; round <= ROUNDS; round++) {
  await t.test(`round ${round} of seed ${seed}`, async t => {
    const redis = server.connect()
    const prefix = createPrefix()
    const forget = async (members: string[]): Promise<void> => {
      if (members.length > 0) await redis.zrem(`{${prefix}:${SENDER}}:windows`, ...members)
    }
    const model = new Model(createRun(redis, prefix), createRandom(seed + round), forget)
    await model.begin()
    for (let step = 0; step < STEPS; step++) await model.step()
    t.strictSame(await model.contradictions(), [], 'no contradiction is stored')
    await model.finish()
    t.strictSame(model.breaches, [])
    t.strictSame([...model.messages.values()].filter(({ state }) => state === 'open'), [], 'nothing is lost')
    t.comment(JSON.stringify(model.counts))
    const left = ['suspended', 'backlog', 'queue:normal', 'ready:normal', 'grants']
    t.strictSame(await Promise.all(left.map(async name => await redis.exists(`{${prefix}:${SENDER}}:${name}`))), left.map(() => 0))
  })
}
