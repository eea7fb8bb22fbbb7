/**
 * The proof of the limiter: the real scripts on a real Redis, driven by callers, nodes and a provider on a virtual
 * clock, and judged by an observer that knows only the promises. The seed of a run is printed; SEED=<n> repeats it, SENDS=<n>
 * makes it shorter or longer.
 */
import t from 'tap'
import { createRun } from '../../src/redis/commands.js'
import { createPrefix, startRedis } from '../support/redis.js'
import { describe, playRounds } from './rounds.js'

/** CI judges a change, so it repeats one seed; any other run tries a new one. */
const SEED = Number(process.env['SEED'] ?? (process.env['CI'] === undefined ? Math.floor(Math.random() * 1e6) : 20261123))
const SENDS = Number(process.env['SENDS'] ?? (process.env['CI'] === undefined ? 52_000 : 4000))
/** Messages of a round. However many sends are asked for, twelve rounds are played. */
const MOST = process.env['CI'] === undefined ? 1500 : 500

const server = await startRedis(t)

for (const lanes of [false, true]) {
  await t.test(`no promise is broken ${lanes ? 'with three lanes' : 'with one lane'}`, async t => {
    const redis = server.connect()
    const prefix = createPrefix()
    const played = await playRounds(redis, createRun(redis, prefix), prefix, { seed: SEED, lanes, sends: SENDS / 2, most: MOST })
    t.comment(describe(SEED, played))
    for (const [kind, texts] of played.sum.breaches) t.fail(`${kind}: ${texts.length}`, { first: texts.slice(0, 5), seed: SEED })
    t.ok(played.sum.figures.sends >= SENDS / 2, 'enough messages were sent to judge')
  })
}
