/**
 * Templates under random traffic: WhatsApp pauses, approves and rejects them, or stops all of them, while messages of them and others are posted,
 * sent, retried, cancelled and settled by receipts, and an operator pauses their campaign. A model knows what is said. In every step the stored
 * state is free of contradictions, and no message of a template is granted that is written as not sent; of a stop of all, only probes. In the end
 * nothing is lost.
 */
import t from 'tap'
import { playRounds } from './frame.js'
import { Model, STEPS } from './template-model.js'
import { regressions } from '../support/seed.js'

const ROUNDS = Number(process.env['TEMPLATE_ROUNDS'] ?? 6)
let all = { stops: 0, probes: 0, held: 0 }

await playRounds({
  name: 'templates',
  rounds: ROUNDS,
  again: regressions.templates,
  steps: STEPS,
  create: ({ run, random, redis, keyOf }) => new Model(run, random, async template => await redis.hget(keyOf('templates'), template)),
  gone: ['suspended', 'templates', 'backlog', 'queue:normal', 'ready:normal', 'grants'],
  judge: async (t, model, { redis, keyOf }) => {
    t.ok(model.suspended > 0 && model.granted > 50, `${model.messages.size} messages, ${model.granted} grants, ${model.suspended} suspended`)
    all = { stops: all.stops + model.stops, probes: all.probes + model.probes, held: all.held + model.held }
    t.equal(await redis.hget(keyOf('sender'), 'limits'), 'shares', 'scripts look at templates no longer')
  }
})

t.ok(all.stops >= ROUNDS && all.probes > 0 && all.held > ROUNDS,
  `${all.stops} stops of all templates, ${all.probes} grants of probes, ${all.held} messages of a paused campaign`)
