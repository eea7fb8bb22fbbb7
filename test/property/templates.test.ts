/**
 * Templates under random traffic: WhatsApp pauses, approves and rejects them, or stops all of them, while messages of them and others are posted,
 * sent, retried, cancelled and settled by receipts, and an operator pauses their campaign. A model knows what is said. In every step the stored
 * state is free of contradictions, and no message of a template is granted that is written as not sent; of a stop of all, only probes. In the end
 * nothing is lost.
 */
import t from 'tap'
import { createRun } from '../../src/redis/commands.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { seedOf } from '../support/seed.js'
import { createRandom } from './random.js'
import { Model, SENDER, STEPS } from './template-model.js'

const ROUNDS = Number(process.env['TEMPLATE_ROUNDS'] ?? 6)
const server = await startRedis(t)
const seed = seedOf('templates')
let all = { stops: 0, probes: 0, held: 0 }

for (let round = 1; round <= ROUNDS; round++) {
  await t.test(`round ${round} of seed ${seed}`, async t => {
    const redis = server.connect()
    const prefix = createPrefix()
    const model = new Model(createRun(redis, prefix), createRandom(seed + round),
      async template => await redis.hget(`{${prefix}:${SENDER}}:templates`, template))
    await model.rules()
    for (let step = 0; step < STEPS; step++) await model.step()
    t.strictSame(await model.contradictions(), [], 'no contradiction is stored')
    await model.finish()
    t.strictSame(model.breaches, [])
    t.strictSame([...model.messages.values()].filter(({ state }) => state === 'open'), [], 'nothing is lost')
    t.ok(model.suspended > 0 && model.granted > STEPS / 8, `${model.messages.size} messages, ${model.granted} grants, ${model.suspended} suspended`)
    all = { stops: all.stops + model.stops, probes: all.probes + model.probes, held: all.held + model.held }
    t.equal(await redis.hget(`{${prefix}:${SENDER}}:sender`, 'limits'), null, 'scripts look at templates no longer')
    const left = ['suspended', 'templates', 'backlog', 'queue:normal', 'ready:normal', 'grants']
    t.strictSame(await Promise.all(left.map(async name => await redis.exists(`{${prefix}:${SENDER}}:${name}`))), left.map(() => 0))
  })
}

t.ok(all.stops >= ROUNDS && all.probes > 0 && all.held > ROUNDS,
  `${all.stops} stops of all templates, ${all.probes} grants of probes, ${all.held} messages of a paused campaign`)
