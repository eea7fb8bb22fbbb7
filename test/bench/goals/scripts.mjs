/** Not a goal: Redis's CPU for each script, beside the least that any idempotent gateway does. */
import { figure, interleave } from '../kit/rounds.mjs'

export async function scripts ({ ground, rounds, quick, tell }) {
  const count = quick ? 1000 : 5000
  const redis = await ground.redis()
  const { ask } = await ground.child('scripts.mjs', { redisUrl: redis.url, senders: 1 })
  const bare = await ground.child('scripts.mjs', { redisUrl: (await ground.redis()).url, senders: 1, findMs: 0 })
  await ask('admit', count)
  await bare.ask('admit', count)
  const contenders = {
    floor: async () => await ask('floor', count),
    admit: async () => await ask('admit', count),
    bare: async () => await bare.ask('admit', count),
    claimAndSettle: async () => await ask('claimAndSettle', { many: Math.floor(count / 3), want: 100 })
  }
  const found = await interleave(contenders, rounds, tell)
  const [floor, pick] = [found.floor, key => found.claimAndSettle.map(one => one[key])]
  const than = { unit: 'µs', against: 'SET NX PX' }
  return [
    figure('Redis\'s CPU of an admission', than, found.admit, floor),
    figure('Redis\'s CPU of an admission without look-ups (FIND_WITHIN_MS=0)', than, found.bare, floor),
    figure('Redis\'s CPU of a message claimed, 100 at a time', than, pick('claimUs'), floor),
    figure('Redis\'s CPU of a settlement', than, pick('settleUs'), floor)
  ]
}
